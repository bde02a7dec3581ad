//! One epoch: batches, gradients, AdamW, running mean.

use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer};
use burn::tensor::{Device, Gradients, Tensor, activation};

use super::TrainError;
use super::forward::{LayerTensors, download, forward, matrix, upload};
use super::state::State;
use crate::config::TrainConfig;
use crate::network::Network;
use crate::seed::{Purpose, Stream};

/// The rows that an epoch runs over.
pub(super) struct Rows<'a> {
    /// Inputs of the network, row after row.
    pub(super) inputs: &'a [f32],
    /// Class of each row.
    pub(super) labels: &'a [usize],
    /// Number of inputs.
    pub(super) width: usize,
    /// Number of classes.
    pub(super) classes: usize,
}

impl Rows<'_> {
    /// Inputs and one-hot targets of some rows.
    fn batch(&self, rows: &[usize], device: &Device) -> (Tensor<2>, Tensor<2>) {
        let inputs = rows
            .iter()
            .flat_map(|r| &self.inputs[r * self.width..(r + 1) * self.width]);
        let mut targets = vec![0f32; rows.len() * self.classes];
        for (i, row) in rows.iter().enumerate() {
            targets[i * self.classes + self.labels[*row]] = 1.0;
        }
        let inputs = matrix(inputs.copied().collect(), self.width, device);
        (inputs, matrix(targets, self.classes, device))
    }
}

/// Learning rate of step `step` out of `total`: half a cosine from `rate` to its final share.
pub(super) fn learning_rate(rate: f64, final_share: f64, step: usize, total: usize) -> f64 {
    let part = step as f64 / total.max(1) as f64;
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * part.min(1.0)).cos());
    rate * (final_share + (1.0 - final_share) * cosine)
}

/// Weights, moments and running mean as tensors, while an epoch runs.
struct Tensors {
    weights: Vec<LayerTensors>,
    first: Vec<LayerTensors>,
    second: Vec<LayerTensors>,
    average: Vec<LayerTensors>,
    optimizer: AdamW,
    averaging: f64,
}

/// Runs the next epoch of `state` and returns the mean loss of its batches.
///
/// `tick` is called after each batch with its loss.
pub(super) fn run_epoch(
    state: &mut State,
    rows: &Rows<'_>,
    config: &TrainConfig,
    rate: f64,
    epochs: usize,
    mut tick: impl FnMut(f64),
) -> Result<f64, TrainError> {
    let inner = Device::flex();
    let device = inner.clone().autodiff();
    let mut tensors = Tensors {
        weights: upload(&state.weights, &inner),
        first: upload(&state.first_moment, &inner),
        second: upload(&state.second_moment, &inner),
        average: upload(&state.average, &inner),
        optimizer: AdamWConfig::new()
            .with_weight_decay(config.weight_decay as f32)
            .build(),
        averaging: config.averaging,
    };
    let (stage, epoch) = (state.position.stage, state.position.epoch);
    let purpose = Purpose::Shuffle {
        stage: stage.number(),
        epoch,
    };
    let order = Stream::new(config.seed, purpose).permutation(rows.labels.len());
    let batches = order.len().div_ceil(config.batch_size);
    let mut total = 0.0;
    for batch in order.chunks(config.batch_size) {
        let (x, targets) = rows.batch(batch, &device);
        let leaf = |t: &Tensor<2>| Tensor::from_inner(t.clone()).require_grad();
        let leaves: Vec<LayerTensors> = tensors
            .weights
            .iter()
            .map(|l| LayerTensors {
                weight: leaf(&l.weight),
                bias: leaf(&l.bias),
            })
            .collect();
        let logits = forward(&leaves, x, state.position.formats.as_ref());
        let picked = activation::log_softmax(logits, 1) * targets;
        let loss = picked.sum().mul_scalar(-1.0 / batch.len() as f32);
        let value: f32 = loss
            .clone()
            .try_into_scalar()
            .map_err(|error| TrainError::Backend {
                reason: error.to_string(),
            })?;
        if !value.is_finite() {
            let loss = f64::from(value);
            return Err(TrainError::Diverged {
                stage: stage.name(),
                epoch,
                loss,
            });
        }
        let mut gradients = loss.backward();
        let steps = state.position.steps;
        let lr = learning_rate(rate, config.final_share, steps, epochs * batches);
        tensors.step(&leaves, &mut gradients, lr, steps);
        state.position.steps += 1;
        total += f64::from(value) * batch.len() as f64;
        tick(f64::from(value));
    }
    let like: Network = state.weights.zeros_like();
    state.weights = download(&like, &tensors.weights)?;
    state.first_moment = download(&like, &tensors.first)?;
    state.second_moment = download(&like, &tensors.second)?;
    state.average = download(&like, &tensors.average)?;
    state.position.epoch += 1;
    Ok(total / order.len().max(1) as f64)
}

impl Tensors {
    fn step(&mut self, leaves: &[LayerTensors], grads: &mut Gradients, lr: f64, steps: usize) {
        let Self {
            weights,
            first,
            second,
            average,
            optimizer,
            averaging,
        } = self;
        // The running mean forgets its start faster while it is young.
        let keep = averaging.min((1.0 + steps as f64) / (10.0 + steps as f64));
        let mut update = |leaf: &Tensor<2>,
                          value: &mut Tensor<2>,
                          m: &mut Tensor<2>,
                          v: &mut Tensor<2>,
                          a: &mut Tensor<2>| {
            if let Some(gradient) = leaf.grad_remove(grads) {
                let moments = AdaptiveMomentumState::new(steps, m.clone(), v.clone());
                let old = (steps > 0).then(|| AdamWState::new(moments));
                let (new, moved) = optimizer.step(lr, value.clone(), gradient, old);
                if let Some(moved) = moved {
                    *m = moved.momentum.moment_1;
                    *v = moved.momentum.moment_2;
                }
                *value = new;
            }
            *a = if *averaging > 0.0 {
                a.clone().mul_scalar(keep) + value.clone().mul_scalar(1.0 - keep)
            } else {
                value.clone()
            };
        };
        for (i, leaf) in leaves.iter().enumerate() {
            let (w, m, v, a) = (
                &mut weights[i],
                &mut first[i],
                &mut second[i],
                &mut average[i],
            );
            update(
                &leaf.weight,
                &mut w.weight,
                &mut m.weight,
                &mut v.weight,
                &mut a.weight,
            );
            update(
                &leaf.bias,
                &mut w.bias,
                &mut m.bias,
                &mut v.bias,
                &mut a.bias,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::learning_rate;

    #[test]
    fn the_schedule_starts_halves_and_ends() {
        assert_eq!(learning_rate(0.1, 0.0, 0, 10), 0.1);
        assert!((learning_rate(0.1, 0.2, 5, 10) - 0.06).abs() < 1e-12);
        assert!((learning_rate(0.1, 0.2, 10, 10) - 0.02).abs() < 1e-12);
    }
}
