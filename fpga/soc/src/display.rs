//! Scores for eyes: never part of a decision.

use micromath::F32Ext;

use crate::Mantissa;

/// The number that a mantissa of a format with `fraction` fractional bits
/// stands for, in the unit of the model: GeV for a calibrated energy.
pub fn value<M: Mantissa>(mantissa: M, fraction: i32) -> f32 {
    mantissa.value() as f32 * F32Ext::powi(2.0f32, -fraction)
}

/// Probabilities of `N` classes from their logits, approximately (micromath's
/// exponential is good to a percent).
pub fn probabilities<M: Mantissa, const N: usize>(logits: [M; N], fraction: i32) -> [f32; N] {
    let values = logits.map(|logit| value(logit, fraction));
    let highest = values.iter().copied().fold(f32::MIN, f32::max);
    let powers = values.map(|value| F32Ext::exp(value - highest));
    let sum: f32 = powers.iter().sum();
    powers.map(|power| power / sum)
}
