//! Normalisations: means and variances over some axes.

use super::Writer;
use crate::real::{Function, Id, Op, Reduction};

/// `(x - mean) / sqrt(variance + epsilon)` over axes.
pub(in crate::import::onnx) fn standardize(
    to: &mut Writer<'_>,
    x: Id,
    axes: &[usize],
    epsilon: f64,
) -> Result<Standardized, String> {
    let mean = to.reduce(Reduction::Mean, x, axes)?;
    let centred = to.sub(x, mean)?;
    let square = to.mul(centred, centred)?;
    let variance = to.reduce(Reduction::Mean, square, axes)?;
    let epsilon = to.scalar(epsilon);
    let variance = to.add(variance, epsilon)?;
    let deviation = to.unary(Function::Sqrt, variance)?;
    let inverse = to.unary(Function::Reciprocal, deviation)?;
    let value = to.mul(centred, inverse)?;
    Ok(Standardized {
        value,
        mean,
        inverse,
    })
}

/// A standardised tensor, with what it was standardised by.
pub(in crate::import::onnx) struct Standardized {
    pub(in crate::import::onnx) value: Id,
    pub(in crate::import::onnx) mean: Id,
    pub(in crate::import::onnx) inverse: Id,
}

/// `(x - mean) / (sqrt(mean(x^2) - mean(x)^2) + epsilon)` over axes.
pub(in crate::import::onnx) fn mean_variance(
    to: &mut Writer<'_>,
    x: Id,
    axes: &[usize],
    epsilon: f64,
) -> Result<Id, String> {
    let mean = to.reduce(Reduction::Mean, x, axes)?;
    let centred = to.sub(x, mean)?;
    let square = to.mul(centred, centred)?;
    let variance = to.reduce(Reduction::Mean, square, axes)?;
    let deviation = to.unary(Function::Sqrt, variance)?;
    let epsilon = to.scalar(epsilon);
    let deviation = to.add(deviation, epsilon)?;
    to.op(Op::Div, &[centred, deviation])
}

/// `x scale + bias`, both along one axis of `x`.
pub(in crate::import::onnx) fn scaled(
    to: &mut Writer<'_>,
    x: Id,
    scale: Id,
    bias: Id,
    axis: usize,
) -> Result<Id, String> {
    let shape = to.shape(x).to_vec();
    let mut along = vec![1; shape.len()];
    along[axis] = shape[axis];
    let scale = to.reshape(scale, along.clone())?;
    let bias = to.reshape(bias, along)?;
    let product = to.mul(x, scale)?;
    to.add(product, bias)
}

/// The norm of the elements along an axis: root of the squares' sum, or the sum
/// of the magnitudes.
pub(in crate::import::onnx) fn magnitude(
    to: &mut Writer<'_>,
    x: Id,
    axis: usize,
    squares: bool,
) -> Result<Id, String> {
    if squares {
        let square = to.mul(x, x)?;
        let sum = to.reduce(Reduction::Sum, square, &[axis])?;
        return to.unary(Function::Sqrt, sum);
    }
    let sizes = to.unary(Function::Abs, x)?;
    to.reduce(Reduction::Sum, sizes, &[axis])
}

/// `x - log(sum(exp(x)))` along an axis, the largest element taken off first.
pub(in crate::import::onnx) fn log_softmax(
    to: &mut Writer<'_>,
    x: Id,
    axis: usize,
) -> Result<Id, String> {
    let most = to.reduce(Reduction::Max, x, &[axis])?;
    let below = to.sub(x, most)?;
    let powers = to.unary(Function::Exp, below)?;
    let sum = to.reduce(Reduction::Sum, powers, &[axis])?;
    let log = to.unary(Function::Log, sum)?;
    to.sub(below, log)
}
