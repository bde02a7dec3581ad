//! What a quantised model loses against the float one, on the same events.
//!
//! | metric | loss |
//! |---|---|
//! | accuracy | share of right decisions of the float model, less that of the integers |
//! | auc | the largest drop, over the classes, of the area under the one-vs-rest ROC curve |
//! | mse | mean squared difference of the outputs |
//! | kl | mean Kullback-Leibler divergence from the float probabilities to the integers', in nats |
//!
//! A loss is negative where the integers do better. Outputs that are no
//! probabilities already are made so by a softmax, or a sigmoid where there is
//! one score only.
//!
//! Every loss has a standard error, of the differences event by event; that of
//! the area is DeLong's (Biometrics 44 (1988) 837).

use std::fmt;

use super::loss::{Loss, moments};
use super::roc::Placements;

/// A measure of loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Largest drop of the area under a class's one-vs-rest ROC curve.
    Auc,
    /// Drop of the share of right decisions.
    Accuracy,
    /// Mean squared difference of the outputs.
    Mse,
    /// Mean Kullback-Leibler divergence of the probabilities, in nats.
    Kl,
}

impl Metric {
    /// Whether the loss is measured with true classes.
    pub fn needs_labels(self) -> bool {
        matches!(self, Self::Auc | Self::Accuracy)
    }

    /// The metric's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auc => "auc",
            Self::Accuracy => "accuracy",
            Self::Mse => "mse",
            Self::Kl => "kl",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Scores and labels that a metric cannot be computed of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// No labels.
    #[error("the metric {metric} needs a label for every calibration event")]
    NoLabels {
        /// The metric.
        metric: Metric,
    },
    /// The number of labels is not that of the events.
    #[error("{labels} labels for {events} calibration events")]
    Count {
        /// Labels.
        labels: usize,
        /// Events.
        events: usize,
    },
    /// A label is no class.
    #[error("event {event}: label {label} is not one of the {classes} classes of the output")]
    Label {
        /// Row of the calibration file, from 0.
        event: usize,
        /// The label.
        label: usize,
        /// Classes that the output tells apart.
        classes: usize,
    },
    /// A class has no events, or all.
    #[error(
        "{found} of {events} calibration events are of class {class}; the area under its \
         ROC curve needs events of both kinds"
    )]
    OneSided {
        /// The class.
        class: usize,
        /// Events of it.
        found: usize,
        /// All events.
        events: usize,
    },
    /// One score decides nothing by itself.
    #[error("the output is one score: the accuracy of its decisions needs a threshold")]
    NoThreshold,
}

/// The float model's outputs, which losses are measured against.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    /// Outputs, event after event.
    scores: Vec<f64>,
    /// Elements of one event's output.
    width: usize,
    /// True classes.
    labels: Option<Vec<usize>>,
    /// What a single score must reach to be class 1.
    threshold: Option<f64>,
    /// Whether the outputs are probabilities.
    normalised: bool,
}

/// Two probabilities are told apart down to this one, since tables give zeros.
const FAINTEST: f64 = 1e-6;
/// How far the sum of probabilities may be from 1.
const SUM_TOLERANCE: f64 = 1e-3;

impl Reference {
    pub(super) fn new(
        scores: Vec<f64>,
        width: usize,
        labels: Option<Vec<usize>>,
        threshold: Option<f64>,
    ) -> Self {
        let normalised = scores.chunks(width.max(1)).all(|row| {
            let inside = row.iter().all(|p| (0.0..=1.0).contains(p));
            inside && (width == 1 || (row.iter().sum::<f64>() - 1.0).abs() <= SUM_TOLERANCE)
        });
        Self {
            scores,
            width,
            labels,
            threshold,
            normalised,
        }
    }

    /// Classes that the output tells apart.
    pub(super) fn classes(&self) -> usize {
        self.width.max(2)
    }

    fn events(&self) -> usize {
        self.scores.len() / self.width.max(1)
    }

