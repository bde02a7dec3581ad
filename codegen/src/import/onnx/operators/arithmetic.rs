//! Arithmetic on two or more operands that broadcast.

use super::{Call, MANY, Row, Scope, Types, row};
use crate::real::{Function, Id, Op};

const TWO: (usize, usize) = (2, 2);

pub(super) const ROWS: &[Row] = &[
    row("Add", 7, TWO, Types::Number, |s, c| binary(s, c, Op::Add)),
    row("Clip", 6, (1, 3), Types::Number, clip),
    row("Div", 7, TWO, Types::Number, div),
    row("Max", 6, (1, MANY), Types::Number, |s, c| {
        variadic(s, c, &Op::Max)
    }),
    row("Mean", 6, (1, MANY), Types::Float, mean),
    row("Min", 6, (1, MANY), Types::Number, |s, c| {
        variadic(s, c, &Op::Min)
    }),
    row("Mod", 10, TWO, Types::Number, remainder),
    row("Mul", 7, TWO, Types::Number, |s, c| binary(s, c, Op::Mul)),
    row("Pow", 7, TWO, Types::First, pow),
    row("Sub", 7, TWO, Types::Number, |s, c| binary(s, c, Op::Sub)),
    row("Sum", 6, (1, MANY), Types::Float, |s, c| {
        variadic(s, c, &Op::Add)
    }),
];

fn binary(scope: &mut Scope<'_>, call: &mut Call<'_, '_>, op: Op) -> Result<Id, String> {
    let args = [call.arg(0)?, call.arg(1)?];
    // Opset 6 and before broadcast by attributes; newer ones must not.
    scope.op(call.name, op, &args)
}

fn variadic(scope: &mut Scope<'_>, call: &mut Call<'_, '_>, op: &Op) -> Result<Id, String> {
    let operands = call.all()?;
    let mut result = call.arg(0)?;
    for &operand in &operands[1..] {
        result = scope.op(call.name, op.clone(), &[result, operand])?;
    }
    Ok(result)
}

fn mean(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let sum = variadic(scope, call, &Op::Add)?;
    let share = scope.scalar(call.name, 1.0 / call.count() as f64);
    scope.op(call.name, Op::Mul, &[sum, share])
}

/// Of integers, the quotient is rounded towards zero.
fn div(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let quotient = binary(scope, call, Op::Div)?;
    match call.element.is_integer() {
        false => Ok(quotient),
        true => scope.op(call.name, Op::Unary(Function::Truncate), &[quotient]),
    }
}

/// What is left of a division: of the sign of the divisor, as Python's, or of
/// the dividend, as C's (`fmod`).
fn remainder(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let (x, y) = (call.arg(0)?, call.arg(1)?);
    let whole = match (call.attributes.int("fmod", 0)?, call.element.is_integer()) {
        (0, true) => Function::Floor,
        (1, _) => Function::Truncate,
        (0, false) => return Err("of floating point, with attribute `fmod` 0".to_owned()),
        (other, _) => return Err(format!("attribute `fmod` is {other}, expected 0 or 1")),
    };
    let quotient = scope.op(call.name, Op::Div, &[x, y])?;
    let times = scope.op(call.name, Op::Unary(whole), &[quotient])?;
    let taken = scope.op(call.name, Op::Mul, &[times, y])?;
    scope.op(call.name, Op::Sub, &[x, taken])
}

/// The result has the type of the base.
fn pow(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let power = binary(scope, call, Op::Pow)?;
    match call.element.is_integer() {
        false => Ok(power),
        true => scope.op(call.name, Op::Unary(Function::Truncate), &[power]),
    }
}

/// Bounds were attributes before opset 11.
fn clip(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let mut result = call.arg(0)?;
    for (index, name, op) in [(1, "min", Op::Max), (2, "max", Op::Min)] {
        let bound = if scope.opset >= 11 {
            call.optional_arg(index)
        } else {
            call.no_operand_from(1)?;
            match call.attributes.has(name) {
                true => Some(scope.scalar(call.name, call.attributes.float(name, 0.0)?)),
                false => None,
            }
        };
        let Some(bound) = bound else { continue };
        let shape = scope.shape(bound);
        if shape.iter().product::<usize>() != 1 {
            return Err(format!(
                "its {name} has shape {shape:?}, expected one number"
            ));
        }
        let bound = scope.reshape(call.name, bound, Vec::new())?;
        result = scope.op(call.name, op, &[result, bound])?;
    }
    Ok(result)
}
