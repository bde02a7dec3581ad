//! Figures of predicted uncertainties: pulls, coverage, and both beside what really happens, also
//! in bins of any column.

use serde::{Deserialize, Serialize};

use super::{Bootstrap, Estimate, MetricsError, bootstrap, scores};

/// Shares of a Gaussian within one, two and three sigma.
const SIGMAS: [(f64, f64); 3] = [
    (1.0, 0.682_689_492_137_086),
    (2.0, 0.954_499_736_103_642),
    (3.0, 0.997_300_203_936_74),
];

/// Quantiles that are one sigma below and above the median of a Gaussian, and the median.
const CENTRAL: [f64; 3] = [0.158_655_253_931_457, 0.5, 0.841_344_746_068_543];

/// Predictions with their uncertainties, and truth. All are of the same rows.
#[derive(Debug, Clone, Copy)]
pub struct Uncertain<'a> {
    /// The mean of each row, in the unit of the target.
    pub means: &'a [f64],
    /// The uncertainty that more data does not remove.
    pub syst: &'a [f64],
    /// The uncertainty that more training data would remove; empty if it is not known.
    pub stat: &'a [f64],
    /// The targets.
    pub targets: &'a [f64],
    /// The weight of each row; empty for a weight of one each.
    pub weights: &'a [f64],
}

/// How many of the targets lie within so many sigma.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Sigmas.
    pub sigmas: f64,
    /// The share of a Gaussian within them.
    pub expected: f64,
    /// The share of the rows.
    pub found: Estimate,
}

/// Figures of the uncertainties of some rows. A pull is `(target - mean) / sigma` with
/// `sigma^2 = sigma_syst^2 + sigma_stat^2`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pulls {
    /// Number of rows.
    pub rows: usize,
    /// Mean of the pulls.
    pub mean: Estimate,
    /// Their standard deviation.
    pub width: Estimate,
    /// Half of their central 68 % interval.
    pub core: Estimate,
    /// Greatest distance of their distribution from that of a Gaussian of mean 0 and width 1
    /// (Kolmogorov-Smirnov).
    pub distance: f64,
    /// Shares within one, two and three sigma.
    pub coverage: Vec<Coverage>,
    /// Median of mean / target; `None` where a target is not positive.
    pub median_response: Option<Estimate>,
    /// Half of the central 68 % interval of the response.
    pub response_width: Option<Estimate>,
    /// Root mean squares of residual and uncertainties.
    pub sizes: Sizes,
}

/// Root mean squares over rows: in units of the mean where that is positive everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sizes {
    /// Whether they are in units of the mean.
    pub relative: bool,
    /// Of target - mean.
    pub residual: f64,
    /// Of sigma_syst.
    pub syst: f64,
    /// Of sigma_stat.
    pub stat: Option<f64>,
}

/// The rows between two values of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PullBin {
    /// Least value in the bin.
    pub low: f64,
    /// Greatest value in the bin.
    pub high: f64,
    /// Figures of these rows.
    pub figures: Pulls,
}

/// Figures in bins of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Binned {
    /// Name of the column.
    pub column: String,
    /// Its bins.
    pub bins: Vec<PullBin>,
}

/// All figures of the uncertainties of one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Uncertainty {
    /// On all rows.
    pub overall: Pulls,
    /// In bins of columns.
    pub binned: Vec<Binned>,
    /// Shares of the pulls in bins of a quarter from -4 to 4.
    pub histogram: Vec<f64>,
}

/// A column that figures are binned in.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    /// Name.
    pub name: &'a str,
    /// Its value in each row.
    pub values: &'a [f64],
    /// Edges of the bins, ascending; the last bin holds its upper edge.
    pub edges: &'a [f64],
}

/// Edges between which each of `count` bins holds about the same number of values.
pub fn equal_edges(values: &[f64], count: usize) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let edge = |bin: usize| sorted.get(last * bin / count.max(1)).copied();
    let mut edges: Vec<f64> = (0..=count).filter_map(edge).collect();
    edges.dedup();
    edges
}