    /// Refuses labels and scores that the metric cannot be computed of.
    ///
    /// `row` gives the row in the user's file of each event.
    pub(super) fn check(
        &self,
        metric: Metric,
        row: impl Fn(usize) -> usize,
    ) -> Result<(), MetricError> {
        if !metric.needs_labels() {
            return Ok(());
        }
        let Some(labels) = &self.labels else {
            return Err(MetricError::NoLabels { metric });
        };
        let (classes, events) = (self.classes(), self.events());
        if let Some(event) = labels.iter().position(|&label| label >= classes) {
            return Err(MetricError::Label {
                event: row(event),
                label: labels[event],
                classes,
            });
        }
        if metric == Metric::Accuracy && self.width == 1 && self.threshold.is_none() {
            return Err(MetricError::NoThreshold);
        }
        for class in 0..classes {
            let found = labels.iter().filter(|&&label| label == class).count();
            if metric == Metric::Auc && (found == 0 || found == events) {
                return Err(MetricError::OneSided {
                    class,
                    found,
                    events,
                });
            }
        }
        Ok(())
    }

    /// What outputs lose against the float model's.
    pub(super) fn loss(&self, metric: Metric, found: &[f64]) -> Loss {
        match metric {
            Metric::Accuracy => {
                let (float, fixed) = (self.right(&self.scores), self.right(found));
                let lost = float.zip(fixed).map(|(float, fixed)| float - fixed);
                Loss::mean(&lost.collect::<Vec<_>>())
            }
            Metric::Auc => {
                let classes = self.ranked_classes();
                let drops = classes.map(|class| self.drop_of_area(found, class));
                let worst = drops.reduce(|a, b| if b.upper() > a.upper() { b } else { a });
                worst.unwrap_or(Loss::mean(&[]))
            }
            Metric::Mse => Loss::mean(&self.squares(found)),
            Metric::Kl => Loss::mean(&self.divergences(found)),
        }
    }

    /// The float model's own figure, for the metrics that have one: its
    /// accuracy, or its area averaged over the classes.
    pub(super) fn float_figure(&self, metric: Metric) -> Option<f64> {
        let figures: Vec<f64> = match metric {
            Metric::Accuracy => self.right(&self.scores).collect(),
            Metric::Auc => {
                let classes = self.ranked_classes();
                let areas = classes.map(|class| self.placements(&self.scores, class).area());
                areas.collect()
            }
            Metric::Mse | Metric::Kl => return None,
        };
        Some(moments(&figures).0)
    }

    /// A smooth distance that a single bit already changes, to rank changes by:
    /// the divergence for classifiers, the squared difference for the others.
    pub(super) fn distance(&self, metric: Metric, found: &[f64]) -> f64 {
        match metric {
            Metric::Mse => moments(&self.squares(found)).0,
            Metric::Accuracy | Metric::Auc | Metric::Kl => moments(&self.divergences(found)).0,
        }
    }

    /// Per event, the mean squared difference.
    fn squares(&self, found: &[f64]) -> Vec<f64> {
        let width = self.width.max(1);
        let rows = self.scores.chunks(width).zip(found.chunks(width));
        let square = |(a, b): (&f64, &f64)| (a - b).powi(2);
        rows.map(|(a, b)| a.iter().zip(b).map(square).sum::<f64>() / width as f64)
            .collect()
    }

    /// Per event, 1 for a right decision and 0 for a wrong one.
    fn right(&self, scores: &[f64]) -> impl Iterator<Item = f64> {
        let labels = self.labels.as_deref().unwrap_or_default();
        let decide = |row: &[f64]| match (row, self.threshold) {
            (&[score], Some(threshold)) => usize::from(score >= threshold),
            _ => largest(row),
        };
        let rows = scores.chunks(self.width.max(1)).zip(labels);
        rows.map(move |(row, label)| f64::from(u8::from(decide(row) == *label)))
    }

