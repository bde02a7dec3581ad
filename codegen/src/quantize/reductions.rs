//! Reductions along an axis, pooling, and orders.

use ndarray::IxDyn;

use crate::ops;
use crate::real::{Id, Node, Op, PoolKind, Reduction, Tensor};

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
        let Op::Pool {
            kind,
            window: size,
            strides,
            dilations,
            before,
            after,
        } = &node.op
        else {
            return Err(format!("{} is no pooling", node.op.name()));
        };
        let rank = node.shape.len();
        let mut x = self.operand(node.args[0], false)?;
        if (2..rank).any(|axis| x.scale.varies_along(axis)) {
            x = Carried::plain(self.plain_operand(node.args[0])?);
        }
        let taps = crate::ir::element_count(size);
        let size = size.clone();
        let window = ops::Window {
            strides: strides.clone(),
            dilations: dilations.clone(),
            before: before.clone(),
            after: after.clone(),
        };
        let op: ops::Op = match kind {
            PoolKind::Max => ops::MaxPool { size, window }.into(),
            PoolKind::Average { .. } => ops::SumPool { size, window }.into(),
        };
        let result = Carried {
            node: self.add(&node.name, op, &[x.node], None)?,
            scale: x.scale,
        };
        let share = match kind {
            PoolKind::Max => return Ok(result),
            PoolKind::Average { count_padding } => self.shares(node, *count_padding, taps)?,
        };
        self.rescaled(&node.name, &result, &share, &node.shape)
    }

    /// What each element of a window counts for in its mean.
    fn shares(&self, node: &Node, count_padding: bool, taps: usize) -> Result<Tensor, String> {
        let rank = node.shape.len();
        if count_padding {
            return Ok(Tensor::from_elem(IxDyn(&vec![1; rank]), 1.0 / taps as f64));
        }
        let mut op = node.op.clone();
        if let Op::Pool { kind, .. } = &mut op {
            *kind = PoolKind::Average {
                count_padding: true,
            };
        }
        let ones = Tensor::ones(IxDyn(&self.graph.node(node.args[0]).shape));
        let filled = crate::real::evaluate_op(&op, &[&ones], &node.shape)?;
        Ok(filled.mapv(|filled| 1.0 / libm::rint(filled * taps as f64)))
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
            Op::TopK { axis, k, largest } => {
                let key = self.even_along(node.args[0], axis)?;
                let x = self.even_along(node.args[1], axis)?;
                let op = ops::TopK { axis, k, largest };
                let even = self.aligned(&format!("{}.key", node.name), key.node, |_| 0)?;
                let lanes = ops::Lanes::new(&self.builder.ty(x.node).shape, axis);
                let lane = |at| at / (lanes.length * lanes.inner) * lanes.inner + at % lanes.inner;
                let elements = self.aligned(&format!("{}.elements", node.name), x.node, lane)?;
                let result = self.add(&node.name, op, &[even, elements], None)?;
                Ok(Carried {
                    node: result,
                    scale: x.scale,
                })
            }
            _ => Err(format!("{} orders nothing", node.op.name())),
        }
    }
}
