//! Figures of merit of a classifier, from scores in double precision.
//!
//! Scores are a slice of `rows * classes` numbers, row after row. Accuracy and the confusion matrix
//! need only their order inside a row, so exact integer logits will do. One-vs-rest curves compare
//! one class's score between rows: pass the [`softmax`] of the logits there, or a logit that is
//! high for one class and for another as well ranks too high.

mod confusion;
mod evaluation;
mod roc;

pub use confusion::{accuracy, argmax, confusion};
pub use evaluation::{Evaluation, Rejection, evaluate};
pub use roc::{RocPoint, auc, rejection, roc};

/// What does not fit in a set of scores and labels.
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
    /// A score is NaN.
    #[error("row {row}: a score is NaN")]
    NotANumber {
        /// The row, counted from 0.
        row: usize,
    },
    /// A class has no rows, or all of them.
    #[error("class {class} has {found} of {rows} rows; its curve needs both kinds")]
    OneSided {
        /// The class.
        class: usize,
        /// Its rows.
        found: usize,
        /// All rows.
        rows: usize,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_of_equal_and_large_logits() {
        assert_eq!(softmax(&[0.0, 0.0, 1000.0, 1000.0], 2), [0.5; 4]);
        let p = softmax(&[3f64.ln(), 0.0], 2);
        assert!((p[0] - 0.75).abs() < 1e-12 && (p[1] - 0.25).abs() < 1e-12);
    }
}
