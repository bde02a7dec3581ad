//! Steps that multiply a stored value by a constant matrix.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::contraction::Small;
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
        let (code, _) = self.chain(id, step, accumulator, stored)?;
        let Layer { call, w, b, behind } =
            match self.small(id, &x_f, &weights, outputs, accumulator) {
                Some(small) => self.small_layer(id, small, &bias),
                None => {
                    let label = Label::new("weights", self.module, id);
                    let w = self.tables.matrix(label, w_container, &weights, outputs);
                    let label = Label::new("bias", self.module, id);
                    let b = self.tables.integers(label, accumulator, &bias);
                    let (call, behind) = (quote! { dense_into }, TokenStream::new());
                    Layer { call, w, b, behind }
                }
            };
        let name = buffer.name;
        let by_output = mentions_index(&code) || !behind.is_empty();
        if positions == 1 {
            let index = match by_output {
                true => quote! { o },
                false => quote! { _ },
            };
            let j = mentions_index(&code).then(|| quote! { let j = o; });
            return Ok(
                quote! { #call(&#name, &#w, &#b, |#index, v| { #j #behind #code v }, &mut #into); },
            );
        }
        let inputs = Literal::usize_unsuffixed(inputs);
        let outputs = Literal::usize_unsuffixed(outputs);
        Ok(match mentions_index(&code) {
            true => quote! {
                let (xs, _) = #name.as_chunks::<#inputs>();
                let (ys, _) = #into.as_chunks_mut::<#outputs>();
                for (p, (x, y)) in xs.iter().zip(ys).enumerate() {
                    #call(x, &#w, &#b, |o, v| {
                        let j = p * #outputs + o;
                        #behind
                        #code
                        v
                    }, y);
                }
            },
            false => {
                let index = match by_output {
                    true => quote! { o },
                    false => quote! { _ },
                };
                quote! {
                    let (xs, _) = #name.as_chunks::<#inputs>();
                    let (ys, _) = #into.as_chunks_mut::<#outputs>();
                    for (x, y) in xs.iter().zip(ys) {
                        #call(x, &#w, &#b, |#index, v| { #behind #code v }, y);
                    }
                }
            }
        })
    }

    /// A layer of bytes.
    fn small_layer(&mut self, id: NodeId, small: Small, bias: &[i64]) -> Layer {
        let Small {
            signed,
            weights,
            shifts,
        } = small;
        let label = |what| Label::new(what, self.module, id);
        let w = self.tables.bytes(label("weights"), &weights, bias.len());
        let mut first = bias.to_vec();
        let mut behind = TokenStream::new();
        if let Some(shifts) = shifts {
            let shifts = self.tables.shifts(label("shifts"), &shifts);
            let bias = self.tables.integers(label("bias"), Container::I32, bias);
            behind = quote! { let v = v.wshl(at(&#shifts, o) as u32).wadd(at(&#bias, o)); };
            first.fill(0);
        }
        let b = match signed {
            true => self.tables.byte_bias(label("bias"), &w, &first),
            false => self.tables.integers(label("bias"), Container::I32, &first),
        };
        Layer {
            call: quote! { bytes_into::<#signed, _, _, _, _, _, _> },
            w,
            b,
            behind,
        }
    }
}

/// How a layer is written.
struct Layer {
    /// The kernel that is called.
    call: TokenStream,
    /// The table of its weights.
    w: Ident,
    /// The table of what its sums begin with.
    b: Ident,
    /// What is done to a sum `v` of output `o`, in front of the chain.
    behind: TokenStream,
}
