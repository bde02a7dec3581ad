//! Steps that multiply a stored value by a constant matrix.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::{Steps, mentions_index};
use crate::emit::Unsupported;
use crate::emit::rust::chain::{container_for, hull};
use crate::emit::rust::container::Container;
use crate::emit::rust::plan::Step;
use crate::emit::rust::tables::Label;
use crate::exact::shift_left_wrapping;
use crate::ir::{Interval, NodeId};
use crate::ops::{Dense, Op};

impl Steps<'_> {
    /// A matrix product into an array, with the chain as its epilogue.
    pub(super) fn dense(
        &mut self,
        id: NodeId,
        step: &Step,
        stored: Container,
        into: &Ident,
    ) -> Result<TokenStream, Unsupported> {
        let node = self.module.node(id);
        let (x, w) = (
            self.module.node(node.args[0]),
            self.module.node(node.args[1]),
        );
        let (inputs, outputs) = (w.ty.shape[0], w.ty.shape[1]);
        let positions = x.ty.len() / inputs;
        let bias = node.args.get(2).map(|&id| self.module.node(id));
        let f = Dense::result_f(&x.ty, &w.ty, bias.map(|b| &b.ty));
        let weights = self.aligned_weights(id, f)?;
        let bias = match bias.map(|b| (&b.op, b.ty.element_formats())) {
            Some((Op::Constant(b), formats)) => b
                .mantissas
                .iter()
                .zip(formats)
                .map(|(&m, format)| shift_left_wrapping(m, f - format.f()))
                .collect(),
            _ => vec![0; outputs],
        };
        let accumulator =
            container_for(self.ranges, self.module, id, step.chain.first()).max(Container::I32);
        let buffer = self.operand(node.args[0])?;
        let range = |values: &[i64]| {
            let points: Vec<_> = values.iter().map(|&m| Interval::point(m)).collect();
            hull(&points)
        };
        let w_container = Container::of_range(range(&weights)).max(Container::I16);
        let label = Label::new("weights", self.module, id);
        let w = self.tables.matrix(label, w_container, &weights, outputs);
        let spare = 64 - accumulator.bits();
        let bias: Vec<_> = bias.iter().map(|m| m << spare >> spare).collect();
        let label = Label::new("bias", self.module, id);
        let b = self.tables.integers(label, accumulator, &bias);
        let (code, _) = self.chain(id, step, accumulator, stored)?;
        let name = buffer.name;
        if positions == 1 {
            let index = match mentions_index(&code) {
                true => quote! { j },
                false => quote! { _ },
            };
            return Ok(
                quote! { dense_into(&#name, &#w, &#b, |#index, v| { #code v }, &mut #into); },
            );
        }
        let inputs = Literal::usize_unsuffixed(inputs);
        let outputs = Literal::usize_unsuffixed(outputs);
        Ok(match mentions_index(&code) {
            true => quote! {
                let (xs, _) = #name.as_chunks::<#inputs>();
                let (ys, _) = #into.as_chunks_mut::<#outputs>();
                for (p, (x, y)) in xs.iter().zip(ys).enumerate() {
                    dense_into(x, &#w, &#b, |o, v| {
                        let j = p * #outputs + o;
                        #code
                        v
                    }, y);
                }
            },
            false => quote! {
                let (xs, _) = #name.as_chunks::<#inputs>();
                let (ys, _) = #into.as_chunks_mut::<#outputs>();
                for (x, y) in xs.iter().zip(ys) {
                    dense_into(x, &#w, &#b, |_, v| { #code v }, y);
                }
            },
        })
    }

    /// Weights so shifted that all products of a sum have `f` fractional bits.
    fn aligned_weights(&self, id: NodeId, f: i32) -> Result<Vec<i64>, Unsupported> {
        let node = self.module.node(id);
        let (x, w) = (
            self.module.node(node.args[0]),
            self.module.node(node.args[1]),
        );
        let Op::Constant(weights) = &w.op else {
            return Err(self.unsupported(id, "its matrix is not a constant"));
        };
        let (rows, columns) = (w.ty.shape[0], w.ty.shape[1]);
        let x_formats = x.ty.element_formats();
        let alike = |row: usize| {
            let mut all = x_formats
                .iter()
                .skip(row)
                .step_by(rows)
                .map(|format| format.f());
            let first = all.next();
            all.all(|f| Some(f) == first)
        };
        if !(0..rows).all(alike) {
            return Err(self.unsupported(
                id,
                "formats of its operand differ between positions; requantize it first",
            ));
        }
        weights
            .mantissas
            .iter()
            .zip(w.ty.element_formats())
            .enumerate()
            .map(|(at, (&m, format))| {
                let shift = f - x_formats[at / columns].f() - format.f();
                let exact = crate::exact::shift_left(m.into(), shift);
                i64::try_from(exact)
                    .map_err(|_| self.unsupported(id, "an aligned weight needs more than 64 bits"))
            })
            .collect()
    }
}
