//! Steps that choose elements by their keys or by an index.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::conv::number;
use super::{Buffer, Steps};
use crate::emit::Unsupported;
use crate::emit::rust::chain::hull;
use crate::emit::rust::container::Container;
use crate::emit::rust::tables::Label;
use crate::ir::{Interval, NodeId};
use crate::ops::top_k::{network, position_bits};
use crate::ops::{Lanes, TopK};

impl Steps<'_> {
    /// Statements that make `v`, the element at the position of the key that
    /// comes in the place of element `j`.
    pub(super) fn top_k(
        &mut self,
        id: NodeId,
        op: &TopK,
    ) -> Result<(TokenStream, Container), Unsupported> {
        let node = self.module.node(id);
        let shape = |operand: usize| &self.module.node(node.args[operand]).ty.shape;
        let key_lanes = Lanes::new(shape(0), op.axis);
        let x_lanes = Lanes::new(shape(1), op.axis);
        let lane_of = op.key_lanes(shape(0), shape(1));
        let order = format_ident!("order{}", id.index());
        self.order(id, op, key_lanes)?;
        let k = op.k;
        let in_order = match key_lanes.count() {
            1 => {
                let (inner, k) = (number(x_lanes.inner), number(k));
                quote! { j / #inner % #k }
            }
            _ => {
                let y_lanes = Lanes {
                    length: k,
                    ..x_lanes
                };
                let mut indices = vec![0; y_lanes.count() * k];
                for (lane, key_lane) in lane_of.iter().enumerate() {
                    for r in 0..k {
                        indices[y_lanes.at(lane, r)] = key_lane * k + r;
                    }
                }
                self.index(id, &indices)
            }
        };
        let Buffer { name, container } = self.operand(node.args[1])?;
        let inner = number(x_lanes.inner);
        let from = number(x_lanes.inner * x_lanes.length);
        let to = number(x_lanes.inner * k);
        let code = quote! {
            let position = at(&#order, #in_order);
            let v = at(&#name, j / #to * #from + position * #inner + j % #inner);
        };
        Ok((code, container))
    }

    /// Stores the positions of the keys that come first, `k` for each lane.
    fn order(&mut self, id: NodeId, op: &TopK, lanes: Lanes) -> Result<(), Unsupported> {
        let key = self.module.node(id).args[0];
        let bits = position_bits(lanes.length);
        let range = hull(&self.ranges[key.index()]);
        let range = match op.largest {
            true => range,
            false => Interval {
                lo: !range.hi,
                hi: !range.lo,
            },
        };
        let shifted = |m: i64, low: i128| i64::try_from((i128::from(m) << bits) + low).ok();
        let wide = "a key and its position need more than 64 bits; requantize the keys first";
        let (Some(lo), Some(hi)) = (shifted(range.lo, 0), shifted(range.hi, (1 << bits) - 1))
        else {
            return Err(self.unsupported(id, wide));
        };
        let container = Container::of_range(Interval { lo, hi }).max(Container::I32);
        let network: Vec<_> = network(lanes.length, op.k).into_flattened();
        let label = Label::new("network", self.module, id);
        let network = self.tables.indices(label, &network);
        let key = self.operand(key)?.name;
        let (ty, k, n) = (container.ident(), number(op.k), number(lanes.length));
        let inner = number(lanes.inner);
        let complement = match op.largest {
            true => quote! {},
            false => quote! { .wmul(-1).wadd(-1) },
        };
        let index = match (lanes.inner, lanes.outer) {
            (1, 1) => quote! { i },
            _ => quote! { (lane / #inner * #n + i) * #inner + lane % #inner },
        };
        let order = quote! {
            top_k::<_, #n, #k, _>(|i| at(&#key, #index).cast::<#ty>() #complement, &#network)
        };
        let name = format_ident!("order{}", id.index());
        let count = number(lanes.count() * op.k);
        self.body.extend(match lanes.count() {
            1 => quote! { let #name = #order; },
            _ => quote! {
                let mut #name = [0usize; #count];
                let (orders, _) = #name.as_chunks_mut::<#k>();
                for (lane, order) in orders.iter_mut().enumerate() {
                    *order = #order;
                }
            },
        });
        Ok(())
    }

    /// Statements that make `v`, the element of the row that an index names.
    pub(super) fn lookup(&mut self, id: NodeId) -> Result<(TokenStream, Container), Unsupported> {
        let args = &self.module.node(id).args;
        let columns = Literal::usize_unsuffixed(self.module.node(args[1]).ty.shape[1]);
        let index = self.operand(args[0])?.name;
        let Buffer { name, container } = self.operand(args[1])?;
        let code = quote! {
            let row = at(&#index, j / #columns).to_i64() as usize;
            let v = at(&#name, row.wrapping_mul(#columns).wrapping_add(j % #columns));
        };
        Ok((code, container))
    }
}
