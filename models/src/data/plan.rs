//! From the names of the configuration to the columns of the files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::config::{DataConfig, InputConfig};
use super::derived::{Derivation, Rule};
use super::expression::Comparison;
use super::read::{Field, Kind};
use super::roles::shape;
use super::{DataError, Derived, InputSpec};

/// A column of a batch: those of the file that are needed, then the derived ones.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) unit: Option<String>,
    pub(super) kind: Kind,
    /// Slots of its lists; none for scalars.
    pub(super) slots: Option<usize>,
}

/// An entry of the selection and where the operands of its sides are in a batch.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    pub(super) comparison: Comparison,
    pub(super) operands: [Vec<usize>; 2],
}

/// What is read, computed and kept of each row; places are those of `columns`.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) columns: Vec<Column>,
    /// How many of `columns` come from the file; the others are `derived`, in order.
    pub(super) stored: usize,
    pub(super) derived: Vec<Derivation>,
    pub(super) selection: Vec<Cut>,
    pub(super) specs: Vec<InputSpec>,
    /// For each input its columns.
    pub(super) inputs: Vec<Vec<usize>>,
    pub(super) label: Option<usize>,
    pub(super) targets: Vec<usize>,
    pub(super) spectators: Vec<usize>,
    /// Relative Gaussian noise of each target, and the seed of it.
    pub(super) noise: (Vec<f64>, u64),
    pub(super) weight: Option<usize>,
    pub(super) by: Option<usize>,
    pub(super) classes: Vec<String>,
    /// What the label column holds for each class.
    pub(super) label_values: Vec<i64>,
    pub(super) skip_bad_rows: bool,
}

/// All names that may be columns: what a reader that loads whole columns needs to load.
pub(super) fn mentioned(config: &DataConfig) -> BTreeSet<String> {
    let inputs = config.all_inputs();
    let columns = inputs.iter().flat_map(|input| &input.columns);
    let roles = [&config.label, &config.weight, &config.split.by];
    let plain = columns.chain(roles.into_iter().flatten());
    let plain = plain.chain(&config.targets).chain(&config.spectators);
    let plain = plain.chain(&config.selection);
    let derived = config.derive.values().flat_map(Derived::mentions);
    let words = plain.map(String::as_str).chain(derived).flat_map(|text| {
        let path = text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '/'));
        text.split(|c: char| !c.is_alphanumeric() && c != '_')
            .chain(path)
            .map(str::to_owned)
            .chain([text.split('[').next().unwrap_or_default().to_owned()])
    });
    words.collect()
}

impl Plan {
    /// Finds all columns in the fields of the file at `path`.
    ///
    /// # Errors
    ///
    /// All that is wrong with the columns and the expressions, at once.
    pub(super) fn new(
        config: &DataConfig,
        path: &Path,
        fields: &[Field],
    ) -> Result<Self, DataError> {
        let derive = &config.derive;
        let stored = fields.iter().map(|field| field.name.as_str());
        let known: Vec<&str> = stored.chain(derive.keys().map(String::as_str)).collect();
        let mut problems = shadowed(path, fields, config);
        let mut rules = BTreeMap::new();
        for (name, derived) in derive {
            match Rule::new(derived, &known) {
                Ok(rule) => drop(rules.insert(name.as_str(), rule)),
                Err(reason) => problems.push(DataError::Expression {
                    key: format!("data.derive.{name}"),
                    text: derived.text(),
                    reason,
                }),
            }
        }
        let mut comparisons = Vec::new();
        for text in &config.selection {
            match Comparison::parse(text, &known) {
                Ok(comparison) => comparisons.push(comparison),
                Err(error) => problems.push(DataError::Expression {
                    key: "data.selection".to_owned(),
                    text: text.clone(),
                    reason: error.to_string(),
                }),
            }
        }
        let inputs = config.all_inputs();
        let used = used(config, &inputs, &rules, &comparisons);
        let missing: Vec<String> = used
            .iter()
            .filter(|name| !known.contains(name))
            .map(|name| (*name).to_owned())
            .collect();
        if !missing.is_empty() {
            problems.push(DataError::MissingColumns {
                path: path.to_owned(),
                missing,
                found: fields.iter().map(|field| field.name.clone()).collect(),
            });
        }
        DataError::all(problems)?;

        let mut plan = Self {
            columns: Vec::new(),
            stored: 0,
            derived: Vec::new(),
            selection: Vec::new(),
            specs: inputs.iter().map(spec).collect(),
            inputs: Vec::new(),
            label: None,
            targets: Vec::new(),
            spectators: Vec::new(),
            noise: (
                (config.targets.iter())
                    .map(|name| config.noise.get(name).copied().unwrap_or(0.0))
                    .collect(),
                config.split.seed,
            ),
            weight: None,
            by: None,
            classes: config.classes.clone(),
            label_values: match config.label_values.as_slice() {
                [] => (0..config.classes.len() as i64).collect(),
                values => values.to_vec(),
            },
            skip_bad_rows: config.skip_bad_rows,
        };
        for field in fields
            .iter()
            .filter(|field| used.contains(field.name.as_str()))
        {
            plan.columns.push(Column {
                name: field.name.clone(),
                unit: field.unit.clone(),
                kind: field.kind.clone(),
                slots: field.slots,
            });
        }
        plan.stored = plan.columns.len();
        let mut problems = plan.types(path);
        problems.extend(plan.derive(rules, config));
        DataError::all(problems)?;
        let mut problems = plan.cuts(comparisons);
        problems.extend(plan.roles(path, config, &inputs));
        DataError::all(problems)?;
        Ok(plan)
    }

