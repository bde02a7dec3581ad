//! Steps that multiply each window of an image by a constant matrix.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::{Buffer, Steps, mentions_index};
use crate::emit::Unsupported;
use crate::emit::rust::container::Container;
use crate::emit::rust::plan::Step;
use crate::emit::rust::tables::Label;
use crate::ir::NodeId;
use crate::ops::{Conv, ConvSizes, Plane};

/// A number in code.
pub(super) fn number(value: usize) -> Literal {
    Literal::usize_unsuffixed(value)
}

/// Where a window lies in a padded image whose elements have `channels` values
/// each, as runs of neighbours: their first values, and the length of each.
///
/// Runs are as long as `longest`, unless there is only one.
fn runs(plane: &Plane, channels: usize, longest: usize) -> (Vec<usize>, usize) {
    let (rows, columns) = (&plane.rows, &plane.columns);
    let (pieces, length) = match columns.dilation {
        1 => (1, columns.taps * channels),
        _ => (columns.taps, channels),
    };
    let parts = match rows.taps * pieces {
        1 => 1,
        _ => (1..=length)
            .find(|parts| length % parts == 0 && length / parts <= longest)
            .unwrap_or(length),
    };
    let mut runs = Vec::with_capacity(rows.taps * pieces * parts);
    for row in 0..rows.taps {
        for piece in 0..pieces {
            let element = row * rows.dilation * columns.padded() + piece * columns.dilation;
            let part = |part: usize| element * channels + part * (length / parts);
            runs.extend((0..parts).map(part));
        }
    }
    (runs, length / parts)
}

/// Bytes that a compiler copies without a call.
const RUN_BYTES: usize = 64;

