//! The table `[train.decorrelation]`: a variable that the score of the background shall not follow.

use serde::{Deserialize, Serialize};

use super::{ConfigError, DataConfig, within};

/// The table `[train.decorrelation]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecorrelationConfig {
    /// A column of scalars. The network may see it or not.
    pub column: String,
    /// Weight of the squared distance correlation in the loss; with 0 it is judged and not learned.
    pub weight: f64,
    /// The classes that are background: the correlation is that of their events alone, the score is
    /// the probability of all other classes. Without them it is that of all events, and the score
    /// the probability of the last class.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub background: Vec<String>,
}

impl DecorrelationConfig {
    /// Of each class, whether its probability is the score.
    pub fn signal(&self, classes: &[String]) -> Vec<bool> {
        let last = classes.last();
        let signal = |class: &String| match self.background.is_empty() {
            true => Some(class) == last,
            false => !self.background.contains(class),
        };
        classes.iter().map(signal).collect()
    }

    /// Of each class, whether its events count.
    pub fn counted(&self, classes: &[String]) -> Vec<bool> {
        let counted = |class| self.background.is_empty() || self.background.contains(class);
        classes.iter().map(counted).collect()
    }

    /// Checks every value against its range.
    pub(crate) fn check(&self, data: &DataConfig) -> Result<(), ConfigError> {
        within("train.decorrelation.weight", self.weight, 0.0, 1e6)?;
        let wrong = |key, found: String, expected: String| ConfigError::Value {
            key,
            found,
            expected,
        };
        if data.classes.is_empty() {
            let expected = "data.classes: it is the score of a classifier that is decorrelated";
            return Err(wrong(
                "train.decorrelation",
                "given".to_owned(),
                expected.to_owned(),
            ));
        }
        let key = "train.decorrelation.background";
        let known = data.classes.join(", ");
        if let Some(class) = self.background.iter().find(|c| !data.classes.contains(c)) {
            return Err(wrong(
                key,
                format!("'{class}'"),
                format!("classes: {known}"),
            ));
        }
        if !self.signal(&data.classes).contains(&true) {
            let expected = format!("not all classes of {known}");
            return Err(wrong(key, "every class".to_owned(), expected));
        }
        Ok(())
    }
}

impl DataConfig {
    /// Reads this column, too, beside what the network sees.
    pub(crate) fn look_at(&mut self, column: &str) {
        if !self.spectators.iter().any(|name| name == column) {
            self.spectators.push(column.to_owned());
        }
    }
}
