//! The table `[train]`.

use serde::{Deserialize, Serialize};

use super::{ConfigError, DecorrelationConfig, within};

/// The table `[train]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Epochs of the first stage, in floating point; may be 0.
    pub float_epochs: usize,
    /// Epochs of the second stage, with every number rounded in the forward pass.
    pub quantised_epochs: usize,
    /// Events in a batch.
    pub batch_size: usize,
    /// Learning rate at the start of the first stage.
    pub learning_rate: f64,
    /// Learning rate at the start of the quantised stage, if it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantised_learning_rate: Option<f64>,
    /// Learning rate of the widths, as a multiple of that of the weights.
    #[serde(default = "defaults::one")]
    pub width_rate: f64,
    /// The cosine schedule ends at this share of the learning rate.
    #[serde(default = "defaults::final_share")]
    pub final_share: f64,
    /// Cosines in each stage; more than one help where the weight of the cost grows.
    #[serde(default = "defaults::cycles")]
    pub cycles: usize,
    /// Decay of the weights.
    #[serde(default)]
    pub weight_decay: f64,
    /// The evaluated weights are a running mean that keeps this share at each step; 0 for none.
    #[serde(default)]
    pub averaging: f64,
    /// Epochs without a better network after which a stage ends.
    pub patience: usize,
    /// Seed of the initial weights and of the order of the events.
    pub seed: u64,
    /// What is minimised.
    #[serde(default)]
    pub loss: LossConfig,
    /// What the kernel's size weighs against it.
    #[serde(default)]
    pub cost: CostConfig,
    /// A variable that the score shall not follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decorrelation: Option<DecorrelationConfig>,
}

/// The table `[train.loss]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum LossConfig {
    /// Minus the logarithm of the softmax of the right class.
    #[default]
    CrossEntropy,
    /// Cross entropy that weighs events by `(1 - p)^gamma` of their right class, so that clear
    /// events count less (arXiv:1708.02002).
    Focal {
        /// The power; 0 is the cross entropy.
        gamma: f64,
    },
    /// Mean squared difference from the targets.
    MeanSquared,
    /// The likelihood of the target under what `[model.head]` gives.
    Likelihood,
    /// Squared below `delta`, linear above.
    Huber {
        /// Where it becomes linear, in units of the target.
        delta: f64,
    },
}

impl LossConfig {
    /// Whether it compares with classes rather than with targets.
    pub fn is_classification(&self) -> bool {
        matches!(self, Self::CrossEntropy | Self::Focal { .. })
    }
}

/// The table `[train.cost]`: weight of the effective bit operations (EBOPs) in the loss.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CostConfig {
    /// Weight of one bit operation at the start of the quantised stage.
    pub beta: f64,
    /// Weight at its end; between them it grows by the same factor each epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta_final: Option<f64>,
    /// Bit operations to arrive at: the weight is steered there from `beta`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<u64>,
    /// Weight of one bit of any width, also of those that enter no product.
    pub gamma: f64,
}

impl TrainConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        within("train.float_epochs", self.float_epochs, 0, 100_000)?;
        within("train.quantised_epochs", self.quantised_epochs, 1, 100_000)?;
        within("train.batch_size", self.batch_size, 1, 1 << 20)?;
        within("train.learning_rate", self.learning_rate, 1e-9, 10.0)?;
        let quantised = self.quantised_learning_rate.unwrap_or(self.learning_rate);
        within("train.quantised_learning_rate", quantised, 1e-9, 10.0)?;
        within("train.width_rate", self.width_rate, 0.0, 1000.0)?;
        within("train.final_share", self.final_share, 0.0, 1.0)?;
        within("train.cycles", self.cycles, 1, 1000)?;
        within("train.weight_decay", self.weight_decay, 0.0, 10.0)?;
        within("train.averaging", self.averaging, 0.0, 0.99999)?;
        within("train.patience", self.patience, 1, 100_000)?;
        within("train.cost.beta", self.cost.beta, 0.0, 1.0)?;
        let last = self.cost.beta_final.unwrap_or(self.cost.beta);
        within("train.cost.beta_final", last, 0.0, 1.0)?;
        within("train.cost.gamma", self.cost.gamma, 0.0, 1.0)?;
        if self.cost.target.is_some() || self.cost.beta_final.is_some() {
            // Both multiply it: from 0 there is no way up.
            within("train.cost.beta", self.cost.beta, 1e-12, 1.0)?;
        }
        match self.loss {
            LossConfig::Focal { gamma } => within("train.loss.gamma", gamma, 0.0, 10.0),
            LossConfig::Huber { delta } => within("train.loss.delta", delta, 1e-9, 1e9),
            LossConfig::CrossEntropy | LossConfig::MeanSquared | LossConfig::Likelihood => Ok(()),
        }
    }
}

mod defaults {
    pub(super) fn one() -> f64 {
        1.0
    }
    pub(super) fn cycles() -> usize {
        1
    }
    pub(super) fn final_share() -> f64 {
        0.01
    }
}