/// Judges uncertainties, overall and in bins of `columns`.
///
/// # Errors
///
/// Lengths that differ, numbers that are not finite, weights below zero, or no rows.
pub fn uncertainty(
    given: &Uncertain<'_>,
    columns: &[Column<'_>],
    bootstrap: Bootstrap,
) -> Result<Uncertainty, MetricsError> {
    let rows = given.targets.len();
    let lengths = [given.means.len(), given.syst.len()];
    let stat_fits = given.stat.is_empty() || given.stat.len() == rows;
    let columns_fit = columns.iter().all(|column| column.values.len() == rows);
    if rows == 0 || lengths.iter().any(|l| *l != rows) || !stat_fits || !columns_fit {
        return Err(MetricsError::Predictions {
            predictions: given.means.len(),
            targets: rows,
        });
    }
    let weights = scores::weights(given.weights, rows)?;
    if !weights.iter().any(|weight| *weight > 0.0) {
        return Err(MetricsError::NoWeight);
    }
    let pulls: Vec<f64> = (0..rows).map(|row| given.pull(row)).collect();
    if let Some(row) = pulls.iter().position(|pull| !pull.is_finite()) {
        return Err(MetricsError::NotFinite {
            row,
            value: format!(
                "the pull of {} +- {} from {}",
                given.means[row],
                given.sigma(row),
                given.targets[row]
            ),
        });
    }
    let judge = |rows: &[usize]| Group::new(given, &pulls, rows).judge(given, &weights, bootstrap);
    let all: Vec<usize> = (0..rows).filter(|row| weights[*row] > 0.0).collect();
    let binned = columns.iter().map(|column| Binned {
        column: column.name.to_owned(),
        bins: column
            .bins(&all)
            .into_iter()
            .map(|(low, high, rows)| PullBin {
                low,
                high,
                figures: judge(&rows),
            })
            .collect(),
    });
    Ok(Uncertainty {
        overall: judge(&all),
        binned: binned.collect(),
        histogram: histogram(&pulls, &weights),
    })
}

/// Mean over rows of minus the logarithm of a Gaussian likelihood, without `ln(2 pi) / 2`.
///
/// # Errors
///
/// As [`uncertainty()`].
pub fn gaussian_loss(given: &Uncertain<'_>) -> Result<f64, MetricsError> {
    let weights = scores::weights(given.weights, given.targets.len())?;
    let one = |row: usize| 0.5 * given.pull(row).powi(2) + given.sigma(row).ln();
    Ok(Estimate::mean((0..weights.len()).map(one), &weights).value)
}

impl Uncertain<'_> {
    /// Both uncertainties together.
    fn sigma(&self, row: usize) -> f64 {
        let stat = self.stat.get(row).copied().unwrap_or(0.0);
        self.syst[row].hypot(stat)
    }

    fn pull(&self, row: usize) -> f64 {
        (self.targets[row] - self.means[row]) / self.sigma(row)
    }
}

impl Column<'_> {
    /// Edges and rows of each bin that holds rows.
    fn bins(&self, rows: &[usize]) -> Vec<(f64, f64, Vec<usize>)> {
        let last = self.edges.len().saturating_sub(2);
        let mut bins = Vec::new();
        for (bin, edges) in self.edges.windows(2).enumerate() {
            let (low, high) = (edges[0], edges[1]);
            let inside = |row: &&usize| {
                let value = self.values[**row];
                value >= low && (value < high || (bin == last && value == high))
            };
            let own: Vec<usize> = rows.iter().filter(inside).copied().collect();
            if !own.is_empty() {
                bins.push((low, high, own));
            }
        }
        bins
    }
}

/// Shares of pulls in 32 bins from -4 to 4.
fn histogram(pulls: &[f64], weights: &[f64]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    let mut bins = vec![0.0; 32];
    for (pull, weight) in pulls.iter().zip(weights) {
        let bin = ((pull + 4.0) * 4.0).floor();
        if (0.0..32.0).contains(&bin) {
            bins[bin as usize] += weight / total;
        }
    }
    bins
}

/// Some rows, sorted by pull and by response.
struct Group {
    pulls: Vec<(usize, f64)>,
    responses: Vec<(usize, f64)>,
}

impl Group {
    /// Mean, width and core of the pulls, median and width of the response.
    const FIGURES: usize = 5;

    fn new(given: &Uncertain<'_>, pulls: &[f64], rows: &[usize]) -> Self {
        let mut pulls: Vec<_> = rows.iter().map(|row| (*row, pulls[*row])).collect();
        pulls.sort_by(|a, b| a.1.total_cmp(&b.1));
        let mut responses = Vec::new();
        if rows.iter().all(|row| given.targets[*row] > 0.0) {
            let response = |row: &usize| (*row, given.means[*row] / given.targets[*row]);
            responses.extend(rows.iter().map(response));
            responses.sort_by(|a: &(usize, f64), b| a.1.total_cmp(&b.1));
        }
        Self { pulls, responses }
    }

