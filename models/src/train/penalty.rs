//! What is minimised beside the loss of the results: as tensors for training, as numbers for
//! validation.

use burn::tensor::{Tensor, TensorData, activation};

use crate::metrics::correlation;
use crate::net::{Penalty, PenaltyKind};

/// Variances below this count as this, so that an element that does not vary has no correlation.
const LEAST_VARIANCE: f64 = 1e-6;

/// A penalty of a batch with its weight; `values` are `[batch, elements]`, `weights` `[batch, 1]`.
pub(super) fn penalty(penalty: &Penalty, values: Tensor<2>, weights: &Tensor<2>) -> Tensor<1> {
    let shares = weights.clone() / weights.clone().sum().unsqueeze::<2>();
    let value = match penalty.kind {
        PenaltyKind::Mean => (values * shares).sum(),
        PenaltyKind::Correlation => {
            let mean = (values.clone() * shares.clone()).sum_dim(0);
            let centred = values - mean;
            let variance = (centred.clone().powi_scalar(2) * shares.clone()).sum_dim(0);
            let standard = centred / variance.clamp_min(LEAST_VARIANCE).sqrt();
            let all = standard
                .clone()
                .transpose()
                .matmul(standard.clone() * shares.clone());
            let own = (standard.powi_scalar(2) * shares).sum_dim(0);
            all.powi_scalar(2).sum() - own.powi_scalar(2).sum()
        }
        PenaltyKind::Contrast { temperature } => (contrast(values, temperature) * shares).sum(),
    };
    value.mul_scalar(penalty.weight)
}

/// The same of all events of a part at once; `values` are row after row.
pub(super) fn number(penalty: &Penalty, values: &[f64], weights: &[f32]) -> f64 {
    let weights: Vec<f64> = weights.iter().map(|w| f64::from(*w)).collect();
    let value = match penalty.kind {
        PenaltyKind::Mean => {
            let sum: f64 = values.iter().zip(&weights).map(|(v, w)| v * w).sum();
            sum / weights.iter().sum::<f64>()
        }
        PenaltyKind::Correlation => {
            let found = correlation(values, &weights, LEAST_VARIANCE);
            let pairs = found.matrix.iter().enumerate().flat_map(|(i, row)| {
                let others = row.iter().enumerate().filter(move |(j, _)| *j != i);
                others.map(|(_, value)| value * value)
            });
            pairs.sum()
        }
        PenaltyKind::Contrast { temperature } => {
            total_contrast(values, &weights, f64::from(temperature))
        }
    };
    f64::from(penalty.weight) * value
}

/// The cross entropy of every view of a batch, `[batch, 1]`: the second half of the rows are other
/// views of the events of the first.
fn contrast(values: Tensor<2>, temperature: f32) -> Tensor<2> {
    let [rows, _] = values.dims();
    let norm = values
        .clone()
        .powi_scalar(2)
        .sum_dim(1)
        .add_scalar(LEAST_NORM);
    let unit = values / norm.sqrt();
    let cosines = unit.clone().matmul(unit.transpose());
    let matrix = |column: &dyn Fn(usize) -> usize, value: f32| {
        let mut numbers = vec![0f32; rows * rows];
        for row in 0..rows {
            numbers[row * rows + column(row)] = value;
        }
        let data = TensorData::new(numbers, [rows, rows]).convert_dtype(cosines.dtype());
        Tensor::<2>::from_data(data, (&cosines.device(), cosines.dtype()))
    };
    // Far below any cosine over a temperature: a view is not compared with itself.
    let own = matrix(&|row| row, -1e9);
    let other = matrix(&|row| (row + rows / 2) % rows, 1.0);
    let scaled = cosines.clone().mul_scalar(1.0 / temperature) + own;
    (activation::log_softmax(scaled, 1) * other)
        .sum_dim(1)
        .neg()
}

/// Added to squared lengths, so that a vector of length 0 has cosines.
const LEAST_NORM: f64 = 1e-12;

/// Events of a part that are compared with each other: the loss depends on how many they are.
const COMPARED: usize = 256;

