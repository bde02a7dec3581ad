//! Comparisons and choices, applied to one element on its way.

use proc_macro2::TokenStream;
use quote::quote;

use super::Chain;
use crate::emit::rust::align::{Aligned, aligned};
use crate::emit::rust::container::Container;
use crate::exact::shift_left_wrapping;
use crate::ir::{Node, NodeId, broadcast_indices};
use crate::ops::Op;

impl Chain<'_> {
    /// Compares `v` with a constant.
    pub(super) fn order(&mut self, from: NodeId, node: &Node) {
        let sides = aligned(self.module, self.ranges, node, [node.args[0], node.args[1]]);
        let hull = sides[0].range.hull(sides[1].range);
        self.cast(self.container.max(Container::of_range(hull)));
        let [a, b] = [0, 1].map(|side| self.side(from, node.args[side], &sides[side]));
        let value = match node.op {
            Op::Min(_) => quote! { #a.min(#b) },
            Op::Max(_) => quote! { #a.max(#b) },
            Op::Less(_) => quote! { less(#a, #b) },
            Op::LessEqual(_) => quote! { less_equal(#a, #b) },
            _ => quote! { equal(#a, #b) },
        };
        self.code.extend(quote! { let v = #value; });
    }

    /// Chooses by `v`, or takes `v` or another value by a constant.
    pub(super) fn select(&mut self, from: NodeId, node: &Node) {
        let condition = node.args[0];
        let sides = aligned(self.module, self.ranges, node, [node.args[1], node.args[2]]);
        let hull = sides[0].range.hull(sides[1].range);
        let choice = Container::of_range(hull);
        let condition = match condition == from {
            true => {
                self.code.extend(quote! { let c = v; });
                self.container = choice;
                quote! { c }
            }
            false => {
                self.cast(self.container.max(choice));
                let shape = &self.module.node(condition).ty.shape;
                let all = self.constant(condition);
                let indices = broadcast_indices(shape, &node.ty.shape);
                let truths: Vec<_> = indices.map(|i| i64::from(all[i] != 0)).collect();
                self.integers(&truths)
            }
        };
        let [a, b] = [0, 1].map(|side| self.side(from, node.args[side + 1], &sides[side]));
        self.code
            .extend(quote! { let v = select(#condition, #a, #b); });
    }

    /// An operand, `v` or a constant, with its fractional bits appended.
    fn side(&mut self, from: NodeId, operand: NodeId, side: &Aligned) -> TokenStream {
        if operand == from {
            return match side.shifts.iter().all(|&shift| shift == 0) {
                true => quote! { v },
                false => {
                    let shift = self.shifts(&side.shifts);
                    quote! { v.wshl(#shift as u32) }
                }
            };
        }
        let all = self.constant(operand);
        let values: Vec<_> = side
            .indices
            .iter()
            .zip(&side.shifts)
            .map(|(&i, &shift)| shift_left_wrapping(all[i], shift))
            .collect();
        self.integers(&values)
    }
}
