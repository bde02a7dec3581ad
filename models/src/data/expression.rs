//! Expressions of the configuration over columns: derived columns and selections.
//!
//! The grammar and the functions are those of the formulas that
//! [`trigforge_codegen::import::formula`] reads. A name may have an index, as in `x[3]`, where the
//! columns of a file are called so. Where a file has a column `a/b`, as HDF5 files do, `a/b` is that
//! column and no division.

use std::collections::BTreeMap;

use trigforge_codegen::import::formula::{Expression, ExpressionError};

/// An expression, and the names of the columns that it needs.
#[derive(Debug, Clone)]
pub(super) struct Formula {
    expression: Expression,
    names: Vec<String>,
}

impl Formula {
    /// Reads an expression; `known` are all names of columns.
    pub(super) fn parse(text: &str, known: &[&str]) -> Result<Self, ExpressionError> {
        let (plain, paths) = without_paths(text, known);
        let (plain, mut indexed) = without_indices(&plain);
        indexed.extend(paths);
        let expression = Expression::parse(&plain, known)?;
        if expression.variables().is_empty() {
            return Err(ExpressionError {
                reason: "it holds no column".to_owned(),
            });
        }
        let name = |name: &String| indexed.get(name).unwrap_or(name).clone();
        Ok(Self {
            names: expression.variables().iter().map(name).collect(),
            expression,
        })
    }

    /// The columns that it needs, in the order of [`Formula::evaluate`].
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Its values; a column of one element has it everywhere.
    pub(super) fn evaluate(&self, count: usize, columns: &[&[f64]]) -> Vec<f64> {
        self.expression.evaluate(count, columns)
    }
}

/// Replaces the paths among the known names by plain ones, with what each of these stands for.
fn without_paths(text: &str, known: &[&str]) -> (String, BTreeMap<String, String>) {
    let mut paths: Vec<&str> = known.iter().copied().filter(|n| n.contains('/')).collect();
    // The longest one first: `a/bc` is not `a/b` with something behind it.
    paths.sort_by_key(|path| std::cmp::Reverse(path.len()));
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut plain = text.to_owned();
    let mut meant = BTreeMap::new();
    for (number, path) in paths.into_iter().enumerate() {
        let mut from = 0;
        while let Some(found) = plain[from..].find(path) {
            let (start, end) = (from + found, from + found + path.len());
            if plain[..start].ends_with(part) || plain[end..].starts_with(part) {
                from = end;
                continue;
            }
            let name = format!("path__{number}__");
            plain.replace_range(start..end, &name);
            from = start + name.len();
            meant.insert(name, path.to_owned());
        }
    }
    (plain, meant)
}

/// Replaces `x[3]` by a plain name, with what each of these stands for.
fn without_indices(text: &str) -> (String, BTreeMap<String, String>) {
    let mut plain = String::with_capacity(text.len());
    let mut indexed = BTreeMap::new();
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let before = &rest[..open];
        let starts = before
            .rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .map_or(0, |at| at + 1);
        let digits = rest[open + 1..]
            .find(']')
            .map(|end| &rest[open + 1..open + 1 + end]);
        match digits {
            Some(digits) if is_index(digits) && starts < open => {
                let name = format!("{}__{digits}__", &before[starts..]);
                plain.push_str(&before[..starts]);
                plain.push_str(&name);
                indexed.insert(name, format!("{}[{digits}]", &before[starts..]));
                rest = &rest[open + digits.len() + 2..];
            }
            _ => {
                plain.push_str(&rest[..=open]);
                rest = &rest[open + 1..];
            }
        }
    }
    plain.push_str(rest);
    (plain, indexed)
}

fn is_index(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// How two sides are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    LessEqual,
    GreaterEqual,
    Equal,
    Different,
    Less,
    Greater,
}

/// Longer ones first, so that `<=` is not taken for `<`.
const RELATIONS: [(&str, Relation); 6] = [
    ("<=", Relation::LessEqual),
    (">=", Relation::GreaterEqual),
    ("==", Relation::Equal),
    ("!=", Relation::Different),
    ("<", Relation::Less),
    (">", Relation::Greater),
];

/// An entry of `data.selection`: two expressions and how they are compared.
#[derive(Debug, Clone)]
pub(super) struct Comparison {
    pub(super) text: String,
    pub(super) left: Side,
    relation: Relation,
    pub(super) right: Side,
}

