//! Figures of a regression: response, bias and spread, also in bins of the target.

use serde::{Deserialize, Serialize};

use super::{Bootstrap, Estimate, MetricsError, bootstrap, scores};

/// Predictions and truth of one target.
#[derive(Debug, Clone, Copy)]
pub struct Predictions<'a> {
    /// The prediction of each row, in the unit of the target.
    pub predictions: &'a [f64],
    /// The target of each row.
    pub targets: &'a [f64],
    /// The weight of each row; empty for a weight of one each.
    pub weights: &'a [f64],
}

/// Response and residual of some rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Residuals {
    /// Number of rows.
    pub rows: usize,
    /// Median of prediction / target; `None` where a target is not positive.
    pub median_response: Option<Estimate>,
    /// Half of the central 68 % interval of the response.
    pub response_width: Option<Estimate>,
    /// Mean of prediction - target.
    pub bias: Estimate,
    /// Root mean square of prediction - target about its mean.
    pub rms: Estimate,
}

/// The rows whose target lies in one bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetBin {
    /// Least target in the bin.
    pub low: f64,
    /// Greatest target in the bin.
    pub high: f64,
    /// Figures of these rows.
    pub figures: Residuals,
}

/// Figures of merit of one target on one sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    /// On all rows.
    pub overall: Residuals,
    /// In bins of the target with about the same number of rows.
    pub bins: Vec<TargetBin>,
}

/// Judges the predictions of one target, also in `bins` bins of about equal population.
///
/// # Errors
///
/// Lengths that differ, values that are not finite, weights below zero, no rows, or no bins.
pub fn regression(
    given: &Predictions<'_>,
    bins: usize,
    bootstrap: Bootstrap,
) -> Result<Regression, MetricsError> {
    let rows = given.targets.len();
    if rows == 0 || given.predictions.len() != rows {
        return Err(MetricsError::Predictions {
            predictions: given.predictions.len(),
            targets: rows,
        });
    }
    for values in [given.predictions, given.targets] {
        if let Some(row) = values.iter().position(|v| !v.is_finite()) {
            return Err(MetricsError::NotFinite {
                row,
                value: values[row].to_string(),
            });
        }
    }
    if bins == 0 || bootstrap.replicas == 0 {
        return Err(MetricsError::Options {
            problem: format!("{bins} bins, {} replicas", bootstrap.replicas),
        });
    }
    let weights = scores::weights(given.weights, rows)?;
    if !weights.iter().any(|weight| *weight > 0.0) {
        return Err(MetricsError::NoWeight);
    }
    let mut order: Vec<usize> = (0..rows).filter(|row| weights[*row] > 0.0).collect();
    order.sort_by(|a, b| given.targets[*a].total_cmp(&given.targets[*b]));
    let groups: Vec<Sorted> = std::iter::once(order.as_slice())
        .chain(populated(&order, given.targets, bins))
        .map(|rows| Sorted::new(given, rows))
        .collect();
    let all = |weights: &[f64]| groups.iter().flat_map(|g| g.figures(weights)).collect();
    let replicas = bootstrap.run(&weights, all);
    let mut judged = groups
        .iter()
        .zip(replicas.chunks_exact(Sorted::FIGURES))
        .map(|(group, own)| group.judge(&weights, own));
    let overall = judged.next().ok_or(MetricsError::NoWeight)?;
    let edges = groups[1..].iter().map(|group| group.edges);
    Ok(Regression {
        overall,
        bins: edges
            .zip(judged)
            .map(|((low, high), figures)| TargetBin { low, high, figures })
            .collect(),
    })
}

/// Slices of `order` of about the same length; rows with the same target stay together.
fn populated<'a>(order: &'a [usize], targets: &[f64], bins: usize) -> Vec<&'a [usize]> {
    let mut slices = Vec::new();
    let mut start = 0;
    for bin in 1..=bins {
        let mut end = (order.len() * bin / bins).max(start);
        while end > start && end < order.len() && targets[order[end]] == targets[order[end - 1]] {
            end += 1;
        }
        if end > start {
            slices.push(&order[start..end]);
            start = end;
        }
    }
    slices
}

/// Rows of one bin with their residuals, and sorted by their response.
struct Sorted {
    /// Row numbers and residuals.
    residuals: Vec<(usize, f64)>,
    /// Row numbers and responses, ascending; empty where a target is not positive.
    responses: Vec<(usize, f64)>,
    edges: (f64, f64),
}

impl Sorted {
    /// Median and width of the response, bias, RMS.
    const FIGURES: usize = 4;

    fn new(given: &Predictions<'_>, rows: &[usize]) -> Self {
        let (y, t) = (given.predictions, given.targets);
        let positive = rows.iter().all(|row| t[*row] > 0.0);
        let mut responses: Vec<(usize, f64)> = match positive {
            true => rows.iter().map(|&row| (row, y[row] / t[row])).collect(),
            false => Vec::new(),
        };
        responses.sort_by(|a, b| a.1.total_cmp(&b.1));
        let target = |row: Option<&usize>| row.map_or(f64::NAN, |row| t[*row]);
        Self {
            residuals: rows.iter().map(|&row| (row, y[row] - t[row])).collect(),
            responses,
            edges: (target(rows.first()), target(rows.last())),
        }
    }

