//! The table `[model]`.

use serde::{Deserialize, Serialize};

use super::{ConfigError, HeadConfig, within};
use crate::net::Granularity;
use crate::net::layers::LayerConfig;

/// The table `[model]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Name of the model; becomes the name of the graph.
    pub name: String,
    /// Bits of each number of the file at the input of the exported graph.
    #[serde(default = "defaults::raw_bits")]
    pub raw_bits: u32,
    /// Share of the training events that each end of a column's raw range may cut off.
    #[serde(default = "defaults::tail")]
    pub tail: f64,
    /// The layers, first to last. A dense layer with one output for each class or target is added
    /// behind them.
    pub layers: Vec<LayerConfig>,
    /// What a regression gives beside the mean; the last layers are then its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<HeadConfig>,
    /// The widths of weights.
    #[serde(default)]
    pub weights: WidthConfig,
    /// The widths of activations.
    #[serde(default)]
    pub activations: WidthConfig,
    /// Whether each slot of a list of particles has widths of its own where the granularity of the
    /// activations is `element`. Else all slots share those of a feature, and particles can change
    /// places.
    #[serde(default)]
    pub per_slot: bool,
    /// Whether the widths are learned with the weights; else they stay what they begin with.
    #[serde(default = "defaults::trained_widths")]
    pub trained_widths: bool,
}

/// Granularity and first width.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WidthConfig {
    /// Which numbers share a width.
    pub granularity: Granularity,
    /// Bits that they begin with, or keep; the sign is not counted.
    pub bits: u32,
}

impl Default for WidthConfig {
    fn default() -> Self {
        Self {
            granularity: Granularity::Element,
            bits: 6,
        }
    }
}

impl ModelConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        within("model.raw_bits", self.raw_bits, 2, 18)?;
        within("model.tail", self.tail, 0.0, 0.1)?;
        within("model.weights.bits", self.weights.bits, 1, 16)?;
        within("model.activations.bits", self.activations.bits, 1, 16)
    }
}

mod defaults {
    pub(super) fn raw_bits() -> u32 {
        12
    }
    pub(super) fn tail() -> f64 {
        0.001
    }
    pub(super) fn trained_widths() -> bool {
        true
    }
}
