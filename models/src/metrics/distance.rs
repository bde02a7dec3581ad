//! Distance correlation: 0 for independent variables alone (G. Szekely, M. Rizzo, N. Bakirov,
//! Ann. Stat. 35 (2007) 2769).
//!
//! With `a_ij = |x_i - x_j|`, from which its weighted means over rows and columns are taken to give
//! `A_ij`, and `B_ij` of `y` in the same way, the squared distance correlation is
//! `sum p_i p_j A_ij B_ij / sqrt(sum p_i p_j A_ij^2 * sum p_i p_j B_ij^2)`, where `p` are the weights
//! divided by their sum.

/// Rows of a sample of which the correlation is computed at once: time grows with their square.
const BLOCK: usize = 4096;

/// The squared distance correlation of two variables, and its gradient for the first one. Weights
/// below zero count as zero. Zero where a variable is constant.
pub fn squared_distance_correlation(x: &[f64], y: &[f64], weights: &[f64]) -> (f64, Vec<f64>) {
    let mut gradient = vec![0.0; x.len()];
    let used: Vec<usize> = (0..x.len()).filter(|row| weights[*row] > 0.0).collect();
    let total: f64 = used.iter().map(|row| weights[*row]).sum();
    let of = |values: &[f64]| -> Vec<f64> { used.iter().map(|row| values[*row]).collect() };
    let (x, y, mut share) = (of(x), of(y), of(weights));
    share.iter_mut().for_each(|weight| *weight /= total);
    let (of_x, of_y) = (Means::new(&x, &share), Means::new(&y, &share));
    let (mut products, mut squares_x, mut squares_y) = (0.0, 0.0, 0.0);
    // Of each row the sums over others of the sign of the distance times `A` and `B`.
    let mut slopes = Vec::with_capacity(x.len());
    for row in 0..x.len() {
        let mut sums = [0.0; 5];
        for other in 0..x.len() {
            let (dx, dy) = (x[row] - x[other], y[row] - y[other]);
            let a = dx.abs() - of_x.rows[row] - of_x.rows[other] + of_x.all;
            let b = dy.abs() - of_y.rows[row] - of_y.rows[other] + of_y.all;
            let sign = f64::from(u8::from(dx > 0.0)) - f64::from(u8::from(dx < 0.0));
            let p = share[other];
            for (sum, term) in sums
                .iter_mut()
                .zip([a * b, a * a, b * b, sign * a, sign * b])
            {
                *sum += p * term;
            }
        }
        products += share[row] * sums[0];
        squares_x += share[row] * sums[1];
        squares_y += share[row] * sums[2];
        slopes.push((sums[3], sums[4]));
    }
    let scale = (squares_x * squares_y).sqrt();
    if !scale.is_normal() {
        return (0.0, gradient);
    }
    let value = products / scale;
    for ((row, share), (of_a, of_b)) in used.iter().zip(&share).zip(slopes) {
        gradient[*row] = 2.0 * share * (of_b / scale - value * of_a / squares_x);
    }
    (value, gradient)
}

/// The distance correlation of a sample: the root of the mean of its square over runs of at most
/// 4,096 rows with a weight above zero, each with the sum of its weights. Independent variables
/// have about `1 / sqrt(rows of a run)`, since a sample is finite.
pub fn distance_correlation(x: &[f64], y: &[f64], weights: &[f64]) -> f64 {
    blockwise(x, y, weights, BLOCK).sqrt()
}

/// The mean of the squared distance correlation over runs of at most `block` rows with a weight
/// above zero, each with the sum of its weights.
pub fn blockwise(x: &[f64], y: &[f64], weights: &[f64], block: usize) -> f64 {
    let used: Vec<usize> = (0..x.len()).filter(|row| weights[*row] > 0.0).collect();
    let (mut sum, mut total) = (0.0, 0.0);
    for rows in used.chunks(block.max(1)) {
        let of = |values: &[f64]| -> Vec<f64> { rows.iter().map(|row| values[*row]).collect() };
        let weights = of(weights);
        let weight: f64 = weights.iter().sum();
        sum += weight * squared_distance_correlation(&of(x), &of(y), &weights).0;
        total += weight;
    }
    if total > 0.0 { sum / total } else { 0.0 }
}

