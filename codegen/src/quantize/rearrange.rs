//! Operations that only move elements; the factors move with them.

use ndarray::Axis;

use crate::ops::{self, Constant};
use crate::real::{Node, Op, Tensor, encode};

use crate::ir::{NodeId, TensorType};

use super::integer::Writer;
use super::scale::{Carried, Scale};

impl Writer<'_> {
    /// An operation of one operand that only moves elements.
    pub(super) fn moved(&mut self, node: &Node) -> Result<Carried, String> {
        let x = self.operand(node.args[0], false)?;
        let from = self.graph.node(node.args[0]).shape.clone();
        let mut args = vec![x.node];
        let op: ops::Op = match &node.op {
            Op::Reshape => ops::Reshape {
                shape: node.shape.clone(),
            }
            .into(),
            Op::Expand => ops::Expand {
                shape: node.shape.clone(),
            }
            .into(),
            Op::Transpose { permutation } => ops::Transpose {
                permutation: permutation.clone(),
            }
            .into(),
            Op::Slice {
                starts,
                steps,
                sizes,
            } => ops::Slice {
                starts: starts.clone(),
                steps: steps.iter().map(|&step| step as i64).collect(),
                sizes: sizes.clone(),
            }
            .into(),
            Op::Gather { axis, indices } => ops::Gather {
                axis: *axis,
                indices: indices.clone(),
            }
            .into(),
            Op::Pad {
                before,
                after,
                value,
            } => {
                args.push(self.padding(node, &x, *value)?);
                ops::Pad {
                    before: before.clone(),
                    after: after.clone(),
                }
                .into()
            }
            other => return Err(format!("{} does not move elements", other.name())),
        };
        let result = self.add(&node.name, op, &args, None)?;
        let scale = match &node.op {
            Op::Pad { before, after, .. } => {
                // Any factor will do for the frame's zeros.
                let pad = Op::Pad {
                    before: before.clone(),
                    after: after.clone(),
                    value: 1.0,
                };
                x.scale.moved(&pad, &from, &node.shape)?
            }
            op => x.scale.moved(op, &from, &node.shape)?,
        };
        Ok(Carried {
            node: result,
            scale,
        })
    }

    /// The value of a frame, in units of a carried value.
    fn padding(&mut self, node: &Node, x: &Carried, value: f64) -> Result<NodeId, String> {
        let factor = match (value == 0.0, x.scale.single()) {
            (true, _) => 1.0,
            (false, Some(factor)) => factor,
            (false, None) => {
                return Err("it pads values of more than one scale with a number".to_owned());
            }
        };
        let exact = encode(value / factor).ok_or("its padding is not finite")?;
        let format = trigforge::Format::covering(exact.m.into(), exact.m.into(), exact.f);
        let ty = TensorType::uniform([], format.ok_or("its padding is out of range")?);
        let mantissas = vec![exact.m];
        self.add_constant(&format!("{}.value", node.name), Constant { mantissas }, ty)
    }

    /// Operands one after the other.
    pub(super) fn concat(&mut self, node: &Node, axis: usize) -> Result<Carried, String> {
        let mut parts = Vec::with_capacity(node.args.len());
        for &id in &node.args {
            parts.push((self.operand(id, false)?, id));
        }
        let args: Vec<_> = parts.iter().map(|(part, _)| part.node).collect();
        let result = self.add(&node.name, ops::Concat { axis }, &args, None)?;
        let first = &parts[0].0.scale;
        let one = first.single();
        if one.is_some() && parts.iter().all(|(part, _)| part.scale.single() == one) {
            return Ok(Carried {
                node: result,
                scale: first.clone(),
            });
        }
        let full: Vec<Tensor> = parts
            .iter()
            .map(|(part, id)| part.scale.full(&self.graph.node(*id).shape))
            .collect();
        let views: Vec<_> = full.iter().map(|factors| factors.view()).collect();
        let factors = ndarray::concatenate(Axis(axis), &views).map_err(|e| e.to_string())?;
        Ok(Carried {
            node: result,
            scale: Scale::new(&factors, node.shape.len()),
        })
    }

    /// Rows of a matrix by an index.
    pub(super) fn lookup(&mut self, node: &Node) -> Result<Carried, String> {
        let index = self.operand(node.args[0], false)?;
        let rows = self.operand(node.args[1], false)?;
        if !index.scale.is_one() {
            return Err("its index is not whole numbers".to_owned());
        }
        let rows = match rows.scale.varies_along(0) {
            false => rows,
            true => Carried::plain(self.plain_operand(node.args[1])?),
        };
        let columns = self.builder.ty(rows.node).shape[1];
        let even = self.aligned(&format!("{}.rows", node.name), rows.node, |at| at % columns)?;
        let result = self.add(&node.name, ops::Lookup, &[index.node, even], None)?;
        let rank = node.shape.len();
        Ok(Carried {
            node: result,
            scale: Scale::new(&rows.scale.tensor(2).index_axis_move(Axis(0), 0), rank),
        })
    }
}
