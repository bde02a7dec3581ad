//! The numbers of a network as walks through it take them.

use std::sync::Arc;

use super::quantise::{Rounder, UNBOUNDED, gradient_of_bits, round_weights};
use super::stack::Plan;
use super::{Format, Kind, Net, Ranges};

/// How numbers are treated on the way forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As they are: quantisers do nothing but cut negative values where they are a ReLU.
    Float,
    /// Rounded to their formats.
    Quantised,
}

/// The learned numbers of a network, rounded once for any number of walks, and the formats of its
/// activations.
#[derive(Debug)]
pub struct Prepared<'a> {
    pub(super) net: &'a Net,
    pub(super) mode: Mode,
    pub(super) observing: bool,
    /// Of every group; none in floating point.
    formats: Vec<Format>,
    /// Of every activation; none in floating point.
    pub(super) rounders: Vec<Option<Arc<Rounder>>>,
    /// The stacks of the network with the formats of this walk; none while ranges are recorded.
    pub(super) plans: Vec<Arc<Plan>>,
    parameters: Vec<f32>,
    /// The parameters with the weights among them rounded.
    pub(super) numbers: Vec<f32>,
}

impl<'a> Prepared<'a> {
    /// For walks with these parameters, in which activations saturate at these ranges.
    pub fn new(net: &'a Net, mode: Mode, parameters: &[f32], ranges: &Ranges) -> Self {
        let formats = formats(net, mode, parameters, ranges);
        let rounded = formats.clone();
        Self::with(net, mode, parameters, formats, &rounded)
    }

    /// For walks in which the network learns: nothing saturates, since the ranges that the cost is
    /// counted with follow the activations later.
    pub fn learning(net: &'a Net, mode: Mode, parameters: &[f32], ranges: &Ranges) -> Self {
        let formats = formats(net, mode, parameters, ranges);
        let rounded = unbounded(net, formats.clone());
        Self::with(net, mode, parameters, formats, &rounded)
    }

    /// For walks in which no activation saturates and the ranges of all are recorded.
    pub fn observing(net: &'a Net, parameters: &[f32]) -> Self {
        let formats = unbounded(net, Ranges::unseen(net).formats(net, parameters));
        let rounded = formats.clone();
        let mut prepared = Self::with(net, Mode::Quantised, parameters, formats, &rounded);
        prepared.observing = true;
        prepared.plans.clear();
        prepared
    }

    /// `formats` are those of the cost, `rounded` those that numbers are rounded to.
    fn with(
        net: &'a Net,
        mode: Mode,
        parameters: &[f32],
        formats: Vec<Format>,
        rounded: &[Format],
    ) -> Self {
        let mut numbers = parameters.to_vec();
        let mut rounders = Vec::new();
        if mode == Mode::Quantised {
            for quantiser in &net.quantisers {
                let formats = &rounded[quantiser.widths()];
                let grouping = quantiser.grouping;
                rounders.push(match quantiser.weight {
                    Some(weight) => {
                        let numbers = &mut numbers[net.parameters[weight.0].range()];
                        round_weights(numbers, formats, grouping);
                        None
                    }
                    None => {
                        let rounder = Rounder::new(quantiser.elements(), grouping, formats);
                        Some(Arc::new(rounder))
                    }
                });
            }
        }
        let plan = |stack| Arc::new(Plan::new(net, stack, &rounders));
        Self {
            net,
            mode,
            observing: false,
            plans: net.stacks(mode).iter().map(plan).collect(),
            formats,
            rounders,
            parameters: parameters.to_vec(),
            numbers,
        }
    }

    /// The format of every group; none in floating point.
    pub fn formats(&self) -> &[Format] {
        &self.formats
    }

    /// Takes the gradient of all parameters from the rounded weights to the weights and to their
    /// fractional bits. To a weight it is the same, since none saturates; but one that has no bits
    /// left keeps its value: only its width can bring it back. Else pruned weights would come and go
    /// with the noise of the gradient.
    pub fn through_rounding(&self, gradient: &mut [f32]) {
        if self.mode == Mode::Float {
            return;
        }
        for quantiser in &self.net.quantisers {
            let Some(weight) = quantiser.weight else {
                continue;
            };
            let weight = self.net.parameters[weight.0].range();
            let bits = self.net.parameters[quantiser.fractional.0].range();
            let of_bits = gradient_of_bits(
                &gradient[weight.clone()],
                &self.parameters[weight.clone()],
                &self.numbers[weight.clone()],
                quantiser.grouping,
            );
            for (gradient, of_bits) in gradient[bits].iter_mut().zip(of_bits) {
                *gradient += of_bits;
            }
            // A bias costs nothing: at 0 it waits to be needed.
            if quantiser.kind == Kind::Weight {
                let some = |format: &Format| f32::from(u8::from(format.bits() > 0));
                let groups: Vec<f32> = self.formats[quantiser.widths()].iter().map(some).collect();
                let kept = quantiser.grouping.spread(&groups, weight.len());
                for (gradient, kept) in gradient[weight].iter_mut().zip(kept) {
                    *gradient *= kept;
                }
            }
        }
    }
}

fn formats(net: &Net, mode: Mode, parameters: &[f32], ranges: &Ranges) -> Vec<Format> {
    match mode {
        Mode::Float => Vec::new(),
        Mode::Quantised => ranges.formats(net, parameters),
    }
}

/// The same formats without saturation of activations.
fn unbounded(net: &Net, mut formats: Vec<Format>) -> Vec<Format> {
    let activations = |quantiser: &&super::Quantiser| quantiser.kind == Kind::Activation;
    if !formats.is_empty() {
        for quantiser in net.quantisers.iter().filter(activations) {
            for format in &mut formats[quantiser.widths()] {
                format.integer = UNBOUNDED;
                format.signed = !quantiser.positive;
            }
        }
    }
    formats
}
