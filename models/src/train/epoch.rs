//! One epoch: batches, gradients, steps.

use burn::tensor::{DType, Device, Gradients, Tensor, TensorData};

use super::TrainError;
use super::data::{Batch, Data};
use super::loss::{loss, weighted};
use super::noise::noise;
use super::optimiser::{Optimiser, numbers};
use super::schedule::learning_rate;
use super::state::{Stage, State};
use crate::config::Config;
use crate::net::cost::Weight;
use crate::net::{Cost, Mode, Net, Ranges, Run};

/// What stays the same through an epoch.
pub(super) struct Epoch<'a> {
    pub(super) config: &'a Config,
    pub(super) net: &'a Net,
    pub(super) ranges: &'a Ranges,
    /// Learning rate at the start of the stage.
    pub(super) rate: f64,
    /// Epochs of the stage.
    pub(super) epochs: usize,
    /// Weight of the cost.
    pub(super) weight: Weight,
}

/// The parameters as tensors, one for each, that gradients are taken of.
pub(super) fn leaves(net: &Net, parameters: &[f32], device: &Device) -> Vec<Tensor<1>> {
    let leaf = |parameter: &crate::net::Parameter| {
        let values = parameters[parameter.range()].to_vec();
        Tensor::from_data(TensorData::new(values, [parameter.len()]), device)
    };
    net.parameters.iter().map(leaf).collect()
}

/// The number of a step for its noise: the stages count their steps each from 0.
fn noise_step(stage: Stage, step: usize) -> u64 {
    2 * step as u64 + stage.number() as u64
}

impl Epoch<'_> {
    /// Runs the next epoch of `state` and returns the mean loss of its batches. `tick` is called
    /// after each batch.
    pub(super) fn run(
        &self,
        state: &mut State,
        data: &mut Data,
        mut tick: impl FnMut(),
    ) -> Result<f64, TrainError> {
        let (stage, epoch) = (state.position.stage, state.position.epoch);
        let train = &self.config.train;
        let trained = self.config.model.trained_widths && stage == Stage::Quantised;
        let mut optimiser = Optimiser::new(self.net, train, trained, state);
        let batches = data
            .source
            .rows(crate::data::Part::Train)
            .div_ceil(train.batch_size);
        let device = Device::flex().autodiff();
        let (mut total, mut events) = (0.0, 0);
        let steps = &mut state.position.steps;
        data.chunks(stage, train.seed, epoch, |rows, order| {
            for batch in order.chunks(train.batch_size) {
                let mut tensors = rows.batch(batch, self.config.outputs(), &device);
                tensors.inputs.extend(noise(
                    self.net,
                    train.seed,
                    noise_step(stage, *steps),
                    batch.iter().copied(),
                    &device,
                    DType::F32,
                ));
                let parameters = optimiser.parameters()?;
                let (value, gradient) = self.gradient(stage, &parameters, &tensors, &device)?;
                if !value.is_finite() {
                    return Err(TrainError::Diverged {
                        stage: stage.name(),
                        epoch,
                        loss: value,
                    });
                }
                let total_steps = self.epochs * batches;
                let rate = learning_rate(self.rate, train.final_share, *steps, total_steps);
                optimiser.step(&gradient, rate, *steps);
                *steps += 1;
                total += value * batch.len() as f64;
                events += batch.len();
                tick();
            }
            Ok(())
        })?;
        optimiser.store(state)?;
        state.position.epoch += 1;
        Ok(total / events.max(1) as f64)
    }

    /// Loss of a batch, and the gradient of loss and cost for all parameters.
    fn gradient(
        &self,
        stage: Stage,
        parameters: &[f32],
        batch: &Batch,
        device: &Device,
    ) -> Result<(f64, Vec<f32>), TrainError> {
        let leaves: Vec<Tensor<1>> = leaves(self.net, parameters, device)
            .into_iter()
            .map(Tensor::require_grad)
            .collect();
        let mode = match stage {
            Stage::Float => Mode::Float,
            Stage::Quantised => Mode::Quantised,
        };
        let run = Run::new(self.net, mode, &leaves, parameters, self.ranges);
        let loss = match self.net.objective(&run, &batch.inputs) {
            Some(each) => weighted(each, batch),
            None => {
                let outputs = self.net.forward(&run, &batch.inputs);
                let Some(output) = outputs.into_iter().next() else {
                    return Err(TrainError::Backend {
                        reason: "the network has no output".to_owned(),
                    });
                };
                loss(self.config.train.loss, output, batch)
            }
        };
        let value: f32 = loss
            .clone()
            .try_into_scalar()
            .map_err(|error| TrainError::Backend {
                reason: error.to_string(),
            })?;
        let mut gradients = loss.backward();
        let mut flat = self.flat(&leaves, &mut gradients)?;
        if stage == Stage::Quantised && self.config.model.trained_widths {
            let formats = self.ranges.formats(self.net, parameters);
            let cost = Cost::new(self.net, &formats);
            cost.add_gradient(self.net, &formats, self.weight, &mut flat);
        }
        Ok((f64::from(value), flat))
    }

    /// The gradients of all parameters in their places.
    fn flat(
        &self,
        leaves: &[Tensor<1>],
        gradients: &mut Gradients,
    ) -> Result<Vec<f32>, TrainError> {
        let mut flat = vec![0f32; self.net.parameter_count()];
        for (parameter, leaf) in self.net.parameters.iter().zip(leaves) {
            if let Some(gradient) = leaf.grad_remove(gradients) {
                flat[parameter.range()].copy_from_slice(&numbers(&gradient)?);
            }
        }
        Ok(flat)
    }
}
