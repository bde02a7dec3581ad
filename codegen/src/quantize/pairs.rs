//! Operations on two or three values, element by element.

use crate::ir::NodeId;
use crate::ops;
use crate::real::{Id, Node, Op, Tensor, encode};

use super::integer::Writer;
use super::scale::{Carried, Scale};

impl Writer<'_> {
    /// Values as integers of one scale. Without a common one, each is its own
    /// value; a float constant is rounded to the scale's integers.
    pub(super) fn common<const N: usize>(
        &mut self,
        node: &Node,
        ids: [Id; N],
        rank: usize,
    ) -> Result<([NodeId; N], Scale), String> {
        let mut carried = Vec::new();
        for &id in &ids {
            if self.float(id).is_none() {
                carried.push(self.operand(id, false)?);
            }
        }
        let mut shared = carried
            .first()
            .map_or(Scale::ONE, |first| first.scale.clone());
        let mut largest = 0.0f64;
        for value in &carried {
            match value.scale.same(&shared, rank) {
                Some(difference) => largest = largest.max(difference),
                None => shared = Scale::ONE,
            }
        }
        if shared.is_one() {
            largest = 0.0;
        }
        self.note_same(&node.name, largest);
        let mut nodes = Vec::with_capacity(N);
        for &id in &ids {
            let made = match (self.float(id).cloned(), shared.is_one()) {
                (Some(tensor), false) => {
                    let like = carried.first().ok_or("it has no computed operand")?.clone();
                    self.in_units(&node.name, &tensor, &like, rank)?
                }
                (None, false) => self.operand(id, true)?.node,
                (_, true) => {
                    let value = self.operand(id, true)?;
                    let name = self.graph.node(id).name.clone();
                    self.plain(&name, &value)?
                }
            };
            nodes.push(made);
        }
        let nodes = nodes.try_into();
        Ok((
            nodes.map_err(|_| "internal error: operands".to_owned())?,
            shared,
        ))
    }

    /// Sum or difference.
    pub(super) fn sum(&mut self, node: &Node) -> Result<Carried, String> {
        if node.op == Op::Add
            && let Some(biased) = self.biased(node)?
        {
            return Ok(biased);
        }
        let (args, scale) = self.common(node, [node.args[0], node.args[1]], node.shape.len())?;
        let op: ops::Op = match node.op {
            Op::Sub => ops::Sub.into(),
            _ => ops::Add.into(),
        };
        let result = self.add(&node.name, op, &args, None)?;
        Ok(Carried {
            node: result,
            scale,
        })
    }

    /// Product: with a long constant a change of scale, else exact.
    pub(super) fn product(&mut self, node: &Node) -> Result<Carried, String> {
        let rank = node.shape.len();
        for [value, factor] in [[0, 1], [1, 0]].map(|order| order.map(|i| node.args[i])) {
            let Some(tensor) = self.float(factor).cloned() else {
                continue;
            };
            if self.float(value).is_some() {
                continue;
            }
            // The scale of integers stays a factor of them, however short, but
            // for a power of two, which costs nothing.
            let kept = match self.is_integers(value) {
                true => tensor.iter().all(|&c| encode(c).is_some_and(|c| c.m == 1)),
                false => super::constant::exact(&tensor, true).is_ok(),
            };
            let value = self.operand(value, true)?;
            if value.scale.is_one() && kept {
                let factor = self.operand(factor, true)?;
                let args = [value.node, factor.node];
                let result = self.add(&node.name, ops::Mul, &args, None)?;
                return Ok(Carried::plain(result));
            }
            return self.rescaled(&node.name, &value, &tensor, &node.shape);
        }
        if node.args[0] == node.args[1] {
            return self.square(node);
        }
        let [a, b] = [
            self.operand(node.args[0], true)?,
            self.operand(node.args[1], true)?,
        ];
        let result = self.add(&node.name, ops::Mul, &[a.node, b.node], None)?;
        let ranks = [0, 1].map(|i| self.graph.node(node.args[i]).shape.len());
        let scale = a.scale.tensor(ranks[0]) * b.scale.tensor(ranks[1]);
        Ok(Carried {
            node: result,
            scale: Scale::new(&scale, rank),
        })
    }

    /// Whether a value is a quantiser's integers, less a zero point or not.
    fn is_integers(&self, id: Id) -> bool {
        let node = self.graph.node(id);
        match node.op {
            Op::ScaledQuantize(_) => true,
            Op::Sub => self.float(node.args[1]).is_some() && self.is_integers(node.args[0]),
            _ => false,
        }
    }

    /// Quotient: by a constant a change of scale, else a product with a table
    /// of reciprocals.
    pub(super) fn quotient(&mut self, node: &Node) -> Result<Carried, String> {
        let [value, divisor] = [node.args[0], node.args[1]];
        if let Some(divisor) = self.float(divisor) {
            if let Some(zero) = divisor.iter().find(|divisor| **divisor == 0.0) {
                return Err(format!("it divides by {zero}"));
            }
            let factor = divisor.mapv(f64::recip);
            let value = self.operand(value, true)?;
            return self.rescaled(&node.name, &value, &factor, &node.shape);
        }
        let name = format!("{}.reciprocal", node.name);
        let shape = self.graph.node(divisor).shape.clone();
        let divisor = self.operand(divisor, false)?;
        let reciprocal = self.table(&name, &divisor, &shape, &f64::recip)?;
        if let Some(tensor) = self.float(value).cloned()
            && super::constant::exact(&tensor, true).is_err()
        {
            return self.rescaled(
                &node.name,
                &Carried::plain(reciprocal),
                &tensor,
                &node.shape,
            );
        }
        let value = self.operand(value, true)?;
        let result = self.add(&node.name, ops::Mul, &[value.node, reciprocal], None)?;
        Ok(Carried {
            node: result,
            scale: Scale::new(&value.scale.tensor(node.shape.len()), node.shape.len()),
        })
    }

    /// A power with a constant exponent: a product for 2, else a table.
    pub(super) fn power(&mut self, node: &Node) -> Result<Carried, String> {
        let exponent = self.float(node.args[1]).and_then(single);
        let exponent = exponent.ok_or("its exponent is not one constant")?;
        if exponent == 2.0 {
            return self.square(node);
        }
        self.function(node, &|x| libm::pow(x, exponent))
    }

    fn square(&mut self, node: &Node) -> Result<Carried, String> {
        let x = self.operand(node.args[0], false)?;
        let result = self.add(&node.name, ops::Square, &[x.node], None)?;
        let scale = x.scale.tensor(node.shape.len());
        Ok(Carried {
            node: result,
            scale: Scale::new(&(&scale * &scale), node.shape.len()),
        })
    }

    /// The smaller or the larger of two.
    pub(super) fn extreme(&mut self, node: &Node) -> Result<Carried, String> {
        let (args, scale) = self.common(node, [node.args[0], node.args[1]], node.shape.len())?;
        let op: ops::Op = match node.op {
            Op::Min => ops::Min.into(),
            _ => ops::Max.into(),
        };
        let result = self.add(&node.name, op, &args, None)?;
        Ok(Carried {
            node: result,
            scale,
        })
    }

    /// 0 or 1.
    pub(super) fn comparison(&mut self, node: &Node) -> Result<Carried, String> {
        let (args, _) = self.common(node, [node.args[0], node.args[1]], node.shape.len())?;
        let op: ops::Op = match node.op {
            Op::Less => ops::Less.into(),
            Op::LessEqual => ops::LessEqual.into(),
            _ => ops::Equal.into(),
        };
        self.add(&node.name, op, &args, None).map(Carried::plain)
    }

    /// One of two values by a third, whose scale plays no part.
    pub(super) fn choice(&mut self, node: &Node) -> Result<Carried, String> {
        let condition = self.operand(node.args[0], false)?;
        let (choices, scale) = self.common(node, [node.args[1], node.args[2]], node.shape.len())?;
        let args = [condition.node, choices[0], choices[1]];
        let result = self.add(&node.name, ops::Select, &args, None)?;
        Ok(Carried {
            node: result,
            scale,
        })
    }
}

/// The number of a tensor that holds one.
fn single(tensor: &Tensor) -> Option<f64> {
    match tensor.len() {
        1 => tensor.iter().copied().next(),
        _ => None,
    }
}
