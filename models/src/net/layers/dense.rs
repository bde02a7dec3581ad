//! A dense layer, with ReLU or without.

use serde::{Deserialize, Serialize};

use super::{Flow, Layer};
use crate::net::ops::{activation, batch_norm, dense};
use crate::net::{Builder, NetError};

/// `type = "dense"`: every output sees all numbers of the last axis. On a list of particles it is
/// the same for every particle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenseConfig {
    /// Number of outputs.
    pub units: usize,
    /// Whether negative results become 0.
    #[serde(default = "yes")]
    pub relu: bool,
    /// Whether a learned number is added to each result.
    #[serde(default = "yes")]
    pub bias: bool,
    /// Whether the sums are normalised over the batch in the float stage; folded into weights and
    /// biases before numbers are rounded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub batch_norm: bool,
}

pub(super) fn yes() -> bool {
    true
}

impl Layer for DenseConfig {
    fn build(&self, name: &str, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        if !(1..=4096).contains(&self.units) {
            return Err(NetError::Setting {
                layer: name.to_owned(),
                key: "units",
                found: self.units.to_string(),
                expected: "1 to 4096".to_owned(),
            });
        }
        let mut sum = dense(builder, name, flow.value, self.units, self.bias)?;
        if self.batch_norm {
            let channel = builder.shape(sum).len() - 1;
            sum = batch_norm(builder, name, sum, channel)?;
        }
        flow.value = activation(builder, &format!("{name}.out"), sum, self.relu);
        Ok(())
    }
}
