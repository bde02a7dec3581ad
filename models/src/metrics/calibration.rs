//! Whether a probability means what it says: reliability curves.

use serde::{Deserialize, Serialize};

use super::{Estimate, bootstrap};

/// The rows whose predicted probability lies in one bin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Lower edge, belongs to the bin.
    pub low: f64,
    /// Upper edge, belongs to the next bin, or to this one if it is 1.
    pub high: f64,
    /// Number of rows.
    pub rows: usize,
    /// Mean predicted probability.
    pub predicted: f64,
    /// Share of the rows in which it came true, with the binomial error.
    pub observed: Estimate,
}

/// Predicted probability against observed share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// Bins of equal width in the predicted probability; empty ones are left out.
    pub bins: Vec<ReliabilityBin>,
    /// Expected calibration error: mean of |observed - predicted| over the rows by their bin
    /// (M. P. Naeini et al., AAAI 2015; C. Guo et al., arXiv:1706.04599).
    pub calibration_error: Estimate,
    /// What the size of the sample alone would give if every probability were right: the figure
    /// above is never much below it.
    pub floor: f64,
}

/// Rows sorted into bins once, for any weights.
pub(super) struct Binned<'a> {
    probabilities: &'a [f64],
    came_true: &'a [bool],
    bin: Vec<usize>,
    bins: usize,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    rows: usize,
    weight: f64,
    predicted: f64,
    observed: f64,
    squares: f64,
    /// Sum of w^2 p (1 - p), the variance of `observed` if the probabilities are right.
    variance: f64,
}

impl<'a> Binned<'a> {
    pub(super) fn new(probabilities: &'a [f64], came_true: &'a [bool], bins: usize) -> Self {
        let bin = |p: &f64| ((p * bins as f64) as usize).min(bins - 1);
        Self {
            probabilities,
            came_true,
            bin: probabilities.iter().map(bin).collect(),
            bins,
        }
    }

    fn sums(&self, weights: &[f64]) -> Vec<Sums> {
        let mut sums = vec![Sums::default(); self.bins];
        for (row, &weight) in weights.iter().enumerate() {
            let (p, sum) = (self.probabilities[row], &mut sums[self.bin[row]]);
            sum.rows += 1;
            sum.weight += weight;
            sum.predicted += weight * p;
            sum.squares += weight * weight;
            sum.variance += weight * weight * p * (1.0 - p);
            if self.came_true[row] {
                sum.observed += weight;
            }
        }
        sums
    }

    /// The expected calibration error.
    pub(super) fn error(&self, weights: &[f64]) -> f64 {
        let sums = self.sums(weights);
        let total: f64 = sums.iter().map(|sum| sum.weight).sum();
        let off = |sum: &Sums| (sum.observed - sum.predicted).abs();
        sums.iter().map(off).sum::<f64>() / total
    }

    pub(super) fn judge(&self, weights: &[f64], replicas: &[f64]) -> Reliability {
        let sums = self.sums(weights);
        let total: f64 = sums.iter().map(|sum| sum.weight).sum();
        let filled = sums.iter().enumerate().filter(|(_, sum)| sum.weight > 0.0);
        let edge = |bin: usize| bin as f64 / self.bins as f64;
        let bin = |(bin, sum): (usize, &Sums)| {
            let share = sum.observed / sum.weight;
            let error = (share * (1.0 - share) * sum.squares).sqrt() / sum.weight;
            ReliabilityBin {
                low: edge(bin),
                high: edge(bin + 1),
                rows: sum.rows,
                predicted: sum.predicted / sum.weight,
                observed: Estimate {
                    value: share,
                    error: Some(error),
                },
            }
        };
        // The mean of the absolute value of a normal variable is sqrt(2 / pi) of its width.
        let normal = std::f64::consts::FRAC_2_PI.sqrt();
        let floor = sums
            .iter()
            .map(|sum| normal * sum.variance.sqrt())
            .sum::<f64>()
            / total;
        Reliability {
            bins: filled.map(bin).collect(),
            calibration_error: Estimate {
                value: self.error(weights),
                error: bootstrap::half_width(replicas),
            },
            floor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Purpose, Stream};

    #[test]
    fn bins_by_hand() {
        let p = [0.1, 0.2, 0.9, 1.0, 0.5];
        let truth = [false, true, true, true, false];
        let found = Binned::new(&p, &truth, 2).judge(&[1.0; 5], &[]);
        let bins: Vec<_> = found.bins.iter().map(|b| (b.low, b.high, b.rows)).collect();
        assert_eq!(bins, [(0.0, 0.5, 2), (0.5, 1.0, 3)]);
        assert!((found.bins[0].predicted - 0.15).abs() < 1e-12);
        assert_eq!(found.bins[0].observed.value, 0.5);
        let error = found.bins[1].observed.error.expect("error");
        assert!((error - (2.0f64 / 9.0 / 3.0).sqrt()).abs() < 1e-12);
        // |1 - 0.3| + |2 - 2.4| over five rows.
        assert!((found.calibration_error.value - 1.1 / 5.0).abs() < 1e-12);
    }

    #[test]
    fn a_weight_is_a_number_of_equal_rows() {
        let p = [0.1, 0.2, 0.2, 0.2, 0.9, 0.9];
        let truth = [false, true, true, true, false, false];
        let repeated = Binned::new(&p, &truth, 4).error(&[1.0; 6]);
        let rows = ([0.1, 0.2, 0.9], [false, true, false]);
        let weighted = Binned::new(&rows.0, &rows.1, 4).error(&[1.0, 3.0, 2.0]);
        assert!((repeated - weighted).abs() < 1e-12);
    }

    #[test]
    fn right_probabilities_stay_at_the_floor() {
        let mut stream = Stream::new(11, Purpose::Split);
        let p: Vec<f64> = (0..20_000).map(|_| f64::from(stream.uniform())).collect();
        let truth: Vec<bool> = p.iter().map(|p| f64::from(stream.uniform()) < *p).collect();
        let found = Binned::new(&p, &truth, 10).judge(&vec![1.0; p.len()], &[]);
        let ratio = found.calibration_error.value / found.floor;
        assert!((0.4..1.8).contains(&ratio), "{ratio}");
        for bin in &found.bins {
            let pull = (bin.observed.value - bin.predicted) / bin.observed.error.expect("error");
            assert!(pull.abs() < 4.0, "{bin:?}");
        }
    }
}
