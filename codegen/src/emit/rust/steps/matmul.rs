//! Steps that multiply two tensors, both of which may be computed.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::conv::number;
use super::{Steps, mentions_index};
use crate::emit::Unsupported;
use crate::emit::rust::container::Container;
use crate::emit::rust::plan::Step;
use crate::emit::rust::tables::Label;
use crate::ir::NodeId;
use crate::ops::MatMulSizes;

impl Steps<'_> {
    /// A matrix product into an array, with the chain as its epilogue.
    pub(super) fn matmul(
        &mut self,
        id: NodeId,
        step: &Step,
        stored: Container,
        into: &Ident,
    ) -> Result<TokenStream, Unsupported> {
        let node = self.module.node(id);
        let (a, b) = (
            &self.module.node(node.args[0]).ty,
            &self.module.node(node.args[1]).ty,
        );
        let sizes =
            MatMulSizes::new(&a.shape, &b.shape).map_err(|reason| self.unsupported(id, reason))?;
        let (a_f, b_f, _) = sizes.fractions(a, b);
        let accumulator = self.accumulator(id, step);
        let ty = accumulator.ident();
        let a = self.aligned(id, 0, 1, &a_f)?.name;
        let b = self.aligned(id, 1, sizes.columns, &b_f)?.name;
        let (code, _) = self.chain(id, step, accumulator, stored)?;
        let (k, m) = (number(sizes.inner), number(sizes.columns));
        if let [_] = sizes.pairs[..] {
            let epilogue = match mentions_index(&code) {
                true => quote! { |j, v| { #code v } },
                false => quote! { |_, v| { #code v } },
            };
            return Ok(quote! {
                matmul_into::<_, _, #ty, _, #k, #m>(&#a, &#b, #epilogue, &mut #into);
            });
        }
        let [a_size, b_size, y_size] = [
            sizes.rows * sizes.inner,
            sizes.inner * sizes.columns,
            sizes.rows * sizes.columns,
        ];
        let pairs = sizes.pairs.iter();
        let firsts: Vec<_> = pairs.flat_map(|(a, b)| [a * a_size, b * b_size]).collect();
        let label = Label::new("pairs", self.module, id);
        let firsts = self.tables.indices(label, &firsts);
        let [a_size, b_size, y_size] = [a_size, b_size, y_size].map(number);
        let epilogue = match mentions_index(&code) {
            true => quote! { |o, v| { let j = p * #y_size + o; #code v } },
            false => quote! { |_, v| { #code v } },
        };
        let index = match mentions_index(&code) {
            true => quote! { (p, (pair, y)) },
            false => quote! { (pair, y) },
        };
        let counted = match mentions_index(&code) {
            true => quote! { .enumerate() },
            false => quote! {},
        };
        Ok(quote! {
            let (pairs, _) = #firsts.as_chunks::<2>();
            for #index in pairs.iter().zip(#into.chunks_mut(#y_size))#counted {
                let &[a, b] = pair;
                matmul_into::<_, _, #ty, _, #k, #m>(
                    #a.get(a..a + #a_size).unwrap_or_default(),
                    #b.get(b..b + #b_size).unwrap_or_default(),
                    #epilogue,
                    y,
                );
            }
        })
    }
}