/// One side of a comparison.
#[derive(Debug, Clone)]
pub(super) enum Side {
    /// An expression over columns.
    Formula(Formula),
    /// A number.
    Number(f64),
}

impl Comparison {
    /// Reads a comparison; `known` are all names of columns.
    pub(super) fn parse(text: &str, known: &[&str]) -> Result<Self, ExpressionError> {
        let wrong = |reason: &str| ExpressionError {
            reason: reason.to_owned(),
        };
        let found = (0..text.len()).find_map(|at| {
            let (sign, relation) = RELATIONS
                .iter()
                .find(|(sign, _)| text.as_bytes()[at..].starts_with(sign.as_bytes()))?;
            Some((at, sign.len(), *relation))
        });
        let Some((at, length, relation)) = found else {
            return Err(wrong("expected a comparison: <, <=, >, >=, == or !="));
        };
        let (left, right) = (&text[..at], &text[at + length..]);
        if right.contains(['<', '>']) || right.contains("==") || right.contains("!=") {
            return Err(wrong(
                "expected one comparison; write two entries of the list",
            ));
        }
        Ok(Self {
            text: text.to_owned(),
            left: Side::parse("left", left, known)?,
            relation,
            right: Side::parse("right", right, known)?,
        })
    }

    /// Whether the values of the two sides pass.
    pub(super) fn passes(&self, left: f64, right: f64) -> bool {
        match self.relation {
            Relation::LessEqual => left <= right,
            Relation::GreaterEqual => left >= right,
            Relation::Equal => left == right,
            Relation::Different => left != right,
            Relation::Less => left < right,
            Relation::Greater => left > right,
        }
    }

    /// Both sides.
    pub(super) fn sides(&self) -> [&Side; 2] {
        [&self.left, &self.right]
    }
}

impl Side {
    fn parse(side: &str, text: &str, known: &[&str]) -> Result<Self, ExpressionError> {
        match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Self::Number(number)),
            _ => match Formula::parse(text, known) {
                Ok(formula) => Ok(Self::Formula(formula)),
                Err(error) => Err(ExpressionError {
                    reason: format!("on the {side}, {error}"),
                }),
            },
        }
    }

    /// The columns that it needs.
    pub(super) fn names(&self) -> &[String] {
        match self {
            Self::Formula(formula) => formula.names(),
            Self::Number(_) => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_part_of_the_name() {
        let formula = Formula::parse("x[1] - 2*(x[10]+y)", &[]).expect("formula");
        assert_eq!(formula.names(), ["x[1]", "x[10]", "y"]);
        assert_eq!(formula.evaluate(1, &[&[10.0], &[1.0], &[2.0]]), [4.0]);
        assert!(Formula::parse("x[y]", &[]).is_err());
        assert!(Formula::parse("[3]", &[]).is_err());
        assert!(Formula::parse("1 + 1", &[]).is_err());
    }

    #[test]
    fn paths_of_columns_are_names() {
        let known = ["jets/pt", "jets/pt_raw", "jets/x[1]", "pt"];
        let formula = Formula::parse("jets/pt_raw / jets/pt - jets/x[1]/pt", &known);
        let formula = formula.expect("formula");
        assert_eq!(
            formula.names(),
            ["jets/pt_raw", "jets/pt", "jets/x[1]", "pt"]
        );
        let values: [&[f64]; 4] = [&[6.0], &[2.0], &[8.0], &[4.0]];
        assert_eq!(formula.evaluate(1, &values), [1.0]);
        let division = Formula::parse("jets/pt", &["jets", "pt"]).expect("formula");
        assert_eq!(division.names(), ["jets", "pt"]);
    }

    #[test]
    fn comparisons_have_two_sides() {
        for (text, below, at, above) in [
            ("x < 2", true, false, false),
            ("x <= 2", true, true, false),
            ("x > 2e0", false, false, true),
            ("x>=2", false, true, true),
            ("x == 2", false, true, false),
            ("x != 2", true, false, true),
        ] {
            let comparison = Comparison::parse(text, &["x"]).expect("comparison");
            let found = [1.0, 2.0, 3.0].map(|x| comparison.passes(x, 2.0));
            assert_eq!(found, [below, at, above], "{text}");
        }
        for text in ["x", "1 < x < 2", "x < ", "x = 2"] {
            assert!(Comparison::parse(text, &["x"]).is_err(), "{text}");
        }
    }
}
