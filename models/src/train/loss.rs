//! What is minimised, as a tensor for training and as a number for validation.

use burn::tensor::{DType, Device, Tensor, TensorData, activation};

use super::TrainError;
use super::data::Batch;
use super::decorrelation::Decorrelation;
use super::likelihood;
use crate::config::{Config, HeadConfig, LossConfig};

/// What a network is judged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Objective<'a> {
    pub(super) loss: LossConfig,
    /// What a regression says of its uncertainty.
    pub(super) head: Option<&'a HeadConfig>,
    /// Rows of the training part.
    pub(super) rows: usize,
    /// What the score shall not follow.
    pub(super) decorrelation: Option<&'a Decorrelation<'a>>,
}

impl<'a> Objective<'a> {
    /// That of a configuration, for a training part of `rows` rows.
    pub(super) fn of(config: &'a Config, rows: usize) -> Self {
        Self {
            loss: config.train.loss,
            head: config.model.head.as_ref(),
            rows,
            decorrelation: None,
        }
    }

    /// With a term for what the score shall not follow.
    pub(super) fn beside(self, decorrelation: Option<&'a Decorrelation<'a>>) -> Self {
        Self {
            decorrelation,
            ..self
        }
    }
}

/// Mean loss of a batch, each event with its weight.
pub(super) fn loss(objective: Objective<'_>, outputs: Tensor<2>, batch: &Batch) -> Tensor<1> {
    let targets = batch.targets.clone();
    let each: Tensor<2> = match objective.loss {
        LossConfig::Likelihood => match objective.head {
            Some(head) => likelihood::each(head, outputs, targets, objective.rows),
            None => outputs,
        },
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
///
/// # Errors
///
/// What the tensor library says, which computes likelihoods.
pub(super) fn total_loss(
    objective: Objective<'_>,
    outputs: &[f64],
    labels: &[usize],
    targets: &[f32],
    weights: &[f32],
) -> Result<(f64, f64), TrainError> {
    if let (LossConfig::Likelihood, Some(head)) = (objective.loss, objective.head) {
        return total_likelihood(head, outputs, targets, weights, objective.rows);
    }
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
        let this = match objective.loss {
            LossConfig::Likelihood => 0.0,
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
    Ok(total)
}

/// As [`total_loss`], of the numbers that a head gives to its loss.
fn total_likelihood(
    head: &HeadConfig,
    numbers: &[f64],
    targets: &[f32],
    weights: &[f32],
    rows: usize,
) -> Result<(f64, f64), TrainError> {
    let device = Device::flex();
    let events = weights.len();
    let width = numbers.len() / events.max(1);
    let options = (&device, DType::F64);
    let numbers = TensorData::new(numbers.to_vec(), [events, width]);
    let targets = TensorData::new(targets.to_vec(), [events, 1]).convert_dtype(DType::F64);
    let (numbers, targets) = (
        Tensor::<2>::from_data(numbers, options),
        Tensor::<2>::from_data(targets, options),
    );
    let each = likelihood::each(head, numbers, targets, rows);
    let each: Vec<f64> = each.try_to_vec_as().map_err(|e| TrainError::Backend {
        reason: e.to_string(),
    })?;
    let mut total = (0.0, 0.0);
    for (value, weight) in each.iter().zip(weights) {
        total.0 += value * f64::from(*weight);
        total.1 += f64::from(*weight);
    }
    Ok(total)
}
