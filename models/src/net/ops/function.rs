//! Functions of one number. Between two roundings each is one table in the kernel: round what
//! enters and what comes out.

use burn::tensor::Tensor;

use crate::export::OnnxGraph;
use crate::net::{Builder, Node, Primitive, Run, Value};

/// A function of one number; its constants are exact in single precision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Function {
    /// `exp(x - top)`.
    Exp {
        /// Where it is 1.
        top: f32,
    },
    /// `exp(top - x)`.
    Fall {
        /// Where it is 1.
        top: f32,
    },
    /// `1 / max(x, least)`.
    Reciprocal {
        /// Above 0.
        least: f32,
    },
    /// `1 / (x + 1)`, of `x` that is never negative.
    ReciprocalOfNext,
    /// `ln(max(x, least))`.
    Log {
        /// Above 0.
        least: f32,
    },
    /// `ln(max(|x|, least))`.
    LogMagnitude {
        /// Above 0.
        least: f32,
    },
    /// `|x|`.
    Magnitude,
    /// `ln(max(x, least)) / 2`: the logarithm of a width, of a variance.
    HalfLog {
        /// Above 0.
        least: f32,
    },
}

impl Primitive for Function {
    fn forward(&self, _run: &Run<'_>, _node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        let x = operands[0].clone();
        match *self {
            Self::Exp { top } => (x - top).exp(),
            Self::Fall { top } => (-x + top).exp(),
            Self::Reciprocal { least } => x.clamp_min(least).recip(),
            Self::ReciprocalOfNext => (x + 1.0).recip(),
            Self::Log { least } => x.clamp_min(least).log(),
            Self::LogMagnitude { least } => x.abs().clamp_min(least).log(),
            Self::Magnitude => x.abs(),
            Self::HalfLog { least } => x.clamp_min(least).log() * 0.5,
        }
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        let (before, constant, operator) = match *self {
            Self::Exp { top } | Self::Fall { top } => ("Sub", top, "Exp"),
            Self::Reciprocal { least } => ("Max", least, "Reciprocal"),
            Self::ReciprocalOfNext => ("Add", 1.0, "Reciprocal"),
            Self::Log { least } | Self::HalfLog { least } | Self::LogMagnitude { least } => {
                ("Max", least, "Log")
            }
            Self::Magnitude => return graph.node("Abs", &node.name, &[&operands[0]], &node.shape),
        };
        let constant = graph.constant(&format!("{}.constant", node.name), &[], &[constant]);
        let argument = format!("{}.argument", node.name);
        let x = match self {
            Self::LogMagnitude { .. } => {
                let name = format!("{}.magnitude", node.name);
                graph.node("Abs", &name, &[&operands[0]], &node.shape)
            }
            _ => operands[0].clone(),
        };
        let given = match self {
            Self::Fall { .. } => [constant.as_str(), &x],
            _ => [x.as_str(), &constant],
        };
        let x = graph.node(before, &argument, &given, &node.shape);
        if !matches!(self, Self::HalfLog { .. }) {
            return graph.node(operator, &node.name, &[&x], &node.shape);
        }
        let log = format!("{}.log", node.name);
        let log = graph.node(operator, &log, &[&x], &node.shape);
        let half = graph.constant(&format!("{}.half", node.name), &[], &[0.5]);
        graph.node("Mul", &node.name, &[&log, &half], &node.shape)
    }
}

/// Applies a function to every number.
pub fn function(builder: &mut Builder, name: &str, value: Value, function: Function) -> Value {
    let shape = builder.shape(value).to_vec();
    builder.push(name, function, &[value], &shape)
}
