//! One class against others: area, rejection, curve, each with its error.

use serde::{Deserialize, Serialize};

use super::{Estimate, Ranking, bootstrap, effective_rows};

/// Background rejection at one signal efficiency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rejection {
    /// The share of the signal that was asked for.
    pub signal_efficiency: f64,
    /// One over the accepted share of the background, at the highest threshold that keeps at least
    /// that share of the signal; `None` where no background is left.
    pub value: Option<f64>,
    /// Error of that.
    pub error: Option<f64>,
    /// Where no background is left: the rejection is above this at 95 % confidence.
    pub above: Option<f64>,
}

impl Rejection {
    /// From the accepted share of a background of `rows` (effective) rows.
    pub(super) fn new(
        signal_efficiency: f64,
        background_efficiency: f64,
        error: Option<f64>,
        rows: f64,
    ) -> Self {
        let some = background_efficiency > 0.0;
        Self {
            signal_efficiency,
            value: some.then_some(1.0 / background_efficiency),
            error: error.filter(|_| some),
            // Of `rows`, none was accepted: 0.05 = (1 - efficiency)^rows at the limit.
            above: (!some && rows > 0.0).then(|| 1.0 / -f64::exp_m1(0.05f64.ln() / rows)),
        }
    }
}

/// A ROC curve on a fixed grid of signal efficiencies, with the central 68 % interval of its
/// bootstrap replicas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Accepted share of the signal.
    pub signal_efficiency: Vec<f64>,
    /// Accepted share of the background.
    pub background_efficiency: Vec<f64>,
    /// Lower edge of the interval of the background efficiency.
    pub low: Vec<f64>,
    /// Upper edge.
    pub high: Vec<f64>,
}

/// How well one class is told from another one, or from all others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Discrimination {
    /// The class to accept.
    pub signal: usize,
    /// The class to reject; `None` for all others together.
    pub background: Option<usize>,
    /// Area under the ROC curve.
    pub auc: Estimate,
    /// Background rejection at each chosen signal efficiency.
    pub rejection: Vec<Rejection>,
    /// The ROC curve; left out for pairs of more than two classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curve: Option<Curve>,
}

/// Rows ranked for one pair of signal and background, and the cuts to look at.
pub(super) struct Contest {
    pub(super) signal: usize,
    pub(super) background: Option<usize>,
    pub(super) ranking: Ranking,
    /// Chosen signal efficiencies, ascending.
    pub(super) efficiencies: Vec<f64>,
    /// Grid of the curve, ascending; empty for none.
    pub(super) grid: Vec<f64>,
}

impl Contest {
    /// Area, rejections at the chosen efficiencies, background efficiencies on the grid.
    pub(super) fn figures(&self, weights: &[f64]) -> Vec<f64> {
        let cut = |at: &[f64]| self.ranking.at(weights, at);
        let chosen = cut(&self.efficiencies);
        let grid = if self.grid.is_empty() {
            Vec::new()
        } else {
            cut(&self.grid)
        };
        std::iter::once(self.ranking.auc(weights))
            .chain(chosen.iter().map(|accepted| 1.0 / accepted.background))
            .chain(grid.iter().map(|accepted| accepted.background))
            .collect()
    }

    /// Number of the figures.
    pub(super) fn count(&self) -> usize {
        1 + self.efficiencies.len() + self.grid.len()
    }

    /// The figures on the whole sample with errors from `replicas[figure][replica]`.
    ///
    /// `background_weights` are those of the background rows.
    pub(super) fn judge(
        &self,
        weights: &[f64],
        background_weights: &[f64],
        replicas: &[Vec<f64>],
    ) -> Discrimination {
        let found = self.figures(weights);
        let rows = effective_rows(background_weights);
        let chosen = self.efficiencies.len();
        let rejection = |(at, &efficiency): (usize, &f64)| {
            let error = bootstrap::half_width(&replicas[1 + at]);
            Rejection::new(efficiency, 1.0 / found[1 + at], error, rows)
        };
        let interval = |figure: usize| bootstrap::interval(&replicas[figure]).unwrap_or((0.0, 1.0));
        let curve = || {
            let first = 1 + chosen;
            let edges: Vec<(f64, f64)> = (first..self.count()).map(interval).collect();
            Curve {
                signal_efficiency: self.grid.clone(),
                background_efficiency: found[first..].iter().map(|v| rounded(*v)).collect(),
                low: edges.iter().map(|edge| rounded(edge.0)).collect(),
                high: edges.iter().map(|edge| rounded(edge.1)).collect(),
            }
        };
        Discrimination {
            signal: self.signal,
            background: self.background,
            auc: Estimate {
                value: found[0],
                error: bootstrap::half_width(&replicas[0]),
            },
            rejection: self
                .efficiencies
                .iter()
                .enumerate()
                .map(rejection)
                .collect(),
            curve: (!self.grid.is_empty()).then(curve),
        }
    }
}

/// Six significant digits, enough for a picture.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10f64.powi(5 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_background_there_is_a_limit() {
        let rejection = Rejection::new(0.3, 0.0, Some(1.0), 1000.0);
        assert_eq!((rejection.value, rejection.error), (None, None));
        // Three events at 95 % confidence, nearly.
        let above = rejection.above.expect("limit");
        assert!((above - 1000.0 / 2.9957).abs() < 1.0, "{above}");
        let some = Rejection::new(0.3, 0.25, Some(0.5), 1000.0);
        assert_eq!(
            (some.value, some.error, some.above),
            (Some(4.0), Some(0.5), None)
        );
    }

    #[test]
    fn six_digits() {
        assert_eq!(rounded(0.012_345_678_9), 0.012_345_7);
        assert_eq!(rounded(0.0), 0.0);
        assert_eq!(rounded(1.0), 1.0);
    }
}
