//! AdamW (arXiv:1711.05101) on all parameters at once, with a rate and a decay for each.

use super::state::State;
use crate::config::TrainConfig;
use crate::net::{Net, ParameterId, Role};

/// Share of the old mean of the gradients that each step keeps.
const KEEP_FIRST: f32 = 0.9;
/// Share of the old mean of their squares that each step keeps.
const KEEP_SECOND: f32 = 0.999;
/// Share of the old statistics of past batches that each step keeps.
const KEEP_STATISTICS: f32 = 0.9;
/// Added to the root of the mean square.
const EPSILON: f32 = 1e-7;

/// 0 instead of a number near the least ones, with which processors are slow: the moments of what
/// gets no gradient would stay there.
#[inline(always)]
fn normal(value: f32) -> f32 {
    if value.abs() < 1e-30 { 0.0 } else { value }
}

/// Parameters, moments and running mean while an epoch runs.
pub(super) struct Optimiser {
    parameters: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    average: Vec<f32>,
    /// Multiple of the learning rate for each parameter.
    rates: Vec<f32>,
    /// Decay for each parameter.
    decays: Vec<f32>,
    averaging: f64,
}

impl Optimiser {
    /// Takes up a state.
    pub(super) fn new(
        net: &Net,
        config: &TrainConfig,
        trained_widths: bool,
        state: &State,
    ) -> Self {
        let mut rates = Vec::with_capacity(net.parameter_count());
        let mut decays = Vec::with_capacity(net.parameter_count());
        for parameter in &net.parameters {
            let rate = match parameter.role {
                Role::Bits if trained_widths => config.width_rate as f32,
                Role::Bits | Role::Fixed | Role::Running | Role::Drawn | Role::DrawnBias => 0.0,
                Role::Weight | Role::Bias | Role::Free => 1.0,
            };
            let decay = match parameter.role {
                Role::Weight => config.weight_decay as f32,
                Role::Bias
                | Role::Bits
                | Role::Fixed
                | Role::Free
                | Role::Running
                | Role::Drawn
                | Role::DrawnBias => 0.0,
            };
            rates.extend(std::iter::repeat_n(rate, parameter.len()));
            decays.extend(std::iter::repeat_n(decay, parameter.len()));
        }
        Self {
            parameters: state.parameters.clone(),
            first: state.first_moment.clone(),
            second: state.second_moment.clone(),
            average: state.average.clone(),
            rates,
            decays,
            averaging: config.averaging,
        }
    }

    /// The present parameters.
    pub(super) fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// Takes what was measured of a batch into the statistics of past ones.
    pub(super) fn measure(&mut self, net: &Net, measured: &[(ParameterId, Vec<f32>)]) {
        for (parameter, values) in measured {
            let range = net.parameters[parameter.number()].range();
            for (kept, value) in self.parameters[range].iter_mut().zip(values) {
                *kept = KEEP_STATISTICS * *kept + (1.0 - KEEP_STATISTICS) * value;
            }
        }
    }

    /// One step of number `step` (from 0) with the gradient of all parameters.
    pub(super) fn step(&mut self, net: &Net, gradient: &[f32], rate: f64, step: usize) {
        let power = step.saturating_add(1).min(i32::MAX as usize) as i32;
        // The running mean forgets its start faster while it is young.
        let young = (1.0 + step as f64) / (10.0 + step as f64);
        let scales = Scales {
            rate: rate as f32,
            first: 1.0 / (1.0 - KEEP_FIRST.powi(power)),
            second: 1.0 / (1.0 - KEEP_SECOND.powi(power)),
            keep: self.averaging.min(young) as f32,
        };
        pulp::Arch::new().dispatch(|| self.update(gradient, scales));
        net.follow(&mut self.parameters);
    }

    #[inline(always)]
    fn update(&mut self, gradient: &[f32], scales: Scales) {
        let count = gradient.len();
        let (rates, decays) = (&self.rates[..count], &self.decays[..count]);
        let (first, second) = (&mut self.first[..count], &mut self.second[..count]);
        let parameters = &mut self.parameters[..count];
        let average = &mut self.average[..count];
        for i in 0..count {
            let square = gradient[i] * gradient[i];
            first[i] = normal(KEEP_FIRST * first[i] + (1.0 - KEEP_FIRST) * gradient[i]);
            second[i] = normal(KEEP_SECOND * second[i] + (1.0 - KEEP_SECOND) * square);
            let root = (second[i] * scales.second).sqrt() + EPSILON;
            let direction = rates[i] * (first[i] * scales.first / root);
            parameters[i] -= scales.rate * (direction + decays[i] * parameters[i]);
            average[i] = scales.keep * average[i] + (1.0 - scales.keep) * parameters[i];
        }
    }

    /// Puts everything back into the state.
    pub(super) fn store(mut self, net: &Net, state: &mut State) {
        net.follow(&mut self.average);
        state.parameters = self.parameters;
        state.first_moment = self.first;
        state.second_moment = self.second;
        state.average = self.average;
    }
}

/// The numbers of one step that all parameters share.
#[derive(Clone, Copy)]
struct Scales {
    rate: f32,
    /// Corrects the mean of the gradients for its start at 0.
    first: f32,
    /// Corrects the mean of their squares for its start at 0.
    second: f32,
    /// Share of the running mean of the parameters that the step keeps.
    keep: f32,
}
