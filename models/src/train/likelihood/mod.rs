//! Losses of a regression with uncertainties: minus the logarithm of the likelihood of each event's
//! target, up to constants. `docs/uncertainties.md` has every formula with its source.
//!
//! With `m` the learned mean and `l` the learned logarithm of sigma, the residual is `r = t - m`
//! with a linear scale. With a logarithmic one the mean is `exp(m)` and sigma `exp(m + l)`, so that
//! in units of the mean `r = t / exp(m) - 1`, and the likelihood has a factor `exp(-m)` more. What the
//! mean is relative to is taken off the target first.

mod evidential;
mod gamma;
mod members;
mod mixture;

use burn::tensor::Tensor;

use crate::config::{HeadConfig, Method, Scale};
use crate::net::head::Learned;

/// Largest logarithm of `t / mean` that is told from larger ones: keeps squares finite.
const FAR: f64 = 8.0;

/// Learned numbers of a batch beside their targets, in the form in which they are learned.
struct Sample {
    /// The numbers of the method, `[batch, groups * size]` and possibly more.
    numbers: Tensor<2>,
    /// Target, or its logarithm, less what the mean is relative to; `[batch, 1]`.
    target: Tensor<2>,
    learned: Learned,
    scale: Scale,
}

impl Sample {
    /// Numbers `group * size ..` of each row.
    fn group(&self, group: usize) -> Tensor<2> {
        let size = self.learned.size;
        self.numbers.clone().narrow(1, group * size, size)
    }

    /// Residuals in units in which sigma is `exp(l)`, of means `[batch, n]`.
    fn residual(&self, mean: Tensor<2>) -> Tensor<2> {
        let difference = self.target.clone() - mean;
        match self.scale {
            Scale::Linear => difference,
            Scale::Log => difference.clamp_max(FAR).exp() - 1.0,
        }
    }

    /// What the unit of the residual adds to minus the logarithm of the likelihood.
    fn unit(&self, mean: Tensor<2>) -> Tensor<2> {
        match self.scale {
            Scale::Linear => mean.zeros_like(),
            Scale::Log => mean,
        }
    }

    /// Minus the logarithm of a Gaussian likelihood, for means and logarithms of sigmas
    /// `[batch, n]`, without `ln(2 pi) / 2`.
    fn gaussian(&self, mean: Tensor<2>, log: Tensor<2>) -> Tensor<2> {
        let pull = self.residual(mean.clone()) * log.clone().neg().exp();
        pull.clone() * pull * 0.5 + log + self.unit(mean)
    }
}

/// The loss of every event, `[batch, 1]`: `numbers` is what the head gives to the loss, `targets`
/// are the targets `[batch, 1]`, `rows` is the size of the training part.
pub(super) fn each(
    head: &HeadConfig,
    numbers: Tensor<2>,
    targets: Tensor<2>,
    rows: usize,
) -> Tensor<2> {
    let learned = Learned::of(head);
    let [_, width] = numbers.dims();
    let target = match head.scale {
        Scale::Linear => targets,
        Scale::Log => targets.clamp_min(f32::MIN_POSITIVE).log(),
    };
    let target = match learned.relative {
        true => target - numbers.clone().narrow(1, width - 1, 1),
        false => target,
    };
    let sample = Sample {
        numbers,
        target,
        learned,
        scale: head.scale,
    };
    match &head.method {
        Method::Gaussian => sample.gaussian(sample.group(0), sample.group(1)),
        Method::Mixture { .. } => sample.mixture(),
        Method::Evidential { penalty, counts } => sample.evidential(*penalty, *counts, rows),
        Method::Ensemble { repulsion, .. } => sample.members(*repulsion, rows),
        Method::Bayesian { .. } => sample.members(0.0, rows),
    }
}

#[cfg(test)]
mod tests;
