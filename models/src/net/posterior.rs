//! Weights with a Gaussian distribution each, `N(m, s^2)`, and the samples of them that a kernel
//! holds.
//!
//! What is learned is `m` and `ln s`. A frozen sample is `w = m + s e` with fixed normal numbers
//! `e`: a parameter of the network that follows its distribution.

use super::{Net, ParameterId};

/// The distribution of some weights, and its frozen samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Posterior {
    /// The means.
    pub mean: ParameterId,
    /// The logarithms of the widths.
    pub spread: ParameterId,
    /// Width of the Gaussian prior around 0.
    pub prior: f64,
    /// The frozen samples.
    pub samples: Vec<Sample>,
}

/// A frozen sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The weights, which follow the distribution.
    pub weight: ParameterId,
    /// How many widths each lies from its mean.
    pub deviates: Vec<f32>,
}

impl Net {
    /// Puts the frozen samples of all distributions where they are now.
    pub(crate) fn follow(&self, parameters: &mut [f32]) {
        for posterior in &self.posteriors {
            let [mean, spread] = self.distribution(posterior);
            for sample in &posterior.samples {
                let weight = self.parameters[sample.weight.0].offset;
                for (at, e) in sample.deviates.iter().enumerate() {
                    let s = parameters[spread + at].exp();
                    parameters[weight + at] = parameters[mean + at] + s * e;
                }
            }
        }
    }

    /// Moves the gradients of the frozen samples to their distributions, and adds the gradient of
    /// `KL(N(m, s^2) || N(0, prior^2)) / rows`, summed over all weights:
    /// `(s^2 + m^2) / (2 prior^2) - ln(s / prior) - 1/2` of each.
    pub(crate) fn pull_back(&self, parameters: &[f32], gradient: &mut [f32], rows: usize) {
        let share = 1.0 / rows.max(1) as f32;
        for posterior in &self.posteriors {
            let [mean, spread] = self.distribution(posterior);
            for sample in &posterior.samples {
                let weight = self.parameters[sample.weight.0].offset;
                for (at, e) in sample.deviates.iter().enumerate() {
                    let of_weight = std::mem::take(&mut gradient[weight + at]);
                    gradient[mean + at] += of_weight;
                    gradient[spread + at] += of_weight * e * parameters[spread + at].exp();
                }
            }
            let precision = (1.0 / (posterior.prior * posterior.prior)) as f32;
            for at in 0..self.parameters[posterior.mean.0].len() {
                let variance = (2.0 * parameters[spread + at]).exp();
                gradient[mean + at] += share * precision * parameters[mean + at];
                gradient[spread + at] += share * (precision * variance - 1.0);
            }
        }
    }

    /// Where means and logarithms of widths begin.
    fn distribution(&self, posterior: &Posterior) -> [usize; 2] {
        [posterior.mean, posterior.spread].map(|p| self.parameters[p.0].offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Builder, Granularity, Role, Start, Widths};

    /// One distribution of two weights with one sample, `m` 1 and -2, `s` 0.5 and 0.25.
    fn net(prior: f64) -> (Net, Vec<f32>) {
        let widths = Widths {
            granularity: Granularity::Tensor,
            bits: 4,
        };
        let mut builder = Builder::new("n", widths, widths);
        let mean = builder.parameter("m", &[2], Role::Weight, Start::Constant(0.0));
        let spread = builder.parameter("s", &[2], Role::Free, Start::Constant(0.0));
        let weight = builder.parameter("w", &[2], Role::Drawn, Start::Constant(0.0));
        builder.posterior(Posterior {
            mean,
            spread,
            prior,
            samples: vec![Sample {
                weight,
                deviates: vec![2.0, -1.0],
            }],
        });
        let parameters = vec![1.0, -2.0, 0.5f32.ln(), 0.25f32.ln(), 0.0, 0.0];
        (builder.finish(), parameters)
    }

    /// The divergence by its formula, in double precision.
    fn divergence(parameters: &[f32], prior: f64) -> f64 {
        let one = |at: usize| {
            let (m, s) = (
                f64::from(parameters[at]),
                f64::from(parameters[2 + at]).exp(),
            );
            (s * s + m * m) / (2.0 * prior * prior) - (s / prior).ln() - 0.5
        };
        one(0) + one(1)
    }

    #[test]
    fn samples_follow_and_hand_back_their_gradients() {
        let (net, mut parameters) = net(1e9);
        net.follow(&mut parameters);
        assert_eq!(parameters[4..], [2.0, -2.25]);
        let mut gradient = vec![0.0, 0.0, 0.0, 0.0, 3.0, 4.0];
        net.pull_back(&parameters, &mut gradient, 1_000_000_000);
        let expected = [3.0, 4.0, 3.0 * 2.0 * 0.5, -4.0 * 0.25, 0.0, 0.0];
        for (found, expected) in gradient.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{gradient:?}");
        }
    }

    #[test]
    fn the_gradient_is_that_of_the_divergence() {
        let (prior, rows) = (0.7, 10);
        let (net, parameters) = net(prior);
        let mut gradient = vec![0.0; 6];
        net.pull_back(&parameters, &mut gradient, rows);
        for at in 0..4 {
            let mut moved = [parameters.clone(), parameters.clone()];
            moved[0][at] -= 1e-3;
            moved[1][at] += 1e-3;
            let width = f64::from(moved[1][at]) - f64::from(moved[0][at]);
            let slope = (divergence(&moved[1], prior) - divergence(&moved[0], prior)) / width;
            let expected = slope / rows as f64;
            assert!((f64::from(gradient[at]) - expected).abs() < 1e-3, "{at}");
        }
    }

    /// A narrow distribution of fixed width is a weight with L2 regularisation: the gradient of the
    /// mean is that of `m^2 / (2 prior^2 rows)` whatever the width.
    #[test]
    fn with_fixed_widths_the_divergence_is_an_l2_penalty() {
        let (prior, rows) = (0.5, 100);
        let (net, mut parameters) = net(prior);
        for width in [1e-6f32, 0.1, 1.0] {
            parameters[2..4].fill(width.ln());
            let mut gradient = vec![0.0; 6];
            net.pull_back(&parameters, &mut gradient, rows);
            for at in 0..2 {
                let l2 = f64::from(parameters[at]) / (prior * prior * rows as f64);
                assert!((f64::from(gradient[at]) - l2).abs() < 1e-7);
            }
        }
    }
}
