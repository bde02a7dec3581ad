//! A figure with its error.

use serde::{Deserialize, Serialize};

/// A figure and the error that the size of the sample gives it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The figure on the whole sample.
    pub value: f64,
    /// One standard deviation; `None` where the sample is too small to tell.
    pub error: Option<f64>,
}

impl Estimate {
    /// The weighted mean of `values` with the error of a mean: for zeros and ones of equal weight
    /// the binomial error.
    ///
    /// `weights` has one weight for each value; their sum must be positive.
    pub fn mean(values: impl Iterator<Item = f64> + Clone, weights: &[f64]) -> Self {
        let total: f64 = weights.iter().sum();
        let weighted = |(value, weight): (f64, &f64)| value * weight;
        let mean = values.clone().zip(weights).map(weighted).sum::<f64>() / total;
        let squares = values
            .zip(weights)
            .map(|(value, weight)| (weight * (value - mean)).powi(2));
        let error = squares.sum::<f64>().sqrt() / total;
        Self {
            value: mean,
            error: error.is_finite().then_some(error),
        }
    }
}

/// How many rows of equal weight have the statistical power of these: `(sum w)^2 / sum w^2`.
pub fn effective_rows(weights: &[f64]) -> f64 {
    let sum: f64 = weights.iter().sum();
    let squares: f64 = weights.iter().map(|w| w * w).sum();
    if squares > 0.0 {
        sum * sum / squares
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_of_yes_and_no_has_the_binomial_error() {
        let values = [1.0, 0.0, 1.0, 1.0];
        let found = Estimate::mean(values.into_iter(), &[1.0; 4]);
        assert_eq!(found.value, 0.75);
        let binomial = (0.75f64 * 0.25 / 4.0).sqrt();
        assert!((found.error.expect("error") - binomial).abs() < 1e-15);
    }

    #[test]
    fn a_weight_counts_and_costs_power() {
        // 3 * 1 and 1 * 0: mean 3/4, variance (3/4)^2 + (3/4)^2 over 4^2.
        let found = Estimate::mean([1.0, 0.0].into_iter(), &[3.0, 1.0]);
        assert_eq!(found.value, 0.75);
        let error = (2.0f64 * 0.75 * 0.75).sqrt() / 4.0;
        assert!((found.error.expect("error") - error).abs() < 1e-15);
        assert_eq!(effective_rows(&[3.0, 1.0]), 1.6);
        assert_eq!(effective_rows(&[2.0; 5]), 5.0);
    }
}