/// The mean cross entropy of all views of a part, compared within blocks of [`COMPARED`] events.
fn total_contrast(values: &[f64], weights: &[f64], temperature: f64) -> f64 {
    let (rows, events) = (weights.len(), weights.len() / 2);
    let width = values.len() / rows.max(1);
    let unit: Vec<Vec<f64>> = values
        .chunks_exact(width.max(1))
        .map(|row| {
            let norm = (row.iter().map(|v| v * v).sum::<f64>() + LEAST_NORM).sqrt();
            row.iter().map(|v| v / norm).collect()
        })
        .collect();
    let cosine = |a: usize, b: usize| -> f64 {
        unit[a]
            .iter()
            .zip(&unit[b])
            .map(|(x, y)| x * y)
            .sum::<f64>()
            / temperature
    };
    let (mut sum, mut total) = (0.0, 0.0);
    for first in (0..events).step_by(COMPARED) {
        let block = first..(first + COMPARED).min(events);
        let views: Vec<usize> = block.clone().chain(block.map(|row| row + events)).collect();
        for &view in &views {
            let others = views.iter().filter(|other| **other != view);
            // Cosines are at most 1, so nothing overflows above a temperature of 1/700.
            let all: f64 = others
                .map(|other| (cosine(view, *other) - 1.0 / temperature).exp())
                .sum();
            let partner = (view + events) % rows;
            let log = cosine(view, partner) - 1.0 / temperature - all.ln();
            sum -= weights[view] * log;
            total += weights[view];
        }
    }
    sum / total
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, TensorData};

    use super::*;
    use crate::net::Value;
    use crate::seed::{Purpose, Stream};

    #[test]
    fn batches_and_parts_agree() {
        let mut stream = Stream::new(5, Purpose::Split);
        let (rows, width) = (300, 3);
        let mut values = Vec::new();
        for _ in 0..rows {
            let [a, b] = stream.normal_pair().map(f64::from);
            values.extend([a, 0.6 * a + 0.8 * b, 7.0 - 2.0 * b]);
        }
        let weights: Vec<f32> = (0..rows).map(|_| 0.5 + stream.uniform()).collect();
        let device = Device::flex();
        let tensor = |values: Vec<f64>, width: usize| {
            let data = TensorData::new(values, [rows, width]).convert_dtype(DType::F64);
            Tensor::<2>::from_data(data, (&device, DType::F64))
        };
        let given = tensor(weights.iter().map(|w| f64::from(*w)).collect(), 1);
        let contrast = PenaltyKind::Contrast { temperature: 0.25 };
        for (kind, width) in [
            (PenaltyKind::Correlation, width),
            (PenaltyKind::Mean, 1),
            (contrast, width),
        ] {
            let this = Penalty {
                value: Value(0),
                kind,
                weight: 3.0,
            };
            let values = &values[..rows * width];
            let by_tensor = penalty(&this, tensor(values.to_vec(), width), &given);
            let by_tensor: f64 = by_tensor.try_into_scalar().expect("scalar");
            let by_number = number(&this, values, &weights);
            assert!(
                (by_tensor - by_number).abs() < 1e-9,
                "{by_tensor} {by_number}"
            );
        }
        let this = Penalty {
            value: Value(0),
            kind: PenaltyKind::Correlation,
            weight: 1.0,
        };
        // Correlations of 0.6 and -0.8, each twice.
        let found = number(&this, &values, &vec![1.0; rows]);
        assert!((found - 2.0).abs() < 0.3, "{found}");
    }

    #[test]
    fn views_of_one_event_attract_and_others_repel() {
        let this = |temperature: f32| Penalty {
            value: Value(0),
            kind: PenaltyKind::Contrast { temperature },
            weight: 1.0,
        };
        // Two events, whose views are the same and at right angles to the others.
        let apart = [1.0, 0.0, 0.0, 2.0, 3.0, 0.0, 0.0, 1.0];
        let found = number(&this(0.5), &apart, &[1.0; 4]);
        let expected = -(2f64.exp() / (2f64.exp() + 2.0)).ln();
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        let same = number(&this(0.5), &[1.0; 8], &[1.0; 4]);
        assert!((same - 3f64.ln()).abs() < 1e-9, "{same}");
        let swapped = [1.0, 0.0, 0.0, 2.0, 0.0, 1.0, 3.0, 0.0];
        assert!(number(&this(0.5), &swapped, &[1.0; 4]) > same);
    }
}
