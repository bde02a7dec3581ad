//! Detectors of what the background does not look like, one file for each method.
//!
//! A detector is trained on background alone. The network computes what the training minimises
//! (its objective) from what it is given, and the score that it deploys; what only the objective
//! needs is not exported. Scores are larger for less usual events. Their widths are chosen, not
//! learned: an objective that could round its own score away would do so.

mod autoencoder;
mod distillation;
mod flow;
mod target;
#[cfg(test)]
mod tests;
mod variational;

use serde::{Deserialize, Serialize};

use super::layers::Flow;
use super::ops::{activation_of, reduce};
use super::{Builder, Granularity, NetError, Value};

pub use autoencoder::AutoencoderConfig;
pub(super) use autoencoder::{decode, distance};
pub use distillation::{DistillationConfig, TeacherScale};
pub use flow::FlowConfig;
pub(super) use target::{Target, target};
pub use variational::{VariationalConfig, VariationalScore};

/// Name of the deployed result.
pub const SCORE: &str = "score";

/// The table `[anomaly]`: how a detector comes from `model.layers`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum AnomalyConfig {
    /// The squared difference from what a bottleneck lets through.
    Autoencoder(AutoencoderConfig),
    /// The score of a larger network, learned by a small one.
    Distillation(DistillationConfig),
    /// The density of the background.
    Flow(FlowConfig),
    /// A bottleneck with a prior.
    Variational(VariationalConfig),
}

impl AnomalyConfig {
    /// Adds score and objective behind the layers of the model.
    pub(super) fn build(&self, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        match self {
            Self::Autoencoder(method) => method.build(builder, flow),
            Self::Distillation(method) => method.build(builder, flow),
            Self::Flow(method) => method.build(builder, flow),
            Self::Variational(method) => method.build(builder, flow),
        }
    }

    /// What the score is, in words for the model card.
    pub fn describe(&self) -> String {
        match self {
            Self::Autoencoder(_) => {
                "the weighted squared difference of the input and its reconstruction".to_owned()
            }
            Self::Distillation(_) => "learned from the score of a larger network".to_owned(),
            Self::Flow(_) => {
                "minus the logarithm of a learned density, up to a constant".to_owned()
            }
            Self::Variational(method) => method.score.words().to_owned(),
        }
    }
}

/// Rounds numbers of a score to `bits` bits of their range, each with its own point. These widths
/// do not learn. With `relu`, negative values become 0.
fn fixed(builder: &mut Builder, name: &str, value: Value, bits: u32, relu: bool) -> Value {
    let usual = (builder.activations.bits, builder.fixed);
    (builder.activations.bits, builder.fixed) = (bits, true);
    let value = activation_of(builder, name, value, relu, Granularity::Element);
    (builder.activations.bits, builder.fixed) = usual;
    value
}

/// The sum of all elements of a vector, `[1]`.
fn total(builder: &mut Builder, name: &str, value: Value) -> Value {
    reduce(builder, name, value, 0, super::ops::Reduction::Sum, true)
}

/// Fails unless a number of bits is one that a score can have.
fn check_bits(key: &'static str, bits: u32) -> Result<(), NetError> {
    if (2..=16).contains(&bits) {
        return Ok(());
    }
    Err(NetError::Setting {
        layer: "anomaly".to_owned(),
        key,
        found: bits.to_string(),
        expected: "2 to 16".to_owned(),
    })
}

/// The shape of a bottleneck.
pub(super) fn vector(layer: &str, builder: &Builder, flow: &Flow) -> Result<usize, NetError> {
    match builder.shape(flow.value) {
        &[numbers] => Ok(numbers),
        other => Err(NetError::Shape {
            layer: layer.to_owned(),
            found: other.to_vec(),
            expected: "[features]; end model.layers with one that pools or flattens".to_owned(),
        }),
    }
}

mod defaults {
    pub(super) fn score_bits() -> u32 {
        8
    }
    pub(super) fn beta() -> f64 {
        1.0
    }
}
