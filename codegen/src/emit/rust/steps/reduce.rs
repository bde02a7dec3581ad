//! Steps that reduce a stored value along one axis.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::Steps;
use crate::emit::Unsupported;
use crate::emit::rust::container::Container;
use crate::ir::{NodeId, element_count};

impl Steps<'_> {
    pub(super) fn reduce(
        &mut self,
        id: NodeId,
        axis: usize,
        container: Container,
        combine: &TokenStream,
    ) -> Result<(TokenStream, Container), Unsupported> {
        let source = self.module.node(id).args[0];
        let shape = &self.module.node(source).ty.shape;
        let inner = element_count(&shape[axis + 1..]);
        let length = shape[axis];
        let buffer = self.operand(source)?;
        let container = container.max(buffer.container);
        let ty = container.ident();
        let name = buffer.name;
        let stride = Literal::usize_unsuffixed(inner);
        let block = Literal::usize_unsuffixed(inner * length);
        let length = Literal::usize_unsuffixed(length);
        let code = quote! {
            let first = j / #stride * #block + j % #stride;
            let mut v = at(&#name, first).cast::<#ty>();
            for k in 1..#length {
                let (a, b) = (v, at(&#name, first + k * #stride).cast::<#ty>());
                v = #combine;
            }
        };
        Ok((code, container))
    }
}
