//! The ranges of the activations, from calibration events.

use serde::{Deserialize, Serialize};

use super::quantise::UNBOUNDED;
use super::{Format, Kind, Net};

/// Least and greatest value of every group, in the order of the groups of the network; `[0, 0]`
/// for weights and for groups that were never seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranges {
    /// Least values.
    pub low: Vec<f32>,
    /// Greatest values.
    pub high: Vec<f32>,
}

impl Ranges {
    /// Ranges of a network of which nothing was seen.
    pub fn unseen(net: &Net) -> Self {
        Self {
            low: vec![0.0; net.width_count()],
            high: vec![0.0; net.width_count()],
        }
    }

    /// Widens group `group` so that it holds `value`.
    pub fn widen(&mut self, group: usize, value: f32) {
        self.low[group] = self.low[group].min(value);
        self.high[group] = self.high[group].max(value);
    }

    /// The format of every group, given all parameters.
    pub fn formats(&self, net: &Net, parameters: &[f32]) -> Vec<Format> {
        let mut formats = Vec::with_capacity(net.width_count());
        for quantiser in &net.quantisers {
            let bits = &parameters[net.parameters[quantiser.fractional.0].range()];
            let fractional: Vec<i32> = bits.iter().map(|bits| whole(*bits)).collect();
            let mut magnitude = vec![0f64; quantiser.grouping.groups];
            let mut negative = vec![false; quantiser.grouping.groups];
            match (quantiser.kind, quantiser.weight) {
                (Kind::Weight | Kind::Bias, Some(weight)) => {
                    let values = &parameters[net.parameters[weight.0].range()];
                    for (element, value) in values.iter().enumerate() {
                        let group = quantiser.grouping.of(element);
                        magnitude[group] = magnitude[group].max(f64::from(value.abs()));
                    }
                    negative.fill(true);
                }
                _ => {
                    let signed = !quantiser.positive
                        && quantiser.widths().any(|group| self.low[group] < 0.0);
                    for (group, width) in quantiser.widths().enumerate() {
                        let low = if quantiser.positive {
                            0.0
                        } else {
                            self.low[width]
                        };
                        magnitude[group] = f64::from(self.high[width].max(-low));
                        negative[group] = signed;
                    }
                }
            }
            for ((magnitude, fractional), signed) in magnitude.iter().zip(fractional).zip(negative)
            {
                formats.push(Format {
                    signed,
                    integer: Format::integer_bits(*magnitude, fractional),
                    fractional,
                });
            }
        }
        formats
    }

    /// Integer bits of the groups of quantiser `index` as the rounding operation takes them.
    pub(super) fn integer(&self, net: &Net, index: usize, fractional: &[f32]) -> Vec<f32> {
        let quantiser = &net.quantisers[index];
        if quantiser.kind != Kind::Activation {
            return vec![UNBOUNDED; quantiser.grouping.groups];
        }
        let integer = |(width, bits): (usize, &f32)| {
            let low = if quantiser.positive {
                0.0
            } else {
                self.low[width]
            };
            let magnitude = f64::from(self.high[width].max(-low));
            Format::integer_bits(magnitude, whole(*bits)) as f32
        };
        quantiser.widths().zip(fractional).map(integer).collect()
    }
}

/// Fractional bits as a whole number.
pub(super) fn whole(bits: f32) -> i32 {
    let most = super::quantise::MOST_FRACTIONAL;
    (bits.round_ties_even() as i32).clamp(-most, most)
}

impl Ranges {
    /// Widens every group so that it holds what another one holds.
    pub fn include(&mut self, other: &Self) {
        for (low, other) in self.low.iter_mut().zip(&other.low) {
            *low = low.min(*other);
        }
        for (high, other) in self.high.iter_mut().zip(&other.high) {
            *high = high.max(*other);
        }
    }
}
