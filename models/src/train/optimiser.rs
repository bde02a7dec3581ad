//! AdamW on all parameters at once, with a rate and a decay for each.

use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer};
use burn::tensor::{Device, Tensor};

use super::TrainError;
use super::state::State;
use crate::config::TrainConfig;
use crate::net::{Net, Role};

/// Parameters, moments and running mean as tensors, while an epoch runs.
pub(super) struct Optimiser {
    adam: AdamW,
    parameters: Tensor<1>,
    first: Tensor<1>,
    second: Tensor<1>,
    average: Tensor<1>,
    /// Multiple of the learning rate for each parameter.
    rates: Tensor<1>,
    /// Decay for each parameter.
    decays: Tensor<1>,
    averaging: f64,
    device: Device,
}

impl Optimiser {
    /// Takes up a state.
    pub(super) fn new(
        net: &Net,
        config: &TrainConfig,
        trained_widths: bool,
        state: &State,
    ) -> Self {
        let device = Device::flex();
        let tensor = |values: &[f32]| Tensor::<1>::from_floats(values, &device);
        let mut rates = Vec::with_capacity(net.parameter_count());
        let mut decays = Vec::with_capacity(net.parameter_count());
        for parameter in &net.parameters {
            let rate = match parameter.role {
                Role::Bits if trained_widths => config.width_rate as f32,
                Role::Bits => 0.0,
                Role::Weight | Role::Bias | Role::Free => 1.0,
            };
            let decay = match parameter.role {
                Role::Weight => config.weight_decay as f32,
                Role::Bias | Role::Bits | Role::Free => 0.0,
            };
            rates.extend(std::iter::repeat_n(rate, parameter.len()));
            decays.extend(std::iter::repeat_n(decay, parameter.len()));
        }
        Self {
            adam: AdamWConfig::new().with_weight_decay(0.0).build(),
            parameters: tensor(&state.parameters),
            first: tensor(&state.first_moment),
            second: tensor(&state.second_moment),
            average: tensor(&state.average),
            rates: tensor(&rates),
            decays: tensor(&decays),
            averaging: config.averaging,
            device,
        }
    }

    /// The present parameters.
    pub(super) fn parameters(&self) -> Result<Vec<f32>, TrainError> {
        numbers(&self.parameters)
    }

    /// One step of number `step` (from 0) with the gradient of all parameters.
    pub(super) fn step(&mut self, gradient: &[f32], rate: f64, step: usize) {
        let gradient = Tensor::<1>::from_floats(gradient, &self.device);
        let moments = AdaptiveMomentumState::new(step, self.first.clone(), self.second.clone());
        let old = (step > 0).then(|| AdamWState::new(moments));
        let before = self.parameters.clone();
        let (stepped, state) = self.adam.step(rate, before.clone(), gradient, old);
        if let Some(state) = state {
            self.first = state.momentum.moment_1;
            self.second = state.momentum.moment_2;
        }
        let decay = before.clone() * self.decays.clone().mul_scalar(rate as f32);
        let moved = (stepped - before.clone()) * self.rates.clone();
        self.parameters = before + moved - decay;
        // The running mean forgets its start faster while it is young.
        let keep = self
            .averaging
            .min((1.0 + step as f64) / (10.0 + step as f64)) as f32;
        self.average = if self.averaging > 0.0 {
            self.average.clone().mul_scalar(keep) + self.parameters.clone().mul_scalar(1.0 - keep)
        } else {
            self.parameters.clone()
        };
    }

    /// Puts everything back into the state.
    pub(super) fn store(&self, state: &mut State) -> Result<(), TrainError> {
        state.parameters = numbers(&self.parameters)?;
        state.first_moment = numbers(&self.first)?;
        state.second_moment = numbers(&self.second)?;
        state.average = numbers(&self.average)?;
        Ok(())
    }
}

/// The numbers of a tensor.
pub(super) fn numbers<const D: usize>(tensor: &Tensor<D>) -> Result<Vec<f32>, TrainError> {
    tensor.try_to_vec_as().map_err(|error| TrainError::Backend {
        reason: error.to_string(),
    })
}