    /// The classes that have a ROC curve: the second alone where there is one
    /// score.
    fn ranked_classes(&self) -> std::ops::Range<usize> {
        match self.width {
            1 => 1..2,
            width => 0..width,
        }
    }

    /// The drop of a class's area, with DeLong's error of paired areas.
    fn drop_of_area(&self, found: &[f64], class: usize) -> Loss {
        let (float, fixed) = (
            self.placements(&self.scores, class),
            self.placements(found, class),
        );
        let variance = |float: &[f64], fixed: &[f64]| {
            let drops = float.iter().zip(fixed).map(|(a, b)| a - b);
            let drops: Vec<_> = drops.collect();
            moments(&drops).1 / drops.len().max(1) as f64
        };
        let signal = variance(&float.signal, &fixed.signal);
        let background = variance(&float.background, &fixed.background);
        Loss {
            value: float.area() - fixed.area(),
            error: (signal + background).sqrt(),
        }
    }

    fn placements(&self, scores: &[f64], class: usize) -> Placements {
        let labels = self.labels.as_deref().unwrap_or_default();
        let is_signal = labels.iter().map(|&label| label == class);
        match self.width {
            1 => Placements::new(scores.iter().copied().zip(is_signal)),
            width => {
                let probabilities = self.probabilities(scores);
                let column = probabilities.iter().skip(class).step_by(width);
                Placements::new(column.copied().zip(is_signal))
            }
        }
    }

    /// Per event, the divergence from the float model's probabilities.
    fn divergences(&self, found: &[f64]) -> Vec<f64> {
        let (p, q) = (self.probabilities(&self.scores), self.probabilities(found));
        let term = |p: f64, q: f64| match p > 0.0 {
            true => p * (p / q.max(FAINTEST)).ln(),
            false => 0.0,
        };
        let width = self.width.max(1);
        let rows = p.chunks(width).zip(q.chunks(width));
        rows.map(|rows| match rows {
            (&[p], &[q]) => term(p, q) + term(1.0 - p, 1.0 - q),
            (p, q) => p.iter().zip(q).map(|(&p, &q)| term(p, q)).sum(),
        })
        .collect()
    }

    /// The probabilities that scores stand for.
    fn probabilities(&self, scores: &[f64]) -> Vec<f64> {
        let mut out = Vec::with_capacity(scores.len());
        for row in scores.chunks(self.width.max(1)) {
            match (self.normalised, row) {
                (true, [_]) => out.extend_from_slice(row),
                (true, _) => {
                    // Probabilities from tables need not add up to 1.
                    let total = row.iter().sum::<f64>().max(FAINTEST);
                    out.extend(row.iter().map(|p| p / total));
                }
                (false, &[score]) => out.push(1.0 / (1.0 + libm::exp(-score))),
                (false, _) => {
                    let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    let total: f64 = row.iter().map(|score| libm::exp(score - top)).sum();
                    out.extend(row.iter().map(|score| libm::exp(score - top) / total));
                }
            }
        }
        out
    }
}

