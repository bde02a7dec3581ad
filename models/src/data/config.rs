//! The table `[data]` of a configuration: files, columns and their roles.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Derived, Fractions, Mixture};
use crate::config::{ConfigError, within};

/// The table `[data]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// One file, relative to the working directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Several files of the same columns, read one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PathBuf>,
    /// Short form of one input of scalars, which is then called `features`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// What the network sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<InputConfig>,
    /// The integer column with the class numbers, for classification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Names of the classes 0, 1, ...
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// What the label column holds for each class, where that is not 0, 1, ...
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub label_values: Vec<i64>,
    /// Two samples of mixed classes to learn from, instead of the labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mixture: Option<Mixture>,
    /// Columns with what the network learns to give, for regression.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// Columns of scalars that the network does not need to see: what a score is decorrelated from
    /// and judged against.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spectators: Vec<String>,
    /// Gaussian noise that is added to targets, in units of the target: for studies of what a
    /// learned uncertainty makes of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub noise: BTreeMap<String, f64>,
    /// The column with the weights of the events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// Comparisons that a row has to pass, all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selection: Vec<String>,
    /// Whether rows with NaN, infinities or nulls are left out and counted, rather than refused.
    #[serde(default, skip_serializing_if = "is_false")]
    pub skip_bad_rows: bool,
    /// Most rows that are held in memory: with more, the files are streamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_rows: Option<usize>,
    /// Most rows of the validation part, and of the test part, of streamed files; by default a
    /// quarter of `memory_rows`. Where a part has more, a half, a quarter, ... of them is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_back_rows: Option<usize>,
    /// How the rows are divided.
    pub split: Fractions,
    /// Columns that are computed while reading.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub derive: BTreeMap<String, Derived>,
    /// What happens to a column at the beginning of the exported graph.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub transform: BTreeMap<String, Transform>,
}

/// An entry of `[[data.inputs]]`: one input of the network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputConfig {
    /// Name of the input.
    pub name: String,
    /// Its columns: scalars, or with `particles` or `image` lists of a fixed size.
    pub columns: Vec<String>,
    /// The leading slots of each list that are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub particles: Option<usize>,
    /// One of the columns: a slot is empty where it is 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<String>,
    /// Channels, height and width of an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<[usize; 3]>,
}

