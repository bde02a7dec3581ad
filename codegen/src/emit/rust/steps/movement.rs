//! Steps that move the elements of stored values.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::Steps;
use crate::emit::Unsupported;
use crate::emit::rust::chain::{hull, shared};
use crate::emit::rust::container::Container;
use crate::emit::rust::plan::Step;
use crate::emit::rust::tables::Label;
use crate::ir::NodeId;
use crate::ops::{Concat, Movement, Op, Pad};

impl Steps<'_> {
    /// Elements of one array, by their indices.
    pub(super) fn moved(
        &mut self,
        id: NodeId,
        movement: &dyn Movement,
    ) -> Result<(TokenStream, Container), Unsupported> {
        let source = self.module.node(id).args[0];
        let indices = movement.indices(&self.module.node(source).ty.shape);
        let index = self.index(id, &indices);
        let buffer = self.operand(source)?;
        let name = buffer.name;
        Ok((quote! { let v = at(&#name, #index); }, buffer.container))
    }

    /// Elements of one array, and a constant around them.
    pub(super) fn padded(
        &mut self,
        id: NodeId,
        pad: &Pad,
    ) -> Result<(TokenStream, Container), Unsupported> {
        let node = self.module.node(id);
        let (x, value) = (
            self.module.node(node.args[0]),
            self.module.node(node.args[1]),
        );
        let Op::Constant(constant) = &value.op else {
            return Err(self.unsupported(id, "its padded value is not a constant"));
        };
        let buffer = self.operand(node.args[0])?;
        // Beyond the last element: the frame.
        let mut indices = vec![x.ty.len(); node.ty.len()];
        let places = pad.places(&x.ty.shape, &node.ty.shape);
        for (from, to) in places.into_iter().enumerate() {
            indices[to] = from;
        }
        let frame = Pad::frame(&value.ty, constant.mantissas[0], &node.ty);
        let of_frame = |j: usize| indices[j] == x.ty.len();
        // What stands inside is never read; let it not make the values differ.
        let any = (0..indices.len()).find(|&j| of_frame(j));
        let any = any.and_then(|j| frame[j]).unwrap_or(0);
        let other: Vec<_> = (0..indices.len())
            .map(|j| frame[j].filter(|_| of_frame(j)).unwrap_or(any))
            .collect();
        let container = buffer
            .container
            .max(Container::of_range(hull(&self.ranges[id.index()])));
        let index = self.index(id, &indices);
        let ty = container.ident();
        let other = match shared(&other) {
            Some(&m) => {
                let m = Literal::i64_unsuffixed(m);
                quote! { (#m as #ty) }
            }
            None => {
                let label = Label::new("frame", self.module, id);
                let table = self.tables.integers(label, container, &other);
                quote! { at(&#table, j) }
            }
        };
        let name = buffer.name;
        Ok((quote! { let v = at_or(&#name, #index, #other); }, container))
    }

    /// An array of all operands' elements, with the chain applied to each.
    pub(super) fn concat(
        &mut self,
        id: NodeId,
        concat: &Concat,
        step: &Step,
        stored: Container,
        into: &Ident,
    ) -> Result<TokenStream, Unsupported> {
        let node = self.module.node(id);
        let count = Literal::usize_unsuffixed(node.ty.len());
        let block = Literal::usize_unsuffixed(concat.row(&node.ty.shape));
        let mut first = 0;
        let mut widest = Container::I8;
        let mut parts = Vec::new();
        for &arg in &node.args {
            let buffer = self.operand(arg)?;
            widest = widest.max(buffer.container);
            let row = concat.row(&self.module.node(arg).ty.shape);
            parts.push((buffer.name, row, first));
            first += row;
        }
        let place = |into: &Ident| -> TokenStream {
            let one = |(name, row, first): &(Ident, usize, usize)| {
                let row = Literal::usize_unsuffixed(*row);
                let first = Literal::usize_unsuffixed(*first);
                quote! { place::<_, _, #row, #block, #first>(&#name, &mut #into); }
            };
            parts.iter().map(one).collect()
        };
        let ty = stored.ident();
        if step.chain.is_empty() {
            let places = place(into);
            return Ok(quote! { let mut #into: [#ty; #count] = scratch(); #places });
        }
        let (code, _) = self.chain(id, step, widest, stored)?;
        let (places, widest) = (place(&format_ident!("all")), widest.ident());
        Ok(quote! {
            let #into: [#ty; #count] = {
                let mut all: [#widest; #count] = scratch();
                #places
                fill(|j| { let v = at(&all, j); #code v })
            };
        })
    }
}
