//! `Cast` and `CastLike`: the same numbers in another element type.

use super::comparison::not;
use super::{Call, Row, Scope, Types, row};
use crate::import::onnx::element::Element;
use crate::real::{Function, Id, Op};

pub(super) const ROWS: &[Row] = &[
    row("Cast", 6, (1, 1), Types::First, |scope, call| {
        let to = call.attributes.int("to", 0)?;
        let to = i32::try_from(to).map_err(|_| format!("attribute `to` is {to}"))?;
        cast(scope, call, Element::of(to)?)
    }),
    row("CastLike", 15, (2, 2), Types::First, |scope, call| {
        let to = call.element_of(1)?;
        cast(scope, call, to)
    }),
];

fn cast(scope: &mut Scope<'_>, call: &mut Call<'_, '_>, to: Element) -> Result<Id, String> {
    // Of eight-bit floating-point results only, which are not taken.
    call.attributes.int("saturate", 1)?;
    let from = std::mem::replace(&mut call.element, to);
    let x = call.arg(0)?;
    let function = match (from, to) {
        _ if from == to => return Ok(x),
        (_, Element::Bool) => {
            let zero = not(scope, call.name, x)?;
            return not(scope, call.name, zero);
        }
        (Element::Bool, _) => return Ok(x),
        // Exporters disagree on how such a number is rounded.
        (from, Element::Int(4) | Element::Uint(4)) if from.is_float() => {
            return Err(format!("elements of type {from} are not taken to {to}"));
        }
        // Towards zero; a number outside of the type is none.
        (Element::Float16 | Element::Float | Element::Double, to) if to.is_integer() => {
            Function::Truncate
        }
        (from, to) if to.is_integer() && holds(from, to) => return Ok(x),
        (_, to) if to.is_integer() => match to.rounding() {
            Some(range) => range,
            None => return Ok(x),
        },
        (Element::Float16, _) => return Ok(x),
        (from, Element::Float) if exact(from, 24) => return Ok(x),
        (_, Element::Float) => Function::Float32,
        (_, Element::Float16) => Function::Float16,
        _ => return Ok(x),
    };
    scope.op(call.name, Op::Unary(function), &[x])
}

/// Whether one type of integers holds all of another.
fn holds(from: Element, to: Element) -> bool {
    match (from.range(), to.range()) {
        (Some((from_lo, from_hi)), Some((to_lo, to_hi))) => from_lo >= to_lo && from_hi <= to_hi,
        _ => false,
    }
}

/// Whether every integer of a type has at most so many bits.
fn exact(from: Element, bits: u32) -> bool {
    let bound = 1i64 << bits;
    from.range()
        .is_some_and(|(lo, hi)| lo >= -bound && hi <= bound)
}
