//! The TOML file that describes a training: data, model, schedule, output, card.

mod decorrelation;
mod evaluation;
mod head;
mod model;
mod train;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use crate::data::DataConfig;
pub use crate::net::anomaly::AnomalyConfig;
pub use crate::net::contrastive::ContrastiveConfig;
pub use crate::net::latent::LatentConfig;
pub use decorrelation::DecorrelationConfig;
pub use evaluation::{EvaluationConfig, SignalConfig};
pub use head::{HeadConfig, Method, Scale};
pub use model::{ModelConfig, WidthConfig};
pub use train::{CostConfig, LossConfig, TrainConfig};

/// A whole training, as read from one TOML file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the data is and which columns mean what.
    pub data: DataConfig,
    /// The network and the widths of its numbers.
    pub model: ModelConfig,
    /// For a detector of anomalies: how it comes from the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anomaly: Option<AnomalyConfig>,
    /// For an encoder that learns from symmetries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contrastive: Option<ContrastiveConfig>,
    /// For a classifier through a few latent numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latent: Option<LatentConfig>,
    /// How it is trained.
    pub train: TrainConfig,
    /// What a detector of anomalies is judged on.
    #[serde(default)]
    pub evaluation: EvaluationConfig,
    /// What is written beside the model.
    #[serde(default)]
    pub output: OutputConfig,
    /// Words for the model card that no program can know.
    #[serde(default)]
    pub card: CardConfig,
}

/// The table `[output]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputConfig {
    /// Rows of the test part that go into `sample.npz`.
    pub sample_rows: usize,
    /// Signal efficiency at which the background rejection is quoted.
    pub signal_efficiency: f64,
    /// Columns of the first input, or `mean` for the prediction, in bins of which the uncertainties
    /// of a regression are judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bins: Vec<BinConfig>,
    /// Whether every network on the front of loss against cost is kept and exported, not only the
    /// best one.
    pub front: bool,
}

impl Default for OutputConfig {
    fn default() -> Self {
        Self {
            sample_rows: 4000,
            signal_efficiency: 0.5,
            bins: Vec::new(),
            front: false,
        }
    }
}

/// An entry of `output.bins`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BinConfig {
    /// The column.
    pub column: String,
    /// How many bins of about equal population.
    #[serde(default = "six")]
    pub count: usize,
    /// Edges to take instead, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<f64>,
}

fn six() -> usize {
    6
}

/// The table `[card]`: free text for `CARD.md`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CardConfig {
    /// What the model is for.
    pub purpose: String,
    /// Where the data comes from.
    pub provenance: String,
    /// What the model cannot do.
    pub limits: String,
    /// Licence of the data and what to cite.
    pub licence: String,
    /// What others reach on data of the same kind.
    pub baselines: Vec<crate::report::Baseline>,
}

