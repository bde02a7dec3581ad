//! `conv x, w[, b] {strides, dilations, before, after, groups}`: the same
//! weights at every position, and a bias.
//!
//! `x` is `[n, c, s..]` with one or two spatial axes, `w` a constant
//! `[m, c / groups, k..]`, `b` a constant `[m]`; the result is `[n, m, o..]`
//! with the positions that `window.rs` defines. Output channel j belongs to
//! group g = floor(j * groups / m), which reads the input channels
//! g * c / groups and following:
//!
//! y[n, j, o] = sum over i, t of x[n, g * c / groups + i, o * stride + t * dilation - before] w[j, i, t] + b[j],
//!
//! exact; padding is 0, and nothing is mirrored (what signal processing calls
//! a correlation). With `groups` = c it is a depthwise convolution.
//!
//! All elements have f = the largest of f(x[.., c, ..]) + f(w[j, i, t]) over
//! the products, f(x[.., c, ..]) being the largest in the channel, and f(b[j]).
//! The range of an output channel follows from the hulls of the input
//! channels, with 0 if a tap reads padding somewhere; so no sum can overflow.

use super::contraction::{
    aligned, aligned_bias, channel_hulls, constant_bias, derive_channels, largest_f, stated_bias,
    weight_bits,
};
use super::window::{Plane, Window};
use trigforge::Format;

use super::{
    Attribute, Attributes, Cost, Derived, Operand, Operation, Values, Wires, bias_bits,
    expect_declared, value_bits,
};

use crate::circuit::{Builder, Sum, Wire};
use crate::exact::shift_left;
use crate::ir::{TensorType, check_size};

/// The same weights at every position, and a bias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conv {
    /// How the window moves.
    pub window: Window,
    /// Groups of channels that do not see each other.
    pub groups: usize,
}

/// Sizes of a convolution, from the shapes of `x` and `w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvSizes {
    /// Images.
    pub images: usize,
    /// Channels of the input.
    pub channels: usize,
    /// Input channels of one group.
    pub group_channels: usize,
    /// Channels of the result.
    pub outputs: usize,
    /// Output channels of one group.
    pub group_outputs: usize,
    /// The window on each channel.
    pub plane: Plane,
}

impl Conv {
    pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
        Ok(Self {
            window: Window::from_attributes(attributes)?,
            groups: attributes.take_parsed("groups")?,
        })
    }

    /// The sizes for operands of these shapes.
    ///
    /// # Errors
    ///
    /// Says which rule the shapes or an attribute break.
    pub fn sizes(&self, x: &[usize], w: &[usize]) -> Result<ConvSizes, String> {
        let plane = self.window.over(x, w.get(2..).unwrap_or(&[]))?;
        let &[outputs, group_channels, ..] = w else {
            return Err(format!("the weights have shape {w:?}"));
        };
        let (images, channels, groups) = (x[0], x[1], self.groups);
        if groups == 0 || outputs == 0 || outputs % groups != 0 || channels % groups != 0 {
            return Err(format!(
                "{channels} input and {outputs} output channels do not split into {groups} groups"
            ));
        }
        if group_channels != channels / groups {
            return Err(format!(
                "the weights have {group_channels} input channels, expected {channels} / {groups}"
            ));
        }
        Ok(ConvSizes {
            images,
            channels,
            group_channels,
            outputs,
            group_outputs: outputs / groups,
            plane,
        })
    }

    /// The fractional bits of each input channel, and those that all results
    /// share.
    pub fn fractions(
        sizes: &ConvSizes,
        x: &TensorType,
        w: &TensorType,
        b: Option<&TensorType>,
    ) -> (Vec<i32>, i32) {
        let x = largest_f(x, sizes.plane.input(), sizes.channels);
        let inputs = sizes.group_channels;
        // Taps of one output and one input channel are as one.
        let w = largest_f(w, sizes.plane.taps(), sizes.outputs * inputs);
        let products = w.iter().enumerate().map(|(at, w)| {
            let group = at / inputs / sizes.group_outputs;
            w + x[group * inputs + at % inputs]
        });
        let bias = b.into_iter().flat_map(|b| b.formats.entries());
        let f = products.chain(bias.map(|format| format.f())).max();
        (x, f.unwrap_or(0))
    }

    /// Weights with the fractional bits that, with those of their input
    /// channel, make `f`; each with the exact value, which may be too large.
    pub(crate) fn aligned_weights<'a>(
        sizes: &'a ConvSizes,
        (x_f, f): (&'a [i32], i32),
        w: &TensorType,
        weights: &'a [i64],
    ) -> impl Iterator<Item = i128> + 'a {
        let formats = w.element_formats();
        let inputs = sizes.group_channels;
        weights
            .iter()
            .zip(formats)
            .enumerate()
            .map(move |(at, (&m, format))| {
                let pair = at / sizes.plane.taps();
                let channel = pair / inputs / sizes.group_outputs * inputs + pair % inputs;
                shift_left(m.into(), f - x_f[channel] - format.f())
            })
    }
}

