//! The configuration that all trials share, and that of each.

use std::path::{Path as FilePath, PathBuf};

use toml::{Table, Value};

use super::SweepError;
use super::path::{self, Path};
use super::propose::propose;
use super::space::{Method, Space};
use crate::config::{Config, ConfigError};

/// At most so many keys are offered for one that is unknown.
const NEAR: usize = 4;
/// Keys less similar than this are not offered.
const SIMILAR: f64 = 0.6;
/// So many random combinations are tried before a value is called impossible.
const COMBINATIONS: usize = 32;

/// The shared configuration and the places that a sweep changes.
#[derive(Debug)]
pub(super) struct Base {
    /// The file, which errors name.
    file: PathBuf,
    /// Its content.
    document: Table,
    /// The parameters in alphabetical order and their places.
    places: Vec<(String, Path)>,
}

/// A configuration with the values of a trial.
#[derive(Debug)]
pub(super) struct Changed {
    /// As a file that `trigforge train` takes.
    pub(super) text: String,
    /// As the trainer takes it.
    pub(super) config: Config,
}

impl Base {
    /// Reads the shared configuration and checks every parameter of the sweep against it.
    pub(super) fn read(file: &FilePath, space: &Space) -> Result<Self, SweepError> {
        let text = std::fs::read_to_string(file).map_err(|source| SweepError::Io {
            path: file.to_owned(),
            source,
        })?;
        Self::new(&text, file, space)
    }

    /// As [`Base::read`], from the text of the file.
    pub(super) fn new(text: &str, file: &FilePath, space: &Space) -> Result<Self, SweepError> {
        let syntax = |source| ConfigError::Syntax {
            path: file.to_owned(),
            source: Box::new(source),
        };
        let document: Table = toml::from_str(text).map_err(syntax)?;
        let mut places = Vec::new();
        for parameter in space.parameters.keys() {
            let path = Path::parse(parameter).map_err(|reason| SweepError::UnknownPath {
                parameter: parameter.clone(),
                near: Vec::new(),
                reason,
            })?;
            places.push((parameter.clone(), path));
        }
        let base = Self {
            file: file.to_owned(),
            document,
            places,
        };
        base.check(text, space)?;
        Ok(base)
    }

    /// The content of the file, without its comments.
    pub(super) fn document(&self) -> &Table {
        &self.document
    }

    /// The configuration with `values` in place of its own; the reason where that is none.
    pub(super) fn with(&self, values: &[Value]) -> Result<Changed, ConfigError> {
        let places = self.places.iter().map(|(_, path)| path);
        self.replaced(places.zip(values.iter().cloned()))
    }

    fn replaced<'a>(
        &self,
        changes: impl Iterator<Item = (&'a Path, Value)>,
    ) -> Result<Changed, ConfigError> {
        let mut document = self.document.clone();
        for (path, value) in changes {
            // `check` has set every place once; a later failure means one value removed
            // the place of another, which the parser then misses.
            let _ = path.set(&mut document, value);
        }
        let text = toml::to_string(&document).unwrap_or_default();
        let config = Config::from_text(&text, &self.file)?;
        Ok(Changed { text, config })
    }

    /// The shared configuration with one value replaced, unchecked; the reason where the reader
    /// refuses it.
    fn parsed(&self, path: &Path, value: &Value) -> Result<Config, String> {
        let mut document = self.document.clone();
        path.set(&mut document, value.clone())?;
        document
            .try_into()
            .map_err(|e: toml::de::Error| e.message().to_owned())
    }

    /// Refuses parameters that are no key, and values that leave no valid configuration.
    fn check(&self, text: &str, space: &Space) -> Result<(), SweepError> {
        // The file itself first: its errors tell lines that the user knows.
        let shared = Config::from_text(text, &self.file)?;
        let keys = keys(&shared);
        for ((parameter, path), range) in self.places.iter().zip(space.parameters.values()) {
            let unknown = |reason: String| SweepError::UnknownPath {
                parameter: parameter.clone(),
                near: near(parameter, &path::all(&keys)),
                reason,
            };
            path.set(&mut self.document.clone(), Value::Boolean(true))
                .map_err(unknown)?;
            for value in range.ends() {
                let nothing = || "nothing in the configuration reads it".to_owned();
                let found = self.possible(space, parameter, &value);
                let stranger = match &found {
                    Ok(changed) => path
                        .get(&self::keys(&changed.config))
                        .is_none()
                        .then(nothing),
                    // Whether the reader knows the key at all, whatever it says of the value.
                    Err(_) => match self.parsed(path, &value) {
                        Ok(parsed) => path.get(&self::keys(&parsed)).is_none().then(nothing),
                        Err(reason) => path.get(&keys).is_none().then_some(reason),
                    },
                };
                if let Some(reason) = stranger {
                    return Err(unknown(reason));
                }
                if let Err(source) = found {
                    return Err(SweepError::Value {
                        parameter: parameter.clone(),
                        value: value.to_string(),
                        source,
                    });
                }
            }
        }
        Ok(())
    }

