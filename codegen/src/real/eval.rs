//! Evaluates a graph in double precision: for calibration and for checking
//! imports, never for what a kernel computes.

use thiserror::Error;

use super::{Graph, Op, Tensor, ops};
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
    /// An operation does not take the value of an operand.
    #[error("node `{}`: {reason}", name.escape_debug())]
    Operand {
        /// The node's name.
        name: String,
        /// Why.
        reason: String,
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
                ops::reshaped(data.to_vec(), &node.shape)
            }
            op => {
                let args: Vec<_> = node.args.iter().map(|arg| &values[arg.0]).collect();
                let value = ops::evaluate(op, &args, &node.shape);
                value.map_err(|reason| EvalError::Operand {
                    name: node.name.clone(),
                    reason,
                })?
            }
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