/// What can be wrong with a configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read", path.display())]
    Io {
        /// The configuration file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The text is not TOML, or has a key that is unknown, missing or of the wrong type.
    #[error("{}: not a valid configuration", path.display())]
    Syntax {
        /// The configuration file.
        path: PathBuf,
        /// Line, column and reason.
        source: Box<toml::de::Error>,
    },
    /// A value of the file is out of its range.
    #[error("{}: {problem}", path.display())]
    Invalid {
        /// The configuration file.
        path: PathBuf,
        /// Which value.
        problem: Box<ConfigError>,
    },
    /// A value is out of its range.
    #[error("{key} is {found}; expected {expected}")]
    Value {
        /// The key with its table, as in `train.batch_size`.
        key: &'static str,
        /// The value found.
        found: String,
        /// The range that is allowed.
        expected: String,
    },
}

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, is not TOML, or holds an unknown key or a value out of range.
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Io {
            path: path.to_owned(),
            source,
        })?;
        Self::from_text(&text, path)
    }

    /// Parses and checks a configuration; `path` is what errors call it.
    ///
    /// # Errors
    ///
    /// As [`Config::from_file`], reading aside.
    pub fn from_text(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = toml::from_str(text).map_err(|source| ConfigError::Syntax {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        if let Some(decorrelation) = &config.train.decorrelation {
            config.data.look_at(&decorrelation.column);
        }
        match config.check() {
            Ok(()) => Ok(config),
            Err(problem) => Err(ConfigError::Invalid {
                path: path.to_owned(),
                problem: Box::new(problem),
            }),
        }
    }

    /// Checks every value against its range.
    ///
    /// # Errors
    ///
    /// The first value out of range, with the range.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.data.check()?;
        self.check_goal()?;
        self.evaluation.check()?;
        self.model.check()?;
        self.train.check()?;
        if let Some(decorrelation) = &self.train.decorrelation {
            decorrelation.check(&self.data)?;
        }
        self.check_head()?;
        self.check_latent()?;
        if let Some(contrastive) = &self.contrastive {
            contrastive.check(&self.data.all_inputs())?;
        }
        within(
            "output.signal_efficiency",
            self.output.signal_efficiency,
            1e-3,
            0.999,
        )?;
        for bins in &self.output.bins {
            bins.check(&self.data)?;
        }
        within("output.sample_rows", self.output.sample_rows, 1, 1_000_000)
    }

    /// A head and its loss come together.
    fn check_head(&self) -> Result<(), ConfigError> {
        let likelihood = self.train.loss == LossConfig::Likelihood;
        match &self.model.head {
            Some(head) if likelihood => head.check(&self.data),
            None if !likelihood => Ok(()),
            head => Err(ConfigError::Value {
                key: "train.loss",
                found: format!("{:?}", self.train.loss),
                expected: match head {
                    Some(_) => "{ type = \"likelihood\" } with [model.head]".to_owned(),
                    None => "[model.head] with this loss".to_owned(),
                },
            }),
        }
    }

    /// Latent numbers are those of a classifier.
    fn check_latent(&self) -> Result<(), ConfigError> {
        match &self.latent {
            None => Ok(()),
            Some(latent) if !self.data.classes.is_empty() => latent.check(),
            Some(_) => Err(ConfigError::Value {
                key: "latent",
                found: "given without classes".to_owned(),
                expected: "data.label and data.classes".to_owned(),
            }),
        }
    }

    /// How many numbers the network gives: one for each class, for each target, or the score of a
    /// detector of anomalies.
    pub fn outputs(&self) -> usize {
        match self.anomaly {
            Some(_) => 1,
            None => self.data.classes.len().max(self.data.targets.len()),
        }
    }

    /// A detector of anomalies learns from its inputs alone, every other network from labels or
    /// targets.
    fn check_goal(&self) -> Result<(), ConfigError> {
        let (found, expected) = match (&self.anomaly, self.data.has_goal()) {
            (Some(_), false) if self.contrastive.is_some() => {
                return Err(ConfigError::Value {
                    key: "contrastive",
                    found: "given".to_owned(),
                    expected: "no table [anomaly] beside it".to_owned(),
                });
            }
            (None, true) if self.contrastive.is_some() => {
                ("given", "none of them beside the table [contrastive]")
            }
            (None, false) if self.contrastive.is_some() => return Ok(()),
            (None, false) => (
                "missing",
                "one of the two, or the table [anomaly] or [contrastive]",
            ),
            (Some(_), true) => ("given", "none of them beside the table [anomaly]"),
            (Some(AnomalyConfig::Distillation(_)), false)
                if self.train.loss.is_classification() =>
            {
                return Err(ConfigError::Value {
                    key: "train.loss",
                    found: "one of classes, or missing".to_owned(),
                    expected: "mean_squared or huber: the student learns a number".to_owned(),
                });
            }
            _ => return Ok(()),
        };
        Err(ConfigError::Value {
            key: "data.label or data.targets",
            found: found.to_owned(),
            expected: expected.to_owned(),
        })
    }
}