    /// A valid configuration in which a parameter has a value: the shared one, or one with some
    /// values of the other parameters, since one may make room for another.
    fn possible(
        &self,
        space: &Space,
        parameter: &str,
        value: &Value,
    ) -> Result<Changed, ConfigError> {
        let here = |name: &str| name == parameter;
        let alone = self.places.iter().filter(|(name, _)| here(name));
        let first = self.replaced(alone.map(|(_, path)| (path, value.clone())));
        let mut random = space.clone();
        random.method = Method::Random;
        let drawn = (0..COMBINATIONS).map(|number| {
            let mut values = propose(&random, number, &[]);
            for ((name, _), drawn) in self.places.iter().zip(&mut values) {
                if here(name) {
                    *drawn = value.clone();
                }
            }
            self.with(&values)
        });
        first.or_else(|reason| drawn.flatten().next().ok_or(reason))
    }
}

/// A configuration with every default written out.
fn keys(config: &Config) -> Table {
    Table::try_from(config).unwrap_or_default()
}

/// The keys most similar to one that is unknown, or those beside it.
fn near(unknown: &str, keys: &[String]) -> Vec<String> {
    let mut similar: Vec<(f64, &String)> = keys
        .iter()
        .map(|key| (strsim::normalized_damerau_levenshtein(unknown, key), key))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .collect();
    similar.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let mut near: Vec<String> = similar.into_iter().map(|(_, key)| key.clone()).collect();
    if near.is_empty()
        && let Some((table, _)) = unknown.rsplit_once('.')
    {
        let inside = |key: &&String| key.starts_with(&format!("{table}."));
        near = keys.iter().filter(inside).cloned().collect();
    }
    near.truncate(NEAR);
    near
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::layers::LayerConfig;

    fn config() -> String {
        crate::trials::text(
            "d.npz",
            ["no", "yes"],
            "features = [\"a\", \"b\"]",
            "name = \"tiny\"\n\
             layers = [{ type = \"dense\", units = 4 }, { type = \"dense\", units = 3 }]",
            "float_epochs = 2\nquantised_epochs = 2\nlearning_rate = 0.01\n\
             quantised_learning_rate = 0.005\npatience = 5",
        )
    }

    fn base(parameters: &str) -> Result<Base, SweepError> {
        let text = format!("trials = 1\n[parameters]\n{parameters}");
        let space = Space::from_text(&text, FilePath::new("s.toml"))?;
        Base::new(&config(), FilePath::new("c.toml"), &space)
    }

    fn message(parameters: &str) -> String {
        let error = base(parameters).expect_err("error");
        let source = std::error::Error::source(&error).map(ToString::to_string);
        format!("{error}: {}", source.unwrap_or_default())
    }

    #[test]
    fn values_are_replaced_and_the_text_says_the_same() {
        let base = base(
            "\"train.learning_rate\" = { log = [1e-3, 1e-1] }\n\
             \"model.layers[1].units\" = { int = [2, 8] }\n\
             \"train.weight_decay\" = { choice = [0, 0.1] }",
        )
        .expect("base");
        let values = [Value::Integer(7), Value::Float(0.002), Value::Float(0.1)];
        let changed = base.with(&values).expect("config");
        let shared = Config::from_text(&config(), FilePath::new("c.toml")).expect("config");
        let mut expected = shared.clone();
        if let LayerConfig::Dense(layer) = &mut expected.model.layers[1] {
            layer.units = 7;
        }
        expected.train.learning_rate = 0.002;
        expected.train.weight_decay = 0.1;
        assert_eq!(changed.config, expected);
        let again = Config::from_text(&changed.text, FilePath::new("t.toml"));
        assert_eq!(again.expect("config"), expected);
    }

    #[test]
    fn unknown_keys_are_named_with_their_neighbours() {
        let text = message("\"train.learning_rat\" = { log = [1e-3, 1e-1] }");
        assert!(
            text.starts_with(
                "parameter 'train.learning_rat' is no key of the configuration (near it: \
                 train.learning_rate"
            ),
            "{text}"
        );
        let text = message("\"train.quiet_and_fast\" = { choice = [1] }");
        assert!(text.contains("near it: train.averaging"), "{text}");
        let text = message("\"model.layers[2].units\" = { int = [2, 8] }");
        assert!(text.contains("'model.layers' has 2 elements"), "{text}");
        let text = message("\"training.seed\" = { int = [2, 8] }");
        assert!(text.contains("near it: train.seed"), "{text}");
    }

    #[test]
    fn impossible_values_are_named_with_the_reason() {
        let text = message("\"model.weights.bits\" = { int = [2, 17] }");
        assert!(
            text.contains("'model.weights.bits': 17 gives no valid configuration")
                && text.contains("expected 1 to 16"),
            "{text}"
        );
        let text = message("\"train.batch_size\" = { choice = [16, \"many\"] }");
        assert!(text.contains("\"many\" gives no valid"), "{text}");
    }

    #[test]
    fn one_value_may_make_room_for_another() {
        let last = "\"train.cost.beta_final\" = { log = [1e-6, 1e-4] }";
        assert!(message(last).contains("train.cost.beta is 0; expected"));
        let both = format!("{last}\n\"train.cost.beta\" = {{ log = [1e-8, 1e-6] }}");
        base(&both).expect("base");
        let gamma = "\"train.loss.gamma\" = { float = [1.0, 2.0] }";
        assert!(message(gamma).contains("'train.loss.gamma' is no key"));
        let kind = "\"train.loss.type\" = { choice = [\"focal\"] }";
        base(&format!("{gamma}\n{kind}")).expect("base");
    }
}
