//! Reductions along an axis, pooling, and orders.

use ndarray::IxDyn;

use crate::ops;
use crate::real::{Id, Node, Op, Reduction, Tensor};

use super::integer::Writer;
use super::scale::Carried;

impl Writer<'_> {
    /// An operand whose scale does not vary along an axis.
    fn even_along(&mut self, id: Id, axis: usize) -> Result<Carried, String> {
        let value = self.operand(id, false)?;
        match value.scale.varies_along(axis) {
            false => Ok(value),
            true => self.plain_operand(id).map(Carried::plain),
        }
    }

    /// One value of all along an axis. A mean is a sum with another scale.
    pub(super) fn reduce(
        &mut self,
        node: &Node,
        kind: Reduction,
        axis: usize,
    ) -> Result<Carried, String> {
        let x = self.even_along(node.args[0], axis)?;
        let op: ops::Op = match kind {
            Reduction::Sum | Reduction::Mean => ops::ReduceSum { axis }.into(),
            Reduction::Max => ops::ReduceMax { axis }.into(),
            Reduction::Min => ops::ReduceMin { axis }.into(),
            Reduction::Product => {
                return Err("a product along an axis has no integer form".to_owned());
            }
        };
        let count = self.graph.node(node.args[0]).shape[axis];
        let result = Carried {
            node: self.add(&node.name, op, &[x.node], None)?,
            scale: x.scale,
        };
        match kind {
            Reduction::Mean => {
                let rank = node.shape.len();
                let share = Tensor::from_elem(IxDyn(&vec![1; rank]), 1.0 / count as f64);
                self.rescaled(&node.name, &result, &share, &node.shape)
            }
            _ => Ok(result),
        }
    }

    /// Pooling.
    pub(super) fn pool(&mut self, node: &Node) -> Result<Carried, String> {
        Err(format!("{} has no integer form", node.op.name()))
    }

    /// Positions of extremes, and elements at them.
    pub(super) fn ranked(&mut self, node: &Node) -> Result<Carried, String> {
        match node.op {
            Op::Arg {
                largest,
                axis,
                last,
            } => {
                let x = self.even_along(node.args[0], axis)?;
                let op: ops::Op = match largest {
                    true => ops::ArgMax { axis, last }.into(),
                    false => ops::ArgMin { axis, last }.into(),
                };
                self.add(&node.name, op, &[x.node], None)
                    .map(Carried::plain)
            }
            _ => Err(format!("{} has no integer form", node.op.name())),
        }
    }
}
