//! Steps that combine stored values element by element.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::Steps;
use crate::emit::Unsupported;
use crate::emit::rust::align::{Aligned, aligned};
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
        let (mut code, container) = self.both(id, [node.args[0], node.args[1]], container)?;
        let ty = container.ident();
        code.extend(match node.op {
            Op::Add(_) => quote! { let v = a.wadd(b); },
            Op::Sub(_) => quote! { let v = a.wadd(b.wmul(-1 as #ty)); },
            Op::Mul(_) => quote! { let v = a.wmul(b); },
            Op::Min(_) => quote! { let v = a.min(b); },
            Op::Max(_) => quote! { let v = a.max(b); },
            Op::Less(_) => quote! { let v = less(a, b); },
            Op::LessEqual(_) => quote! { let v = less_equal(a, b); },
            Op::Equal(_) => quote! { let v = equal(a, b); },
            _ => return Err(self.unsupported(id, "it does not combine two values")),
        });
        Ok((code, container))
    }

    /// One of two arrays' elements, by a third's.
    pub(super) fn select(
        &mut self,
        id: NodeId,
        container: Container,
    ) -> Result<(TokenStream, Container), Unsupported> {
        let node = self.module.node(id);
        let (c, a, b) = (node.args[0], node.args[1], node.args[2]);
        let (mut code, container) = self.both(id, [a, b], container)?;
        let shape = &self.module.node(c).ty.shape;
        let indices: Vec<_> = broadcast_indices(shape, &node.ty.shape).collect();
        let index = self.index(id, &indices);
        let array = self.operand(c)?.name;
        let count = self.module.node(c).ty.len();
        if count == node.ty.len() {
            code.extend(quote! { let v = select(at(&#array, #index), a, b); });
            return Ok((code, container));
        }
        let (masks, ty) = (format_ident!("masks{}", id.index()), container.ident());
        let count = Literal::usize_unsuffixed(count);
        self.body
            .extend(quote! { let #masks: [#ty; #count] = masks(&#array); });
        code.extend(quote! { let v = blend(at(&#masks, #index), a, b); });
        Ok((code, container))
    }

    /// Statements that make `a` and `b` of two operands, with common fractional
    /// bits but for a product, in a container that holds both.
    fn both(
        &mut self,
        id: NodeId,
        operands: [NodeId; 2],
        container: Container,
    ) -> Result<(TokenStream, Container), Unsupported> {
        let node = self.module.node(id);
        let sides = aligned(self.module, self.ranges, node, operands);
        let product = matches!(node.op, Op::Mul(_));
        // Sums wrap and are right again; an order of what has wrapped is not.
        let modular = matches!(node.op, Op::Add(_) | Op::Sub(_) | Op::Mul(_));
        let mut container = container;
        let mut names = Vec::new();
        for (&operand, side) in operands.iter().zip(&sides) {
            let buffer = self.operand(operand)?;
            container = container.max(buffer.container);
            if !modular {
                container = container.max(Container::of_range(side.range));
            }
            names.push(buffer.name);
        }
        let ty = container.ident();
        let mut code = TokenStream::new();
        for ((name, side), local) in names.iter().zip(&sides).zip([quote!(a), quote!(b)]) {
            let index = self.index(id, &side.indices);
            code.extend(quote! { let #local = at(&#name, #index).cast::<#ty>(); });
            if !product && side.shifts.iter().any(|&shift| shift != 0) {
                let shift = self.shift(id, side);
                code.extend(quote! { let #local = #local.wshl(#shift as u32); });
            }
        }
        Ok((code, container))
    }

    /// How far element `j` of an operand is shifted.
    fn shift(&mut self, id: NodeId, side: &Aligned) -> TokenStream {
        match shared(&side.shifts) {
            Some(&shift) => {
                let shift = Literal::i32_unsuffixed(shift);
                quote! { #shift }
            }
            None => {
                let label = Label::new("shifts", self.module, id);
                let table = self.tables.shifts(label, &side.shifts);
                quote! { at(&#table, j) }
            }
        }
    }
}
