//! Functions of one real number.

use libm::{
    acos, acosh, asin, asinh, atan, atanh, ceil, cos, cosh, erf, exp, expm1, fabs, floor, log,
    log1p, rint, sin, sinh, sqrt, tan, tanh, trunc,
};

use super::Minifloat;

/// A function that is applied to each element of a tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Function {
    /// Magnitude.
    Abs,
    /// `-x`.
    Neg,
    /// -1, 0 or 1.
    Sign,
    /// `e^x`.
    Exp,
    /// Natural logarithm.
    Log,
    /// Square root.
    Sqrt,
    /// `1 / x`.
    Reciprocal,
    /// `1 / (1 + e^-x)`.
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// Error function.
    Erf,
    /// `x P(X <= x)` of a normal X (arXiv:1606.08415).
    Gelu {
        /// By the approximation with a hyperbolic tangent.
        tanh: bool,
    },
    /// `x sigmoid(x)`, also called swish.
    Silu,
    /// `log(1 + e^x)`.
    Softplus,
    /// `x / (1 + |x|)`.
    Softsign,
    /// `x`, or `alpha x` below zero.
    LeakyRelu {
        /// Slope below zero.
        alpha: f64,
    },
    /// `x` above a threshold, else 0.
    ThresholdedRelu {
        /// The threshold.
        alpha: f64,
    },
    /// `x`, or `alpha (e^x - 1)` below zero (arXiv:1511.07289).
    Elu {
        /// Limit below zero, negated.
        alpha: f64,
    },
    /// `gamma x`, or `gamma alpha (e^x - 1)` below zero (arXiv:1706.02515).
    Selu {
        /// Limit below zero, negated, before the factor.
        alpha: f64,
        /// The factor.
        gamma: f64,
    },
    /// `max(0, x) + min(0, alpha (e^(x / alpha) - 1))` (arXiv:1704.07483).
    Celu {
        /// Limit below zero, negated.
        alpha: f64,
    },
    /// `alpha x + beta` between 0 and 1.
    HardSigmoid {
        /// Slope.
        alpha: f64,
        /// Value at zero.
        beta: f64,
    },
    /// `x` times a hard sigmoid of slope 1/6 and offset 1/2.
    HardSwish,
    /// `x tanh(softplus(x))` (arXiv:1908.08681).
    Mish,
    /// Largest integer that is not greater.
    Floor,
    /// Smallest integer that is not less.
    Ceil,
    /// Nearest integer, halves to even.
    Round,
    /// The integer part: rounded towards zero.
    Truncate,
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// Tangent.
    Tan,
    /// Arc sine.
    Asin,
    /// Arc cosine.
    Acos,
    /// Arc tangent.
    Atan,
    /// Hyperbolic sine.
    Sinh,
    /// Hyperbolic cosine.
    Cosh,
    /// Inverse hyperbolic sine.
    Asinh,
    /// Inverse hyperbolic cosine.
    Acosh,
    /// Inverse hyperbolic tangent.
    Atanh,
    /// Nearest number of half precision, halves to even.
    Float16,
    /// Nearest number of single precision, halves to even.
    Float32,
    /// Nearest number of a small floating-point format.
    Minifloat(Minifloat),
    /// The value itself, which the file declares to be an integer in a range;
    /// not a number outside of it, where the file's type would wrap.
    Integer {
        /// Smallest.
        lo: i64,
        /// Largest.
        hi: i64,
    },
}

