//! Functions of one element, and the activations among them.

use super::{Call, Row, Scope, Types, row};
use crate::real::{Function, Id, Op};

const ONE: (usize, usize) = (1, 1);

pub(super) const ROWS: &[Row] = &[
    row("Abs", 6, ONE, Types::Number, |s, c| {
        unary(s, c, Function::Abs)
    }),
    row("Acos", 7, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Acos)
    }),
    row("Acosh", 9, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Acosh)
    }),
    row("Asin", 7, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Asin)
    }),
    row("Asinh", 9, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Asinh)
    }),
    row("Atan", 7, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Atan)
    }),
    row("Atanh", 9, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Atanh)
    }),
    row("Ceil", 6, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Ceil)
    }),
    row("Celu", 12, ONE, Types::Float, celu),
    row("Cos", 7, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Cos)
    }),
    row("Cosh", 9, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Cosh)
    }),
    row("Elu", 6, ONE, Types::Float, elu),
    row("Erf", 9, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Erf)
    }),
    row("Exp", 6, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Exp)
    }),
    row("Floor", 6, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Floor)
    }),
    row("Gelu", 20, ONE, Types::Float, gelu),
    row("HardSigmoid", 6, ONE, Types::Float, hard_sigmoid),
    row("HardSwish", 14, ONE, Types::Float, |s, c| {
        unary(s, c, Function::HardSwish)
    }),
    row("LeakyRelu", 6, ONE, Types::Float, leaky_relu),
    row("Log", 6, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Log)
    }),
    row("Mish", 18, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Mish)
    }),
    row("Neg", 6, ONE, Types::Number, |s, c| {
        unary(s, c, Function::Neg)
    }),
    row("PRelu", 7, (2, 2), Types::Number, prelu),
    row("Reciprocal", 6, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Reciprocal)
    }),
    row("Relu", 6, ONE, Types::Number, |s, c| {
        let x = c.arg(0)?;
        s.op(c.name, Op::Relu, &[x])
    }),
    row("Round", 11, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Round)
    }),
    row("Selu", 6, ONE, Types::Float, selu),
    row("Sigmoid", 6, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Sigmoid)
    }),
    row("Sign", 9, ONE, Types::Number, |s, c| {
        unary(s, c, Function::Sign)
    }),
    row("Sin", 7, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Sin)
    }),
    row("Sinh", 9, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Sinh)
    }),
    row("Softplus", 1, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Softplus)
    }),
    row("Softsign", 1, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Softsign)
    }),
    row("Sqrt", 6, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Sqrt)
    }),
    row("Tan", 7, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Tan)
    }),
    row("Tanh", 6, ONE, Types::Float, |s, c| {
        unary(s, c, Function::Tanh)
    }),
    row("ThresholdedRelu", 10, ONE, Types::Float, thresholded_relu),
];

fn unary(scope: &mut Scope<'_>, call: &mut Call<'_, '_>, function: Function) -> Result<Id, String> {
    let x = call.arg(0)?;
    scope.op(call.name, Op::Unary(function), &[x])
}

fn celu(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let alpha = call.attributes.float("alpha", 1.0)?;
    if alpha == 0.0 {
        return Err("attribute `alpha` is 0".to_owned());
    }
    unary(scope, call, Function::Celu { alpha })
}

fn elu(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let alpha = call.attributes.float("alpha", 1.0)?;
    unary(scope, call, Function::Elu { alpha })
}

fn gelu(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let approximate = call.attributes.string("approximate")?;
    let tanh = match approximate.as_deref() {
        None | Some("none") => false,
        Some("tanh") => true,
        Some(other) => {
            return Err(format!(
                "attribute `approximate` is `{}`, expected `none` or `tanh`",
                crate::import::shorten(other)
            ));
        }
    };
    unary(scope, call, Function::Gelu { tanh })
}

fn hard_sigmoid(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let alpha = call.attributes.float("alpha", 0.2)?;
    let beta = call.attributes.float("beta", 0.5)?;
    unary(scope, call, Function::HardSigmoid { alpha, beta })
}

fn leaky_relu(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let alpha = call.attributes.float("alpha", 0.01)?;
    unary(scope, call, Function::LeakyRelu { alpha })
}

fn selu(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let alpha = call.attributes.float("alpha", 1.673_263_2)?;
    let gamma = call.attributes.float("gamma", 1.050_701)?;
    unary(scope, call, Function::Selu { alpha, gamma })
}

fn thresholded_relu(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let alpha = call.attributes.float("alpha", 1.0)?;
    unary(scope, call, Function::ThresholdedRelu { alpha })
}

/// The slope broadcasts to the operand, not the other way round.
fn prelu(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let (x, slope) = (call.arg(0)?, call.arg(1)?);
    let scaled = scope.op(call.name, Op::Mul, &[x, slope])?;
    if scope.shape(scaled) != scope.shape(x) {
        return Err("its slope does not broadcast to its operand's shape".to_owned());
    }
    let zero = scope.scalar(call.name, 0.0);
    let below = scope.op(call.name, Op::Less, &[x, zero])?;
    scope.op(call.name, Op::Where, &[below, scaled, x])
}
