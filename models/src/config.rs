//! The TOML file that describes a training: data, model, schedule, output, card.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use crate::data::DataConfig;

/// A whole training, as read from one TOML file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the data is and which columns mean what.
    pub data: DataConfig,
    /// The network and the widths of its numbers.
    pub model: ModelConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// What is written beside the model.
    #[serde(default)]
    pub output: OutputConfig,
    /// Words for the model card that no program can know.
    #[serde(default)]
    pub card: CardConfig,
}

/// The table `[model]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Name of the model; becomes the name of the graph.
    pub name: String,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Bits of each raw feature at the input of the exported graph.
    #[serde(default = "defaults::raw_bits")]
    pub raw_bits: u32,
    /// Share of the training rows that each end of a feature's raw range may cut off.
    #[serde(default = "defaults::tail")]
    pub tail: f64,
    /// Bits of the features after shift and scale, where the network begins.
    #[serde(default = "defaults::input_bits")]
    pub input_bits: u32,
    /// Of these, bits left of the binary point without the sign: 2 saturates at about 4 standard
    /// deviations.
    #[serde(default = "defaults::input_integer_bits")]
    pub input_integer_bits: u32,
    /// Bits of the weights: one number, or one for each layer.
    #[serde(default = "defaults::eight")]
    pub weight_bits: Widths,
    /// Bits of the activations: one number, or one for each hidden layer.
    #[serde(default = "defaults::eight")]
    pub activation_bits: Widths,
    /// Bits of the biases.
    #[serde(default = "defaults::bias_bits")]
    pub bias_bits: u32,
}

/// One width for all layers, or one for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Widths {
    /// The same width everywhere.
    All(u32),
    /// A width for each layer, first to last.
    Each(Vec<u32>),
}

impl Widths {
    /// The width in layer `layer`.
    pub fn of(&self, layer: usize) -> Option<u32> {
        match self {
            Self::All(bits) => Some(*bits),
            Self::Each(bits) => bits.get(layer).copied(),
        }
    }
}

/// The table `[train]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Epochs of the first stage, in floating point.
    pub float_epochs: usize,
    /// Epochs of the second stage, with every number quantised in the forward pass.
    pub quantised_epochs: usize,
    /// Rows in a batch.
    pub batch_size: usize,
    /// Learning rate at the start of the float stage.
    pub learning_rate: f64,
    /// Learning rate at the start of the quantised stage.
    pub quantised_learning_rate: f64,
    /// The cosine schedule ends at this share of the learning rate.
    #[serde(default = "defaults::final_share")]
    pub final_share: f64,
    /// AdamW's weight decay.
    #[serde(default)]
    pub weight_decay: f64,
    /// The evaluated weights are a running mean that keeps this share at each step; 0 for none.
    #[serde(default)]
    pub averaging: f64,
    /// Epochs without a better validation loss after which a stage ends.
    pub patience: usize,
    /// Seed of the initial weights and of the order of the rows.
    pub seed: u64,
}

/// The table `[output]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputConfig {
    /// Rows of the test part that go into `sample.npz`.
    pub sample_rows: usize,
    /// Signal efficiency at which the background rejection is quoted.
    pub signal_efficiency: f64,
}

