//! All inputs of the network as one vector.

use serde::{Deserialize, Serialize};

use super::{Flow, Layer};
use crate::net::ops::{concat, masked, reshape};
use crate::net::{Builder, NetError};

/// `type = "all_inputs"`: the numbers of all inputs in their order, `[numbers]`, lists and images
/// flattened, the last axis fastest. Empty slots are 0. The first layer of a network on an event of
/// several kinds of objects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllInputsConfig {}

impl Layer for AllInputsConfig {
    fn build(&self, name: &str, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        let mut parts = Vec::with_capacity(flow.inputs.len());
        for input in &flow.inputs {
            let mut value = input.value;
            if let Some(mask) = input.mask {
                value = masked(builder, &format!("{name}.{}.kept", input.name), value, mask);
            }
            let numbers = builder.shape(value).iter().product();
            let flat = format!("{name}.{}", input.name);
            parts.push(reshape(builder, &flat, value, &[numbers]));
        }
        flow.value = concat(builder, name, &parts);
        flow.mask = None;
        Ok(())
    }
}
