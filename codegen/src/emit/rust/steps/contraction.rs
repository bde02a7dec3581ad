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
use crate::ops::Op;
use crate::ops::contraction::{aligned_bias, shifts};

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
        let ranges = self.ranges[source.index()].iter().zip(&shifts);
        let ranges = ranges
            .map(|(range, &shift)| {
                let [lo, hi] = [range.lo, range.hi].map(|m| shift_left(m.into(), shift));
                Some(Interval {
                    lo: lo.try_into().ok()?,
                    hi: hi.try_into().ok()?,
                })
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| self.unsupported(id, "an aligned operand needs more than 64 bits"))?;
        let container = Container::of_range(hull(&ranges)).max(Container::I16);
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
}