impl Default for OutputConfig {
    fn default() -> Self {
        Self {
            sample_rows: 4000,
            signal_efficiency: 0.5,
        }
    }
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
        let config: Self = toml::from_str(text).map_err(|source| ConfigError::Syntax {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
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
        self.model.check()?;
        self.train.check()?;
        within(
            "output.signal_efficiency",
            self.output.signal_efficiency,
            1e-3,
            0.999,
        )?;
        within("output.sample_rows", self.output.sample_rows, 1, 1_000_000)
    }
}

impl ModelConfig {
    fn check(&self) -> Result<(), ConfigError> {
        for width in &self.hidden {
            within("model.hidden", *width, 1, 4096)?;
        }
        within("model.raw_bits", self.raw_bits, 2, 12)?;
        within("model.tail", self.tail, 0.0, 0.1)?;
        within("model.input_bits", self.input_bits, 2, 12)?;
        within(
            "model.input_integer_bits",
            self.input_integer_bits,
            0,
            self.input_bits - 1,
        )?;
        within("model.bias_bits", self.bias_bits, 2, 16)?;
        widths(
            "model.weight_bits",
            &self.weight_bits,
            self.hidden.len() + 1,
        )?;
        widths(
            "model.activation_bits",
            &self.activation_bits,
            self.hidden.len(),
        )
    }
}

impl TrainConfig {
    fn check(&self) -> Result<(), ConfigError> {
        within("train.float_epochs", self.float_epochs, 1, 100_000)?;
        within("train.quantised_epochs", self.quantised_epochs, 1, 100_000)?;
        within("train.batch_size", self.batch_size, 1, 1 << 20)?;
        within("train.learning_rate", self.learning_rate, 1e-9, 10.0)?;
        within(
            "train.quantised_learning_rate",
            self.quantised_learning_rate,
            1e-9,
            10.0,
        )?;
        within("train.final_share", self.final_share, 0.0, 1.0)?;
        within("train.weight_decay", self.weight_decay, 0.0, 10.0)?;
        within("train.averaging", self.averaging, 0.0, 0.99999)?;
        within("train.patience", self.patience, 1, 100_000)
    }
}

/// Refuses a value outside of `least..=most`.
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

fn widths(key: &'static str, widths: &Widths, layers: usize) -> Result<(), ConfigError> {
    match widths {
        Widths::All(bits) => within(key, *bits, 2, 8),
        Widths::Each(bits) if bits.len() == layers => {
            bits.iter().try_for_each(|bits| within(key, *bits, 2, 8))
        }
        Widths::Each(bits) => Err(ConfigError::Value {
            key,
            found: format!("{bits:?}"),
            expected: format!("one number, or {layers} of them"),
        }),
    }
}

mod defaults {
    use super::Widths;

    pub(super) fn raw_bits() -> u32 {
        12
    }
    pub(super) fn tail() -> f64 {
        0.001
    }
    pub(super) fn input_bits() -> u32 {
        10
    }
    pub(super) fn input_integer_bits() -> u32 {
        2
    }
    pub(super) fn eight() -> Widths {
        Widths::All(8)
    }
    pub(super) fn bias_bits() -> u32 {
        16
    }
    pub(super) fn final_share() -> f64 {
        0.01
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        [data]
        path = "d.npz"
        features = ["a", "b"]
        label = "label"
        classes = ["no", "yes"]
        split = { train = 0.8, validation = 0.1, test = 0.1, seed = 1 }
        [model]
        name = "tiny"
        hidden = [4, 3]
        weight_bits = [8, 7, 6]
        [train]
        float_epochs = 2
        quantised_epochs = 2
        batch_size = 16
        learning_rate = 0.01
        quantised_learning_rate = 0.005
        patience = 5
        seed = 3
    "#;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::from_text(text, Path::new("c.toml"))
    }

    #[test]
    fn defaults_fill_what_is_left_out() {
        let config = parse(TEXT).expect("config");
        assert_eq!(config.model.activation_bits, Widths::All(8));
        assert_eq!(config.model.weight_bits.of(2), Some(6));
        assert_eq!(config.output.sample_rows, 4000);
    }

    #[test]
    fn errors_say_where_and_what() {
        let text = |from: &str, to: &str| {
            let error = parse(&TEXT.replace(from, to)).expect_err("error");
            let cause = std::error::Error::source(&error).map(|e| e.to_string());
            format!("{error}: {}", cause.unwrap_or_default())
        };
        let unknown = text("patience", "patients");
        assert!(
            unknown.contains("patients") && unknown.contains("line"),
            "{unknown}"
        );
        assert!(text("[8, 7, 6]", "[8, 7]").contains("model.weight_bits is [8, 7]; expected one"));
        assert!(text("[8, 7, 6]", "9").contains("c.toml: model.weight_bits is 9; expected 2 to 8"));
        assert!(text("train = 0.8", "train = 0.9").contains("sum of the shares"));
        assert!(text("\"b\"", "\"a\"").contains("naming 'a' twice"));
        assert!(text("seed = 3", "").contains("seed"));
    }
}
