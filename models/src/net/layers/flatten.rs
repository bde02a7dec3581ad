//! Lists and images as one vector.

use serde::{Deserialize, Serialize};

use super::{Flow, Layer};
use crate::net::ops::{masked, reshape};
use crate::net::{Builder, NetError};

/// `type = "flatten"`: any shape to `[numbers]`, the last axis fastest. Behind it every slot of a
/// list has its own weights, so the order of the particles matters: sort them, as by pT. Empty
/// slots are 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlattenConfig {}

impl Layer for FlattenConfig {
    fn build(&self, name: &str, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        if let Some(mask) = flow.mask.take() {
            flow.value = masked(builder, &format!("{name}.kept"), flow.value, mask);
        }
        let numbers = builder.shape(flow.value).iter().product();
        flow.value = reshape(builder, name, flow.value, &[numbers]);
        Ok(())
    }
}
