//! What is minimised, as a tensor for training and as a number for validation.

use burn::tensor::{Tensor, activation};

use super::data::Batch;
use crate::config::LossConfig;

/// Mean loss of a batch, each event with its weight.
pub(super) fn loss(config: LossConfig, outputs: Tensor<2>, batch: &Batch) -> Tensor<1> {
    let targets = batch.targets.clone();
    let each: Tensor<2> = match config {
        LossConfig::CrossEntropy => (activation::log_softmax(outputs, 1) * targets)
            .sum_dim(1)
            .neg(),
        LossConfig::Focal { gamma } => {
            let log = (activation::log_softmax(outputs, 1) * targets).sum_dim(1);
            let wrong = log.clone().exp().neg().add_scalar(1.0).clamp_min(0.0);
            (log * wrong.powf_scalar(gamma as f32)).neg()
        }
        LossConfig::MeanSquared => (outputs - targets).powi_scalar(2).mean_dim(1),
        LossConfig::Huber { delta } => {
            let delta = delta as f32;
            let distance = (outputs - targets).abs();
            let inner = distance.clone().clamp_max(delta);
            // inner * (distance - inner / 2): the square below delta, a line above.
            let outer = distance - inner.clone().mul_scalar(0.5);
            (inner * outer).mean_dim(1)
        }
    };
    weighted(each, batch)
}

/// The mean over the events of a batch, each with its weight.
pub(super) fn weighted(each: Tensor<2>, batch: &Batch) -> Tensor<1> {
    let total = batch.weights.clone().sum();
    (each * batch.weights.clone()).sum() / total
}

/// The sum over events of weight times loss, in double precision, and the sum of the weights.
pub(super) fn total_loss(
    config: LossConfig,
    outputs: &[f64],
    labels: &[usize],
    targets: &[f32],
    weights: &[f32],
) -> (f64, f64) {
    let width = outputs.len() / weights.len().max(1);
    let mut total = (0.0, 0.0);
    for (event, (row, weight)) in outputs.chunks_exact(width.max(1)).zip(weights).enumerate() {
        let log = |label: usize| {
            let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = row.iter().map(|v| (v - top).exp()).sum();
            row[label] - top - sum.ln()
        };
        let differences = || {
            let targets = &targets[event * width..(event + 1) * width];
            row.iter()
                .zip(targets)
                .map(|(a, b)| (a - f64::from(*b)).abs())
        };
        let this = match config {
            LossConfig::CrossEntropy => -log(labels[event]),
            LossConfig::Focal { gamma } => {
                let log = log(labels[event]);
                -log * (1.0 - log.exp()).max(0.0).powf(gamma)
            }
            LossConfig::MeanSquared => differences().map(|d| d * d).sum::<f64>() / width as f64,
            LossConfig::Huber { delta } => {
                let huber = |d: f64| d.min(delta) * (d - d.min(delta) / 2.0);
                differences().map(huber).sum::<f64>() / width as f64
            }
        };
        total.0 += this * f64::from(*weight);
        total.1 += f64::from(*weight);
    }
    total
}
