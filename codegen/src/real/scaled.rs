//! Rounding to integers behind any scale: what QONNX and ONNX quantisers do.

use ndarray::Zip;

use super::Tensor;
use crate::ir::broadcast_shape;

/// How a real number becomes an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegerRounding {
    /// To nearest, a half to the even integer.
    HalfEven,
    /// To nearest, a half away from zero.
    HalfAway,
    /// To nearest, a half towards zero.
    HalfTowards,
    /// Towards minus infinity.
    Floor,
    /// Towards plus infinity.
    Ceil,
    /// Away from zero.
    Away,
    /// Towards zero.
    Towards,
    /// 1 for zero and above, else -1.
    Bipolar,
}

impl IntegerRounding {
    /// The integer of a real number.
    pub fn apply(self, x: f64) -> f64 {
        // The magnitude, for modes that are symmetric about zero. A fraction
        // is exact, so that a half is told from its neighbours.
        let magnitude = x.abs();
        let floor = magnitude.floor();
        let fraction = magnitude - floor;
        let up = |condition: bool| (floor + f64::from(u8::from(condition))).copysign(x);
        match self {
            Self::HalfEven => libm::rint(x),
            Self::HalfAway => up(fraction >= 0.5),
            Self::HalfTowards => up(fraction > 0.5),
            Self::Floor => x.floor(),
            Self::Ceil => x.ceil(),
            Self::Away => up(fraction > 0.0),
            Self::Towards => up(false),
            Self::Bipolar => match x >= 0.0 {
                true => 1.0,
                false => -1.0,
            },
        }
    }
}

/// A rounding to integers: q = clamp(round(x / scale) + zero), or, where the
/// zero point counts before the rounding, clamp(round(x / scale + zero)).
///
/// The result is q itself; a dequantiser is a difference and a product behind
/// it. In double precision, x / scale decides every half as the exact quotient
/// does if x and the scale are single-precision numbers, for two such
/// quotients that differ do so by more than 2^-48 of their size.
#[derive(Clone, Debug, PartialEq)]
pub struct ScaledQuantizer {
    /// What one step stands for: positive, of dimensions that broadcast to the
    /// operand's shape.
    pub scale: Tensor,
    /// The integer that stands for 0, of the scale's dimensions.
    pub zero: Tensor,
    /// Smallest integer of the result.
    pub lo: i64,
    /// Largest integer of the result.
    pub hi: i64,
    /// How a quotient becomes an integer.
    pub rounding: IntegerRounding,
    /// Whether the zero point is added before the rounding, as in QONNX, or
    /// after it, as in ONNX.
    pub zero_first: bool,
}

impl ScaledQuantizer {
    /// The identity on integers of a range: says that a tensor holds such.
    pub fn integers(lo: i64, hi: i64) -> Self {
        let scalar = |value| Tensor::from_elem(ndarray::IxDyn(&[]), value);
        Self {
            scale: scalar(1.0),
            zero: scalar(0.0),
            lo,
            hi,
            rounding: IntegerRounding::HalfEven,
            zero_first: false,
        }
    }

    /// The integers of a tensor. What is not a number stays so, for the caller
    /// to report.
    pub fn apply(&self, x: &Tensor) -> Tensor {
        let mut result = x.as_standard_layout().into_owned();
        let (Some(scale), Some(zero)) = (
            self.scale.broadcast(x.shape()),
            self.zero.broadcast(x.shape()),
        ) else {
            return result;
        };
        Zip::from(&mut result)
            .and(&scale)
            .and(&zero)
            .for_each(|value, &scale, &zero| *value = self.integer(*value / scale, zero));
        result
    }

    fn integer(&self, quotient: f64, zero: f64) -> f64 {
        let rounded = match self.zero_first {
            true => self.rounding.apply(quotient + zero),
            false => self.rounding.apply(quotient) + zero,
        };
        // Not `clamp`, which would refuse a range of the wrong order.
        rounded.max(self.lo as f64).min(self.hi as f64)
    }

    /// Checks the parameters against an operand's shape.
    ///
    /// # Errors
    ///
    /// Names the parameter that is wrong.
    pub fn check(&self, shape: &[usize]) -> Result<(), String> {
        let fits =
            |tensor: &Tensor| broadcast_shape(tensor.shape(), shape).as_deref() == Some(shape);
        if !fits(&self.scale) || !fits(&self.zero) {
            return Err(format!(
                "its scale of shape {:?} and its zero point of shape {:?} do not broadcast to \
                 the operand's shape {shape:?}",
                self.scale.shape(),
                self.zero.shape()
            ));
        }
        if let Some(scale) = self.scale.iter().find(|s| !(s.is_finite() && **s > 0.0)) {
            return Err(format!(
                "its scale is {scale:e}, expected a finite number above 0"
            ));
        }
        if let Some(zero) = self.zero.iter().find(|zero| libm::rint(**zero) != **zero) {
            return Err(format!("its zero point is {zero}, expected an integer"));
        }
        match self.lo <= self.hi {
            true => Ok(()),
            false => Err(format!("its range {}..={} is empty", self.lo, self.hi)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the executor of qonnx 1.0.0 gives for these numbers.
    #[test]
    fn roundings_are_those_of_qonnx() {
        use IntegerRounding as R;
        let x = [-2.5, -1.5, -1.25, -0.5, 0.0, 0.25, 0.5, 1.5, 2.5, 2.75];
        let cases = [
            (R::HalfEven, [-2., -2., -1., 0., 0., 0., 0., 2., 2., 3.]),
            (R::HalfAway, [-3., -2., -1., -1., 0., 0., 1., 2., 3., 3.]),
            (R::HalfTowards, [-2., -1., -1., 0., 0., 0., 0., 1., 2., 3.]),
            (R::Floor, [-3., -2., -2., -1., 0., 0., 0., 1., 2., 2.]),
            (R::Ceil, [-2., -1., -1., 0., 0., 1., 1., 2., 3., 3.]),
            (R::Away, [-3., -2., -2., -1., 0., 1., 1., 2., 3., 3.]),
            (R::Towards, [-2., -1., -1., 0., 0., 0., 0., 1., 2., 2.]),
            (R::Bipolar, [-1., -1., -1., -1., 1., 1., 1., 1., 1., 1.]),
        ];
        for (rounding, expected) in cases {
            assert_eq!(x.map(|x| rounding.apply(x)), expected, "{rounding:?}");
        }
    }

    /// 0.5 + 1 rounds to the even 2, the even of 0.5 is 0, and 0 + 1 is 1.
    #[test]
    fn the_zero_point_counts_before_or_after_the_rounding() {
        let x = ndarray::arr1(&[0.25, 200.0]).into_dyn();
        let mut quantizer = ScaledQuantizer {
            scale: ndarray::arr0(0.5).into_dyn(),
            zero: ndarray::arr0(1.0).into_dyn(),
            ..ScaledQuantizer::integers(0, 255)
        };
        assert_eq!(quantizer.apply(&x).as_slice(), Some(&[1.0, 255.0][..]));
        quantizer.zero_first = true;
        assert_eq!(quantizer.apply(&x).as_slice(), Some(&[2.0, 255.0][..]));
    }
}