    /// The columns to read of a file with these fields, which may be in another order than in the
    /// first file.
    pub(super) fn locate(&self, path: &Path, fields: &[Field]) -> Result<Vec<usize>, DataError> {
        let mut problems = Vec::new();
        let mut missing = Vec::new();
        let mut wanted = Vec::new();
        for column in &self.columns[..self.stored] {
            let Some(at) = fields.iter().position(|field| field.name == column.name) else {
                missing.push(column.name.clone());
                continue;
            };
            let found = &fields[at];
            if (&found.kind, found.slots) != (&column.kind, column.slots) {
                problems.push(DataError::Shape {
                    path: path.to_owned(),
                    column: column.name.clone(),
                    found: shape(&found.kind, found.slots),
                    role: "the first file".to_owned(),
                    expected: shape(&column.kind, column.slots),
                });
            }
            wanted.push(at);
        }
        if !missing.is_empty() {
            problems.push(DataError::MissingColumns {
                path: path.to_owned(),
                missing,
                found: fields.iter().map(|field| field.name.clone()).collect(),
            });
        }
        DataError::all(problems).map(|()| wanted)
    }

    /// Names of the targets.
    pub(super) fn targets(&self) -> Vec<String> {
        let targets = self.targets.iter().map(|at| &self.columns[*at]);
        targets.map(|column| column.name.clone()).collect()
    }

    /// The place of a column whose name is known to be there.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    pub(super) fn places(&self, names: &[String]) -> Option<Vec<usize>> {
        names.iter().map(|name| self.place(name)).collect()
    }

    /// Columns of the file that are no numbers.
    fn types(&self, path: &Path) -> Vec<DataError> {
        let wrong = self.columns.iter().filter_map(|column| match &column.kind {
            Kind::Other(found) => Some(DataError::ColumnType {
                path: path.to_owned(),
                column: column.name.clone(),
                found: found.clone(),
                expected: "numbers or truth values, or lists of them",
            }),
            _ => None,
        });
        wrong.collect()
    }

    fn cuts(&mut self, comparisons: Vec<Comparison>) -> Vec<DataError> {
        let mut problems = Vec::new();
        for comparison in comparisons {
            let sides = comparison.sides().map(|side| self.places(side.names()));
            let operands = sides.map(Option::unwrap_or_default);
            let list = operands
                .iter()
                .flatten()
                .find(|at| self.columns[**at].slots.is_some());
            if let Some(at) = list {
                problems.push(DataError::Expression {
                    key: "data.selection".to_owned(),
                    text: comparison.text.clone(),
                    reason: format!("'{}' holds lists; expected scalars", self.columns[*at].name),
                });
            }
            self.selection.push(Cut {
                comparison,
                operands,
            });
        }
        problems
    }
}

fn spec(input: &InputConfig) -> InputSpec {
    let features = input.columns.len();
    let mask = input.mask.as_ref();
    InputSpec {
        name: input.name.clone(),
        columns: input.columns.clone(),
        shape: match (input.particles, input.image) {
            (Some(particles), _) => vec![particles, features],
            (None, Some(image)) => image.to_vec(),
            (None, None) => vec![features],
        },
        mask: mask.and_then(|mask| input.columns.iter().position(|column| column == mask)),
    }
}

/// Derived columns with the name of a column of the file.
fn shadowed(path: &Path, fields: &[Field], config: &DataConfig) -> Vec<DataError> {
    let twice = fields
        .iter()
        .filter(|f| config.derive.contains_key(&f.name));
    twice
        .map(|field| DataError::Shadowed {
            path: path.to_owned(),
            column: field.name.clone(),
        })
        .collect()
}

/// All columns that something needs.
fn used<'a>(
    config: &'a DataConfig,
    inputs: &'a [InputConfig],
    rules: &'a BTreeMap<&str, Rule>,
    comparisons: &'a [Comparison],
) -> BTreeSet<&'a str> {
    let columns = inputs.iter().flat_map(|input| &input.columns);
    let roles = [&config.label, &config.weight, &config.split.by];
    let sides = comparisons.iter().flat_map(Comparison::sides);
    columns
        .chain(roles.into_iter().flatten())
        .chain(&config.targets)
        .chain(&config.spectators)
        .chain(rules.values().flat_map(Rule::names))
        .chain(sides.flat_map(|side| side.names()))
        .map(String::as_str)
        .collect()
}
