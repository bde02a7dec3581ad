//! Comparisons, logic, and the choice between two tensors.

use super::{Call, Row, Scope, Types, row};
use crate::import::onnx::element::Element;
use crate::real::{Id, Op};

const TWO: (usize, usize) = (2, 2);

pub(super) const ROWS: &[Row] = &[
    row("And", 7, TWO, Types::Bool, |s, c| {
        compare(s, c, Op::Min, [0, 1])
    }),
    row("Equal", 7, TWO, Types::Same, |s, c| {
        compare(s, c, Op::Equal, [0, 1])
    }),
    row("Greater", 7, TWO, Types::Number, |s, c| {
        compare(s, c, Op::Less, [1, 0])
    }),
    row("GreaterOrEqual", 12, TWO, Types::Number, |s, c| {
        compare(s, c, Op::LessEqual, [1, 0])
    }),
    row("Less", 7, TWO, Types::Number, |s, c| {
        compare(s, c, Op::Less, [0, 1])
    }),
    row("LessOrEqual", 12, TWO, Types::Number, |s, c| {
        compare(s, c, Op::LessEqual, [0, 1])
    }),
    row("Not", 1, (1, 1), Types::Bool, |s, c| {
        let x = c.arg(0)?;
        not(s, c.name, x)
    }),
    row("Or", 7, TWO, Types::Bool, |s, c| {
        compare(s, c, Op::Max, [0, 1])
    }),
    row("Where", 9, (3, 3), Types::First, choose),
    row("Xor", 7, TWO, Types::Bool, |s, c| {
        let equal = compare(s, c, Op::Equal, [0, 1])?;
        not(s, c.name, equal)
    }),
];

fn compare(
    scope: &mut Scope<'_>,
    call: &mut Call<'_, '_>,
    op: Op,
    order: [usize; 2],
) -> Result<Id, String> {
    call.element = Element::Bool;
    let args = [call.arg(order[0])?, call.arg(order[1])?];
    scope.op(call.name, op, &args)
}

/// 1 where a boolean is 0.
pub(super) fn not(scope: &mut Scope<'_>, name: &str, x: Id) -> Result<Id, String> {
    let zero = scope.scalar(name, 0.0);
    scope.op(name, Op::Equal, &[x, zero])
}

fn choose(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    if call.element != Element::Bool {
        return Err(format!("its condition is {}, expected BOOL", call.element));
    }
    call.element = call.element_of(1)?;
    if call.element_of(2)? != call.element {
        return Err("its operands differ in their element types".to_owned());
    }
    let args = [call.arg(0)?, call.arg(1)?, call.arg(2)?];
    scope.op(call.name, Op::Where, &args)
}