impl Operation for Conv {
    fn name(&self) -> &'static str {
        "conv"
    }

    fn attributes(&self) -> Vec<Attribute> {
        let mut attributes = self.window.attributes().to_vec();
        attributes.push(Attribute::new("groups", self.groups));
        attributes
    }

    fn derive(
        &self,
        args: &[Operand<'_>],
        declared: Option<&TensorType>,
    ) -> Result<Derived, String> {
        let (x, w, b) = match args {
            [x, w] => (x, w, None),
            [x, w, b] => (x, w, Some(b)),
            _ => return Err(format!("expected 2 or 3 operands, found {}", args.len())),
        };
        let weights = w.constant.ok_or("the weights must be a constant")?;
        let sizes = self.sizes(&x.ty.shape, &w.ty.shape)?;
        let plane = &sizes.plane;
        let mut shape = vec![sizes.images, sizes.outputs];
        shape.extend(plane.output_shape(x.ty.shape.len() - 2));
        check_size(&shape)?;
        let (x_f, f) = Self::fractions(&sizes, x.ty, w.ty, b.map(|b| b.ty));
        let hulls = channel_hulls(x, &x_f, plane.input(), plane.reads_padding());
        let inputs = sizes.group_channels;
        let bias = constant_bias(b, f, sizes.outputs)?;
        let mut exact: Vec<_> = bias.iter().map(|&b| (b, b, f)).collect();
        let aligned = Self::aligned_weights(&sizes, (&x_f, f), w.ty, weights);
        for (at, weight) in aligned.enumerate() {
            let pair = at / plane.taps();
            let output = pair / inputs;
            let (lo, hi) = hulls[output / sizes.group_outputs * inputs + pair % inputs];
            let ends = [lo, hi].map(|m| m.saturating_mul(weight));
            let sum = &mut exact[output];
            sum.0 = sum.0.saturating_add(ends[0].min(ends[1]));
            sum.1 = sum.1.saturating_add(ends[0].max(ends[1]));
        }
        expect_declared(derive_channels(&shape, &exact)?, declared)
    }

    fn evaluate(&self, args: &[Values<'_>], result: &TensorType) -> Vec<i64> {
        let (x, w, b) = (args[0], args[1], args.get(2));
        let Ok(sizes) = self.sizes(&x.ty.shape, &w.ty.shape) else {
            return vec![0; result.len()];
        };
        let plane = &sizes.plane;
        let (x_f, f) = Self::fractions(&sizes, x.ty, w.ty, b.map(|b| b.ty));
        // The final sums fit in 64 bits, so arithmetic modulo 2^64 is exact.
        let weights: Vec<_> = Self::aligned_weights(&sizes, (&x_f, f), w.ty, w.mantissas)
            .map(|weight| weight as i64)
            .collect();
        let bias = aligned_bias(b.map(|b| (b.ty, b.mantissas)), f, sizes.outputs);
        let x = aligned(&x, plane.input(), &x_f);
        let inputs = sizes.group_channels;
        let mut y = vec![0; result.len()];
        for (at, y) in y.chunks_mut(plane.output()).enumerate() {
            let (image, output) = (at / sizes.outputs, at % sizes.outputs);
            y.fill(bias[output]);
            let first = image * sizes.channels + output / sizes.group_outputs * inputs;
            let x = x.chunks(plane.input()).skip(first).take(inputs);
            let w = weights.chunks(plane.taps()).skip(output * inputs);
            for (x, w) in x.zip(w) {
                for (tap, &weight) in w.iter().enumerate().filter(|(_, weight)| **weight != 0) {
                    plane.each_read(tap, x, y, |sum, x| {
                        *sum = sum.wrapping_add(x.wrapping_mul(weight));
                    });
                }
            }
        }
        y
    }

    fn lower(
        &self,
        args: &[Wires<'_>],
        _result: &TensorType,
        circuit: &mut Builder,
    ) -> Result<Vec<Wire>, String> {
        let (x, w) = (args[0], args[1]);
        let weights = w.constant.ok_or("the weights must be a constant")?;
        let sizes = self.sizes(&x.ty.shape, &w.ty.shape)?;
        let (plane, inputs) = (&sizes.plane, sizes.group_channels);
        let w_formats = w.ty.element_formats();
        let bias = stated_bias(args.get(2), sizes.outputs)?;
        let elements = sizes.images * sizes.outputs * plane.output();
        let mut sums = vec![None; elements];
        // The channels of one group at one position read the same elements.
        for group in 0..sizes.images * sizes.outputs / sizes.group_outputs {
            let image = group * sizes.group_outputs / sizes.outputs;
            let output = group * sizes.group_outputs % sizes.outputs;
            let first = image * sizes.channels + output / sizes.group_outputs * inputs;
            for position in 0..plane.output() {
                let products = (output..output + sizes.group_outputs).map(|output| {
                    let mut terms = Vec::with_capacity(inputs * plane.taps());
                    for (channel, tap) in
                        (0..inputs).flat_map(|i| (0..plane.taps()).map(move |t| (i, t)))
                    {
                        let Some(source) = plane.source(position, tap) else {
                            continue;
                        };
                        let wire = x.wires[(first + channel) * plane.input() + source];
                        let weight = (output * inputs + channel) * plane.taps() + tap;
                        terms.push((wire, weights[weight], w_formats[weight].f()));
                    }
                    let offset = bias[output];
                    Sum { terms, offset }
                });
                let found = circuit.sums(&products.collect::<Vec<_>>())?;
                for (channel, sum) in found.into_iter().enumerate() {
                    let at = group * sizes.group_outputs + channel;
                    sums[at * plane.output() + position] = Some(sum);
                }
            }
        }
        let sums: Option<Vec<_>> = sums.into_iter().collect();
        sums.ok_or_else(|| "an output channel is in no group".to_owned())
    }

    /// Products with padding are none.
    fn cost(&self, args: &[Operand<'_>]) -> Cost {
        let (x, w) = (&args[0], &args[1]);
        let (Some(weights), Ok(sizes)) = (w.constant, self.sizes(&x.ty.shape, &w.ty.shape)) else {
            return Cost::default();
        };
        let plane = &sizes.plane;
        let widths = tap_widths(x.ty, &sizes, |format| u64::from(format.width()));
        let value_widths = tap_widths(x.ty, &sizes, value_bits);
        let inputs = sizes.group_channels;
        let mut cost = Cost::default();
        for (at, (&weight, format)) in weights.iter().zip(w.ty.element_formats()).enumerate() {
            let (pair, tap) = (at / plane.taps(), at % plane.taps());
            let channel = pair / inputs / sizes.group_outputs * inputs + pair % inputs;
            cost.format_ebops += value_bits(format) * value_widths[channel * plane.taps() + tap];
            if weight == 0 {
                continue;
            }
            cost.parameters += 1;
            cost.macs += (sizes.images * plane.inside(tap)) as u64;
            cost.ebops += weight_bits(weight) * widths[channel * plane.taps() + tap];
        }
        let positions = (sizes.images * plane.output()) as u64;
        cost.format_ebops += positions * bias_bits(args.get(2));
        if let Some(bias) = args.get(2).and_then(|b| b.constant) {
            cost.parameters += bias.iter().filter(|b| **b != 0).count() as u64;
        }
        cost
    }
}

/// For each input channel and tap, the bits of all elements that it reads.
fn tap_widths(x: &TensorType, sizes: &ConvSizes, bits: fn(Format) -> u64) -> Vec<u64> {
    let plane = &sizes.plane;
    let formats = x.element_formats();
    let mut widths = vec![0; sizes.channels * plane.taps()];
    for (at, formats) in formats.chunks(plane.input()).enumerate() {
        let channel = at % sizes.channels;
        let alike = formats.iter().all(|&f| bits(f) == bits(formats[0]));
        for tap in 0..plane.taps() {
            let sum: u64 = match alike {
                true => plane.inside(tap) as u64 * bits(formats[0]),
                false => (0..plane.output())
                    .filter_map(|position| plane.source(position, tap))
                    .map(|source| bits(formats[source]))
                    .sum(),
            };
            widths[channel * plane.taps() + tap] += sum;
        }
    }
    widths
}
