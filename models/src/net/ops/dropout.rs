//! Numbers that are left out at random while the network learns (arXiv:1207.0580).

use burn::tensor::Tensor;

use crate::export::OnnxGraph;
use crate::net::{Builder, Node, Noise, NoiseId, Primitive, Run, Value};

/// Its operand times the noise of the step; nothing without noise.
#[derive(Debug)]
struct Dropout {
    noise: NoiseId,
}

impl Primitive for Dropout {
    fn forward(&self, run: &Run<'_>, _node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        match run.noise(self.noise) {
            Some(kept) => operands[0].clone() * kept,
            None => operands[0].clone(),
        }
    }

    fn export(&self, _graph: &mut OnnxGraph<'_>, _node: &Node, operands: &[String]) -> String {
        operands[0].clone()
    }
}

/// While the network learns, puts each number to 0 with probability `drop` and multiplies the
/// others by `1 / (1 - drop)`, so that means stay. The exported network has no such step.
pub fn dropout(builder: &mut Builder, name: &str, value: Value, drop: f32) -> Value {
    let shape = builder.shape(value).to_vec();
    let widths = builder.widths(value).map(<[u32]>::to_vec);
    let elements = shape.iter().product();
    let noise = builder.random(Noise::Kept { elements, drop });
    builder.push_moved(name, Dropout { noise }, &[value], &shape, widths)
}
