//! Steps that combine two stored values element by element.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Steps;
use crate::emit::Unsupported;
use crate::emit::rust::chain::shared;
use crate::emit::rust::container::Container;
use crate::emit::rust::tables::Label;
use crate::ir::{NodeId, broadcast_indices};
use crate::ops::Op;

impl Steps<'_> {
    /// An element-wise operation on two arrays.
    pub(super) fn pair(
        &mut self,
        id: NodeId,
        container: Container,
    ) -> Result<(TokenStream, Container), Unsupported> {
        let node = self.module.node(id);
        let mut loads = Vec::new();
        let mut widest = container;
        for &arg in &node.args {
            let buffer = self.operand(arg)?;
            let ty = &self.module.node(arg).ty;
            let indices: Vec<_> = broadcast_indices(&ty.shape, &node.ty.shape).collect();
            let index = self.index(id, &indices);
            widest = widest.max(buffer.container);
            let formats = ty.element_formats();
            let to = node.ty.element_formats();
            let shifts: Vec<_> = indices
                .iter()
                .zip(&to)
                .map(|(&from, to)| to.f() - formats[from].f())
                .collect();
            loads.push((buffer.name, index, shifts));
        }
        let ty = widest.ident();
        let mut code = TokenStream::new();
        for ((name, index, shifts), local) in loads.into_iter().zip([quote!(a), quote!(b)]) {
            code.extend(quote! { let #local = at(&#name, #index).cast::<#ty>(); });
            if matches!(node.op, Op::Mul(_)) || shifts.iter().all(|&shift| shift == 0) {
                continue;
            }
            let shift = match shared(&shifts) {
                Some(&shift) => {
                    let shift = Literal::i32_unsuffixed(shift);
                    quote! { #shift }
                }
                None => {
                    let table = self
                        .tables
                        .shifts(Label::new("shifts", self.module, id), &shifts);
                    quote! { at(&#table, j) }
                }
            };
            code.extend(quote! { let #local = #local.wshl(#shift as u32); });
        }
        code.extend(match node.op {
            Op::Add(_) => quote! { let v = a.wadd(b); },
            Op::Sub(_) => quote! { let v = a.wadd(b.wmul(-1 as #ty)); },
            _ => quote! { let v = a.wmul(b); },
        });
        Ok((code, widest))
    }
}
