//! All figures of one set of scores.

use serde::{Deserialize, Serialize};

use super::{MetricsError, Rejection, accuracy, auc, confusion, rejection, softmax};

/// Figures of merit of one classifier on one sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Number of rows.
    pub rows: usize,
    /// Share of right decisions.
    pub accuracy: f64,
    /// Binomial error of the accuracy.
    pub accuracy_error: f64,
    /// Area under the one-vs-rest ROC curve of each class.
    pub auc: Vec<f64>,
    /// One-vs-rest background rejection of each class.
    pub rejection: Vec<Rejection>,
    /// Counts of rows: `confusion[label][decision]`.
    pub confusion: Vec<Vec<usize>>,
}

/// Evaluates logits: decisions on the logits themselves, curves on their softmax.
///
/// # Errors
///
/// Logits and labels that do not fit each other, NaN, or a class without rows.
pub fn evaluate(
    logits: &[f64],
    classes: usize,
    labels: &[usize],
    signal_efficiency: f64,
) -> Result<Evaluation, MetricsError> {
    let rows = labels.len();
    if logits.len() != rows * classes || rows == 0 {
        return Err(MetricsError::Shape {
            scores: logits.len(),
            rows,
            classes,
        });
    }
    if let Some(row) = labels.iter().position(|label| *label >= classes) {
        return Err(MetricsError::Label {
            row,
            label: labels[row],
            classes,
        });
    }
    if let Some(index) = logits.iter().position(|v| !v.is_finite()) {
        return Err(MetricsError::NotFinite {
            row: index / classes,
            value: logits[index].to_string(),
        });
    }
    let probabilities = softmax(logits, classes);
    let (mut areas, mut rejections) = (Vec::new(), Vec::new());
    for class in 0..classes {
        let scores: Vec<f64> = probabilities
            .iter()
            .skip(class)
            .step_by(classes)
            .copied()
            .collect();
        let signal: Vec<bool> = labels.iter().map(|label| *label == class).collect();
        let one_sided = MetricsError::OneSided { class, rows };
        let rejected = rejection(&scores, &signal, signal_efficiency);
        let (Some(area), Some((value, error))) = (auc(&scores, &signal), rejected) else {
            return Err(one_sided);
        };
        let finite = |v: f64| v.is_finite().then_some(v);
        areas.push(area);
        let (value, error) = (finite(value), finite(error));
        rejections.push(Rejection {
            signal_efficiency,
            value,
            error,
            above: None,
        });
    }
    let accuracy = accuracy(logits, classes, labels);
    Ok(Evaluation {
        rows,
        accuracy,
        accuracy_error: (accuracy * (1.0 - accuracy) / rows as f64).sqrt(),
        auc: areas,
        rejection: rejections,
        confusion: confusion(logits, classes, labels),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_by_hand() {
        // Two classes: the softmax of class 0 orders rows by the difference of the logits.
        let logits = [2.0, 0.0, 1.0, 0.0, 0.0, 3.0, 1.0, 2.0, 0.5, 0.0];
        let labels = [0, 0, 1, 0, 1];
        let figures = evaluate(&logits, 2, &labels, 0.5).expect("figures");
        assert_eq!((figures.rows, figures.accuracy), (5, 0.6));
        assert!((figures.accuracy_error - (0.24f64 / 5.0).sqrt()).abs() < 1e-12);
        // Differences: signal 2, 1, -1; background -3, 0.5: five of six pairs are in order.
        assert!(figures.auc.iter().all(|a| (a - 5.0 / 6.0).abs() < 1e-12));
        assert_eq!(figures.confusion, [[2, 1], [1, 1]]);
        assert_eq!(figures.rejection[0].value, None);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let error =
            |logits: &[f64], labels: &[usize]| evaluate(logits, 2, labels, 0.5).expect_err("error");
        assert!(matches!(
            error(&[0.0; 3], &[0, 1]),
            MetricsError::Shape { .. }
        ));
        assert!(matches!(
            error(&[0.0; 4], &[0, 2]),
            MetricsError::Label { row: 1, .. }
        ));
        assert!(matches!(
            error(&[0.0; 4], &[0, 0]),
            MetricsError::OneSided { .. }
        ));
        let nan = [0.0, 1.0, 0.0, f64::NAN];
        assert!(matches!(
            error(&nan, &[0, 1]),
            MetricsError::NotFinite { row: 1, .. }
        ));
    }
}
