//! Steps that go through the windows of each channel of an image: pools.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::conv::number;
use super::{Buffer, Steps};
use crate::emit::Unsupported;
use crate::emit::rust::chain::container_for;
use crate::emit::rust::container::Container;
use crate::emit::rust::plan::Step;
use crate::emit::rust::tables::Label;
use crate::ir::NodeId;
use crate::ops::Plane;
use crate::ops::contraction::largest_f;

/// What becomes of a window's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pool {
    Max,
    Sum,
}

impl Steps<'_> {
    /// Statements that make `v`, the pooled element `j`.
    pub(super) fn pool(
        &mut self,
        id: NodeId,
        pool: Pool,
        plane: Result<Plane, String>,
        step: &Step,
    ) -> Result<(TokenStream, Container), Unsupported> {
        let plane = plane.map_err(|reason| self.unsupported(id, reason))?;
        let ty = &self.module.node(self.module.node(id).args[0]).ty;
        let (images, channels) = (ty.shape[0], ty.shape[1]);
        let x = self.aligned(
            id,
            0,
            plane.input(),
            &largest_f(ty, plane.input(), channels),
        )?;
        let lowest = match pool {
            Pool::Max => i64::MIN,
            Pool::Sum => 0,
        };
        let x = self.padded_planes(id, x, images * channels, &plane, lowest);
        let container = container_for(self.ranges, self.module, id, step.chain.first());
        let container = container.max(x.container);
        let (first, taps) = self.window(id, &plane, 1);
        let (x, ty) = (x.name, container.ident());
        let code = match pool {
            Pool::Max => quote! { #first let v = window_max(&#x, first, &#taps).cast::<#ty>(); },
            Pool::Sum => quote! { #first let v: #ty = window_sum(&#x, first, &#taps); },
        };
        Ok((code, container))
    }

    /// The planes of an operand with their padding, of the value nearest to
    /// `value`.
    pub(super) fn padded_planes(
        &mut self,
        id: NodeId,
        x: Buffer,
        planes: usize,
        plane: &Plane,
        value: i64,
    ) -> Buffer {
        let to = [plane.rows.padded(), plane.columns.padded()];
        if to == [plane.rows.input, plane.columns.input] {
            return x;
        }
        let container = x.container.max(Container::I16);
        let (from, ty, name) = (
            x.name,
            container.ident(),
            format_ident!("padded{}", id.index()),
        );
        let count = number(planes * to[0] * to[1]);
        let value = match value {
            0 => quote! { 0 },
            _ => quote! { #ty::MIN },
        };
        let pair = |[a, b]: [usize; 2]| {
            let (a, b) = (number(a), number(b));
            quote! { [#a, #b] }
        };
        let size = pair([plane.rows.input, plane.columns.input]);
        let before = pair([plane.rows.before, plane.columns.before]);
        let to = pair(to);
        self.body.extend(quote! {
            let #name: [#ty; #count] = pad(&#from, #size, #before, #to, #value);
        });
        Buffer { name, container }
    }

    /// A statement that makes `first`, the first element of the window of
    /// element `j`, in padded planes that `outputs` results share each; and the
    /// table of its taps.
    pub(super) fn window(
        &mut self,
        id: NodeId,
        plane: &Plane,
        outputs: usize,
    ) -> (TokenStream, Ident) {
        let (rows, columns) = (&plane.rows, &plane.columns);
        let taps: Vec<_> = (0..rows.taps)
            .flat_map(|row| (0..columns.taps).map(move |column| (row, column)))
            .map(|(row, column)| row * rows.dilation * columns.padded() + column * columns.dilation)
            .collect();
        let label = Label::new("taps", self.module, id);
        let taps = self.tables.indices(label, &taps);
        let results = number(plane.output() * outputs);
        let positions = number(plane.output());
        let padded = number(rows.padded() * columns.padded());
        let (down, across) = (
            number(rows.stride * columns.padded()),
            number(columns.stride),
        );
        let width = number(columns.output);
        let first = quote! {
            let first = j / #results * #padded
                + j % #positions / #width * #down
                + j % #width * #across;
        };
        (first, taps)
    }
}
