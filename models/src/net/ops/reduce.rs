//! Sum or greatest along one axis.

use burn::tensor::Tensor;

use super::shape::flat;
use crate::export::{OnnxGraph, attribute};
use crate::net::{Builder, Node, Primitive, Run, Value};

/// What becomes of the elements along the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduction {
    /// Their sum.
    Sum,
    /// The greatest.
    Max,
}

/// Sum or greatest along an axis, which is gone or kept with length 1.
#[derive(Debug)]
struct Reduce {
    reduction: Reduction,
    axis: usize,
    keep: bool,
}

impl Primitive for Reduce {
    fn forward(&self, _run: &Run<'_>, node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        let shape = &node.operand_shapes[0];
        let [batch, _] = operands[0].dims();
        let before: usize = shape[..self.axis].iter().product();
        let after: usize = shape[self.axis + 1..].iter().product();
        let x = operands[0].clone();
        let x = x.reshape([batch * before, shape[self.axis], after]);
        let y = match self.reduction {
            Reduction::Sum => x.sum_dim(1),
            Reduction::Max => x.max_dim(1),
        };
        flat(y, node.elements())
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        let axis = self.axis as i64 + 1;
        let keep = attribute::integer("keepdims", i64::from(self.keep));
        let x = operands[0].as_str();
        match self.reduction {
            // Its axes are an operand since operator set 13, those of ReduceMax are not.
            Reduction::Sum => {
                let axes = graph.integers(&format!("{}.axis", node.name), &[axis]);
                graph.node_with(
                    "ReduceSum",
                    &node.name,
                    &[x, &axes],
                    &node.shape,
                    vec![keep],
                )
            }
            Reduction::Max => {
                let attributes = vec![attribute::integers("axes", &[axis]), keep];
                graph.node_with("ReduceMax", &node.name, &[x], &node.shape, attributes)
            }
        }
    }
}

/// Adds up, or takes the greatest, along axis `axis`; with `keep` it remains with length 1.
pub fn reduce(
    builder: &mut Builder,
    name: &str,
    value: Value,
    axis: usize,
    reduction: Reduction,
    keep: bool,
) -> Value {
    let mut shape = builder.shape(value).to_vec();
    if keep {
        shape[axis] = 1;
    } else {
        shape.remove(axis);
    }
    let op = Reduce {
        reduction,
        axis,
        keep,
    };
    builder.push(name, op, &[value], &shape)
}
