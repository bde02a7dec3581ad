//! Figures of a detector of anomalies: thresholds on the background, efficiencies of signals.

use serde::{Deserialize, Serialize};

use super::{Bootstrap, Curve, Estimate, MetricsError, Ranking, bootstrap, effective_rows};

/// Scores of some events; larger for less usual ones.
#[derive(Debug, Clone, Copy)]
pub struct AnomalyScores<'a> {
    /// The score of each background event.
    pub background: &'a [f64],
    /// Its weight; empty for a weight of one each.
    pub weights: &'a [f64],
    /// Name and scores of each signal.
    pub signals: &'a [(String, Vec<f64>)],
}

/// A threshold and what it accepts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkingPoint {
    /// The share of the background that was asked for.
    pub background_rate: f64,
    /// Events are accepted whose score is at least this.
    pub threshold: f64,
    /// Accepted share of the background, with the binomial error.
    pub background: Estimate,
    /// Accepted share of each signal, with the binomial error.
    pub signals: Vec<Estimate>,
}

/// How well one signal is told from the background.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignalFigures {
    /// Its name.
    pub name: String,
    /// Number of its events.
    pub rows: usize,
    /// Area under the ROC curve.
    pub auc: Estimate,
    /// The ROC curve at fixed signal efficiencies.
    pub curve: Curve,
}

/// Figures of a detector on one sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Anomaly {
    /// Background events.
    pub rows: usize,
    /// Background events of equal weight with the same statistical power.
    pub effective_rows: f64,
    /// Each signal.
    pub signals: Vec<SignalFigures>,
    /// For each rate the lowest threshold that accepts at most that share of this background.
    pub points: Vec<WorkingPoint>,
    /// For each rate the threshold that was found on another background, as a trigger has it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<WorkingPoint>,
}

/// Judges a detector: `rates` are the shares of the background to accept, `thresholds` those that
/// another sample gave for them (or none).
///
/// # Errors
///
/// Scores that are not finite, weights that do not fit, a sample without events.
pub fn anomaly(
    scores: &AnomalyScores<'_>,
    rates: &[f64],
    thresholds: &[f64],
    bootstrap: Bootstrap,
) -> Result<Anomaly, MetricsError> {
    let background = scores.background;
    let weights = super::scores::weights(scores.weights, background.len())?;
    for sample in std::iter::once(background).chain(scores.signals.iter().map(|s| s.1.as_slice())) {
        if let Some(row) = sample.iter().position(|score| !score.is_finite()) {
            return Err(MetricsError::NotFinite {
                row,
                value: sample[row].to_string(),
            });
        }
    }
    if weights.iter().sum::<f64>() <= 0.0 {
        return Err(MetricsError::NoWeight);
    }
    if let Some(class) = scores.signals.iter().position(|s| s.1.is_empty()) {
        return Err(MetricsError::OneSided {
            class,
            rows: background.len(),
        });
    }
    let point = |rate: f64, threshold: f64| {
        let share = |sample: &[f64], weights: &[f64]| {
            let accepted = |score: &f64| f64::from(u8::from(*score >= threshold));
            Estimate::mean(sample.iter().map(accepted), weights)
        };
        WorkingPoint {
            background_rate: rate,
            threshold,
            background: share(background, &weights),
            signals: (scores.signals.iter())
                .map(|(_, sample)| share(sample, &vec![1.0; sample.len()]))
                .collect(),
        }
    };
    let own = |rate: &f64| point(*rate, threshold(background, &weights, *rate));
    let given = rates.iter().zip(thresholds);
    Ok(Anomaly {
        rows: background.len(),
        effective_rows: effective_rows(&weights),
        signals: (scores.signals.iter())
            .map(|(name, sample)| signal(name, sample, background, &weights, bootstrap))
            .collect(),
        points: rates.iter().map(own).collect(),
        given: given.map(|(rate, at)| point(*rate, *at)).collect(),
    })
}

/// The lowest of the scores that accepts at most a share of the background; just above the highest
/// where even that accepts more.
fn threshold(background: &[f64], weights: &[f64], rate: f64) -> f64 {
    let mut order: Vec<usize> = (0..background.len()).collect();
    order.sort_unstable_by(|a, b| background[*b].total_cmp(&background[*a]));
    let wanted = rate * weights.iter().sum::<f64>() * (1.0 + 1e-12);
    let mut found = order.first().map_or(0.0, |at| background[*at].next_up());
    let (mut sum, mut at) = (0.0, 0);
    while at < order.len() {
        let score = background[order[at]];
        while at < order.len() && background[order[at]] == score {
            sum += weights[order[at]];
            at += 1;
        }
        if sum > wanted {
            break;
        }
        found = score;
    }
    found
}

