//! Floating-point numbers as exact binary fractions.

use trigforge::{Format, Overflow, Rounding, requantize};

/// The exact value `m * 2^-f` of a finite floating-point number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dyadic {
    /// Mantissa.
    pub m: i64,
    /// Fractional bits.
    pub f: i32,
}

/// Splits a number into an odd mantissa and an exponent, both 0 for zero;
/// `None` if it is not finite.
pub fn encode(value: f64) -> Option<Dyadic> {
    if !value.is_finite() {
        return None;
    }
    if value == 0.0 {
        return Some(Dyadic { m: 0, f: 0 });
    }
    let bits = value.to_bits();
    let fraction = (bits & ((1 << 52) - 1)) as i64;
    let (magnitude, exponent) = match (bits >> 52) & 0x7ff {
        0 => (fraction, -1074),
        biased => (fraction | 1 << 52, biased as i32 - 1075),
    };
    let zeros = magnitude.trailing_zeros();
    let magnitude = magnitude >> zeros;
    Some(Dyadic {
        m: if value < 0.0 { -magnitude } else { magnitude },
        f: -(exponent + zeros as i32),
    })
}

impl Dyadic {
    /// Rounds to a format; says too whether the rounded value was outside.
    pub fn requantize(self, to: Format, rounding: Rounding, overflow: Overflow) -> (i64, bool) {
        let mantissa = requantize(self.m, self.f, to, rounding, overflow);
        // Wide enough for any value but those that saturate it, which are
        // outside of any narrower format too.
        let wide = Format::new(true, 63 - to.f(), to.f()).unwrap_or(to);
        let unbounded = requantize(self.m, self.f, wide, rounding, Overflow::Sat);
        (mantissa, !to.contains(unbounded))
    }

    /// Integer bits that the magnitude needs: `|value| < 2^i`.
    pub fn integer_bits(self) -> i32 {
        64 - self.m.unsigned_abs().leading_zeros() as i32 - self.f
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_split_exactly() {
        assert_eq!(encode(0.75), Some(Dyadic { m: 3, f: 2 }));
        assert_eq!(encode(-96.0), Some(Dyadic { m: -3, f: -5 }));
        assert_eq!(encode(-0.0), Some(Dyadic { m: 0, f: 0 }));
        assert_eq!(encode(5e-324), Some(Dyadic { m: 1, f: 1074 }));
        assert_eq!(encode(f64::NAN), None);
        assert_eq!(encode(f64::INFINITY), None);
    }

    #[test]
    fn saturation_is_reported_after_rounding() {
        let to = Format::new(true, 0, 2).unwrap_or(Format::ZERO);
        let apply =
            |value: f64| encode(value).map(|v| v.requantize(to, Rounding::RndConv, Overflow::Sat));
        assert_eq!(apply(0.8), Some((3, false)));
        assert_eq!(apply(0.9), Some((3, true)));
        assert_eq!(apply(-1.0), Some((-4, false)));
        assert_eq!(apply(1e300), Some((3, true)));
        assert_eq!(apply(1e-300), Some((0, false)));
    }
}
