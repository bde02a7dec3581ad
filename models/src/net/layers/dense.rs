//! A dense layer, with ReLU or without.

use serde::{Deserialize, Serialize};

use super::{Flow, Layer};
use crate::net::ops::{activation, dense};
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
        let sum = dense(builder, name, flow.value, self.units, self.bias)?;
        flow.value = activation(builder, &format!("{name}.out"), sum, self.relu);
        Ok(())
    }
}
