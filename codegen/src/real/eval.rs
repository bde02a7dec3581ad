//! Evaluates a graph in double precision: for calibration and for checking
//! imports, never for what a kernel computes.

use ndarray::{Axis, Ix2, IxDyn};
use thiserror::Error;

use super::{Graph, Op, Quantizer, Tensor, encode};
use crate::ir::element_count;

/// Why a graph cannot be evaluated on an event.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum EvalError {
    /// The number of input tensors differs.
    #[error("{found} input tensors, the model has {expected}")]
    Inputs {
        /// The model's.
        expected: usize,
        /// Those given.
        found: usize,
    },
    /// An input tensor has another number of elements.
    #[error("input `{}` has {found} elements, the model's has {expected}", name.escape_debug())]
    Length {
        /// The input's name.
        name: String,
        /// The model's.
        expected: usize,
        /// Those given.
        found: usize,
    },
    /// A value is not finite.
    #[error("node `{}` gives {value}, which is not a finite number", name.escape_debug())]
    NotFinite {
        /// The node's name.
        name: String,
        /// The value.
        value: f64,
    },
}

/// Evaluates the outputs for one event.
///
/// # Errors
///
/// Inputs that do not fit, or a value that is not finite.
pub fn evaluate(graph: &Graph, inputs: &[&[f64]]) -> Result<Vec<Tensor>, EvalError> {
    let values = evaluate_all(graph, inputs)?;
    let outputs = graph.outputs.iter();
    Ok(outputs.map(|(_, id)| values[id.0].clone()).collect())
}

/// Evaluates every node for one event, in order.
///
/// # Errors
///
/// Inputs that do not fit, or a value that is not finite.
pub fn evaluate_all(graph: &Graph, inputs: &[&[f64]]) -> Result<Vec<Tensor>, EvalError> {
    let expected = graph.inputs().count();
    if inputs.len() != expected {
        return Err(EvalError::Inputs {
            expected,
            found: inputs.len(),
        });
    }
    let mut given = inputs.iter();
    let mut values: Vec<Tensor> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let arg = |index: usize| &values[node.args[index].0];
        let value = match &node.op {
            Op::Input => {
                let data = given.next().map_or(&[][..], |data| data);
                if data.len() != element_count(&node.shape) {
                    return Err(EvalError::Length {
                        name: node.name.clone(),
                        expected: element_count(&node.shape),
                        found: data.len(),
                    });
                }
                reshaped(data.to_vec(), &node.shape)
            }
            Op::Constant(tensor) => tensor.clone(),
            Op::MatMul => matmul(arg(0), arg(1), &node.shape),
            Op::Add => arg(0) + arg(1),
            Op::Sub => arg(0) - arg(1),
            Op::Mul => arg(0) * arg(1),
            Op::Relu => arg(0).mapv(|x| x.max(0.0)),
            Op::Softmax { axis } => softmax(arg(0), *axis),
            Op::Reshape => reshaped(arg(0).iter().copied().collect(), &node.shape),
            Op::Transpose { permutation } => {
                let view = arg(0).view().permuted_axes(IxDyn(permutation));
                view.as_standard_layout().into_owned()
            }
            Op::Quantize(quantizer) => quantize(arg(0), quantizer),
        };
        if let Some(&value) = value.iter().find(|value| !value.is_finite()) {
            return Err(EvalError::NotFinite {
                name: node.name.clone(),
                value,
            });
        }
        values.push(value);
    }
    Ok(values)
}

/// A tensor of this shape; the graph has checked the number of elements.
fn reshaped(data: Vec<f64>, shape: &[usize]) -> Tensor {
    debug_assert_eq!(data.len(), element_count(shape));
    Tensor::from_shape_vec(IxDyn(shape), data).unwrap_or_else(|_| Tensor::zeros(IxDyn(shape)))
}

fn matmul(a: &Tensor, b: &Tensor, shape: &[usize]) -> Tensor {
    let (rows, columns) = (b.shape()[0], b.shape()[1]);
    let flat = |tensor: &Tensor, shape: [usize; 2]| {
        tensor
            .as_standard_layout()
            .into_owned()
            .into_shape_with_order(IxDyn(&shape))
            .and_then(|t| t.into_dimensionality::<Ix2>())
    };
    match (flat(a, [a.len() / rows, rows]), flat(b, [rows, columns])) {
        (Ok(a), Ok(b)) => reshaped(a.dot(&b).iter().copied().collect(), shape),
        _ => Tensor::zeros(IxDyn(shape)),
    }
}

fn softmax(x: &Tensor, axis: usize) -> Tensor {
    let keep = |t: ndarray::ArrayD<f64>| t.insert_axis(Axis(axis));
    let max = keep(x.fold_axis(Axis(axis), f64::NEG_INFINITY, |a, b| a.max(*b)));
    let exp = (x - &max).mapv(libm::exp);
    let sum = keep(exp.sum_axis(Axis(axis)));
    exp / sum
}

/// Rounds every element to its format. Not finite values pass through, for the
/// caller to report.
pub(crate) fn quantize(x: &Tensor, quantizer: &Quantizer) -> Tensor {
    let formats = quantizer.formats.expand(x.shape());
    let data = x
        .iter()
        .zip(formats)
        .map(|(&value, to)| match encode(value) {
            None => value,
            Some(real) => {
                let (m, _) = real.requantize(to, quantizer.rounding, quantizer.overflow);
                libm::scalbn(m as f64, -to.f())
            }
        })
        .collect();
    reshaped(data, x.shape())
}