/// Weighted means of the distances from each value, and of those.
struct Means {
    rows: Vec<f64>,
    all: f64,
}

impl Means {
    fn new(values: &[f64], share: &[f64]) -> Self {
        let row = |value: &f64| {
            let others = values.iter().zip(share);
            others.map(|(other, p)| p * (value - other).abs()).sum()
        };
        let rows: Vec<f64> = values.iter().map(row).collect();
        let all = rows.iter().zip(share).map(|(mean, p)| p * mean).sum();
        Self { rows, all }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Purpose, Stream};

    fn numbers(seed: u64, count: usize) -> Vec<f64> {
        let mut stream = Stream::new(seed, Purpose::Split);
        (0..count).map(|_| f64::from(stream.uniform())).collect()
    }

    #[test]
    fn lines_have_one_and_independent_numbers_about_zero() {
        let (x, ones) = (numbers(1, 300), vec![1.0; 300]);
        let line: Vec<f64> = x.iter().map(|x| 3.0 - 7.0 * x).collect();
        assert!((squared_distance_correlation(&x, &line, &ones).0 - 1.0).abs() < 1e-12);
        let other = numbers(2, 300);
        assert!(squared_distance_correlation(&x, &other, &ones).0 < 0.02);
        // Uncorrelated in the common sense, and still not independent.
        let parabola: Vec<f64> = x.iter().map(|x| (x - 0.5).powi(2)).collect();
        assert!(squared_distance_correlation(&x, &parabola, &ones).0 > 0.15);
        assert_eq!(squared_distance_correlation(&x, &[2.0; 300], &ones).0, 0.0);
    }

    #[test]
    fn three_points_by_hand() {
        // 3 A = (-4, 0, 4; 0, -2, 2; 4, 2, -6) and 9 B = (-2, 4, -2; 4, -8, 4; -2, 4, -2): the sums
        // of the products are 4/3, 32/3 and 16/9.
        let (x, y) = ([0.0, 1.0, 3.0], [0.0, 1.0, 0.0]);
        let value = squared_distance_correlation(&x, &y, &[1.0; 3]).0;
        assert!((value - (3.0f64 / 32.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn the_gradient_is_that_of_the_value() {
        let (mut x, y) = (numbers(3, 40), numbers(4, 40));
        let mut weights = numbers(5, 40);
        weights[7] = 0.0;
        weights[8] = -1.0;
        for (x, y) in x.iter_mut().zip(&y) {
            *x += y;
        }
        let (_, gradient) = squared_distance_correlation(&x, &y, &weights);
        for row in 0..40 {
            let moved = |step: f64| {
                let mut x = x.clone();
                x[row] += step;
                squared_distance_correlation(&x, &y, &weights).0
            };
            let slope = (moved(1e-7) - moved(-1e-7)) / 2e-7;
            assert!((gradient[row] - slope).abs() < 1e-6, "{row}: {slope}");
        }
        assert_eq!([gradient[7], gradient[8]], [0.0, 0.0]);
    }

    #[test]
    fn a_weight_is_so_many_rows() {
        let (x, y) = (numbers(6, 20), numbers(7, 20));
        let mut weights = vec![1.0; 20];
        weights[3] = 3.0;
        let (mut more_x, mut more_y) = (x.clone(), y.clone());
        more_x.extend([x[3]; 2]);
        more_y.extend([y[3]; 2]);
        let weighted = squared_distance_correlation(&x, &y, &weights).0;
        let repeated = squared_distance_correlation(&more_x, &more_y, &[1.0; 22]).0;
        assert!((weighted - repeated).abs() < 1e-12);
        assert_eq!(blockwise(&x, &y, &weights, 100), weighted);
    }
}
