//! What a cut on a score does to the shape of another variable in the background.

use serde::{Deserialize, Serialize};

use super::scores::Checked;
use super::{Bootstrap, Estimate, MetricsError, Scores, bootstrap, distance_correlation};

/// Bins of the variable.
const BINS: usize = 40;
/// Share of the background that each outermost bin holds beyond the range of the others.
const TAIL: f64 = 0.005;

/// A variable beside the scores of a classifier.
#[derive(Debug, Clone, Copy)]
pub struct Spectator<'a> {
    /// Its value for each row.
    pub values: &'a [f64],
    /// Of each class, whether it is background; the other ones are signal.
    pub background: &'a [bool],
}

/// How the background's shape in a variable depends on cuts on the score, which is the logarithm of
/// the odds of all signal classes against all background classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sculpting {
    /// Distance correlation of the score (as a probability) and the variable, background alone.
    pub distance_correlation: f64,
    /// Edges of the bins; what lies outside is in the outermost ones.
    pub edges: Vec<f64>,
    /// Share of the background in each bin.
    pub all: Vec<f64>,
    /// Cuts at the asked efficiencies.
    pub points: Vec<Sculpted>,
}

/// The background at one cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sculpted {
    /// Share of the signal that passes: at least what was asked for.
    pub signal_efficiency: f64,
    /// Least score that passes.
    pub threshold: f64,
    /// Share of the background that passes, with the binomial error.
    pub background_efficiency: Estimate,
    /// Jensen-Shannon divergence, in bits, of the variable in the background that passes and in
    /// that which fails; none where one of the two is empty.
    pub divergence: Option<Estimate>,
    /// What the sizes of the two samples alone would give on average.
    pub floor: f64,
    /// Of the background that passes, the share in each bin.
    pub passing: Vec<f64>,
}

/// Judges how far cuts at these signal efficiencies change the background's shape in a variable.
/// Errors of divergences are those of the background at a fixed threshold.
///
/// # Errors
///
/// Scores, labels, weights and the variable that do not fit each other; background or signal that
/// no row belongs to.
pub fn sculpting(
    scores: &Scores<'_>,
    spectator: &Spectator<'_>,
    efficiencies: &[f64],
    bootstrap: Bootstrap,
) -> Result<Sculpting, MetricsError> {
    let checked = Checked::new(scores)?;
    let rows = checked.labels.len();
    if spectator.values.len() != rows || spectator.background.len() != checked.classes {
        return Err(MetricsError::Predictions {
            predictions: spectator.values.len(),
            targets: rows,
        });
    }
    let odds = odds(&checked, spectator.background);
    let is_background = |row: &usize| spectator.background[checked.labels[*row]];
    let (background, mut signal): (Vec<usize>, Vec<usize>) = (0..rows).partition(is_background);
    let weight = |rows: &[usize]| rows.iter().map(|row| checked.weights[*row]).sum::<f64>();
    if weight(&background) <= 0.0 || weight(&signal) <= 0.0 {
        return Err(MetricsError::NoWeight);
    }
    signal.sort_by(|a, b| odds[*b].total_cmp(&odds[*a]));
    let of = |values: &[f64]| -> Vec<f64> { background.iter().map(|row| values[*row]).collect() };
    let (values, own, weights) = (of(spectator.values), of(&odds), of(&checked.weights));
    let edges = edges(&values);
    let bins: Vec<usize> = values.iter().map(|value| bin(&edges, *value)).collect();
    let probability: Vec<f64> = own.iter().map(|odds| 1.0 / (1.0 + (-odds).exp())).collect();
    let thresholds: Vec<f64> = (efficiencies.iter())
        .map(|efficiency| threshold(&signal, &odds, &checked.weights, *efficiency))
        .collect();
    let split = |weights: &[f64], threshold: f64| {
        let mut sides = [vec![0.0; BINS], vec![0.0; BINS]];
        for ((bin, odds), weight) in bins.iter().zip(&own).zip(weights) {
            sides[usize::from(*odds >= threshold)][*bin] += weight;
        }
        sides
    };
    let replicas = bootstrap.run(&weights, |weights| {
        let of = |threshold: &f64| divergence(&split(weights, *threshold)).unwrap_or(f64::NAN);
        thresholds.iter().map(of).collect()
    });
    let mut points = Vec::new();
    for (at, least) in thresholds.iter().enumerate() {
        let passed: Vec<usize> = (signal.iter().copied())
            .filter(|row| odds[*row] >= *least)
            .collect();
        let sides = split(&weights, *least);
        let passes = own.iter().map(|odds| f64::from(u8::from(odds >= least)));
        points.push(Sculpted {
            signal_efficiency: weight(&passed) / weight(&signal),
            threshold: *least,
            background_efficiency: Estimate::mean(passes.clone(), &weights),
            divergence: divergence(&sides).map(|value| Estimate {
                value,
                error: replicas
                    .get(at)
                    .and_then(|found| bootstrap::half_width(found)),
            }),
            floor: floor(passes, &weights, &sides),
            passing: shares(&sides[1]),
        });
    }
    Ok(Sculpting {
        distance_correlation: distance_correlation(&probability, &values, &weights),
        all: shares(&split(&weights, f64::NEG_INFINITY)[1]),
        edges,
        points,
    })
}

/// The logarithm of the odds of all signal classes against all background classes.
fn odds(scores: &Checked<'_>, background: &[bool]) -> Vec<f64> {
    let sum = |row: &[f64], kind: bool| {
        let of_kind = || row.iter().zip(background).filter(|(_, b)| **b == kind);
        let top = of_kind().map(|(z, _)| *z).fold(f64::NEG_INFINITY, f64::max);
        top + of_kind().map(|(z, _)| (z - top).exp()).sum::<f64>().ln()
    };
    scores
        .rows()
        .map(|row| sum(row, false) - sum(row, true))
        .collect()
}

