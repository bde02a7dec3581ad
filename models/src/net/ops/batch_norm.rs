//! Batch normalisation (arXiv:1502.03167) of what a product with learned numbers gives.
//!
//! In floating point, `y = (x - mean) / sqrt(variance) * factor + offset` for each channel: with
//! mean and variance of the batch where the network learns, of past batches where it is judged.
//! Before numbers are rounded all of it goes into weights and bias ([`crate::net::Net::fold`]).

use burn::tensor::Tensor;

use crate::export::OnnxGraph;
use crate::net::stack::Step;
use crate::net::{
    Builder, Mode, NetError, Node, Normalisation, ParameterId, Primitive, Role, Run, Start, Value,
};

/// Added to the variance of a batch.
const EPSILON: f32 = 1e-5;

#[derive(Debug)]
struct BatchNorm {
    factor: ParameterId,
    offset: ParameterId,
    mean: ParameterId,
    variance: ParameterId,
    channels: usize,
    /// Numbers of one channel that stand behind each other: the pixels of an image, else 1.
    inner: usize,
}

impl Primitive for BatchNorm {
    fn forward(&self, run: &Run<'_>, _node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        if run.mode() == Mode::Quantised {
            return operands[0].clone();
        }
        let [batch, elements] = operands[0].dims();
        let outer = batch * elements / (self.channels * self.inner);
        let x = operands[0].clone();
        let x = x.reshape([outer, self.channels, self.inner]);
        let of = |parameter| run.parameter(parameter).reshape([1, self.channels, 1]);
        let over_batch = |values: Tensor<3>| values.mean_dim(0).mean_dim(2);
        let (centred, variance) = if run.is_tracked() {
            let mean = over_batch(x.clone());
            let centred = x - mean.clone();
            let squares = over_batch(centred.clone().powi_scalar(2));
            let variance = squares.add_scalar(EPSILON);
            for (parameter, values) in [(self.mean, mean), (self.variance, variance.clone())] {
                run.measure(parameter, values.detach().reshape([1, self.channels]));
            }
            (centred, variance)
        } else {
            (x - of(self.mean), of(self.variance))
        };
        let y = centred / variance.sqrt() * of(self.factor) + of(self.offset);
        y.reshape([batch, elements])
    }

    fn step(&self) -> Option<Step> {
        Some(Step::Pass)
    }

    fn export(&self, _graph: &mut OnnxGraph<'_>, _node: &Node, operands: &[String]) -> String {
        operands[0].clone()
    }
}

/// Normalises the results of a product with a bias, over the batch and everything but the channel.
/// `channel` is the axis of the channels: the first of an image, else the last.
///
/// # Errors
///
/// A value that is no such product.
pub fn batch_norm(
    builder: &mut Builder,
    name: &str,
    value: Value,
    channel: usize,
) -> Result<Value, NetError> {
    let Some((weight, Some(bias))) = builder.affine(value) else {
        return Err(NetError::Setting {
            layer: name.to_owned(),
            key: "bias",
            found: "false".to_owned(),
            expected: "true: batch normalisation is folded into it".to_owned(),
        });
    };
    let shape = builder.shape(value).to_vec();
    let (channels, inner) = (shape[channel], shape[channel + 1..].iter().product());
    let before = std::mem::replace(&mut builder.deployed, false);
    let mut parameter = |what: &str, role, first| {
        let first = Start::Constant(first);
        builder.parameter(&format!("{name}.{what}"), &[channels], role, first)
    };
    let factor = parameter("factor", Role::Free, 1.0);
    let offset = parameter("offset", Role::Free, 0.0);
    let mean = parameter("mean", Role::Running, 0.0);
    let variance = parameter("variance", Role::Running, 1.0);
    builder.deployed = before;
    let (weight, bias) = (builder.parameter_of(weight), builder.parameter_of(bias));
    builder.normalisation(Normalisation {
        weight,
        bias,
        channel_first: channel + 1 < shape.len(),
        factor,
        offset,
        mean,
        variance,
    });
    let op = BatchNorm {
        factor,
        offset,
        mean,
        variance,
        channels,
        inner,
    };
    Ok(builder.push(&format!("{name}.norm"), op, &[value], &shape))
}
