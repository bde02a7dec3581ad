//! What steps that sum products share: weights, biases, and operands whose
//! elements differ in their fractional bits.

use proc_macro2::Literal;
use quote::{format_ident, quote};

use super::{Buffer, Steps};
use crate::emit::Unsupported;
use crate::emit::rust::chain::container_for;
use crate::emit::rust::chain::hull;
use crate::emit::rust::container::Container;
use crate::emit::rust::plan::Step;
use crate::emit::rust::tables::Label;
use crate::exact::shift_left;
use crate::ir::{Interval, NodeId};
use crate::ops::contraction::{aligned_bias, shifts};
use crate::ops::{Dense, Op};

impl Steps<'_> {
    /// The container in which a node's products are summed.
    pub(super) fn accumulator(&self, id: NodeId, step: &Step) -> Container {
        container_for(self.ranges, self.module, id, step.chain.first()).max(Container::I32)
    }

    /// The mantissas of a constant; none of another node.
    pub(super) fn constant(&self, id: NodeId) -> &[i64] {
        match &self.module.node(id).op {
            Op::Constant(constant) => &constant.mantissas,
            _ => &[],
        }
    }

    /// Aligned weights of a node, and the container that holds them.
    pub(super) fn weights(
        &self,
        id: NodeId,
        aligned: impl Iterator<Item = i128>,
    ) -> Result<(Vec<i64>, Container), Unsupported> {
        let weights = aligned
            .map(i64::try_from)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| self.unsupported(id, "an aligned weight needs more than 64 bits"))?;
        let points: Vec<_> = weights.iter().map(|&m| Interval::point(m)).collect();
        let container = Container::of_range(hull(&points)).max(Container::I16);
        Ok((weights, container))
    }

    /// The bias of a node, its third operand, with `f` fractional bits, modulo
    /// the container's width; zeros if it has none.
    pub(super) fn bias(
        &self,
        id: NodeId,
        f: i32,
        outputs: usize,
        container: Container,
    ) -> Vec<i64> {
        let stated = self.module.node(id).args.get(2);
        let stated = stated.map(|&b| (&self.module.node(b).ty, self.constant(b)));
        let spare = 64 - container.bits();
        aligned_bias(stated, f, outputs)
            .iter()
            .map(|m| m << spare >> spare)
            .collect()
    }

    /// An operand of a node with the fractional bits that the class of each
    /// element is given (see [`crate::ops::contraction`]).
    pub(super) fn aligned(
        &mut self,
        id: NodeId,
        operand: usize,
        inner: usize,
        to: &[i32],
    ) -> Result<Buffer, Unsupported> {
        let source = self.module.node(id).args[operand];
        let ty = &self.module.node(source).ty;
        let Some(shifts) = shifts(ty, inner, to) else {
            return self.operand(source);
        };
        let range = self
            .aligned_range(source, Some(&shifts))
            .ok_or_else(|| self.unsupported(id, "an aligned operand needs more than 64 bits"))?;
        let container = Container::of_range(range).max(Container::I16);
        let label = Label::new("shifts", self.module, id);
        let table = self.tables.shifts(label, &shifts);
        let buffer = self.operand(source)?;
        let (from, ty) = (buffer.name, container.ident());
        let name = format_ident!("aligned{}_{}", id.index(), operand);
        let count = Literal::usize_unsuffixed(shifts.len());
        self.body.extend(quote! {
            let #name: [#ty; #count] = fill(|j| {
                at(&#from, j).cast::<#ty>().wshl(at(&#table, j) as u32)
            });
        });
        Ok(Buffer { name, container })
    }

    /// What an operand's elements span after these shifts, if 64 bits hold it.
    fn aligned_range(&self, source: NodeId, shifts: Option<&[i32]>) -> Option<Interval> {
        let shift = |at: usize| shifts.map_or(0, |shifts| shifts[at]);
        let ranges = self.ranges[source.index()].iter().enumerate();
        let ranges = ranges
            .map(|(at, range)| {
                let [lo, hi] = [range.lo, range.hi].map(|m| shift_left(m.into(), shift(at)));
                Some(Interval {
                    lo: lo.try_into().ok()?,
                    hi: hi.try_into().ok()?,
                })
            })
            .collect::<Option<Vec<_>>>()?;
        Some(hull(&ranges))
    }

    /// Whether a node multiplies a value as bytes, and does nothing else with it.
    pub(super) fn takes_bytes(&self, user: NodeId, value: NodeId) -> bool {
        let node = self.module.node(user);
        let (Op::Dense(_), [x, w, rest @ ..]) = (&node.op, &node.args[..]) else {
            return false;
        };
        let (x_ty, w_ty) = (&self.module.node(*x).ty, &self.module.node(*w).ty);
        let bias = rest.first().map(|&b| &self.module.node(b).ty);
        let (x_f, f) = Dense::fractions(x_ty, w_ty, bias);
        let aligned = Dense::aligned_weights((&x_f, f), w_ty, self.constant(*w));
        *x == value
            && *w != value
            && !rest.contains(&value)
            && shifts(x_ty, 1, &x_f).is_none()
            && self.weights(user, aligned).is_ok_and(|(weights, _)| {
                self.small(user, &x_f, &weights, w_ty.shape[1], Container::I32)
                    .is_some()
            })
    }

    /// How a product with these weights, `[inputs][outputs]`, is one of bytes: of a first operand
    /// with the fractional bits `to`, summed in this container. None if it is not.
    pub(super) fn small(
        &self,
        id: NodeId,
        to: &[i32],
        weights: &[i64],
        outputs: usize,
        accumulator: Container,
    ) -> Option<Small> {
        let source = self.module.node(id).args[0];
        let shifts = shifts(&self.module.node(source).ty, 1, to);
        let range = self.aligned_range(source, shifts.as_deref())?;
        let unsigned = range.lo >= 0 && range.hi <= u8::MAX.into();
        if accumulator != Container::I32 || !(unsigned || Container::I8.holds(range)) {
            return None;
        }
        let fit = |weights: &[i64]| weights.iter().all(|&w| i8::try_from(w).is_ok());
        if fit(weights) {
            return Some(Small {
                signed: !unsigned,
                weights: weights.to_vec(),
                shifts: None,
            });
        }
        // A shift and a bias behind the sum cost about as much as some products.
        if weights.len() / outputs < WORTH_A_SHIFT {
            return None;
        }
        let shift = |output: usize| {
            let column = weights.iter().skip(output).step_by(outputs);
            let zeros = column.filter(|&&w| w != 0).map(|w| w.trailing_zeros());
            zeros.min().unwrap_or(0)
        };
        let shifts: Vec<u32> = (0..outputs).map(shift).collect();
        let weights = weights.iter().enumerate();
        let weights: Vec<_> = weights.map(|(at, w)| w >> shifts[at % outputs]).collect();
        fit(&weights).then(|| Small {
            signed: !unsigned,
            weights,
            shifts: Some(shifts.into_iter().map(|shift| shift as i32).collect()),
        })
    }
}

/// The fewest inputs of a layer whose sums are shifted so that its weights fit a byte.
const WORTH_A_SHIFT: usize = 16;

/// A product of 8-bit weights and values of one byte.
pub(super) struct Small {
    /// Whether values are in `-128..=127` instead of `0..=255`.
    pub(super) signed: bool,
    /// The weights.
    pub(super) weights: Vec<i64>,
    /// By how many bits each sum is shifted up before its bias comes to it.
    pub(super) shifts: Option<Vec<i32>>,
}
