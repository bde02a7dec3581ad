//! Draws from a Gaussian while the network is trained, its mean where it is deployed.

use burn::tensor::Tensor;

use crate::export::OnnxGraph;
use crate::net::{Builder, Node, Primitive, Run, Value};

/// Beyond these the logarithm of a variance says nothing more.
pub(super) const LOG_VARIANCE: (f32, f32) = (-20.0, 10.0);

/// `mu + exp(log_variance / 2) * noise`; `mu` alone where there is no noise.
#[derive(Debug)]
struct Sample;

impl Primitive for Sample {
    fn forward(&self, _run: &Run<'_>, _node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        match operands {
            [mean, log_variance, noise] => {
                let (least, most) = LOG_VARIANCE;
                let half = log_variance.clone().clamp(least, most).mul_scalar(0.5);
                mean.clone() + half.exp() * noise.clone()
            }
            _ => operands[0].clone(),
        }
    }

    fn export(&self, _graph: &mut OnnxGraph<'_>, _node: &Node, operands: &[String]) -> String {
        operands[0].clone()
    }
}

/// The reparametrisation of a Gaussian (arXiv:1312.6114, section 2.4): gradients reach mean and
/// variance. `log_variance` and `noise` are there for the training alone: in the deployed network
/// the value is the mean.
pub fn sample(
    builder: &mut Builder,
    name: &str,
    mean: Value,
    log_variance: Value,
    noise: Value,
) -> Value {
    let shape = builder.shape(mean).to_vec();
    builder.push(name, Sample, &[mean, log_variance, noise], &shape)
}

/// `x + width * noise`; `x` alone where there is no noise.
#[derive(Debug)]
struct Noisy {
    width: f32,
}

impl Primitive for Noisy {
    fn forward(&self, _run: &Run<'_>, _node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        match operands {
            [x, noise] => x.clone() + noise.clone().mul_scalar(self.width),
            _ => operands[0].clone(),
        }
    }

    fn export(&self, _graph: &mut OnnxGraph<'_>, _node: &Node, operands: &[String]) -> String {
        operands[0].clone()
    }
}

/// Adds noise of a fixed width for the training alone: in the deployed network the value is `x`.
pub fn noisy(builder: &mut Builder, name: &str, x: Value, noise: Value, width: f32) -> Value {
    let shape = builder.shape(x).to_vec();
    builder.push(name, Noisy { width }, &[x, noise], &shape)
}
