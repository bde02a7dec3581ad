//! What an anomaly detector minimises, one number for each event. These nodes are never deployed.

use burn::tensor::Tensor;

use super::sample::LOG_VARIANCE;
use crate::export::OnnxGraph;
use crate::net::forward::constant;
use crate::net::{Builder, Node, Primitive, Run, Value};

/// One term of an objective.
#[derive(Debug)]
enum Term {
    /// `sum_j w_j x_j^2`.
    Squares { weights: Vec<f32> },
    /// `1/2 sum_j (mu_j^2 + exp(l_j) - 1 - l_j)` of a mean and the logarithm of a variance.
    Divergence,
    /// `sum_j x_j`.
    Total,
    /// `a + factor * b`.
    Sum { factor: f32 },
}

impl Primitive for Term {
    fn forward(&self, _run: &Run<'_>, _node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        let first = operands[0].clone();
        match self {
            Self::Squares { weights } => {
                let weights = constant(weights.clone(), &first.device(), first.dtype());
                (first.powi_scalar(2) * weights.unsqueeze::<2>()).sum_dim(1)
            }
            Self::Divergence => {
                let log = operands[1].clone().clamp(LOG_VARIANCE.0, LOG_VARIANCE.1);
                let each = first.powi_scalar(2) + log.clone().exp() - log;
                each.sub_scalar(1.0).sum_dim(1).mul_scalar(0.5)
            }
            Self::Total => first.sum_dim(1),
            Self::Sum { factor } => first + operands[1].clone().mul_scalar(*factor),
        }
    }

    /// Is not reached: what is not deployed is not exported.
    fn export(&self, _graph: &mut OnnxGraph<'_>, _node: &Node, operands: &[String]) -> String {
        operands[0].clone()
    }
}

fn term(builder: &mut Builder, name: &str, term: Term, operands: &[Value]) -> Value {
    let before = std::mem::replace(&mut builder.deployed, false);
    let value = builder.push(name, term, operands, &[1]);
    builder.deployed = before;
    value
}

/// `sum_j w_j x_j^2` of a value that need not be rounded.
pub fn squares(builder: &mut Builder, name: &str, value: Value, weights: &[f32]) -> Value {
    let weights = weights.to_vec();
    term(builder, name, Term::Squares { weights }, &[value])
}

/// The divergence of Kullback and Leibler of a Gaussian with independent components from the
/// standard normal one (arXiv:1312.6114, appendix B).
pub fn divergence(builder: &mut Builder, name: &str, mean: Value, log_variance: Value) -> Value {
    term(builder, name, Term::Divergence, &[mean, log_variance])
}

/// `sum_j x_j` of a value that need not be rounded.
pub fn all(builder: &mut Builder, name: &str, value: Value) -> Value {
    term(builder, name, Term::Total, &[value])
}

/// `a + factor * b`.
pub fn sum(builder: &mut Builder, name: &str, a: Value, b: Value, factor: f32) -> Value {
    term(builder, name, Term::Sum { factor }, &[a, b])
}
