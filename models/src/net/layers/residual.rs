//! Layers whose result is added to what they take.

use serde::{Deserialize, Serialize};

use super::{Flow, Layer, LayerConfig};
use crate::net::ops::{activation, add};
use crate::net::{Builder, NetError};

/// `type = "residual"`: `x + layers(x)` (arXiv:1512.03385). The last of the layers gives the shape
/// that the first one takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResidualConfig {
    /// The layers, first to last.
    pub layers: Vec<LayerConfig>,
    /// Whether negative sums become 0.
    #[serde(default)]
    pub relu: bool,
}

impl Layer for ResidualConfig {
    fn build(&self, name: &str, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        let start = flow.value;
        for (index, layer) in self.layers.iter().enumerate() {
            let name = format!("{name}.{}{}", layer.kind(), index + 1);
            layer.layer().build(&name, builder, flow)?;
        }
        let (from, to) = (builder.shape(start), builder.shape(flow.value));
        if from != to {
            return Err(NetError::Shape {
                layer: name.to_owned(),
                found: from.to_vec(),
                expected: format!("{to:?}, the shape that its layers give"),
            });
        }
        let sum = add(builder, &format!("{name}.sum"), start, flow.value);
        flow.value = activation(builder, name, sum, self.relu);
        Ok(())
    }
}