    fn figures(&self, weights: &[f64]) -> [f64; Self::FIGURES] {
        let [low, median, high] = quantiles(
            &self.responses,
            weights,
            [0.158_655_253_931_457, 0.5, 0.841_344_746_068_543],
        );
        let (mut total, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for &(row, residual) in &self.residuals {
            total += weights[row];
            sum += weights[row] * residual;
        }
        let bias = sum / total;
        for &(row, residual) in &self.residuals {
            squares += weights[row] * (residual - bias).powi(2);
        }
        [median, (high - low) / 2.0, bias, (squares / total).sqrt()]
    }

    fn judge(&self, weights: &[f64], replicas: &[Vec<f64>]) -> Residuals {
        let values = self.figures(weights);
        let estimate = |figure: usize| Estimate {
            value: values[figure],
            error: bootstrap::half_width(&replicas[figure]),
        };
        let response = |figure: usize| (!self.responses.is_empty()).then(|| estimate(figure));
        Residuals {
            rows: self.residuals.len(),
            median_response: response(0),
            response_width: response(1),
            bias: estimate(2),
            rms: estimate(3),
        }
    }
}

/// Weighted quantiles at three ascending shares: the value at which the cumulated weight passes
/// the share, or the middle of two values where it meets it exactly. NaN without weight.
fn quantiles(sorted: &[(usize, f64)], weights: &[f64], shares: [f64; 3]) -> [f64; 3] {
    let total: f64 = sorted.iter().map(|(row, _)| weights[*row]).sum();
    let mut found = [f64::NAN; 3];
    let (mut next, mut cumulated) = (0, 0.0);
    // Values at which a share was met exactly wait for the next one.
    let mut waiting: Option<(usize, f64)> = None;
    for &(row, value) in sorted {
        if weights[row] == 0.0 {
            continue;
        }
        if let Some((share, before)) = waiting.take() {
            found[share] = f64::midpoint(before, value);
        }
        cumulated += weights[row];
        while next < 3 && cumulated >= shares[next] * total {
            found[next] = value;
            if cumulated == shares[next] * total {
                waiting = Some((next, value));
            }
            next += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOTSTRAP: Bootstrap = Bootstrap {
        replicas: 100,
        seed: 1,
    };

    fn judge(y: &[f64], t: &[f64], w: &[f64], bins: usize) -> Regression {
        let given = Predictions {
            predictions: y,
            targets: t,
            weights: w,
        };
        regression(&given, bins, BOOTSTRAP).expect("figures")
    }

    #[test]
    fn figures_by_hand() {
        let found = judge(&[1.0, 4.0, 3.0, 6.0], &[1.0, 2.0, 3.0, 4.0], &[], 2).overall;
        // Responses 1, 2, 1, 1.5; residuals 0, 2, 0, 2.
        assert_eq!(found.median_response.expect("response").value, 1.25);
        assert_eq!(found.response_width.expect("response").value, 0.5);
        assert_eq!((found.bias.value, found.rms.value), (1.0, 1.0));
    }

    #[test]
    fn a_weight_is_a_number_of_equal_rows() {
        let (y, t, w) = (
            [1.0, 4.0, 3.0, 6.0],
            [1.0, 2.0, 3.0, 4.0],
            [3.0, 1.0, 2.0, 2.0],
        );
        let rows = [0, 0, 0, 1, 2, 2, 3, 3];
        let (ys, ts) = (rows.map(|r: usize| y[r]), rows.map(|r: usize| t[r]));
        let (weighted, repeated) = (
            judge(&y, &t, &w, 1).overall,
            judge(&ys, &ts, &[], 1).overall,
        );
        let values = |r: &Residuals| {
            let response = [&r.median_response, &r.response_width];
            let response = response.map(|e| e.expect("response").value);
            [response[0], response[1], r.bias.value, r.rms.value]
        };
        assert_eq!(values(&weighted), values(&repeated));
    }

    #[test]
    fn bins_share_the_rows_and_keep_equal_targets_together() {
        let t: Vec<f64> = (0..100).map(|v| f64::from(v / 10)).collect();
        let found = judge(&t, &t, &[], 4);
        let edges: Vec<_> = found
            .bins
            .iter()
            .map(|b| (b.low, b.high, b.figures.rows))
            .collect();
        assert_eq!(
            edges,
            [
                (0.0, 2.0, 30),
                (3.0, 4.0, 20),
                (5.0, 7.0, 30),
                (8.0, 9.0, 20)
            ]
        );
        // A target of zero has no response.
        assert_eq!(found.bins[0].figures.median_response, None);
        assert_eq!(
            found.bins[1].figures.median_response.expect("one").value,
            1.0
        );
    }

    #[test]
    fn the_bootstrap_error_of_a_mean_is_the_error_of_a_mean() {
        let y: Vec<f64> = (0..1000).map(|v| f64::from(v % 17)).collect();
        let t = vec![1.0; 1000];
        let given = Predictions {
            predictions: &y,
            targets: &t,
            weights: &[],
        };
        let many = Bootstrap {
            replicas: 1000,
            seed: 2,
        };
        let found = regression(&given, 1, many).expect("figures").overall;
        let expected = found.rms.value / 1000f64.sqrt();
        let ratio = found.bias.error.expect("error") / expected;
        assert!((ratio - 1.0).abs() < 0.1, "{ratio}");
    }
}
