//! A value where there is a particle, a constant elsewhere; and sums with a constant.

use burn::tensor::Tensor;

use super::shape::{flat, with_axes};
use crate::export::OnnxGraph;
use crate::net::{Builder, Node, Primitive, Run, Value};

/// The operand where its mask is 1, a constant where it is 0.
#[derive(Debug)]
struct Choose {
    otherwise: f32,
}

impl Primitive for Choose {
    fn forward(&self, _run: &Run<'_>, node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        let x = with_axes(operands[0].clone(), &node.operand_shapes[0]);
        let mask = with_axes(operands[1].clone(), &node.operand_shapes[1]);
        let absent = (-mask.clone() + 1.0) * self.otherwise;
        flat(x * mask + absent, node.elements())
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        let zero = graph.constant(&format!("{}.zero", node.name), &[], &[0.0]);
        let present = format!("{}.present", node.name);
        graph.untyped_node("Greater", &[&present], &[&operands[1], &zero], Vec::new());
        let otherwise = format!("{}.otherwise", node.name);
        let otherwise = graph.constant(&otherwise, &[], &[self.otherwise]);
        let inputs = [present.as_str(), &operands[0], &otherwise];
        graph.node("Where", &node.name, &inputs, &node.shape)
    }
}

/// The value where `mask` is 1 and `otherwise` where it is 0; the mask has as many axes as the
/// value, of equal length or 1.
pub fn choose(
    builder: &mut Builder,
    name: &str,
    value: Value,
    mask: Value,
    otherwise: f32,
) -> Value {
    let shape = builder.shape(value).to_vec();
    builder.push(name, Choose { otherwise }, &[value, mask], &shape)
}

/// Sum with constants.
#[derive(Debug)]
struct Shift {
    /// One, or one for each element.
    by: Vec<f32>,
}

impl Primitive for Shift {
    fn forward(&self, _run: &Run<'_>, _node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        let x = operands[0].clone();
        let by = crate::net::forward::constant(self.by.clone(), &x.device(), x.dtype());
        x + by.unsqueeze::<2>()
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        let shape = match self.by.len() {
            1 => Vec::new(),
            _ => [&[1], node.shape.as_slice()].concat(),
        };
        let by = graph.constant(&format!("{}.by", node.name), &shape, &self.by);
        graph.node("Add", &node.name, &[&operands[0], &by], &node.shape)
    }
}

/// Adds a constant, or one to each element.
pub fn shift(builder: &mut Builder, name: &str, value: Value, by: Vec<f32>) -> Value {
    let shape = builder.shape(value).to_vec();
    builder.push(name, Shift { by }, &[value], &shape)
}
