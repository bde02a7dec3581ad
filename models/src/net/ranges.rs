//! The ranges of the activations, from calibration events.

use serde::{Deserialize, Serialize};

use super::{Format, Kind, Net, Quantiser};

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
            let fractional = &parameters[net.parameters[quantiser.fractional.0].range()];
            let (magnitude, signed) = match (quantiser.kind, quantiser.weight) {
                (Kind::Weight | Kind::Bias, Some(weight)) => {
                    let values = &parameters[net.parameters[weight.0].range()];
                    (quantiser.grouping.magnitudes(values), true)
                }
                _ => self.of_activation(quantiser),
            };
            let mut bits = vec![(0, 0); magnitude.len()];
            pulp::Arch::new().dispatch(|| whole_bits(&magnitude, fractional, &mut bits));
            formats.extend(bits.iter().map(|&(integer, fractional)| Format {
                signed,
                integer: quantiser.kept(integer, fractional),
                fractional,
            }));
        }
        formats
    }

    /// Greatest magnitude of each group of an activation, and whether it has a sign.
    fn of_activation(&self, quantiser: &Quantiser) -> (Vec<f32>, bool) {
        let low = &self.low[quantiser.widths()];
        let high = &self.high[quantiser.widths()];
        if quantiser.positive {
            return (high.iter().map(|high| high.max(0.0)).collect(), false);
        }
        let magnitude = low.iter().zip(high).map(|(low, high)| high.max(-low));
        (magnitude.collect(), low.iter().any(|low| *low < 0.0))
    }
}

/// Integer and fractional bits of groups of these magnitudes.
#[inline(always)]
fn whole_bits(magnitudes: &[f32], fractional: &[f32], bits: &mut [(i32, i32)]) {
    for ((magnitude, fractional), bits) in magnitudes.iter().zip(fractional).zip(bits) {
        let fractional = whole(*fractional);
        *bits = (integer_bits(*magnitude, fractional), fractional);
    }
}

/// [`Format::integer_bits`] in single precision and vector instructions alone, since it runs for every
/// group at every step: the scale is put together from its exponent, rounding half to even is an
/// addition, the number of bits is the exponent of the mantissa.
#[inline(always)]
fn integer_bits(magnitude: f32, fractional: i32) -> i32 {
    const WHOLE: f32 = 8_388_608.0;
    let scaled = magnitude * f32::from_bits(((fractional + 127) as u32) << 23);
    let rounded = (scaled + WHOLE) - WHOLE;
    let mantissa = if scaled < WHOLE { rounded } else { scaled };
    ((mantissa.to_bits() >> 23) as i32 - 126).max(0) - fractional
}

/// Fractional bits as a whole number.
#[inline(always)]
fn whole(bits: f32) -> i32 {
    let most = super::quantise::MOST_FRACTIONAL;
    // Half to even by an addition; the library function is a call, and this runs for every group at
    // every step.
    const WHOLE: f32 = 12_582_912.0;
    (((bits.clamp(-1e3, 1e3) + WHOLE) - WHOLE) as i32).clamp(-most, most)
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

#[cfg(test)]
mod tests {
    use super::{Format, integer_bits, whole};

    #[test]
    fn single_precision_gives_the_same_bits() {
        for fractional in -40..=40 {
            for step in 0..500 {
                for magnitude in [step as f32 * 0.037, (step as f32 * 0.1 - 30.0).exp2()] {
                    let expected = Format::integer_bits(f64::from(magnitude), fractional);
                    assert_eq!(integer_bits(magnitude, fractional), expected, "{magnitude}");
                }
            }
        }
    }

    #[test]
    fn fractional_bits_are_rounded_half_to_even_and_kept_in_bounds() {
        for step in -1000..1000 {
            let bits = step as f32 / 8.0;
            assert_eq!(whole(bits), (bits.round_ties_even() as i32).clamp(-40, 40));
        }
        assert_eq!((whole(1e9), whole(-1e9)), (40, -40));
    }
}