/// An entry of `[data.transform]`: done by the exported graph, not while reading.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Transform {
    /// The natural logarithm, after `clip`.
    #[serde(skip_serializing_if = "is_false")]
    pub log: bool,
    /// Least and largest value that is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip: Option<[f64; 2]>,
    /// Bits of its raw grid, the sign included, where they differ from `model.raw_bits`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits: Option<u32>,
    /// A power of two in units of the column: the column is divided by it and not shifted, so that
    /// columns with the same unit, such as the components of a momentum, keep their ratios.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<f64>,
    /// One element for each of these values, 1 where the column equals it and else 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_hot: Option<Vec<i64>>,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl DataConfig {
    /// All files, in the order in which they are read.
    pub fn files(&self) -> Vec<PathBuf> {
        self.path.iter().chain(&self.paths).cloned().collect()
    }

    /// All inputs; `features` is one of that name.
    pub fn all_inputs(&self) -> Vec<InputConfig> {
        if self.features.is_empty() {
            return self.inputs.clone();
        }
        vec![InputConfig {
            name: "features".to_owned(),
            columns: self.features.clone(),
            ..InputConfig::default()
        }]
    }

    /// Whether events have labels or targets to learn from.
    pub fn has_goal(&self) -> bool {
        self.label.is_some() || !self.targets.is_empty()
    }

    /// Checks what can be checked without the files.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let key = "data.path or data.paths";
        match (&self.path, self.paths.as_slice()) {
            (Some(_), []) | (None, [_, ..]) => {}
            (Some(_), _) => return Err(wrong(key, "both", "one of the two")),
            (None, []) => return Err(wrong(key, "missing", "one of the two")),
        }
        self.check_inputs()?;
        self.check_goal()?;
        self.check_labels()?;
        for (name, width) in &self.noise {
            if !self.targets.contains(name) {
                return Err(wrong("data.noise", name, "targets"));
            }
            within("data.noise", *width, 0.0, 10.0)?;
        }
        if let Some(rows) = self.memory_rows {
            within("data.memory_rows", rows, 4, usize::MAX)?;
        }
        if let Some(rows) = self.held_back_rows {
            within("data.held_back_rows", rows, 1, usize::MAX)?;
        }
        let split = &self.split;
        for share in [split.train, split.validation, split.test] {
            within("data.split (each share)", share, 0.001, 0.998)?;
        }
        let total = split.train + split.validation + split.test;
        within("data.split (sum of the shares)", total, 0.003, 1.0 + 1e-9)?;
        self.check_transform()
    }

    fn check_inputs(&self) -> Result<(), ConfigError> {
        let key = "data.features or data.inputs";
        match (self.features.is_empty(), self.inputs.is_empty()) {
            (true, true) => return Err(wrong(key, "missing", "one of the two")),
            (false, false) => return Err(wrong(key, "both", "one of the two")),
            _ => {}
        }
        let inputs = self.all_inputs();
        within("data.inputs (how many)", inputs.len(), 1, 64)?;
        let names: Vec<_> = inputs.iter().map(|input| input.name.clone()).collect();
        once("data.inputs.name", &names)?;
        inputs.iter().try_for_each(InputConfig::check)
    }

    fn check_goal(&self) -> Result<(), ConfigError> {
        let key = "data.label or data.targets";
        match (&self.label, self.targets.is_empty()) {
            // Background alone: whoever needs a goal asks for it.
            (None, true) => within("data.classes (without a label)", self.classes.len(), 0, 0),
            (Some(_), false) => Err(wrong(key, "both", "one of the two")),
            (Some(_), true) => {
                within("data.classes (how many)", self.classes.len(), 2, 1024)?;
                once("data.classes", &self.classes)
            }
            (None, false) => {
                within("data.targets (how many)", self.targets.len(), 1, 1024)?;
                within("data.classes (without a label)", self.classes.len(), 0, 0)?;
                once("data.targets", &self.targets)
            }
        }
    }

    /// What is said of labels beside their names.
    fn check_labels(&self) -> Result<(), ConfigError> {
        if !self.label_values.is_empty() {
            let (values, classes) = (self.label_values.len(), self.classes.len());
            within("data.label_values (how many)", values, classes, classes)?;
            let names: Vec<_> = self.label_values.iter().map(i64::to_string).collect();
            once("data.label_values", &names)?;
        }
        match &self.mixture {
            Some(mixture) => mixture.check(self.classes.len()),
            None => Ok(()),
        }
    }

    fn check_transform(&self) -> Result<(), ConfigError> {
        let inputs = self.all_inputs();
        for (column, transform) in &self.transform {
            let key = "data.transform";
            if !inputs.iter().any(|input| input.columns.contains(column)) {
                return Err(wrong(key, column, "columns of an input"));
            }
            let numeric = transform.log
                || transform.clip.is_some()
                || transform.unit.is_some()
                || transform.bits.is_some();
            match (&transform.one_hot, transform.clip) {
                _ if transform.log && transform.unit.is_some() => {
                    return Err(wrong("data.transform", column, "unit or log, not both"));
                }
                (Some(_), _) if numeric => {
                    let expected = "one_hot alone, or log, clip, bits and unit";
                    return Err(wrong("data.transform", column, expected));
                }
                (Some(values), _) => {
                    within("data.transform.one_hot (how many)", values.len(), 1, 256)?;
                    let names: Vec<_> = values.iter().map(i64::to_string).collect();
                    once("data.transform.one_hot", &names)?;
                }
                (None, Some([least, most])) if least >= most || !(most - least).is_finite() => {
                    let found = format!("[{least}, {most}]");
                    return Err(wrong("data.transform.clip", &found, "[least, most]"));
                }
                _ => {}
            }
            if let Some(bits) = transform.bits {
                within("data.transform.bits", bits, 2, 18)?;
            }
            if let Some(unit) = transform.unit {
                within("data.transform.unit", unit, 2f64.powi(-30), 2f64.powi(30))?;
                if unit.log2().fract() != 0.0 {
                    let found = unit.to_string();
                    return Err(wrong("data.transform.unit", &found, "a power of two"));
                }
            }
        }
        Ok(())
    }
}

impl InputConfig {
    fn check(&self) -> Result<(), ConfigError> {
        let key = "data.inputs.name";
        let reserved = ["labels", "targets", "weights"];
        if self.name.is_empty() || reserved.contains(&self.name.as_str()) {
            return Err(wrong(key, &format!("'{}'", self.name), "another name"));
        }
        let columns = self.columns.len();
        within("data.inputs.columns (how many)", columns, 1, 4096)?;
        once("data.inputs.columns", &self.columns)?;
        if let Some(particles) = self.particles {
            within("data.inputs.particles", particles, 1, 1 << 16)?;
        }
        if let Some(mask) = &self.mask {
            let expected = "one of the columns of an input with particles";
            if self.particles.is_none() || !self.columns.contains(mask) {
                return Err(wrong("data.inputs.mask", &format!("'{mask}'"), expected));
            }
        }
        if let Some(image) = self.image {
            let expected = "without particles and with one column";
            if self.particles.is_some() || columns != 1 {
                return Err(wrong("data.inputs.image", &format!("{image:?}"), expected));
            }
            for size in image {
                within("data.inputs.image", size, 1, 1 << 12)?;
            }
        }
        Ok(())
    }
}

fn wrong(key: &'static str, found: &str, expected: &str) -> ConfigError {
    ConfigError::Value {
        key,
        found: found.to_owned(),
        expected: expected.to_owned(),
    }
}

/// Refuses a name that stands twice.
fn once(key: &'static str, names: &[String]) -> Result<(), ConfigError> {
    let mut rest = names.iter().enumerate();
    match rest.find(|(i, name)| names[..*i].contains(name)) {
        Some((_, twice)) => Err(wrong(
            key,
            &format!("naming '{twice}' twice"),
            "each name once",
        )),
        None => Ok(()),
    }
}
