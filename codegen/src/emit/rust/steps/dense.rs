//! Steps that multiply a stored value by a constant matrix.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::{Steps, mentions_index};
use crate::emit::Unsupported;
use crate::emit::rust::container::Container;
use crate::emit::rust::plan::Step;
use crate::emit::rust::tables::Label;
use crate::ir::NodeId;
use crate::ops::Dense;

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
        let (x_f, f) = Dense::fractions(&x.ty, &w.ty, bias.map(|b| &b.ty));
        let weights = Dense::aligned_weights((&x_f, f), &w.ty, self.constant(node.args[1]));
        let (weights, w_container) = self.weights(id, weights)?;
        let accumulator = self.accumulator(id, step);
        let bias = self.bias(id, f, outputs, accumulator);
        let buffer = self.aligned(id, 0, 1, &x_f)?;
        let label = Label::new("weights", self.module, id);
        let w = self.tables.matrix(label, w_container, &weights, outputs);
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
}
