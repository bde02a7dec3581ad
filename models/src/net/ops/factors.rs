//! Constant factors, one for each element.

use burn::tensor::Tensor;

use crate::export::OnnxGraph;
use crate::net::forward::constant;
use crate::net::{Builder, Node, Primitive, Run, Value};

/// Product of each element with a constant of its own.
#[derive(Debug)]
struct Factors {
    by: Vec<f32>,
}

impl Primitive for Factors {
    fn forward(&self, _run: &Run<'_>, _node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        let x = operands[0].clone();
        let by = constant(self.by.clone(), &x.device(), x.dtype());
        x * by.unsqueeze::<2>()
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        let shape = [&[1], node.shape.as_slice()].concat();
        let by = graph.constant(&format!("{}.by", node.name), &shape, &self.by);
        graph.node("Mul", &node.name, &[&operands[0], &by], &node.shape)
    }
}

/// Multiplies each element by a power of two, which moves its point; all ones change nothing.
pub fn factors(builder: &mut Builder, name: &str, value: Value, by: Vec<f32>) -> Value {
    if by.iter().all(|factor| *factor == 1.0) {
        return value;
    }
    let shape = builder.shape(value).to_vec();
    builder.push(name, Factors { by }, &[value], &shape)
}