impl BinConfig {
    fn check(&self, data: &DataConfig) -> Result<(), ConfigError> {
        within("output.bins.count", self.count, 1, 1000)?;
        let wrong = |found: String, expected: &str| ConfigError::Value {
            key: "output.bins",
            found,
            expected: expected.to_owned(),
        };
        let inputs = data.all_inputs();
        let columns = inputs.first().map(|input| input.columns.as_slice());
        let known = columns.is_some_and(|columns| columns.contains(&self.column));
        if self.column != "mean" && !known {
            let expected = "columns of the first input, or 'mean'";
            return Err(wrong(format!("'{}'", self.column), expected));
        }
        let ascending = self.edges.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending || self.edges.len() == 1 {
            return Err(wrong(format!("{:?}", self.edges), "ascending edges"));
        }
        Ok(())
    }
}

/// Fails unless `value` is at least `least` and at most `most`.
pub(crate) fn within<T: PartialOrd + std::fmt::Display>(
    key: &'static str,
    value: T,
    least: T,
    most: T,
) -> Result<(), ConfigError> {
    if value >= least && value <= most {
        return Ok(());
    }
    let expected = format!("{least} to {most}");
    Err(ConfigError::Value {
        key,
        found: value.to_string(),
        expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Granularity;

    /// A configuration with nothing but what is needed.
    fn text() -> String {
        crate::trials::text(
            "d.npz",
            ["no", "yes"],
            "features = [\"a\", \"b\"]",
            "name = \"tiny\"\nweights = { granularity = \"channel\", bits = 7 }\n\
             layers = [{ type = \"dense\", units = 4 }, { type = \"dense\", units = 3 }]",
            "float_epochs = 2\nquantised_epochs = 2\nlearning_rate = 0.01\npatience = 5",
        )
    }

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::from_text(text, Path::new("c.toml"))
    }

    #[test]
    fn defaults_fill_what_is_left_out() {
        let config = parse(&text()).expect("config");
        assert_eq!(config.model.weights.granularity, Granularity::Channel);
        assert_eq!(config.model.activations, WidthConfig::default());
        assert_eq!(config.output.sample_rows, 4000);
        assert_eq!(config.outputs(), 2);
    }

    #[test]
    fn documented_and_shipped_examples_are_valid() {
        let text = include_str!("../../../docs/training.md");
        let example = text
            .split("```")
            .find_map(|part| part.strip_prefix("toml\n"));
        let config = parse(example.expect("an example")).expect("config");
        assert_eq!(config.model.layers.len(), 2);
        for example in [
            include_str!("../../studies/contrastive.toml"),
            include_str!("../../zoo/jsc-cwola/config.toml"),
            include_str!("../../zoo/qg-latent/config.toml"),
        ] {
            parse(example).expect("config");
        }
        let example = include_str!("../../zoo/top-cloud/config.toml");
        assert_eq!(parse(example).expect("config").outputs(), 2);
    }

    #[test]
    fn errors_say_where_and_what() {
        let valid = text();
        let text = |from: &str, to: &str| {
            let error = parse(&valid.replace(from, to)).expect_err("error");
            let cause = std::error::Error::source(&error).map(|e| e.to_string());
            format!("{error}: {}", cause.unwrap_or_default())
        };
        let unknown = text("patience", "patients");
        assert!(
            unknown.contains("patients") && unknown.contains("line"),
            "{unknown}"
        );
        assert!(text("bits = 7", "bits = 40").contains("model.weights.bits is 40; expected 1 to"));
        assert!(text("train = 0.6", "train = 0.7").contains("sum of the shares"));
        assert!(text("\"b\"", "\"a\"").contains("naming 'a' twice"));
        assert!(text("seed = 3", "").contains("seed"));
        assert!(text("units = 3", "unit = 3").contains("unit"));
    }
}
