//! The logarithm of the gamma function and its derivative, for numbers above 0.
//!
//! Asymptotic series (M. Abramowitz and I. A. Stegun, 6.1.41 and 6.3.18) at `x + 6`, brought back by
//! the recurrences `ln G(x + 1) = ln G(x) + ln x` and `psi(x + 1) = psi(x) + 1 / x`.

use burn::tensor::Tensor;

/// How far the series is shifted.
const SHIFT: usize = 6;

/// `ln Gamma(x)`.
pub(super) fn ln_gamma(x: Tensor<2>) -> Tensor<2> {
    let z = x.clone() + SHIFT as f64;
    let inverse = z.clone().recip();
    let square = inverse.clone() * inverse.clone();
    // 1 / 12 z - 1 / 360 z^3 + 1 / 1260 z^5
    let series = ((square.clone() * (1.0 / 1260.0) - 1.0 / 360.0) * square + 1.0 / 12.0) * inverse;
    let constant = 0.5 * std::f64::consts::TAU.ln();
    let mut value = (z.clone() - 0.5) * z.clone().log() - z + series + constant;
    for step in 0..SHIFT {
        value = value - (x.clone() + step as f64).log();
    }
    value
}

/// `psi(x)`, the derivative of `ln Gamma`.
pub(super) fn digamma(x: Tensor<2>) -> Tensor<2> {
    let z = x.clone() + SHIFT as f64;
    let inverse = z.clone().recip();
    let square = inverse.clone() * inverse.clone();
    // 1 / 12 z^2 - 1 / 120 z^4 + 1 / 252 z^6
    let series =
        ((square.clone() * (1.0 / 252.0) - 1.0 / 120.0) * square.clone() + 1.0 / 12.0) * square;
    let mut value = z.log() - inverse * 0.5 - series;
    for step in 0..SHIFT {
        value = value - (x.clone() + step as f64).recip();
    }
    value
}
