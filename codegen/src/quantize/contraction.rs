//! Matrix products and convolutions, with the constant that is added to them.

use crate::ir::{Formats, NodeId, TensorType};
use crate::ops;
use crate::real::{Id, Node, Op, Tensor};

use super::integer::Writer;
use super::scale::{Carried, Scale};

impl Writer<'_> {
    /// An operand whose scale does not vary along the axes that are summed.
    fn summand(&mut self, id: Id, axes: &[usize]) -> Result<Carried, String> {
        let value = self.operand(id, false)?;
        if !axes.iter().any(|&axis| value.scale.varies_along(axis)) {
            return Ok(value);
        }
        let name = self.graph.node(id).name.clone();
        self.plain(&name, &value).map(Carried::plain)
    }

    /// Matrix product.
    pub(super) fn matmul(&mut self, node: &Node) -> Result<Carried, String> {
        let ranks = [0, 1].map(|i| self.graph.node(node.args[i]).shape.len());
        if ranks[0] == 0 || ranks[1] == 0 {
            return Err("its operand has no axis".to_owned());
        }
        let a = self.summand(node.args[0], &[ranks[0] - 1])?;
        let b = self.summand(node.args[1], &[ranks[1].saturating_sub(2)])?;
        if ranks[0] < 2 || ranks[1] < 2 {
            if !a.scale.is_one() || !b.scale.is_one() {
                return Err("a product with a vector behind a scale is not taken".to_owned());
            }
            return self.product_node(node, a.node, b.node).map(Carried::plain);
        }
        let result = self.product_node(node, a.node, b.node)?;
        let scale = a.scale.tensor(ranks[0]) * b.scale.tensor(ranks[1]);
        Ok(Carried {
            node: result,
            scale: Scale::new(&scale, node.shape.len()),
        })
    }

    fn product_node(&mut self, node: &Node, a: NodeId, b: NodeId) -> Result<NodeId, String> {
        let is_matrix = self.builder.ty(b).shape.len() == 2;
        if is_matrix && self.constant_of(b).is_some() && self.constant_of(a).is_none() {
            let result = self.add(&node.name, ops::Dense, &[a, b], None)?;
            let made = (ops::Dense.into(), [a, b]);
            self.contractions.insert(result, made);
            return Ok(result);
        }
        self.add(&node.name, ops::MatMul, &[a, b], None)
    }

    /// Convolution.
    pub(super) fn conv(&mut self, node: &Node) -> Result<Carried, String> {
        let Op::Conv {
            strides,
            dilations,
            before,
            after,
            groups,
        } = &node.op
        else {
            return Err(format!("{} is no convolution", node.op.name()));
        };
        let rank = node.shape.len();
        let inner: Vec<_> = (1..rank).collect();
        let x = self.summand(node.args[0], &inner)?;
        let w = self.summand(node.args[1], &inner)?;
        let op = ops::Conv {
            window: ops::Window {
                strides: strides.clone(),
                dilations: dilations.clone(),
                before: before.clone(),
                after: after.clone(),
            },
            groups: *groups,
        };
        let made = (ops::Op::from(op), [x.node, w.node]);
        let result = self.add(&node.name, made.0.clone(), &made.1, None)?;
        self.contractions.insert(result, made);
        // From the weights' first axis to the result's channels.
        let mut channels = w.scale.tensor(rank);
        channels.swap_axes(0, 1);
        Ok(Carried {
            node: result,
            scale: Scale::new(&(x.scale.tensor(rank) * channels), rank),
        })
    }

    /// The sum of a product that nothing else uses and a constant per channel,
    /// as one operation: the same exact result, up to the rounding of the
    /// constant to the integers of the product.
    pub(super) fn biased(&mut self, node: &Node) -> Result<Option<Carried>, String> {
        for [product, bias] in [[0, 1], [1, 0]].map(|order| order.map(|i| node.args[i])) {
            let contraction = self.graph.node(product);
            let axis = match contraction.op {
                Op::MatMul => node.shape.len().wrapping_sub(1),
                Op::Conv { .. } => 1,
                _ => continue,
            };
            let alone = self.users[product.0].len() == 1 && !self.is_output(product);
            let shape = &self.graph.node(bias).shape;
            if !alone || node.shape != contraction.shape || !per_channel(shape, &node.shape, axis) {
                continue;
            }
            let value = self.operand(product, false)?;
            let Some(bias) = self.bias_constant(node, bias, &value)? else {
                continue;
            };
            let Some((op, operands)) = self.contractions.get(&value.node).cloned() else {
                continue;
            };
            let args = [operands[0], operands[1], bias];
            let result = self.add(&node.name, op, &args, None)?;
            return Ok(Some(Carried {
                node: result,
                scale: value.scale,
            }));
        }
        Ok(None)
    }

    /// The constant in units of the product, one-dimensional.
    fn bias_constant(
        &mut self,
        node: &Node,
        bias: Id,
        product: &Carried,
    ) -> Result<Option<NodeId>, String> {
        let rank = node.shape.len();
        let value = match self.float(bias).cloned() {
            Some(tensor) if !product.scale.is_one() => {
                self.in_units(&node.name, &tensor, product, rank)?
            }
            _ => {
                let value = self.operand(bias, false)?;
                match value.scale.same(&product.scale, rank) {
                    Some(difference) => self.note_same(&node.name, difference),
                    None => return Ok(None),
                }
                value.node
            }
        };
        let Some(constant) = self.constant_of(value).cloned() else {
            return Ok(None);
        };
        let ty = self.builder.ty(value).clone();
        let dims = vec![constant.mantissas.len()];
        let flat = TensorType {
            formats: Formats::each(dims.clone(), ty.element_formats()),
            shape: dims,
        };
        let name = self.graph.node(bias).name.clone();
        self.add_constant(&name, constant, flat).map(Some)
    }

    /// A float constant as multiples of a carried value's scale.
    pub(super) fn in_units(
        &mut self,
        name: &str,
        tensor: &Tensor,
        value: &Carried,
        rank: usize,
    ) -> Result<NodeId, String> {
        let units = tensor / &value.scale.tensor(rank);
        let entries = self.builder.ty(value.node).formats.entries().iter();
        let f = entries.map(|format| format.f()).max().unwrap_or(0) + BIAS_GUARD_BITS;
        let (constant, ty, deviation) = super::constant::nearest(&units, f)?;
        if deviation > 0.0 {
            self.note(
                name,
                format!(
                    "its constant is rounded to 2^-({f}) of its operand's scale, off by at most \
                     {deviation:.1e} of it"
                ),
            );
        }
        self.add_constant(&format!("{name}.constant"), constant, ty)
    }

    /// Notes two scales that differ by a rounding.
    pub(super) fn note_same(&mut self, name: &str, difference: f64) {
        if difference > 0.0 {
            self.note(
                name,
                format!("the scales of its operands, {difference:.1e} apart, are taken as equal"),
            );
        }
    }
}

/// Fractional bits of a constant beyond those of the value that it is added to.
const BIAS_GUARD_BITS: i32 = 8;

/// Whether a shape has one element per index of an axis of another.
fn per_channel(shape: &[usize], to: &[usize], axis: usize) -> bool {
    let Some(&channels) = to.get(axis) else {
        return false;
    };
    let from_end = to.len() - axis;
    shape.len() <= to.len()
        && shape.iter().product::<usize>() == channels
        && shape
            .len()
            .checked_sub(from_end)
            .is_some_and(|at| shape[at] == channels)
}
