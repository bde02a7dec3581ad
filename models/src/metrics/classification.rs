//! All figures of a classifier on one sample.

use serde::{Deserialize, Serialize};

use super::calibration::Binned;
use super::discrimination::Contest;
use super::scores::Checked;
use super::{
    Bootstrap, Discrimination, Estimate, MetricsError, Ranking, Reliability, Scores, argmax,
    bootstrap, effective_rows, softmax,
};

/// What to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Signal efficiencies at which the background rejection is quoted.
    pub signal_efficiencies: Vec<f64>,
    /// Bins of a reliability curve.
    pub reliability_bins: usize,
    /// How errors are found.
    pub bootstrap: Bootstrap,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            signal_efficiencies: vec![0.3, 0.5, 0.8],
            reliability_bins: 10,
            bootstrap: Bootstrap::default(),
        }
    }
}

/// Figures of merit of one classifier on one sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    /// Number of rows.
    pub rows: usize,
    /// Rows of equal weight with the same statistical power.
    pub effective_rows: f64,
    /// Share of right decisions, with the binomial error.
    pub accuracy: Estimate,
    /// Mean cross entropy of the softmax of the logits, in units of e (nats).
    pub cross_entropy: Estimate,
    /// Two classes: class 1 against class 0. More: each class against the rest, then each pair.
    pub discrimination: Vec<Discrimination>,
    /// Probability of the decision against the share of right ones.
    pub confidence: Reliability,
    /// Probability of each class against its share.
    pub reliability: Vec<Reliability>,
    /// Weight of the rows: `confusion[label][decision]`.
    pub confusion: Vec<Vec<f64>>,
}

/// By how much a classifier is better than another one on the same rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Of the accuracies.
    pub accuracy: Estimate,
    /// Of the areas under the curves, in the order of [`Classification::discrimination`] without
    /// the pairs.
    pub auc: Vec<Estimate>,
}

/// Judges a classifier.
///
/// # Errors
///
/// Scores, labels and weights that do not fit each other, values that are not finite, a class
/// without rows, or options out of their range.
pub fn classification(
    scores: &Scores<'_>,
    options: &Options,
) -> Result<Classification, MetricsError> {
    let scores = Checked::new(scores)?;
    let efficiencies = efficiencies(options)?;
    let classes = scores.classes;
    let probabilities = softmax(&scores.logits, classes);
    let decisions: Vec<usize> = scores.rows().map(argmax).collect();
    let contests = contests(&scores, &efficiencies);

    let column = |class: usize| probabilities.iter().skip(class).step_by(classes).copied();
    let columns: Vec<Vec<f64>> = (0..classes).map(|class| column(class).collect()).collect();
    let truths: Vec<Vec<bool>> = (0..classes)
        .map(|class| scores.labels.iter().map(|label| *label == class).collect())
        .collect();
    let of_decision = probabilities.chunks_exact(classes).zip(&decisions);
    let confidence: Vec<f64> = of_decision.map(|(row, class)| row[*class]).collect();
    let right: Vec<bool> = scores.right().map(|right| right == 1.0).collect();
    let bins = options.reliability_bins;
    let binned: Vec<Binned> = std::iter::once((&confidence, &right))
        .chain(columns.iter().zip(&truths))
        .map(|(p, truth)| Binned::new(p, truth, bins))
        .collect();

    let replicas = options.bootstrap.run(&scores.weights, |weights| {
        let cuts = contests.iter().flat_map(|contest| contest.figures(weights));
        cuts.chain(binned.iter().map(|binned| binned.error(weights)))
            .collect()
    });
    let mut rest = replicas.as_slice();
    let mut discrimination = Vec::with_capacity(contests.len());
    for contest in &contests {
        let (own, after) = rest.split_at(contest.count());
        let is_background = |label: usize| match contest.background {
            Some(class) => label == class,
            None => label != contest.signal,
        };
        let background: Vec<f64> = (scores.labels.iter().zip(&scores.weights))
            .filter(|(label, _)| is_background(**label))
            .map(|(_, weight)| *weight)
            .collect();
        discrimination.push(contest.judge(&scores.weights, &background, own));
        rest = after;
    }
    let mut curves = binned
        .iter()
        .zip(rest)
        .map(|(b, own)| b.judge(&scores.weights, own));
    let confidence = curves.next().ok_or(MetricsError::Options {
        problem: "bootstrap.replicas is 0".to_owned(),
    })?;
    let mut confusion = vec![vec![0.0; classes]; classes];
    for ((label, decision), weight) in scores.labels.iter().zip(&decisions).zip(&scores.weights) {
        confusion[*label][*decision] += weight;
    }
    let surprise = scores.rows().zip(scores.labels).map(|(row, label)| {
        let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = row.iter().map(|v| (v - top).exp()).sum();
        top + sum.ln() - row[*label]
    });
    Ok(Classification {
        rows: scores.labels.len(),
        effective_rows: effective_rows(&scores.weights),
        accuracy: Estimate::mean(scores.right(), &scores.weights),
        cross_entropy: Estimate::mean(surprise, &scores.weights),
        discrimination,
        confidence,
        reliability: curves.collect(),
        confusion,
    })
}

