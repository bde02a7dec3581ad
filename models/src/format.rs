//! The fixed-point format of a QONNX `Quant` node with a power-of-two scale.

use serde::{Deserialize, Serialize};

/// A format: `bits` wide mantissas `m`, each standing for `m * 2^exponent`.
///
/// In the kif notation of the IR this is `k = signed`, `f = -exponent`, `i = bits - k - f`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Format {
    /// Width in bits, the sign bit included.
    pub bits: u32,
    /// Whether the mantissa is a two's complement number.
    pub signed: bool,
    /// Power of two of the least significant bit.
    pub exponent: i32,
}

impl Format {
    /// The least mantissa.
    pub fn min(&self) -> i64 {
        if self.signed {
            -(1 << (self.bits - 1))
        } else {
            0
        }
    }

    /// The greatest mantissa.
    pub fn max(&self) -> i64 {
        (1 << (self.bits - u32::from(self.signed))) - 1
    }

    /// The value of the least significant bit.
    pub fn lsb(&self) -> f32 {
        pow2(self.exponent)
    }

    /// The least and the greatest value.
    pub fn range(&self) -> (f32, f32) {
        (
            self.min() as f32 * self.lsb(),
            self.max() as f32 * self.lsb(),
        )
    }

    /// The mantissa nearest to `value`: round half to even, then saturate.
    pub fn mantissa(&self, value: f32) -> i64 {
        let scaled = value / self.lsb();
        scaled
            .clamp(self.min() as f32, self.max() as f32)
            .round_ties_even() as i64
    }

    /// The representable value nearest to `value`.
    pub fn quantise(&self, value: f32) -> f32 {
        self.mantissa(value) as f32 * self.lsb()
    }

    /// The same format as `ap_fixed<W,I>` or `ap_ufixed<W,I>`.
    pub fn ap_fixed(&self) -> String {
        let prefix = if self.signed { "ap_fixed" } else { "ap_ufixed" };
        format!(
            "{prefix}<{},{}>",
            self.bits,
            self.bits as i32 + self.exponent
        )
    }

    /// The exponent that loses least when `values` are stored in `bits`.
    ///
    /// Takes the power of two with the smallest sum of squared errors, rounding and saturation
    /// together, among the one that holds every value and the three finer ones.
    pub fn calibrate(bits: u32, signed: bool, values: &[f32]) -> Self {
        let widest = Self::covering(bits, signed, values.iter().copied());
        let cost = |format: &Self| -> f64 {
            let error = |v: &f32| f64::from(format.quantise(*v) - *v).powi(2);
            values.iter().map(error).sum()
        };
        let mut best = (cost(&widest), widest);
        for finer in 1..=3 {
            let format = Self {
                exponent: widest.exponent - finer,
                ..widest
            };
            let this = cost(&format);
            if this < best.0 {
                best = (this, format);
            }
        }
        best.1
    }

    /// The finest format of that width whose range holds every one of `values`.
    pub fn covering(bits: u32, signed: bool, values: impl IntoIterator<Item = f32>) -> Self {
        let (low, high) = values
            .into_iter()
            .fold((0f32, 0f32), |(low, high), v| (low.min(v), high.max(v)));
        let mut format = Self {
            bits,
            signed,
            exponent: MIN_EXPONENT,
        };
        let holds = |format: &Self| {
            let (least, greatest) = format.range();
            (!signed || low >= least) && high <= greatest
        };
        while !holds(&format) && format.exponent < MAX_EXPONENT {
            format.exponent += 1;
        }
        format
    }
}

/// Least exponent of a format; keeps every product of two formats a normal `f32`.
pub const MIN_EXPONENT: i32 = -60;

/// Greatest exponent of a format.
pub const MAX_EXPONENT: i32 = 60;

/// `2^exponent`, exactly, for an exponent of a normal `f32`.
pub fn pow2(exponent: i32) -> f32 {
    f32::from_bits(((exponent.clamp(-126, 127) + 127) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_half_to_even_and_saturates() {
        let format = Format {
            bits: 4,
            signed: true,
            exponent: -1,
        };
        let mantissas = [0.25, 0.75, -0.25, -0.75, 1.25, 100.0, -100.0].map(|v| format.mantissa(v));
        assert_eq!(mantissas, [0, 2, 0, -2, 2, 7, -8]);
        let unsigned = Format {
            bits: 3,
            signed: false,
            exponent: 0,
        };
        assert_eq!(
            [-1.0, 6.5, 7.4, 9.0].map(|v| unsigned.mantissa(v)),
            [0, 6, 7, 7]
        );
    }

    #[test]
    fn covering_is_the_finest_that_holds() {
        assert_eq!(Format::covering(8, true, [1.0, -0.5]).exponent, -6);
        assert_eq!(Format::covering(8, true, [0.5, -1.0]).exponent, -7);
        assert_eq!(Format::covering(8, false, [255.0]).exponent, 0);
        assert_eq!(Format::covering(8, false, [255.5]).exponent, 1);
    }

    #[test]
    fn calibration_gives_up_a_lone_tail() {
        let mut values = vec![0.1f32; 10_000];
        for (i, v) in values.iter_mut().enumerate() {
            *v = (i % 997) as f32 / 1000.0;
        }
        values.push(1.1);
        assert!(Format::covering(8, false, values.iter().copied()).exponent > -8);
        assert_eq!(Format::calibrate(8, false, &values).exponent, -8);
    }

    #[test]
    fn powers_of_two_are_exact() {
        assert_eq!(pow2(-3), 0.125);
        assert_eq!(pow2(10), 1024.0);
        assert_eq!(
            Format {
                bits: 12,
                signed: true,
                exponent: -3
            }
            .ap_fixed(),
            "ap_fixed<12,9>"
        );
    }
}