impl Function {
    /// The function's name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Abs => "abs",
            Self::Neg => "neg",
            Self::Sign => "sign",
            Self::Exp => "exp",
            Self::Log => "log",
            Self::Sqrt => "sqrt",
            Self::Reciprocal => "reciprocal",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::Erf => "erf",
            Self::Gelu { .. } => "gelu",
            Self::Silu => "silu",
            Self::Softplus => "softplus",
            Self::Softsign => "softsign",
            Self::LeakyRelu { .. } => "leaky_relu",
            Self::ThresholdedRelu { .. } => "thresholded_relu",
            Self::Elu { .. } => "elu",
            Self::Selu { .. } => "selu",
            Self::Celu { .. } => "celu",
            Self::HardSigmoid { .. } => "hard_sigmoid",
            Self::HardSwish => "hard_swish",
            Self::Mish => "mish",
            Self::Floor => "floor",
            Self::Ceil => "ceil",
            Self::Round => "round",
            Self::Truncate => "truncate",
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Tan => "tan",
            Self::Asin => "asin",
            Self::Acos => "acos",
            Self::Atan => "atan",
            Self::Sinh => "sinh",
            Self::Cosh => "cosh",
            Self::Asinh => "asinh",
            Self::Acosh => "acosh",
            Self::Atanh => "atanh",
            Self::Float16 => "float16",
            Self::Float32 => "float32",
            Self::Minifloat(_) => "minifloat",
            Self::Integer { .. } => "integer",
        }
    }

    /// The value in double precision.
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Self::Abs => fabs(x),
            Self::Neg => -x,
            Self::Sign if x == 0.0 || x.is_nan() => x,
            Self::Sign => x.signum(),
            Self::Exp => exp(x),
            Self::Log => log(x),
            Self::Sqrt => sqrt(x),
            Self::Reciprocal => 1.0 / x,
            Self::Sigmoid => sigmoid(x),
            Self::Tanh => tanh(x),
            Self::Erf => erf(x),
            Self::Gelu { tanh: false } => {
                0.5 * x * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2))
            }
            Self::Gelu { tanh: true } => {
                let scale = sqrt(2.0 / std::f64::consts::PI);
                0.5 * x * (1.0 + tanh(scale * (x + 0.044_715 * x * x * x)))
            }
            Self::Silu => x * sigmoid(x),
            Self::Softplus => softplus(x),
            Self::Softsign => x / (1.0 + fabs(x)),
            Self::LeakyRelu { alpha } if x < 0.0 => alpha * x,
            Self::ThresholdedRelu { alpha } if x <= alpha => 0.0,
            Self::LeakyRelu { .. } | Self::ThresholdedRelu { .. } => x,
            Self::Elu { alpha } if x < 0.0 => alpha * expm1(x),
            Self::Elu { .. } => x,
            Self::Selu { alpha, gamma } if x <= 0.0 => gamma * alpha * expm1(x),
            Self::Selu { gamma, .. } => gamma * x,
            Self::Celu { alpha } if x < 0.0 => alpha * expm1(x / alpha),
            Self::Celu { .. } => x,
            Self::HardSigmoid { alpha, beta } => clip(alpha * x + beta),
            Self::HardSwish => x * clip(x / 6.0 + 0.5),
            Self::Mish => x * tanh(softplus(x)),
            Self::Floor => floor(x),
            Self::Ceil => ceil(x),
            Self::Round => rint(x),
            Self::Truncate => trunc(x),
            Self::Sin => sin(x),
            Self::Cos => cos(x),
            Self::Tan => tan(x),
            Self::Asin => asin(x),
            Self::Acos => acos(x),
            Self::Atan => atan(x),
            Self::Sinh => sinh(x),
            Self::Cosh => cosh(x),
            Self::Asinh => asinh(x),
            Self::Acosh => acosh(x),
            Self::Atanh => atanh(x),
            Self::Float16 => half(x),
            Self::Float32 => f64::from(x as f32),
            Self::Minifloat(set) => set.apply(x),
            Self::Integer { lo, hi } if x >= lo as f64 && x <= hi as f64 => x,
            Self::Integer { .. } => f64::NAN,
        }
    }
}

fn clip(x: f64) -> f64 {
    x.clamp(0.0, 1.0)
}

fn sigmoid(x: f64) -> f64 {
    // The exponential of a positive number could overflow.
    match x < 0.0 {
        true => exp(x) / (1.0 + exp(x)),
        false => 1.0 / (1.0 + exp(-x)),
    }
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + log1p(exp(-fabs(x)))
}

/// Rounds to half precision: 10 stored fractional bits, smallest exponent -14.
fn half(x: f64) -> f64 {
    if !x.is_finite() || x == 0.0 {
        return x;
    }
    let exponent = libm::ilogb(x).max(-14);
    let rounded = libm::scalbn(rint(libm::scalbn(x, 10 - exponent)), exponent - 10);
    match fabs(rounded) > 65504.0 {
        true => f64::INFINITY.copysign(x),
        false => rounded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_to_even_and_overflow() {
        let half = |x| Function::Float16.apply(x);
        assert_eq!(half(1.0 + 1.0 / 2048.0), 1.0);
        assert_eq!(half(1.0 + 3.0 / 2048.0), 1.0 + 1.0 / 512.0);
        assert_eq!(half(65519.0), 65504.0);
        assert_eq!(half(-65520.0), f64::NEG_INFINITY);
        // The smallest subnormal number, and half of it.
        assert_eq!(half(libm::scalbn(1.0, -24)), libm::scalbn(1.0, -24));
        assert_eq!(half(libm::scalbn(1.0, -25)), 0.0);
    }

    #[test]
    fn large_arguments_do_not_overflow() {
        assert_eq!(Function::Sigmoid.apply(-1000.0), 0.0);
        assert_eq!(Function::Sigmoid.apply(1000.0), 1.0);
        assert_eq!(Function::Softplus.apply(1000.0), 1000.0);
        assert_eq!(Function::Silu.apply(-1000.0), 0.0);
        assert_eq!(Function::Mish.apply(1000.0), 1000.0);
        assert!(Function::Integer { lo: 0, hi: 255 }.apply(256.0).is_nan());
    }
}