/// The first of the largest scores.
fn largest(row: &[f64]) -> usize {
    (1..row.len()).fold(0, |best, at| if row[at] > row[best] { at } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(scores: &[f64], width: usize, labels: &[usize]) -> Reference {
        Reference::new(scores.to_vec(), width, Some(labels.to_vec()), None)
    }

    #[test]
    fn accuracy_counts_decisions() {
        let float = reference(&[2.0, 1.0, 0.0, 3.0, 1.0, 0.0, 5.0, 4.0], 2, &[0, 1, 0, 1]);
        assert_eq!(float.float_figure(Metric::Accuracy), Some(0.75));
        let fixed = [1.0, 1.0, 0.0, 3.0, 0.0, 1.0, 5.0, 4.0];
        // One of four is lost: variance 1/4 of the differences, by n - 1.
        let lost = float.loss(Metric::Accuracy, &fixed);
        assert_eq!((lost.value, lost.error), (0.25, 0.25));
        let one = Reference::new(vec![0.2, 0.6, 0.7], 1, Some(vec![0, 0, 1]), Some(0.6));
        let fixed = [0.25, 0.5, 0.75];
        let gained = one.loss(Metric::Accuracy, &fixed);
        assert!((gained.value + 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(gained.upper(), gained.error);
    }

    #[test]
    fn area_is_that_of_the_worst_class() {
        // One score: 0.9 beats both, 0.3 ties one and beats none.
        let float = reference(&[0.9, 0.3, 0.3, 0.5], 1, &[1, 1, 0, 0]);
        assert_eq!(float.float_figure(Metric::Auc), Some(0.625));
        let fixed = [0.9, 0.25, 0.3, 0.5];
        // Signal: 1/4 to 0 for the second; background: 3/4 to 1 for the first.
        let lost = float.loss(Metric::Auc, &fixed);
        assert_eq!(lost.value, 0.125);
        // Three classes in perfect order; then the third loses one of two pairs.
        let rows = [8.0, 0.0, 0.0, 0.0, 8.0, 0.0, 0.0, 0.0, 8.0];
        let float = reference(&rows, 3, &[0, 1, 2]);
        let fixed = [8.0, 0.0, 0.0, 0.0, 2.0, 6.0, 4.0, 0.0, 4.0];
        assert_eq!(float.loss(Metric::Auc, &fixed).value, 0.5);
    }

    #[test]
    fn divergence_and_squares_by_hand() {
        let float = Reference::new(vec![0.5, 0.5, 0.75, 0.25], 2, None, None);
        let fixed = [0.25, 0.75, 0.75, 0.25];
        assert_eq!(float.loss(Metric::Mse, &fixed).value, 2.0 * 0.0625 / 4.0);
        let expected = 0.5 * (0.5 * 2f64.ln() + 0.5 * (2.0f64 / 3.0).ln());
        assert!((float.loss(Metric::Kl, &fixed).value - expected).abs() < 1e-12);
        // Logits count up to a constant, single scores through a sigmoid.
        let logits = Reference::new(vec![3.0, 1.0], 2, None, None);
        assert!(logits.loss(Metric::Kl, &[7.0, 5.0]).value.abs() < 1e-12);
        let score = Reference::new(vec![2.0], 1, None, None);
        let p = 1.0 / (1.0 + (-2f64).exp());
        let expected = p * (p / 0.5).ln() + (1.0 - p) * ((1.0 - p) / 0.5).ln();
        assert!((score.loss(Metric::Kl, &[0.0]).value - expected).abs() < 1e-12);
        // A table's zero is no infinite loss.
        let sure = Reference::new(vec![0.5, 0.5], 2, None, None);
        assert!(sure.loss(Metric::Kl, &[1.0, 0.0]).value.is_finite());
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        let check = |reference: &Reference, metric| reference.check(metric, |event| event + 10);
        let unlabelled = Reference::new(vec![0.0, 1.0], 2, None, None);
        let metric = Metric::Auc;
        let expected = MetricError::NoLabels { metric };
        assert_eq!(check(&unlabelled, metric), Err(expected));
        assert_eq!(check(&unlabelled, Metric::Kl), Ok(()));
        let wrong = reference(&[0.0; 4], 2, &[0, 2]);
        let expected = MetricError::Label {
            event: 11,
            label: 2,
            classes: 2,
        };
        assert_eq!(check(&wrong, Metric::Accuracy), Err(expected));
        let one_sided = reference(&[0.0; 4], 2, &[1, 1]);
        let expected = MetricError::OneSided {
            class: 0,
            found: 0,
            events: 2,
        };
        assert_eq!(check(&one_sided, Metric::Auc), Err(expected));
        let one = reference(&[0.0; 2], 1, &[0, 1]);
        assert_eq!(check(&one, Metric::Accuracy), Err(MetricError::NoThreshold));
    }
}
