//! Places in a TOML document, as in `model.layers[0].units`.

use toml::{Table, Value};

/// One step into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// A place in a TOML document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    steps: Vec<Step>,
}

impl Path {
    /// Reads a dotted path, or says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        for part in text.split('.') {
            let (key, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
            if key.is_empty() {
                return Err(format!(
                    "'{text}' is no path; expected names with dots between them, as in \
                     'model.layers[0].units'"
                ));
            }
            steps.push(Step::Key(key.to_owned()));
            while let Some(open) = rest.strip_prefix('[') {
                let index = open.split_once(']').and_then(|(index, after)| {
                    rest = after;
                    index.parse().ok()
                });
                let index = index.ok_or_else(|| {
                    format!("'{part}' in '{text}': expected a number in brackets, as in 'a[0]'")
                })?;
                steps.push(Step::Index(index));
            }
            if !rest.is_empty() {
                return Err(format!("'{part}' in '{text}': '{rest}' is not expected"));
            }
        }
        Ok(Self { steps })
    }

    /// The value at this place.
    pub(super) fn get<'a>(&self, document: &'a Table) -> Option<&'a Value> {
        let (first, rest) = self.steps.split_first()?;
        let Step::Key(key) = first else { return None };
        rest.iter()
            .try_fold(document.get(key)?, |value, step| match step {
                Step::Key(key) => value.get(key),
                Step::Index(index) => value.get(*index),
            })
    }

    /// Puts a value at this place, in tables that are made where there are none, or says where
    /// the document has no such place.
    pub(super) fn set(&self, document: &mut Table, new: Value) -> Result<(), String> {
        let mut steps = self.steps.iter();
        let Some(Step::Key(key)) = steps.next() else {
            return Err("a path begins with a name".to_owned());
        };
        let mut walked = key.clone();
        let mut at = document.entry(key.clone()).or_insert_with(table);
        for step in steps {
            at = match (step, at) {
                (Step::Key(key), Value::Table(inner)) => {
                    walked = format!("{walked}.{key}");
                    inner.entry(key.clone()).or_insert_with(table)
                }
                (Step::Index(index), Value::Array(items)) => {
                    let length = items.len();
                    let item = items.get_mut(*index).ok_or_else(|| {
                        format!("'{walked}' has {length} elements, counted from 0")
                    })?;
                    walked = format!("{walked}[{index}]");
                    item
                }
                (Step::Key(_), other) => {
                    return Err(format!("'{walked}' is no table but {}", kind(other)));
                }
                (Step::Index(_), other) => {
                    return Err(format!("'{walked}' is no list but {}", kind(other)));
                }
            };
        }
        *at = new;
        Ok(())
    }
}

fn table() -> Value {
    Value::Table(Table::new())
}

fn kind(value: &Value) -> String {
    match value {
        Value::Table(_) => "a table".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        other => other.to_string(),
    }
}

/// The paths of all values and lists of a document.
pub(super) fn all(document: &Table) -> Vec<String> {
    let mut paths = Vec::new();
    for (key, value) in document {
        collect(key.clone(), value, &mut paths);
    }
    paths
}

fn collect(path: String, value: &Value, paths: &mut Vec<String>) {
    match value {
        Value::Table(inner) => {
            for (key, value) in inner {
                collect(format!("{path}.{key}"), value, paths);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                collect(format!("{path}[{index}]"), value, paths);
            }
            paths.push(path);
        }
        _ => paths.push(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Table {
        let text = "[model]\nname = \"m\"\nlayers = [{ units = 8 }, { units = [1, 2] }]\n";
        toml::from_str(text).expect("document")
    }

    fn set(path: &str, value: i64) -> Result<Table, String> {
        let mut document = document();
        Path::parse(path)?.set(&mut document, Value::Integer(value))?;
        Ok(document)
    }

    #[test]
    fn a_value_is_replaced_and_nothing_else() {
        let new = set("model.layers[1].units[0]", 7).expect("set");
        let expected = "[model]\nname = \"m\"\nlayers = [{ units = 8 }, { units = [7, 2] }]\n";
        assert_eq!(new, toml::from_str::<Table>(expected).expect("document"));
        let path = Path::parse("model.layers[1].units[0]").expect("path");
        assert_eq!(path.get(&new), Some(&Value::Integer(7)));
    }

    #[test]
    fn tables_are_made_but_lists_do_not_grow() {
        let new = set("train.schedule.warm", 1).expect("set");
        assert_eq!(new["train"]["schedule"]["warm"], Value::Integer(1));
        let error = set("model.layers[2].units", 1).expect_err("error");
        assert_eq!(error, "'model.layers' has 2 elements, counted from 0");
        let error = set("model.name.first", 1).expect_err("error");
        assert_eq!(error, "'model.name' is no table but \"m\"");
        let error = set("model[0]", 1).expect_err("error");
        assert_eq!(error, "'model' is no list but a table");
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in [
            "", ".a", "a..b", "a[", "a[x]", "a[1]b", "[0]", "a[-1]", "a[1",
        ] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn all_paths_can_be_read_again() {
        let document = document();
        let paths = all(&document);
        assert!(paths.contains(&"model.layers[1].units[1]".to_owned()));
        for path in paths {
            let path = Path::parse(&path).expect("path");
            assert!(path.get(&document).is_some(), "{path:?}");
        }
    }
}