fn signal(
    name: &str,
    sample: &[f64],
    background: &[f64],
    weights: &[f64],
    bootstrap: Bootstrap,
) -> SignalFigures {
    let all = [sample, background].concat();
    let ranking = Ranking::new(&all, |row| Some(row < sample.len()));
    let weights = [&vec![1.0; sample.len()], weights].concat();
    let grid: Vec<f64> = (1..=50).map(|step| f64::from(step) / 50.0).collect();
    let figures = |weights: &[f64]| {
        let accepted = ranking.at(weights, &grid);
        std::iter::once(ranking.auc(weights))
            .chain(accepted.iter().map(|accepted| accepted.background))
            .collect::<Vec<f64>>()
    };
    let replicas = bootstrap.run(&weights, figures);
    let found = figures(&weights);
    let edges: Vec<(f64, f64)> = (replicas[1..].iter())
        .map(|own| bootstrap::interval(own).unwrap_or((0.0, 1.0)))
        .collect();
    SignalFigures {
        name: name.to_owned(),
        rows: sample.len(),
        auc: Estimate {
            value: found[0],
            error: bootstrap::half_width(&replicas[0]),
        },
        curve: Curve {
            signal_efficiency: grid,
            background_efficiency: found[1..].to_vec(),
            low: edges.iter().map(|edge| edge.0).collect(),
            high: edges.iter().map(|edge| edge.1).collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(background: &[f64], signal: &[f64], rates: &[f64], given: &[f64]) -> Anomaly {
        let signals = [("s".to_owned(), signal.to_vec())];
        let scores = AnomalyScores {
            background,
            weights: &[],
            signals: &signals,
        };
        anomaly(&scores, rates, given, Bootstrap::default()).expect("figures")
    }

    #[test]
    fn figures_by_hand() {
        let background: Vec<f64> = (0..100).map(f64::from).collect();
        let found = judged(&background, &[89.0, 90.0, 95.0, 10.0], &[0.1, 0.5], &[95.0]);
        let point = &found.points[0];
        // 90 to 99 are a tenth; of the signal 90 and 95 pass.
        assert_eq!((point.threshold, point.background.value), (90.0, 0.1));
        assert_eq!(point.signals[0].value, 0.5);
        let binomial = (0.25f64 / 4.0).sqrt();
        assert!((point.signals[0].error.expect("error") - binomial).abs() < 1e-12);
        let binomial = (0.09f64 / 100.0).sqrt();
        assert!((point.background.error.expect("error") - binomial).abs() < 1e-12);
        // 89.5, 90.5, 95.5 and 10.5 background events are below, ties counted one half.
        let area = (89.5 + 90.5 + 95.5 + 10.5) / 400.0;
        assert!((found.signals[0].auc.value - area).abs() < 1e-12);
        let given = &found.given[0];
        assert_eq!((given.background_rate, given.background.value), (0.1, 0.05));
        assert_eq!(found.points[1].signals[0].value, 0.75);
    }

    #[test]
    fn equal_scores_are_accepted_together() {
        let found = judged(&[0.0, 1.0, 1.0, 1.0], &[1.0], &[0.5, 0.75], &[]);
        let rates: Vec<f64> = found.points.iter().map(|p| p.background.value).collect();
        assert_eq!(rates, [0.0, 0.75]);
        assert!(found.points[0].threshold > 1.0);
        assert_eq!(found.points[0].signals[0].value, 0.0);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let signals = [("s".to_owned(), Vec::new())];
        let scores = AnomalyScores {
            background: &[1.0, 2.0],
            weights: &[],
            signals: &signals,
        };
        let error = |scores: &AnomalyScores<'_>| anomaly(scores, &[0.1], &[], Bootstrap::default());
        assert!(matches!(error(&scores), Err(MetricsError::OneSided { .. })));
        let scores = AnomalyScores {
            background: &[1.0, f64::NAN],
            signals: &[],
            ..scores
        };
        let found = error(&scores).expect_err("error");
        assert!(matches!(found, MetricsError::NotFinite { row: 1, .. }));
    }
}
