//! The TOML file that says what to search and how.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::SweepError;
use super::range::Range;

/// A sweep, as read from one TOML file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Space {
    /// How values are chosen.
    #[serde(default)]
    pub method: Method,
    /// How many trainings; a grid without it is run as a whole.
    pub trials: Option<usize>,
    /// Seed of every random choice of the sweep. The trainings have their own, `train.seed`.
    #[serde(default)]
    pub seed: u64,
    /// What is set against the cost.
    #[serde(default)]
    pub objective: Objective,
    /// The values of each parameter, by the key of the configuration as in `train.batch_size`.
    pub parameters: BTreeMap<String, Range>,
}

/// How the values of a trial are chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Every combination, the last parameter in alphabetical order first.
    Grid,
    /// Every value of a parameter, or factor between two, as likely as any other.
    Random,
    /// Where the trials so far were good: a tree-structured Parzen estimator (Bergstra et al.,
    /// NeurIPS 2011).
    #[default]
    Tpe,
}

impl Method {
    /// The name in files and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Random => "random",
            Self::Tpe => "tpe",
        }
    }
}

/// The figure of the validation part that is set against the cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Objective {
    /// The mean loss of the events.
    #[default]
    #[serde(rename = "validation.loss")]
    Loss,
    /// The share of right decisions.
    #[serde(rename = "validation.accuracy")]
    Accuracy,
    /// The area under the ROC curve, the mean over the classes.
    #[serde(rename = "validation.auc")]
    Auc,
}

impl Objective {
    /// The name in files and messages.
    pub fn key(self) -> &'static str {
        match self {
            Self::Loss => "validation.loss",
            Self::Accuracy => "validation.accuracy",
            Self::Auc => "validation.auc",
        }
    }

    /// The words at an axis.
    pub fn label(self) -> &'static str {
        match self {
            Self::Loss => "validation loss",
            Self::Accuracy => "validation accuracy",
            Self::Auc => "validation AUC",
        }
    }
}

impl Space {
    /// Reads and checks a sweep file.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, is not TOML, or holds an unknown key or a range without a
    /// meaning.
    pub fn from_file(path: &Path) -> Result<Self, SweepError> {
        let text = std::fs::read_to_string(path).map_err(|source| SweepError::Io {
            path: path.to_owned(),
            source,
        })?;
        Self::from_text(&text, path)
    }

    /// Parses and checks a sweep; `path` is what errors call it.
    ///
    /// # Errors
    ///
    /// As [`Space::from_file`], reading aside.
    pub fn from_text(text: &str, path: &Path) -> Result<Self, SweepError> {
        let space: Self = toml::from_str(text).map_err(|source| SweepError::Syntax {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        if space.parameters.is_empty() {
            return Err(SweepError::Space {
                path: path.to_owned(),
                problem: "[parameters] is empty; expected at least one, as in \
                          \"train.batch_size\" = { choice = [256, 512] }"
                    .to_owned(),
            });
        }
        Ok(space)
    }

    /// How many different trials there are; `None` for too many to count.
    pub(super) fn combinations(&self) -> Option<usize> {
        let count = match self.method {
            Method::Grid => Range::grid_count,
            Method::Random | Method::Tpe => Range::count,
        };
        self.parameters
            .values()
            .try_fold(1usize, |product, range| product.checked_mul(count(range)?))
    }

    /// How many trials are run, or why that is not known; `path` is what errors call the file.
    pub(super) fn trials(&self, path: &Path) -> Result<usize, SweepError> {
        let problem = |problem: String| SweepError::Space {
            path: path.to_owned(),
            problem,
        };
        if self.trials == Some(0) {
            return Err(problem("trials is 0; expected at least 1".to_owned()));
        }
        if self.method == Method::Grid {
            let endless = |(name, range): (_, &Range)| range.grid_count().is_none().then_some(name);
            if let Some(name) = self.parameters.iter().find_map(endless) {
                return Err(problem(format!(
                    "parameter '{name}': a grid needs `points = n` beside the bounds"
                )));
            }
        }
        match (self.trials, self.combinations()) {
            (Some(wanted), Some(all)) => Ok(wanted.min(all)),
            (Some(wanted), None) => Ok(wanted),
            (None, Some(all)) if self.method == Method::Grid => Ok(all),
            (None, _) => Err(problem(format!(
                "method '{}' needs a number of trials: `trials = n`, or --trials N",
                self.method.name()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(text: &str) -> Result<Space, SweepError> {
        Space::from_text(text, Path::new("s.toml"))
    }

    fn trials(text: &str) -> Result<usize, String> {
        let space = space(text).expect("space");
        space.trials(Path::new("s.toml")).map_err(|e| e.to_string())
    }

    #[test]
    fn defaults_and_names() {
        let space = space("trials = 3\n[parameters]\n\"a.b\" = { choice = [1] }").expect("space");
        assert_eq!(space.method, Method::Tpe);
        assert_eq!(space.objective, Objective::Loss);
        for objective in [Objective::Loss, Objective::Accuracy, Objective::Auc] {
            let json = serde_json::to_string(&objective).expect("json");
            assert_eq!(json, format!("\"{}\"", objective.key()));
        }
    }

    #[test]
    fn the_number_of_trials_is_never_guessed() {
        let grid = "method = \"grid\"\n[parameters]\na = { choice = [1, 2] }\n\
                    b = { int = [1, 3] }\n";
        assert_eq!(trials(grid), Ok(6));
        assert_eq!(trials(&format!("trials = 4\n{grid}")), Ok(4));
        assert_eq!(trials(&format!("trials = 40\n{grid}")), Ok(6));
        let random = grid.replace("grid", "random");
        assert!(trials(&random).expect_err("error").contains("--trials N"));
        assert_eq!(trials(&format!("trials = 40\n{random}")), Ok(6));
        let endless = format!("{grid}c = {{ log = [1.0, 2.0] }}");
        let error = trials(&endless).expect_err("error");
        assert!(error.contains("'c': a grid needs `points = n`"), "{error}");
        assert_eq!(trials(&endless.replace("2.0]", "2.0], points = 5")), Ok(30));
        assert!(trials(&format!("trials = 0\n{grid}")).is_err());
    }

    #[test]
    fn errors_say_where_and_what() {
        let text = |text: &str| {
            let error = space(text).expect_err("error");
            let cause = std::error::Error::source(&error).map(|e| e.to_string());
            format!("{error}: {}", cause.unwrap_or_default())
        };
        assert!(text("[parameters]").contains("[parameters] is empty"));
        let unknown = text("method = \"tree\"\n[parameters]\na = { choice = [1] }");
        assert!(
            unknown.contains("line 1") && unknown.contains("tpe"),
            "{unknown}"
        );
        let range = text("trials = 1\n[parameters]\na = { int = [3, 1] }");
        assert!(
            range.contains("line 3") && range.contains("lower bound first"),
            "{range}"
        );
    }
}