impl Steps<'_> {
    /// The sizes of a convolution.
    pub(super) fn conv_sizes(&self, id: NodeId, op: &Conv) -> Result<ConvSizes, Unsupported> {
        let args = &self.module.node(id).args;
        op.sizes(self.shape(args[0]), self.shape(args[1]))
            .map_err(|reason| self.unsupported(id, reason))
    }

    /// Whether each output sees one channel: a loop, with no matrix to gain by.
    pub(super) fn is_depthwise(&self, id: NodeId, op: &Conv) -> bool {
        let inputs = self.shape(self.module.node(id).args[1])[1];
        op.groups > 1 && inputs == 1
    }

    /// A convolution into an array, group by group, with the chain as its
    /// epilogue.
    pub(super) fn conv(
        &mut self,
        id: NodeId,
        sizes: &ConvSizes,
        step: &Step,
        stored: Container,
        into: &Ident,
    ) -> Result<TokenStream, Unsupported> {
        let plane = &sizes.plane;
        let (weights, w_container, x_f, f) = self.conv_weights(id, sizes)?;
        let accumulator = self.accumulator(id, step);
        let bias = self.bias(id, f, sizes.outputs, accumulator);
        let x = self.aligned(id, 0, plane.input(), &x_f)?;
        let x = self.channels_last(id, x, sizes);
        let longest = RUN_BYTES / (x.container.bits() as usize / 8);
        let (runs, length) = runs(plane, sizes.group_channels, longest);
        let label = Label::new("runs", self.module, id);
        let taps = self.tables.indices(label, &runs);
        let (code, _) = self.chain(id, step, accumulator, stored)?;
        let inputs = sizes.group_channels * plane.taps();
        let padded = plane.rows.padded() * plane.columns.padded();
        let x_image = number(sizes.channels * padded);
        let y_image = number(sizes.outputs * plane.output());
        let y_group = number(sizes.group_outputs * plane.output());
        let rows = number(plane.rows.output);
        let columns = number(plane.columns.output);
        let across = plane.columns.stride * sizes.group_channels;
        let down = plane.rows.stride * plane.columns.padded() * sizes.group_channels;
        let (down, across) = (number(down), number(across));
        let outputs = number(sizes.group_outputs);
        let (k, r, ins) = (number(length), number(runs.len()), number(inputs));
        let x_name = &x.name;
        let mut calls = TokenStream::new();
        for group in 0..sizes.outputs / sizes.group_outputs {
            let first = group * sizes.group_outputs;
            let matrix = &weights[first * inputs..][..sizes.group_outputs * inputs];
            // One row for each input, in the order of a window's values.
            let by_input: Vec<_> = (0..plane.taps())
                .flat_map(|tap| (0..sizes.group_channels).map(move |c| c * plane.taps() + tap))
                .flat_map(|input| matrix.iter().skip(input).step_by(inputs))
                .copied()
                .collect();
            let label = Label::new("weights", self.module, id);
            let w = self
                .tables
                .matrix(label, w_container, &by_input, sizes.group_outputs);
            let label = Label::new("bias", self.module, id);
            let b = &bias[first..][..sizes.group_outputs];
            let b = self.tables.integers(label, accumulator, b);
            let x_first = number(group * sizes.group_channels * padded);
            let y_first = number(first * plane.output());
            let epilogue = match mentions_index(&code) {
                true => quote! { |o, v| { let j = y_first + o; #code v } },
                false => quote! { |_, v| { #code v } },
            };
            calls.extend(quote! {
                let x_first = image * #x_image + #x_first;
                let y_first = image * #y_image + #y_first;
                conv_into::<_, _, _, _, #k, #r, #ins, _, _, #outputs>(
                    #x_name.get(x_first..).unwrap_or_default(),
                    &#taps,
                    [#rows, #columns],
                    [#down, #across],
                    &#w,
                    &#b,
                    #epilogue,
                    #into.get_mut(y_first..y_first + #y_group).unwrap_or_default(),
                );
            });
        }
        let images = number(sizes.images);
        Ok(quote! { for image in 0..#images { #calls } })
    }

    /// An operand with its padding, as images of each group whose elements have
    /// their channels side by side.
    fn channels_last(&mut self, id: NodeId, x: Buffer, sizes: &ConvSizes) -> Buffer {
        let (rows, columns) = (&sizes.plane.rows, &sizes.plane.columns);
        let padded = [rows.padded(), columns.padded()];
        if sizes.group_channels == 1 && padded == [rows.input, columns.input] {
            return x;
        }
        let container = x.container.max(Container::I16);
        let (from, ty, name) = (
            x.name,
            container.ident(),
            format_ident!("image{}", id.index()),
        );
        let elements = sizes.images * sizes.channels * padded[0] * padded[1];
        let numbers = [
            elements,
            rows.input,
            columns.input,
            rows.before,
            columns.before,
            padded[0],
            padded[1],
            sizes.group_channels,
        ];
        let [
            count,
            height,
            width,
            above,
            left,
            to_rows,
            to_columns,
            channels,
        ] = numbers.map(number);
        self.body.extend(quote! {
            let #name: [#ty; #count] = channels_last::<_, _, #width, _, _>(
                &#from, #height, [#above, #left], [#to_rows, #to_columns], #channels,
            );
        });
        Buffer { name, container }
    }

    /// Statements that make `v` of a convolution whose outputs see one channel
    /// each.
    pub(super) fn depthwise(
        &mut self,
        id: NodeId,
        sizes: &ConvSizes,
        step: &Step,
    ) -> Result<(TokenStream, Container), Unsupported> {
        let plane = &sizes.plane;
        let (weights, w_container, x_f, f) = self.conv_weights(id, sizes)?;
        let accumulator = self.accumulator(id, step);
        let bias = self.bias(id, f, sizes.outputs, accumulator);
        let x = self.aligned(id, 0, plane.input(), &x_f)?;
        let x = self.padded_planes(id, x, sizes.images * sizes.channels, plane, 0);
        let (first, taps) = self.window(id, plane, sizes.group_outputs);
        let label = Label::new("weights", self.module, id);
        let w = self.tables.integers(label, w_container, &weights);
        let label = Label::new("bias", self.module, id);
        let b = self.tables.integers(label, accumulator, &bias);
        let (positions, outputs) = (number(plane.output()), number(sizes.outputs));
        let (x, ty) = (x.name, accumulator.ident());
        let code = quote! {
            #first
            let channel = j / #positions % #outputs;
            let v: #ty = window_dot(&#x, first, &#taps, &#w, channel, at(&#b, channel));
        };
        Ok((code, accumulator))
    }

    /// Aligned weights and the container that holds them, the fractional bits
    /// of each input channel and of the result.
    fn conv_weights(
        &self,
        id: NodeId,
        sizes: &ConvSizes,
    ) -> Result<(Vec<i64>, Container, Vec<i32>, i32), Unsupported> {
        let node = self.module.node(id);
        let ty = |operand: usize| node.args.get(operand).map(|&id| &self.module.node(id).ty);
        let (Some(x), Some(w)) = (ty(0), ty(1)) else {
            return Err(self.unsupported(id, "internal error: an operand is missing"));
        };
        let (x_f, f) = Conv::fractions(sizes, x, w, ty(2));
        let aligned = Conv::aligned_weights(sizes, (&x_f, f), w, self.constant(node.args[1]));
        let (weights, container) = self.weights(id, aligned)?;
        Ok((weights, container, x_f, f))
    }
}
