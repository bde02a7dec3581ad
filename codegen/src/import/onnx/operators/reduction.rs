//! Reductions over some or all axes.

use super::{Call, Row, Scope, Types, row};
use crate::import::onnx::call::axes;
use crate::real::{Function, Id, Op, Reduction};

const OPERANDS: (usize, usize) = (1, 2);

pub(super) const ROWS: &[Row] = &[
    row("ReduceL1", 1, OPERANDS, Types::First, |s, c| {
        let x = c.arg(0)?;
        let x = s.op(c.name, Op::Unary(Function::Abs), &[x])?;
        reduce(s, c, x, Reduction::Sum)
    }),
    row("ReduceL2", 1, OPERANDS, Types::FirstFloat, |s, c| {
        let squares = squared(s, c)?;
        let sum = reduce(s, c, squares, Reduction::Sum)?;
        s.op(c.name, Op::Unary(Function::Sqrt), &[sum])
    }),
    row("ReduceLogSum", 1, OPERANDS, Types::FirstFloat, |s, c| {
        let x = c.arg(0)?;
        let sum = reduce(s, c, x, Reduction::Sum)?;
        s.op(c.name, Op::Unary(Function::Log), &[sum])
    }),
    row(
        "ReduceLogSumExp",
        1,
        OPERANDS,
        Types::FirstFloat,
        log_sum_exp,
    ),
    row("ReduceMax", 1, OPERANDS, Types::First, |s, c| {
        let x = c.arg(0)?;
        reduce(s, c, x, Reduction::Max)
    }),
    row("ReduceMean", 1, OPERANDS, Types::FirstFloat, |s, c| {
        let x = c.arg(0)?;
        reduce(s, c, x, Reduction::Mean)
    }),
    row("ReduceMin", 1, OPERANDS, Types::First, |s, c| {
        let x = c.arg(0)?;
        reduce(s, c, x, Reduction::Min)
    }),
    row("ReduceProd", 1, OPERANDS, Types::First, |s, c| {
        let x = c.arg(0)?;
        reduce(s, c, x, Reduction::Product)
    }),
    row("ReduceSum", 1, OPERANDS, Types::First, |s, c| {
        let x = c.arg(0)?;
        reduce(s, c, x, Reduction::Sum)
    }),
    row("ReduceSumSquare", 1, OPERANDS, Types::First, |s, c| {
        let squares = squared(s, c)?;
        reduce(s, c, squares, Reduction::Sum)
    }),
];

fn squared(scope: &mut Scope<'_>, call: &Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    scope.op(call.name, Op::Mul, &[x, x])
}

/// Which axes a node reduces, and whether they stay with size 1.
fn reduced(
    scope: &Scope<'_>,
    call: &mut Call<'_, '_>,
    rank: usize,
) -> Result<(Vec<usize>, bool), String> {
    let keep = call.attributes.int("keepdims", 1)? != 0;
    let sum = call.is("ReduceSum");
    let since = if sum { 13 } else { 18 };
    let given = call.ints_since(scope, since, "axes", 1)?;
    let none_is_none = scope.opset >= since && call.attributes.int("noop_with_empty_axes", 0)? != 0;
    let axes = match given.as_deref() {
        None | Some([]) if none_is_none => Vec::new(),
        None | Some([]) => (0..rank).collect(),
        Some(given) => axes(given, rank)?,
    };
    Ok((axes, keep))
}

/// The reduction along each axis in turn.
fn along(
    scope: &mut Scope<'_>,
    name: &str,
    mut x: Id,
    kind: Reduction,
    axes: &[usize],
) -> Result<Id, String> {
    for &axis in axes {
        x = scope.op(name, Op::Reduce { kind, axis }, &[x])?;
    }
    Ok(x)
}

/// Without its reduced axes, unless they stay.
fn squeezed(
    scope: &mut Scope<'_>,
    name: &str,
    x: Id,
    axes: &[usize],
    keep: bool,
) -> Result<Id, String> {
    let mut shape = scope.shape(x);
    if !keep {
        axes.iter().rev().for_each(|&axis| {
            shape.remove(axis);
        });
    }
    scope.reshape(name, x, shape)
}

fn reduce(
    scope: &mut Scope<'_>,
    call: &mut Call<'_, '_>,
    x: Id,
    kind: Reduction,
) -> Result<Id, String> {
    let rank = scope.shape(x).len();
    let (axes, keep) = reduced(scope, call, rank)?;
    let result = along(scope, call.name, x, kind, &axes)?;
    squeezed(scope, call.name, result, &axes, keep)
}

/// With the largest element taken out, so that no exponential overflows.
fn log_sum_exp(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let rank = scope.shape(x).len();
    let (axes, keep) = reduced(scope, call, rank)?;
    let name = call.name;
    let max = along(scope, name, x, Reduction::Max, &axes)?;
    let below = scope.op(name, Op::Sub, &[x, max])?;
    let exp = scope.op(name, Op::Unary(Function::Exp), &[below])?;
    let sum = along(scope, name, exp, Reduction::Sum, &axes)?;
    let log = scope.op(name, Op::Unary(Function::Log), &[sum])?;
    let result = scope.op(name, Op::Add, &[log, max])?;
    squeezed(scope, name, result, &axes, keep)
}