/// The figures of `first` minus those of `second`, which judged the same rows; as both see the
/// same replicas, the errors are those of the difference.
///
/// # Errors
///
/// As [`classification()`]; also labels or weights that differ.
pub fn difference(
    first: &Scores<'_>,
    second: &Scores<'_>,
    bootstrap: Bootstrap,
) -> Result<Difference, MetricsError> {
    if first.labels != second.labels || first.weights != second.weights {
        return Err(MetricsError::OtherRows);
    }
    let (first, second) = (Checked::new(first)?, Checked::new(second)?);
    let both = [contests(&first, &[]), contests(&second, &[])];
    let singles: Vec<(&Ranking, &Ranking)> = (both[0].iter().zip(&both[1]))
        .filter(|(one, _)| one.background.is_none() || first.classes == 2)
        .map(|(one, other)| (&one.ranking, &other.ranking))
        .collect();
    let gains: Vec<f64> = (first.right().zip(second.right()))
        .map(|(one, other)| one - other)
        .collect();
    let areas = |weights: &[f64]| -> Vec<f64> {
        let area = |(one, other): &(&Ranking, &Ranking)| one.auc(weights) - other.auc(weights);
        singles.iter().map(area).collect()
    };
    let replicas = bootstrap.run(&first.weights, areas);
    let values = areas(&first.weights).into_iter();
    Ok(Difference {
        accuracy: Estimate::mean(gains.iter().copied(), &first.weights),
        auc: values
            .zip(replicas.iter())
            .map(|(value, own)| Estimate {
                value,
                error: bootstrap::half_width(own),
            })
            .collect(),
    })
}

/// Signal efficiencies of the curve: every 2 %.
fn grid() -> Vec<f64> {
    (1..=50).map(|step| f64::from(step) / 50.0).collect()
}

fn contests(scores: &Checked<'_>, efficiencies: &[f64]) -> Vec<Contest> {
    let classes = scores.classes;
    let pairs = (0..classes).flat_map(|s| (0..classes).map(move |b| (s, b)));
    let pairs = pairs.filter(|(s, b)| s != b && (classes > 2 || *s == 1));
    let rest = (0..classes)
        .filter(|_| classes > 2)
        .map(|class| (class, None));
    let contest = |(signal, background): (usize, Option<usize>)| {
        let kind = |row: usize| {
            let label = scores.labels[row];
            let is_background = background.is_none_or(|class| label == class);
            (label == signal || is_background).then_some(label == signal)
        };
        let draw = background.is_none() || classes == 2;
        Contest {
            signal,
            background,
            ranking: Ranking::new(&scores.log_odds(signal, background), kind),
            efficiencies: efficiencies.to_vec(),
            grid: if draw { grid() } else { Vec::new() },
        }
    };
    rest.chain(pairs.map(|(s, b)| (s, Some(b))))
        .map(contest)
        .collect()
}

/// The chosen signal efficiencies, ascending.
fn efficiencies(options: &Options) -> Result<Vec<f64>, MetricsError> {
    let refused = |problem: String| Err(MetricsError::Options { problem });
    let mut efficiencies = options.signal_efficiencies.clone();
    if let Some(bad) = efficiencies.iter().find(|e| !(**e > 0.0 && **e <= 1.0)) {
        return refused(format!(
            "the signal efficiency {bad} is not above 0 and at most 1"
        ));
    }
    if !(1..=1000).contains(&options.reliability_bins) {
        let bins = options.reliability_bins;
        return refused(format!("{bins} reliability bins; expected 1 to 1000"));
    }
    if !(1..=100_000).contains(&options.bootstrap.replicas) {
        let replicas = options.bootstrap.replicas;
        return refused(format!(
            "{replicas} bootstrap replicas; expected 1 to 100000"
        ));
    }
    efficiencies.sort_by(f64::total_cmp);
    efficiencies.dedup();
    Ok(efficiencies)
}
