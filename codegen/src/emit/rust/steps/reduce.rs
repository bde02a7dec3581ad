//! Steps that reduce a stored value along one axis.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::Steps;
use crate::emit::Unsupported;
use crate::emit::rust::align::after_shift;
use crate::emit::rust::chain::{hull, shared};
use crate::emit::rust::container::Container;
use crate::emit::rust::tables::Label;
use crate::ir::{Interval, NodeId, element_count};
use crate::ops::groups;

/// How to read the elements that reduce to one, in a container for all.
struct Source {
    array: Ident,
    container: Container,
    /// What the elements range over.
    range: Interval,
    /// Fractional bits that an element is given: none, the same for all, or
    /// listed by its index.
    shift: Shift,
}

enum Shift {
    None,
    Same(Literal),
    Listed(Ident),
}

impl Source {
    /// The element at an index, with the fractional bits of the result.
    fn read(&self, index: &TokenStream) -> TokenStream {
        let (array, ty) = (&self.array, self.container.ident());
        let value = quote! { at(&#array, #index).cast::<#ty>() };
        match &self.shift {
            Shift::None => value,
            Shift::Same(shift) => quote! { #value.wshl(#shift) },
            Shift::Listed(table) => quote! { #value.wshl(at(&#table, #index) as u32) },
        }
    }
}

impl Steps<'_> {
    fn source(
        &mut self,
        id: NodeId,
        axis: usize,
        container: Container,
    ) -> Result<Source, Unsupported> {
        let source = self.module.node(id).args[0];
        let ty = &self.module.node(source).ty;
        let f = ty.fractional_bits();
        let mut shifts = vec![0; ty.len()];
        for group in groups(&ty.shape, axis) {
            let to = group.largest_f(&f);
            for i in group.indices() {
                shifts[i] = to - f.at(i);
            }
        }
        let ranges = self.ranges[source.index()].iter().zip(&shifts);
        let ranges: Vec<_> = ranges.map(|(&range, &by)| after_shift(range, by)).collect();
        let shift = match shared(&shifts) {
            Some(0) => Shift::None,
            Some(&by) => Shift::Same(Literal::i32_unsuffixed(by)),
            None => {
                let label = Label::new("shifts", self.module, id);
                Shift::Listed(self.tables.shifts(label, &shifts))
            }
        };
        let buffer = self.operand(source)?;
        Ok(Source {
            array: buffer.name,
            container: container
                .max(buffer.container)
                .max(Container::of_range(hull(&ranges))),
            range: hull(&ranges),
            shift,
        })
    }

    /// Lets a source be compared by differences, which its container then holds;
    /// the loop may use `sign_bit`.
    fn compared(&mut self, id: NodeId, source: &mut Source) -> Result<(), Unsupported> {
        let Interval { lo, hi } = source.range;
        let Some(most) = hi.checked_sub(lo) else {
            return Err(self.unsupported(
                id,
                "its elements range over more than 63 bits; requantize them first",
            ));
        };
        let differences = Interval {
            lo: -most,
            hi: most,
        };
        source.container = source.container.max(Container::of_range(differences));
        let ty = source.container.ident();
        self.body
            .extend(quote! { let sign_bit = sign_place::<#ty>(); });
        Ok(())
    }

    /// The loop over the elements that reduce to element `j`: `start` comes
    /// first, with the element in `m`; then `next` for each other one.
    fn along(
        &self,
        id: NodeId,
        axis: usize,
        source: &Source,
        start: &TokenStream,
        next: &TokenStream,
    ) -> TokenStream {
        let shape = &self.module.node(self.module.node(id).args[0]).ty.shape;
        let inner = element_count(&shape[axis + 1..]);
        let stride = Literal::usize_unsuffixed(inner);
        let block = Literal::usize_unsuffixed(inner * shape[axis]);
        let length = Literal::usize_unsuffixed(shape[axis]);
        let (first, other) = (source.read(&quote!(first)), source.read(&quote!(i)));
        quote! {
            let first = j / #stride * #block + j % #stride;
            let m = #first;
            #start
            for k in 1..#length {
                let i = first + k * #stride;
                let m = #other;
                #next
            }
        }
    }

    /// One of many values: the element `m` replaces `v` where the mask `wins` is
    /// all ones.
    pub(super) fn extremum(
        &mut self,
        id: NodeId,
        axis: usize,
        container: Container,
        wins: &TokenStream,
    ) -> Result<(TokenStream, Container), Unsupported> {
        let mut source = self.source(id, axis, container)?;
        self.compared(id, &mut source)?;
        let next = quote! { v = blend(#wins, m, v); };
        let code = self.along(id, axis, &source, &quote! { let mut v = m; }, &next);
        Ok((code, source.container))
    }

    /// The sum of many values.
    pub(super) fn sum(
        &mut self,
        id: NodeId,
        axis: usize,
        container: Container,
    ) -> Result<(TokenStream, Container), Unsupported> {
        let source = self.source(id, axis, container)?;
        let next = quote! { v = v.wadd(m); };
        let code = self.along(id, axis, &source, &quote! { let mut v = m; }, &next);
        Ok((code, source.container))
    }

    /// The position of one of many: the element `m` wins against the `best`
    /// before it where the mask `wins` is all ones.
    pub(super) fn arg(
        &mut self,
        id: NodeId,
        axis: usize,
        container: Container,
        wins: &TokenStream,
    ) -> Result<(TokenStream, Container), Unsupported> {
        let mut source = self.source(id, axis, Container::I8)?;
        self.compared(id, &mut source)?;
        let ty = container.ident();
        let start = quote! {
            let mut best = m;
            let mut v: #ty = 0;
        };
        let next = quote! {
            let wins = #wins;
            best = blend(wins, m, best);
            v = blend(wins.cast(), k as #ty, v);
        };
        let code = self.along(id, axis, &source, &start, &next);
        Ok((code, container))
    }
}
