//! A dense layer whose weights and biases have a Gaussian distribution each.
//!
//! While the network learns in floating point, each event sees its own weights: the sums are drawn,
//! not the weights (local reparametrisation, arXiv:1506.02557): with `x` what enters, `m` and `s` means
//! and widths, `y = x m + sqrt(x^2 s^2) e`, `e` normal. Everywhere else, and in the kernel, the
//! weights are one frozen sample.

use burn::tensor::Tensor;

use super::dense::{Dense, prepared};
use crate::export::OnnxGraph;
use crate::net::{
    Builder, NetError, Node, Noise, NoiseId, ParameterId, Posterior, Primitive, QuantiserId, Role,
    Run, Sample, Start, Value,
};
use crate::seed::{Purpose, Stream};

/// Added to a variance so that the slope of its root is finite.
const LEAST_VARIANCE: f64 = 1e-12;

/// The distribution of the weights and biases of one layer, and its frozen samples.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// Means of weights and biases.
    mean: [ParameterId; 2],
    /// Logarithms of their widths.
    spread: [ParameterId; 2],
    /// Weights and biases of each sample.
    samples: Vec<[QuantiserId; 2]>,
    inputs: usize,
    outputs: usize,
}

/// How a distribution begins, and how many samples there are of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draws {
    /// Frozen samples.
    pub members: usize,
    /// Width of the prior.
    pub prior: f64,
    /// First width of every weight.
    pub spread: f64,
    /// Seed of the samples.
    pub seed: u64,
}

/// Adds the distribution of the weights `[inputs, outputs]` and biases of a layer.
pub fn distribution(
    builder: &mut Builder,
    name: &str,
    inputs: usize,
    outputs: usize,
    draws: &Draws,
) -> Distribution {
    let widths = builder.weights;
    let mut parts = Vec::new();
    for (what, shape) in [("weight", vec![inputs, outputs]), ("bias", vec![outputs])] {
        let count: usize = shape.iter().product();
        let (role, kind, start) = match what {
            "weight" => (Role::Weight, Role::Drawn, Start::He { fan_in: inputs }),
            _ => (Role::Bias, Role::DrawnBias, Start::Constant(0.0)),
        };
        let label = |of: &str| format!("{name}.{what}.{of}");
        let mean = builder.parameter(&label("mean"), &shape, role, start);
        let first = Start::Constant(draws.spread.ln() as f32);
        let spread = builder.parameter(&label("log_spread"), &shape, Role::Free, first);
        let mut samples = Vec::new();
        let mut quantisers = Vec::new();
        for member in 0..draws.members {
            let zero = Start::Constant(0.0);
            let name = label(&format!("sample{member}"));
            let quantiser = builder.weight(&name, &shape, zero, kind, widths);
            let weight = builder.parameter_of(quantiser);
            let mut stream = Stream::new(draws.seed, Purpose::Initialise(weight.number()));
            let deviates = std::iter::repeat_with(|| stream.normal_pair()[0]).take(count);
            samples.push(Sample {
                weight,
                deviates: deviates.collect(),
            });
            quantisers.push(quantiser);
        }
        builder.posterior(Posterior {
            mean,
            spread,
            prior: draws.prior,
            samples,
        });
        parts.push((mean, spread, quantisers));
    }
    let samples = parts[0].2.iter().zip(&parts[1].2);
    Distribution {
        mean: [parts[0].0, parts[1].0],
        spread: [parts[0].1, parts[1].1],
        samples: samples.map(|(weight, bias)| [*weight, *bias]).collect(),
        inputs,
        outputs,
    }
}

/// The dense layer of one sample.
#[derive(Debug)]
struct Drawn {
    frozen: Dense,
    mean: [ParameterId; 2],
    spread: [ParameterId; 2],
    inputs: usize,
    outputs: usize,
    noise: NoiseId,
}

impl Primitive for Drawn {
    fn forward(&self, run: &Run<'_>, node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        let Some(noise) = run.noise(self.noise) else {
            return self.frozen.forward(run, node, operands);
        };
        let x = operands[0].clone();
        let shape = [self.inputs, self.outputs];
        let variance = |p: ParameterId| (run.parameter(p) * 2.0).exp();
        let mean = x.clone().matmul(run.parameter(self.mean[0]).reshape(shape))
            + run.parameter(self.mean[1]);
        let spread = (x.clone() * x).matmul(variance(self.spread[0]).reshape(shape))
            + variance(self.spread[1]);
        mean + (spread + LEAST_VARIANCE).sqrt() * noise
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        self.frozen.export(graph, node, operands)
    }
}

/// Applies sample `member` of a distribution to a rounded vector.
///
/// # Errors
///
/// A value that was not rounded.
pub fn drawn(
    builder: &mut Builder,
    name: &str,
    value: Value,
    of: &Distribution,
    member: usize,
) -> Result<Value, NetError> {
    let [weight, bias] = of.samples[member];
    let (frozen, shape) = prepared(builder, name, value, weight, of.outputs, Some(bias))?;
    let elements = of.outputs;
    let op = Drawn {
        frozen,
        mean: of.mean,
        spread: of.spread,
        inputs: of.inputs,
        outputs: of.outputs,
        noise: builder.random(Noise::Normal { elements }),
    };
    Ok(builder.push(name, op, &[value], &shape))
}

#[cfg(test)]
#[path = "drawn_tests.rs"]
mod tests;