/// The highest threshold that keeps this share of the signal, whose rows are sorted by score.
fn threshold(signal: &[usize], odds: &[f64], weights: &[f64], efficiency: f64) -> f64 {
    let total: f64 = signal.iter().map(|row| weights[*row]).sum();
    let mut kept = 0.0;
    for row in signal {
        kept += weights[*row];
        if kept >= efficiency * total {
            return odds[*row];
        }
    }
    f64::NEG_INFINITY
}

/// Edges of bins of equal width between the outer quantiles.
fn edges(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let quantile = |share: f64| {
        let place = share * (sorted.len().max(1) - 1) as f64;
        sorted.get(place.round() as usize).copied().unwrap_or(0.0)
    };
    let (low, high) = (quantile(TAIL), quantile(1.0 - TAIL));
    let edge = |at: usize| low + (high - low) * at as f64 / BINS as f64;
    (0..=BINS).map(edge).collect()
}

fn bin(edges: &[f64], value: f64) -> usize {
    edges[1..BINS].partition_point(|edge| *edge <= value)
}

fn shares(counts: &[f64]) -> Vec<f64> {
    let total: f64 = counts.iter().sum();
    let share = |count: &f64| if total > 0.0 { count / total } else { 0.0 };
    counts.iter().map(share).collect()
}

/// Jensen-Shannon divergence of two histograms in bits; none where one is empty.
fn divergence([one, other]: &[Vec<f64>; 2]) -> Option<f64> {
    if [one, other]
        .iter()
        .any(|side| side.iter().sum::<f64>() <= 0.0)
    {
        return None;
    }
    let (one, other) = (shares(one), shares(other));
    let term = |p: f64, q: f64| {
        if p > 0.0 {
            p * (2.0 * p / (p + q)).log2()
        } else {
            0.0
        }
    };
    let both = one
        .iter()
        .zip(&other)
        .map(|(p, q)| term(*p, *q) + term(*q, *p));
    Some(both.sum::<f64>() / 2.0)
}

/// The mean divergence of two samples of one distribution, to first order in `1 / n`:
/// `(bins - 1) (1 / n_1 + 1 / n_2) / (8 ln 2)` for the bins that are not empty.
fn floor(passes: impl Iterator<Item = f64>, weights: &[f64], sides: &[Vec<f64>; 2]) -> f64 {
    let filled = sides[0]
        .iter()
        .zip(&sides[1])
        .filter(|(a, b)| **a + **b > 0.0);
    let (mut sums, mut squares) = ([0.0; 2], [0.0; 2]);
    for (passes, weight) in passes.zip(weights) {
        let side = usize::from(passes > 0.0);
        sums[side] += weight;
        squares[side] += weight * weight;
    }
    let inverse = |side: usize| squares[side] / (sums[side] * sums[side]);
    (filled.count().max(1) - 1) as f64 * (inverse(0) + inverse(1)) / (8.0 * 2f64.ln())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Purpose, Stream};

    /// 6,000 background and 2,000 signal rows; the background's score follows the variable or not.
    fn sample(follows: bool) -> (Vec<f64>, Vec<usize>, Vec<f64>) {
        let mut stream = Stream::new(9, Purpose::Split);
        let (mut logits, mut labels, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..8000 {
            let label = usize::from(row % 4 == 3);
            let (value, noise) = (f64::from(stream.uniform()), f64::from(stream.uniform()));
            let score = match (label, follows) {
                (1, _) => 0.5 + noise,
                (_, true) => value,
                (_, false) => noise,
            };
            logits.push(4.0 * score - 3.0);
            labels.push(label);
            values.push(value);
        }
        (logits, labels, values)
    }

    fn judged(follows: bool) -> Sculpting {
        let (logits, labels, values) = sample(follows);
        let scores = Scores {
            logits: &logits,
            classes: 2,
            labels: &labels,
            weights: &[],
        };
        let spectator = Spectator {
            values: &values,
            background: &[true, false],
        };
        sculpting(&scores, &spectator, &[0.3, 0.8], Bootstrap::default()).expect("figures")
    }

    #[test]
    fn a_score_that_follows_the_variable_sculpts_it() {
        let found = judged(true);
        assert!(
            found.distance_correlation > 0.95,
            "{}",
            found.distance_correlation
        );
        let point = &found.points[1];
        assert!((point.signal_efficiency - 0.8).abs() < 0.001);
        // Signal above 0.7 of 0.5 to 1.5: background above 0.7 of 0 to 1.
        assert!((point.background_efficiency.value - 0.3).abs() < 0.05);
        // Nothing is in the same bin on both sides but for one: a divergence of one bit.
        assert!(point.divergence.expect("divergence").value > 0.9);
        assert_eq!(point.passing[0], 0.0);
        assert!((found.all.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_score_that_does_not_leaves_it_within_the_floor() {
        let found = judged(false);
        assert!(
            found.distance_correlation < 0.05,
            "{}",
            found.distance_correlation
        );
        let point = &found.points[1];
        let divergence = point.divergence.expect("divergence");
        assert!(divergence.value < 2.0 * point.floor, "{point:?}");
        assert!(divergence.value > 0.5 * point.floor, "{point:?}");
        // No background at all above the highest scores of the signal.
        assert!(found.points[0].divergence.is_none());
    }
}
