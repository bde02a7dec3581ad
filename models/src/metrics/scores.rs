//! What a classifier said of each row, and what the row was.

use super::{MetricsError, argmax};

/// Scores and truth of the rows of a sample.
#[derive(Debug, Clone, Copy)]
pub struct Scores<'a> {
    /// Logits, row after row: one for each class; or a single one of two classes, the logarithm of
    /// the odds of class 1.
    pub logits: &'a [f64],
    /// Number of classes.
    pub classes: usize,
    /// The class of each row.
    pub labels: &'a [usize],
    /// The weight of each row; empty for a weight of one each.
    pub weights: &'a [f64],
}

/// Checked scores: one logit for each class, a weight for each row.
#[derive(Debug)]
pub(super) struct Checked<'a> {
    pub(super) logits: Vec<f64>,
    pub(super) classes: usize,
    pub(super) labels: &'a [usize],
    pub(super) weights: Vec<f64>,
}

/// The weights, or ones; refuses what is no weight.
pub(super) fn weights(given: &[f64], rows: usize) -> Result<Vec<f64>, MetricsError> {
    if given.is_empty() {
        return Ok(vec![1.0; rows]);
    }
    if given.len() != rows {
        return Err(MetricsError::Weights {
            weights: given.len(),
            rows,
        });
    }
    match given.iter().position(|w| !w.is_finite() || *w < 0.0) {
        Some(row) => Err(MetricsError::Weight {
            row,
            weight: given[row].to_string(),
        }),
        None => Ok(given.to_vec()),
    }
}

impl<'a> Checked<'a> {
    pub(super) fn new(scores: &Scores<'a>) -> Result<Self, MetricsError> {
        let (logits, labels) = (scores.logits, scores.labels);
        let (rows, classes) = (labels.len(), scores.classes);
        let single = classes == 2 && logits.len() == rows;
        if rows == 0 || classes < 2 || !(single || logits.len() == rows * classes) {
            return Err(MetricsError::Shape {
                scores: logits.len(),
                rows,
                classes,
            });
        }
        let width = if single { 1 } else { classes };
        if let Some(at) = logits.iter().position(|v| !v.is_finite()) {
            return Err(MetricsError::NotFinite {
                row: at / width,
                value: logits[at].to_string(),
            });
        }
        if let Some(row) = labels.iter().position(|label| *label >= classes) {
            return Err(MetricsError::Label {
                row,
                label: labels[row],
                classes,
            });
        }
        let weights = weights(scores.weights, rows)?;
        let mut found = vec![0.0; classes];
        for (label, weight) in labels.iter().zip(&weights) {
            found[*label] += weight;
        }
        if let Some(class) = found.iter().position(|weight| *weight == 0.0) {
            return Err(MetricsError::OneSided { class, rows });
        }
        let logits = match single {
            true => logits.iter().flat_map(|z| [0.0, *z]).collect(),
            false => logits.to_vec(),
        };
        Ok(Self {
            logits,
            classes,
            labels,
            weights,
        })
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &[f64]> + Clone {
        self.logits.chunks_exact(self.classes)
    }

    /// One for each row whose decision is its label, zero for the others.
    pub(super) fn right(&self) -> impl Iterator<Item = f64> + Clone {
        let right = |(row, label): (&[f64], &usize)| f64::from(u8::from(argmax(row) == *label));
        self.rows().zip(self.labels).map(right)
    }

    /// For each row the logarithm of the odds of `class` against `background`, or against all
    /// others: it orders rows as the probability does, and does not saturate at one.
    pub(super) fn log_odds(&self, class: usize, background: Option<usize>) -> Vec<f64> {
        let odds = |row: &[f64]| match background {
            Some(other) => row[class] - row[other],
            None => {
                let others = || (0..row.len()).filter(|at| *at != class).map(|at| row[at]);
                let top = others().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = others().map(|v| (v - top).exp()).sum();
                row[class] - top - sum.ln()
            }
        };
        self.rows().map(odds).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(logits: &[f64], labels: &[usize], weights: &[f64]) -> MetricsError {
        let scores = Scores {
            logits,
            classes: 3,
            labels,
            weights,
        };
        Checked::new(&scores).expect_err("error")
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let (zeros, labels) = ([0.0; 9], [0, 1, 2]);
        assert!(matches!(
            error(&zeros[1..], &labels, &[]),
            MetricsError::Shape { .. }
        ));
        assert!(matches!(error(&[], &[], &[]), MetricsError::Shape { .. }));
        let label = error(&zeros, &[0, 1, 3], &[]);
        assert!(matches!(
            label,
            MetricsError::Label {
                row: 2,
                label: 3,
                ..
            }
        ));
        let absent = error(&zeros, &[0, 1, 1], &[]);
        assert!(matches!(absent, MetricsError::OneSided { class: 2, .. }));
        let weightless = error(&zeros, &labels, &[1.0, 0.0, 1.0]);
        assert!(matches!(
            weightless,
            MetricsError::OneSided { class: 1, .. }
        ));
        let negative = error(&zeros, &labels, &[1.0, -1.0, 1.0]);
        assert!(matches!(negative, MetricsError::Weight { row: 1, .. }));
        assert!(matches!(
            error(&zeros, &labels, &[1.0]),
            MetricsError::Weights { .. }
        ));
        let nan = [0.0, 1.0, 0.0, f64::NAN, 0.0, 0.0, 0.0, 0.0, 0.0];
        assert!(matches!(
            error(&nan, &labels, &[]),
            MetricsError::NotFinite { row: 1, .. }
        ));
    }

    #[test]
    fn odds_order_rows_as_the_softmax_does_but_do_not_saturate() {
        let scores = Scores {
            logits: &[100.0, 0.0, 200.0, 0.0, 1.0, 2.0],
            classes: 2,
            labels: &[0, 1, 0],
            weights: &[],
        };
        let checked = Checked::new(&scores).expect("scores");
        assert_eq!(checked.log_odds(0, None), [100.0, 200.0, -1.0]);
        assert_eq!(checked.log_odds(1, Some(0)), [-100.0, -200.0, 1.0]);
        let three = Scores {
            logits: &[2f64.ln(), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            classes: 3,
            labels: &[0, 1, 2],
            weights: &[],
        };
        let odds = Checked::new(&three).expect("scores").log_odds(0, None);
        assert!((odds[0] - 0.0).abs() < 1e-12 && (odds[1] - 0.5f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn one_logit_does_for_two_classes() {
        let scores = Scores {
            logits: &[1.0, -2.0],
            classes: 2,
            labels: &[1, 0],
            weights: &[],
        };
        let checked = Checked::new(&scores).expect("scores");
        assert_eq!(checked.log_odds(1, Some(0)), [1.0, -2.0]);
        assert!(checked.right().eq([1.0, 1.0]));
    }
}
