//! Linear correlations of several numbers over events.

use serde::{Deserialize, Serialize};

/// How the numbers of a vector depend on each other over the events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// Standard deviation of each.
    pub spread: Vec<f64>,
    /// Pearson's correlation of each with each; 0 with one that does not vary.
    pub matrix: Vec<Vec<f64>>,
    /// The greatest magnitude off the diagonal.
    pub largest: f64,
}

/// Correlations of the numbers of `values`, which holds as many for each event as it can, row after
/// row; `weights` has one entry for each event. A variance below `least` counts as `least`.
pub fn correlation(values: &[f64], weights: &[f64], least: f64) -> Correlation {
    let width = values.len() / weights.len().max(1);
    let total: f64 = weights.iter().sum();
    let rows = || values.chunks_exact(width.max(1)).zip(weights);
    let mut mean = vec![0.0; width];
    for (row, weight) in rows() {
        for (sum, value) in mean.iter_mut().zip(row) {
            *sum += weight * value / total;
        }
    }
    let mut covariance = vec![vec![0.0; width]; width];
    for (row, weight) in rows() {
        let centred = row.iter().zip(&mean).map(|(value, mean)| value - mean);
        let centred: Vec<f64> = centred.collect();
        for (line, a) in covariance.iter_mut().zip(&centred) {
            for (sum, b) in line.iter_mut().zip(&centred) {
                *sum += weight * (a * b) / total;
            }
        }
    }
    let variances = covariance.iter().enumerate().map(|(at, line)| line[at]);
    let variances: Vec<f64> = variances.collect();
    let divided = |i: usize, (j, value): (usize, &f64)| {
        let by = (variances[i].max(least) * variances[j].max(least)).sqrt();
        if by > 0.0 { value / by } else { 0.0 }
    };
    let line = |(i, line): (usize, &Vec<f64>)| -> Vec<f64> {
        let values = line.iter().enumerate();
        values.map(|value| divided(i, value)).collect()
    };
    let matrix: Vec<Vec<f64>> = covariance.iter().enumerate().map(line).collect();
    let others = matrix.iter().enumerate().flat_map(|(i, line)| {
        let others = line.iter().enumerate().filter(move |(j, _)| *j != i);
        others.map(|(_, value)| value.abs())
    });
    let largest = others.fold(0.0, f64::max);
    Correlation {
        spread: variances.iter().map(|variance| variance.sqrt()).collect(),
        matrix,
        largest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_known_numbers() {
        let values = [
            1.0, 2.0, 5.0, -1.0, -2.0, 5.0, 1.0, -2.0, 5.0, -1.0, 2.0, 5.0,
        ];
        let even = correlation(&values, &[1.0; 4], 0.0);
        assert_eq!(even.spread, [1.0, 2.0, 0.0]);
        assert_eq!(even.largest, 0.0);
        assert_eq!(even.matrix[0], [1.0, 0.0, 0.0]);
        let found = correlation(&values, &[1.0, 1.0, 0.0, 0.0], 0.0);
        assert_eq!((found.matrix[1][0], found.largest), (1.0, 1.0));
        let found = correlation(&values, &[3.0, 3.0, 1.0, 1.0], 0.0);
        assert!((found.largest - 0.5).abs() < 1e-12, "{found:?}");
    }
}
