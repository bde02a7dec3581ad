//! One epoch: batches, gradients, steps.

use burn::tensor::{DType, Device, Tensor};

use super::TrainError;
use super::data::{Batch, Data};
use super::decorrelation::Decorrelation;
use super::loss::{Objective, loss, weighted};
use super::noise::noise;
use super::optimiser::Optimiser;
use super::penalty::penalty;
use super::processor::Processor;
use super::schedule::learning_rate;
use super::state::{Stage, State};
use crate::config::Config;
use crate::net::cost::Weight;
use crate::net::noise::draw;
use crate::net::{Cost, Mode, Net, ParameterId, Prepared, Ranges, Run};

/// What stays the same through an epoch.
pub(super) struct Epoch<'a> {
    pub(super) config: &'a Config,
    pub(super) net: &'a Net,
    pub(super) ranges: &'a Ranges,
    /// What the steps run on, and that as a device.
    pub(super) processor: (Processor, &'a Device),
    /// Learning rate at the start of the stage.
    pub(super) rate: f64,
    /// Epochs of the stage.
    pub(super) epochs: usize,
    /// What is minimised.
    pub(super) objective: Objective<'a>,
    /// Weight of the cost.
    pub(super) weight: Weight,
}

/// What was measured of a batch for parameters that follow the data.
type Measured = Vec<(ParameterId, Vec<f32>)>;

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
        let (mut total, mut events) = (0.0, 0);
        let steps = &mut state.position.steps;
        let device = self.processor.1.clone().autodiff();
        data.chunks(stage, train.seed, epoch, |rows, order| {
            for batch in order.chunks(train.batch_size) {
                let batch = &rows.with_partners(batch)[..];
                let mut tensors = rows.batch(batch, self.config.outputs(), &device);
                tensors.inputs.extend(noise(
                    self.net,
                    train.seed,
                    noise_step(stage, *steps),
                    batch.iter().copied(),
                    &device,
                    DType::F32,
                ));
                tensors.noises = draw(
                    &self.net.noises,
                    stage == Stage::Quantised,
                    train.seed,
                    noise_step(stage, *steps),
                    batch,
                    &device,
                );
                let beside = |d: &Decorrelation<'_>| d.beside(rows.truth(), batch.iter().copied());
                tensors.beside = self.objective.decorrelation.map(beside);
                let (value, gradient, measured) =
                    self.gradient(stage, optimiser.parameters(), &tensors)?;
                if !value.is_finite() {
                    return Err(TrainError::Diverged {
                        stage: stage.name(),
                        epoch,
                        loss: value,
                    });
                }
                let total_steps = self.epochs * batches;
                let rate = learning_rate(
                    self.rate,
                    train.final_share,
                    train.cycles,
                    *steps,
                    total_steps,
                );
                optimiser.measure(self.net, &measured);
                optimiser.step(self.net, &gradient, rate, *steps);
                *steps += 1;
                total += value * batch.len() as f64;
                events += batch.len();
                tick();
            }
            Ok(())
        })?;
        optimiser.store(self.net, state);
        state.position.epoch += 1;
        Ok(total / events.max(1) as f64)
    }

    /// What is minimised, of a batch; behind it the value of the term whose slope alone is in it.
    fn loss(
        &self,
        run: &Run<'_>,
        batch: &Batch,
    ) -> Result<(Tensor<1>, Option<(f64, Tensor<1>)>), TrainError> {
        let backend = |reason: String| TrainError::Backend { reason };
        if let Some(each) = self.net.objective(run, &batch.inputs) {
            return Ok((weighted(each, batch), None));
        }
        let (output, penalties) = if self.net.penalties.is_empty() {
            let outputs = self.net.forward(run, &batch.inputs);
            (self.net.judged(outputs), Vec::new())
        } else {
            let mut values = self.net.learning(run, &batch.inputs).into_iter();
            (values.next(), values.collect())
        };
        let Some(output) = output else {
            return Err(backend("the network has no output".to_owned()));
        };
        let mut beyond = None;
        if let (Some(term), Some(beside)) = (self.objective.decorrelation, &batch.beside) {
            beyond = Some(term.term(output.clone(), beside).map_err(backend)?);
        }
        let first = (!self.net.penalties_alone).then(|| loss(self.objective, output, batch));
        let penalties = self.net.penalties.iter().zip(penalties);
        let terms = penalties.map(|(this, values)| penalty(this, values, &batch.weights));
        let all = first
            .into_iter()
            .chain(terms)
            .reduce(|sum, term| sum + term);
        let all = all.ok_or_else(|| backend("the network minimises nothing".to_owned()))?;
        Ok((all, beyond))
    }

    /// Loss of a batch, the gradient of loss and cost for all parameters, and what was measured of
    /// the batch.
    fn gradient(
        &self,
        stage: Stage,
        parameters: &[f32],
        batch: &Batch,
    ) -> Result<(f64, Vec<f32>, Measured), TrainError> {
        let backend = |reason: String| TrainError::Backend { reason };
        let mode = match stage {
            Stage::Float => Mode::Float,
            Stage::Quantised => Mode::Quantised,
        };
        let prepared = Prepared::learning(self.net, mode, parameters, self.ranges);
        let (processor, device) = self.processor;
        let run = Run::new(&prepared, &device.clone().autodiff(), DType::F32);
        let run = match processor {
            Processor::Cpu => run,
            Processor::Gpu => run.portable(),
        };
        let run = run.tracked().with_noise(batch.noises.clone());
        let (loss, beyond) = self.loss(&run, batch)?;
        let value = loss.clone().try_into_scalar::<f32>();
        let value = value.map_err(|error| backend(error.to_string()))?;
        let (value, loss) = match beyond {
            Some((term, slope)) => (f64::from(value) + term, loss + slope),
            None => (f64::from(value), loss),
        };
        let mut gradients = loss.backward();
        let mut gradient = run.gradients(&mut gradients).map_err(backend)?;
        let measured = run.measured().map_err(backend)?;
        prepared.through_rounding(&mut gradient);
        if stage == Stage::Quantised && self.config.model.trained_widths {
            let cost = Cost::new(self.net, prepared.formats());
            cost.add_gradient(self.net, self.weight, &mut gradient);
        }
        self.net
            .pull_back(parameters, &mut gradient, self.objective.rows);
        Ok((value, gradient, measured))
    }
}