    fn figures(&self, weights: &[f64]) -> Vec<f64> {
        let (mut total, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for &(row, pull) in &self.pulls {
            total += weights[row];
            sum += weights[row] * pull;
            squares += weights[row] * pull * pull;
        }
        let mean = sum / total;
        let width = (squares / total - mean * mean).max(0.0).sqrt();
        let [low, _, high] = quantiles(&self.pulls, weights);
        let [least, median, most] = quantiles(&self.responses, weights);
        vec![
            mean,
            width,
            (high - low) / 2.0,
            median,
            (most - least) / 2.0,
        ]
    }

    fn judge(&self, given: &Uncertain<'_>, weights: &[f64], bootstrap: Bootstrap) -> Pulls {
        let values = self.figures(weights);
        let replicas = bootstrap.run(weights, |weights| self.figures(weights));
        let estimate = |figure: usize| Estimate {
            value: values[figure],
            error: replicas
                .get(figure)
                .and_then(|values| bootstrap::half_width(values)),
        };
        let response = |figure: usize| (!self.responses.is_empty()).then(|| estimate(figure));
        debug_assert_eq!(values.len(), Self::FIGURES);
        Pulls {
            rows: self.pulls.len(),
            mean: estimate(0),
            width: estimate(1),
            core: estimate(2),
            distance: self.distance(weights),
            coverage: SIGMAS.map(|share| self.coverage(share, weights)).to_vec(),
            median_response: response(3),
            response_width: response(4),
            sizes: self.sizes(given, weights),
        }
    }

    fn coverage(&self, (sigmas, expected): (f64, f64), weights: &[f64]) -> Coverage {
        let own: Vec<f64> = self.pulls.iter().map(|(row, _)| weights[*row]).collect();
        let inside = self
            .pulls
            .iter()
            .map(|(_, pull)| if pull.abs() < sigmas { 1.0 } else { 0.0 });
        Coverage {
            sigmas,
            expected,
            found: Estimate::mean(inside, &own),
        }
    }

    /// Kolmogorov-Smirnov distance from a Gaussian.
    fn distance(&self, weights: &[f64]) -> f64 {
        let total: f64 = self.pulls.iter().map(|(row, _)| weights[*row]).sum();
        let (mut below, mut most) = (0.0, 0f64);
        for &(row, pull) in &self.pulls {
            let expected = 0.5 * libm::erfc(-pull / std::f64::consts::SQRT_2);
            most = most.max((expected - below / total).abs());
            below += weights[row];
            most = most.max((expected - below / total).abs());
        }
        most
    }

    fn sizes(&self, given: &Uncertain<'_>, weights: &[f64]) -> Sizes {
        let rows = || self.pulls.iter().map(|(row, _)| *row);
        let relative = rows().all(|row| given.means[row] > 0.0);
        let size = |of: &dyn Fn(usize) -> f64| {
            let (mut total, mut squares) = (0.0, 0.0);
            for row in rows() {
                let unit = if relative { given.means[row] } else { 1.0 };
                total += weights[row];
                squares += weights[row] * (of(row) / unit).powi(2);
            }
            (squares / total).sqrt()
        };
        Sizes {
            relative,
            residual: size(&|row| given.targets[row] - given.means[row]),
            syst: size(&|row| given.syst[row]),
            stat: (!given.stat.is_empty()).then(|| size(&|row| given.stat[row])),
        }
    }
}

/// Weighted quantiles at [`CENTRAL`]: the values at which the cumulated weight reaches each share.
/// NaN without rows.
fn quantiles(sorted: &[(usize, f64)], weights: &[f64]) -> [f64; 3] {
    let total: f64 = sorted.iter().map(|(row, _)| weights[*row]).sum();
    let mut found = [f64::NAN; 3];
    let (mut next, mut cumulated) = (0, 0.0);
    for &(row, value) in sorted {
        cumulated += weights[row];
        while next < 3 && weights[row] > 0.0 && cumulated >= CENTRAL[next] * total {
            found[next] = value;
            next += 1;
        }
    }
    found
}

#[cfg(test)]
#[path = "uncertainty_tests.rs"]
mod tests;
