//! How well two sets of numbers of the same events agree, beside those of different events.

use serde::{Deserialize, Serialize};

use super::{Estimate, MetricsError};

/// Bins of the distributions, from a cosine of -1 to 1.
const BINS: usize = 50;

/// Cosines of the features of an event with those of its copy, and with those of another event.
/// Before, the mean over all events is subtracted: else what all have in common is what is seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Number of events.
    pub rows: usize,
    /// Of an event and its copy.
    pub same: Cosines,
    /// Of an event and the copy of the next one.
    pub different: Cosines,
    /// Share of the events that are more like their copy than like that of the next event.
    pub recognised: Estimate,
}

/// A distribution of cosines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cosines {
    /// Quantiles at 16, 50 and 84 %.
    pub quantiles: [f64; 3],
    /// Shares of the events in bins of equal width from -1 to 1.
    pub shares: Vec<f64>,
}

impl Cosines {
    fn of(mut values: Vec<f64>) -> Self {
        let mut shares = vec![0.0; BINS];
        for value in &values {
            let bin = ((value + 1.0) / 2.0 * BINS as f64) as usize;
            shares[bin.min(BINS - 1)] += 1.0 / values.len() as f64;
        }
        values.sort_by(f64::total_cmp);
        let last = values.len() - 1;
        let at = |share: f64| values[(share * last as f64).round() as usize];
        Self {
            quantiles: [at(0.16), at(0.5), at(0.84)],
            shares,
        }
    }
}

/// Judges the features of `rows` events, row after row, beside those of their copies.
///
/// # Errors
///
/// Numbers that do not belong together, or less than two events.
pub fn agreement(rows: usize, features: &[f64], copies: &[f64]) -> Result<Agreement, MetricsError> {
    if rows < 2 || features.len() != copies.len() || !features.len().is_multiple_of(rows) {
        return Err(MetricsError::Predictions {
            predictions: copies.len(),
            targets: features.len(),
        });
    }
    let width = features.len() / rows;
    let mut mean = vec![0.0; width];
    for row in features
        .chunks_exact(width)
        .chain(copies.chunks_exact(width))
    {
        for (sum, value) in mean.iter_mut().zip(row) {
            *sum += value / (2 * rows) as f64;
        }
    }
    let cosine = |a: usize, b: usize| {
        let row = |values: &[f64], at: usize| -> Vec<f64> {
            let row = values[at * width..(at + 1) * width].iter().zip(&mean);
            row.map(|(value, mean)| value - mean).collect()
        };
        let (a, b) = (row(features, a), row(copies, b));
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        let norm = (dot(&a, &a) * dot(&b, &b)).sqrt();
        if norm > 0.0 { dot(&a, &b) / norm } else { 0.0 }
    };
    let same: Vec<f64> = (0..rows).map(|row| cosine(row, row)).collect();
    let different: Vec<f64> = (0..rows).map(|row| cosine(row, (row + 1) % rows)).collect();
    let pairs = same.iter().zip(&different);
    let recognised = pairs.map(|(same, different)| f64::from(u8::from(same > different)));
    Ok(Agreement {
        rows,
        recognised: Estimate::mean(recognised, &vec![1.0; rows]),
        same: Cosines::of(same),
        different: Cosines::of(different),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_agree_and_others_do_not() {
        let features = [3.0, 1.0, 1.0, 3.0, -1.0, 1.0, 1.0, -1.0];
        let found = agreement(4, &features, &features).expect("agreement");
        assert_eq!(found.same.quantiles, [1.0; 3]);
        assert_eq!(found.same.shares[BINS - 1], 1.0);
        assert!(found.different.quantiles[1] < 0.5, "{found:?}");
        assert_eq!(found.recognised.value, 1.0);
        let turned = [&features[6..], &features[..6]].concat();
        let found = agreement(4, &features, &turned).expect("agreement");
        assert_eq!(found.recognised.value, 0.0);
        assert!(agreement(3, &features, &features).is_err());
    }
}
