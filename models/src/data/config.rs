//! The table `[data]` of a configuration.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Fractions;
use crate::config::{ConfigError, within};

/// The table `[data]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// A `.parquet` or `.npz` file, relative to the working directory.
    pub path: PathBuf,
    /// The columns that the network sees, in the order of its input.
    pub features: Vec<String>,
    /// The integer column with the class numbers.
    pub label: String,
    /// Names of the classes 0, 1, ...
    pub classes: Vec<String>,
    /// How the rows are divided.
    pub split: Fractions,
}

impl DataConfig {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        within("data.features (how many)", self.features.len(), 1, 4096)?;
        within("data.classes (how many)", self.classes.len(), 2, 1024)?;
        for names in [&self.features, &self.classes] {
            if let Some((_, twice)) = names
                .iter()
                .enumerate()
                .find(|(i, n)| names[..*i].contains(n))
            {
                return Err(ConfigError::Value {
                    key: "data.features or data.classes",
                    found: format!("naming '{twice}' twice"),
                    expected: "each name once".to_owned(),
                });
            }
        }
        let split = &self.split;
        for share in [split.train, split.validation, split.test] {
            within("data.split (each share)", share, 0.001, 0.998)?;
        }
        let total = split.train + split.validation + split.test;
        within("data.split (sum of the shares)", total, 0.003, 1.0 + 1e-9)
    }
}
