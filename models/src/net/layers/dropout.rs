//! Numbers left out at random while the network learns.

use serde::{Deserialize, Serialize};

use super::{Flow, Layer};
use crate::net::ops::dropout;
use crate::net::{Builder, NetError};

/// `type = "dropout"`: while the network learns each number is 0 with probability `rate`, and the
/// others are multiplied by `1 / (1 - rate)`. The exported network has no such step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropoutConfig {
    /// Probability that a number is left out.
    pub rate: f64,
}

impl Layer for DropoutConfig {
    fn build(&self, name: &str, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        if !(0.0..=0.9).contains(&self.rate) {
            return Err(NetError::Setting {
                layer: name.to_owned(),
                key: "rate",
                found: self.rate.to_string(),
                expected: "0 to 0.9".to_owned(),
            });
        }
        flow.value = dropout(builder, name, flow.value, self.rate as f32);
        Ok(())
    }
}
