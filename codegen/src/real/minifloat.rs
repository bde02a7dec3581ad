//! Small floating-point numbers, such as those of 8 bits.

use super::{IntegerRounding, encode};

/// A set of small floating-point numbers, which saturates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Minifloat {
    /// Stored bits of the mantissa.
    pub mantissa_bits: i32,
    /// Exponent of the smallest step.
    pub smallest: i32,
    /// The largest number.
    pub largest: f64,
    /// How a value between two numbers is rounded.
    pub rounding: IntegerRounding,
}

impl Minifloat {
    /// The nearest number of the set, in smallest steps.
    pub fn steps(&self, x: f64) -> f64 {
        // The exponent of a normal double; less than any step matters not.
        let exponent = encode(x).filter(|v| v.m != 0).map(|v| v.integer_bits() - 1);
        let step = exponent
            .map_or(self.smallest, |e| e - self.mantissa_bits)
            .max(self.smallest);
        let rounded = self.rounding.apply(libm::scalbn(x, -step));
        let limit = libm::scalbn(self.largest, -self.smallest);
        libm::scalbn(rounded, step - self.smallest)
            .min(limit)
            .max(-limit)
    }

    /// Whether all steps up to the largest number are the smallest one.
    pub fn is_uniform(&self) -> bool {
        self.largest < libm::scalbn(1.0, self.smallest + self.mantissa_bits + 1)
    }

    /// The nearest number of the set.
    pub fn apply(&self, x: f64) -> f64 {
        libm::scalbn(self.steps(x), self.smallest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of the 8-bit set with 4 exponent bits (arXiv:2209.05433), in
    /// steps of 2^-9.
    #[test]
    fn values_round_as_in_qonnx() {
        let set = Minifloat {
            mantissa_bits: 3,
            smallest: -9,
            largest: 448.0,
            rounding: IntegerRounding::HalfEven,
        };
        let cases = [
            (0.0, 0.0),
            (1.0, 512.0),
            // Steps of 1/8 above 1; 17/16 is half of one.
            (1.0625, 512.0),
            (1.1, 576.0),
            (-300.0, -288.0 * 512.0),
            (1e6, 448.0 * 512.0),
            (0.0015, 1.0),
        ];
        for (x, expected) in cases {
            assert_eq!(set.steps(x), expected, "{x}");
        }
        assert!(!set.is_uniform());
    }
}
