//! Figures of merit, from scores and predictions in double precision, with errors.
//!
//! [`classification()`] judges a classifier, [`regression()`] the predictions of one target;
//! `docs/evaluation.md` gives each figure's formula. Logits are a slice of `rows * classes` numbers,
//! row after row; exact integer logits will do. Figures of one class against others order rows by
//! the odds of that class, which the logits state without saturating.

mod agreement;
mod anomaly;
mod bootstrap;
mod calibration;
mod classification;
mod correlation;
mod decision;
mod discrimination;
mod distance;
mod estimate;
mod ranking;
mod regression;
mod scores;
mod sculpting;
mod uncertainty;

pub use agreement::{Agreement, Cosines, agreement};
pub use anomaly::{Anomaly, AnomalyScores, SignalFigures, WorkingPoint, anomaly};
pub use bootstrap::{Bootstrap, half_width, interval};
pub use calibration::{Reliability, ReliabilityBin};
pub use classification::{Classification, Difference, Options, classification, difference};
pub use correlation::{Correlation, correlation};
pub use decision::{accuracy, argmax};
pub use discrimination::{Curve, Discrimination, Rejection};
pub use distance::{blockwise, distance_correlation, squared_distance_correlation};
pub use estimate::{Estimate, effective_rows};
pub use ranking::{Accepted, Ranking};
pub use regression::{Predictions, Regression, Residuals, TargetBin, regression};
pub use scores::Scores;
pub use sculpting::{Sculpted, Sculpting, Spectator, sculpting};
pub use uncertainty::{
    Binned, Column, Coverage, PullBin, Pulls, Sizes, Uncertain, Uncertainty, equal_edges,
    gaussian_loss, uncertainty,
};

/// What does not fit in a set of scores, labels and weights.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricsError {
    /// Scores and labels do not belong together.
    #[error("{scores} scores do not make {rows} rows of {classes} classes")]
    Shape {
        /// Number of scores.
        scores: usize,
        /// Number of labels.
        rows: usize,
        /// Number of classes.
        classes: usize,
    },
    /// Predictions and targets do not belong together.
    #[error("{predictions} predictions for {targets} targets; expected as many, and at least one")]
    Predictions {
        /// Number of predictions.
        predictions: usize,
        /// Number of targets.
        targets: usize,
    },
    /// A label is no class number.
    #[error("row {row}: label {label} is no class number (there are {classes} classes)")]
    Label {
        /// The row, counted from 0.
        row: usize,
        /// The label.
        label: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A score, a prediction or a target is not finite.
    #[error("row {row}: {value} is not a finite number")]
    NotFinite {
        /// The row, counted from 0.
        row: usize,
        /// The value.
        value: String,
    },
    /// Weights and rows do not belong together.
    #[error("{weights} weights for {rows} rows")]
    Weights {
        /// Number of weights.
        weights: usize,
        /// Number of rows.
        rows: usize,
    },
    /// A weight is negative or not finite.
    #[error("row {row}: the weight {weight} is not a finite number of at least 0")]
    Weight {
        /// The row, counted from 0.
        row: usize,
        /// The weight.
        weight: String,
    },
    /// A class has no rows, or none with a weight.
    #[error("class {class} has no weight among {rows} rows; its curve needs some")]
    OneSided {
        /// The class.
        class: usize,
        /// All rows.
        rows: usize,
    },
    /// All weights are zero.
    #[error("every row has the weight 0")]
    NoWeight,
    /// Two classifiers to be compared were given different rows.
    #[error("two classifiers are compared on rows with different labels or weights")]
    OtherRows,
    /// What to look at is out of its range.
    #[error("options of the evaluation: {problem}")]
    Options {
        /// Which value, and its range.
        problem: String,
    },
}

/// The softmax of every row of logits.
pub fn softmax(logits: &[f64], classes: usize) -> Vec<f64> {
    let mut out = Vec::with_capacity(logits.len());
    for row in logits.chunks_exact(classes.max(1)) {
        let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = row.iter().map(|v| (v - top).exp()).sum();
        out.extend(row.iter().map(|v| (v - top).exp() / total));
    }
    out
}

/// Logits whose softmax (or, where each row has a `single` probability of class 1, whose sigmoid)
/// gives these probabilities; zero becomes a number that is next to it.
pub fn logits_of(probabilities: &[f64], single: bool) -> Vec<f64> {
    let log = |p: f64| p.max(f64::MIN_POSITIVE).ln();
    let logit = |p: &f64| match single {
        true => log(*p) - log(1.0 - p),
        false => log(*p),
    };
    probabilities.iter().map(logit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logits_of_probabilities_give_them_back() {
        let p = [0.25, 0.75, 0.0, 1.0];
        let back = softmax(&logits_of(&p, false), 2);
        assert!(
            back.iter().zip(p).all(|(a, b)| (a - b).abs() < 1e-12),
            "{back:?}"
        );
        let single = logits_of(&[0.75, 0.0, 1.0], true);
        assert!((single[0] - 3f64.ln()).abs() < 1e-12);
        assert!(single.iter().all(|z| z.is_finite()));
    }

    #[test]
    fn softmax_of_equal_and_large_logits() {
        assert_eq!(softmax(&[0.0, 0.0, 1000.0, 1000.0], 2), [0.5; 4]);
        let p = softmax(&[3f64.ln(), 0.0], 2);
        assert!((p[0] - 0.75).abs() < 1e-12 && (p[1] - 0.25).abs() < 1e-12);
    }
}
