//! All inputs of the network as one vector.

use serde::{Deserialize, Serialize};

use super::{Flow, Input, Layer};
use crate::net::ops::{concat, masked, reshape};
use crate::net::{Builder, NetError};

/// `type = "all_inputs"`: the numbers of all inputs in their order, `[numbers]`, lists and images
/// flattened, the last axis fastest. Empty slots are 0. The first layer of a network on an event of
/// several kinds of objects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllInputsConfig {
    /// Inputs that the network does not see. Those of an anomaly detector are still compared with
    /// what it reconstructs: predicted from all others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
}

impl Layer for AllInputsConfig {
    fn build(&self, name: &str, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        for input in &self.without {
            flow.input(name, "without", input)?;
        }
        let seen = |input: &&Input| !self.without.contains(&input.name);
        let mut parts = Vec::with_capacity(flow.inputs.len());
        for input in flow.inputs.iter().filter(seen) {
            let mut value = input.value;
            if let Some(mask) = input.mask {
                value = masked(builder, &format!("{name}.{}.kept", input.name), value, mask);
            }
            let numbers = builder.shape(value).iter().product();
            let flat = format!("{name}.{}", input.name);
            parts.push(reshape(builder, &flat, value, &[numbers]));
        }
        if parts.is_empty() {
            return Err(NetError::Setting {
                layer: name.to_owned(),
                key: "without",
                found: format!("{:?}", self.without),
                expected: "one input at least that is seen".to_owned(),
            });
        }
        flow.value = concat(builder, name, &parts);
        flow.mask = None;
        Ok(())
    }
}
