//! Gates as Verilog expressions of exact width.

use super::bits::{Reads, Value, beside, literal};
use super::rounding::requantize;
use crate::circuit::Gate;
use crate::ir::Interval;

/// What a gate reads, aligned where its rule says so.
#[derive(Debug)]
pub(super) struct Operand {
    /// The mantissa.
    pub value: Value,
    /// Its fractional bits.
    pub f: i32,
    /// The mantissas that it can take.
    pub range: Interval,
}

/// Two values with common fractional bits.
fn aligned(a: &Operand, b: &Operand) -> (Value, Value) {
    let f = a.f.max(b.f);
    let at = |x: &Operand| x.value.shifted((f - x.f).unsigned_abs());
    (at(a), at(b))
}

/// A gate's expression of `width` bits; `None` for those that are written in
/// another way (inputs, tables and what only names bits). `rounded` is the name
/// for a signal in front of it.
pub(super) fn expression(
    rounded: &str,
    gate: &Gate,
    operands: &[Operand],
    width: u32,
    reads: &mut Reads,
) -> Option<Expression> {
    let simple = |text: String| Some(Expression::of(text));
    match (gate, operands) {
        (Gate::Add(..), [a, b]) => {
            let (a, b) = aligned(a, b);
            simple(sum(&a, &b, width, reads))
        }
        (Gate::Sub(..), [a, b]) => {
            let (a, b) = aligned(a, b);
            simple(difference(&a, &b, width, reads))
        }
        (Gate::Mul(..), [a, b]) => {
            let a = reads.field(&a.value, 0, width);
            let b = reads.field(&b.value, 0, width);
            simple(format!("{a} * {b}"))
        }
        (Gate::Select(..), [c, a, b]) => {
            let (a, b) = aligned(a, b);
            let bits = c.value.width();
            let c = match &c.value {
                Value::Signal { name, width, .. } => reads.slice(name, *width, 0, *width),
                Value::Constant(_) => reads.field(&c.value, 0, bits.max(1)),
            };
            let any = if bits > 1 { "|" } else { "" };
            let (a, b) = (reads.field(&a, 0, width), reads.field(&b, 0, width));
            simple(format!("{any}{c} ? {a} : {b}"))
        }
        (Gate::Less(..), [a, b]) => {
            let (a, b) = aligned(a, b);
            if b == Value::Constant(0) {
                // It can be negative, or the comparison were a constant.
                return simple(reads.bit(&a, a.width() - 1));
            }
            if a == Value::Constant(0) && b.signed() {
                let sign = reads.bit(&b, b.width() - 1);
                let rest = reads.field(&b, b.zeros(), b.width() - 1 - b.zeros());
                return simple(format!("~{sign} & (|{rest})"));
            }
            // a < b is floor(a / 2^z) < b / 2^z.
            let below = b.zeros();
            simple(comparison(&a, "<", &b, below, reads))
        }
        (Gate::LessEqual(..), [a, b]) => {
            let (a, b) = aligned(a, b);
            let below = a.zeros();
            simple(comparison(&a, "<=", &b, below, reads))
        }
        (Gate::Equal(..), [a, b]) => {
            let (a, b) = aligned(a, b);
            simple(comparison(&a, "==", &b, 0, reads))
        }
        (Gate::And(..), [a, b]) => bitwise(a, "&", b, width, reads),
        (Gate::Or(..), [a, b]) => bitwise(a, "|", b, width, reads),
        (Gate::Xor(..), [a, b]) => bitwise(a, "^", b, width, reads),
        (
            &Gate::Requantize {
                to,
                rounding,
                overflow,
                ..
            },
            [a],
        ) => Some(requantize(rounded, a, to, rounding, overflow, width, reads)),
        _ => None,
    }
}

/// An expression, with a signal in front of it that it reads more than once.
#[derive(Debug)]
pub(super) struct Expression {
    /// The rounded value, before overflow is decided.
    pub rounded: Option<Rounded>,
    /// The expression itself.
    pub text: String,
}

/// A rounded value in a signal of its own.
#[derive(Debug)]
pub(super) struct Rounded {
    /// Bits of the signal.
    pub width: u32,
    /// Its expression.
    pub text: String,
}

impl Expression {
    /// An expression alone.
    pub fn of(text: String) -> Self {
        Self {
            rounded: None,
            text,
        }
    }
}

/// The low bits of `a + b`: where one of them is zero, those of the other.
fn sum(a: &Value, b: &Value, width: u32, reads: &mut Reads) -> String {
    let (coarse, fine) = match a.zeros() > b.zeros() {
        true => (a, b),
        false => (b, a),
    };
    let below = coarse.zeros().min(width);
    let mut parts = Vec::new();
    if width > below {
        let coarse = reads.field(coarse, below, width - below);
        // What lies wholly below the other adds nothing.
        match !fine.signed() && fine.width() <= below {
            true => parts.push(coarse),
            false => {
                let fine = reads.field(fine, below, width - below);
                parts.push(format!("{fine} + {coarse}"));
            }
        }
    }
    if below > 0 {
        parts.push(reads.field(fine, 0, below));
    }
    beside(&parts)
}

/// The low bits of `a - b`.
fn difference(a: &Value, b: &Value, width: u32, reads: &mut Reads) -> String {
    let below = b.zeros().min(width);
    let mut parts = Vec::new();
    if width > below {
        let left = reads.field(a, below, width - below);
        let right = reads.field(b, below, width - below);
        parts.push(match a == &Value::Constant(0) {
            true => format!("-{right}"),
            false => format!("{left} - {right}"),
        });
    }
    if below > 0 {
        parts.push(reads.field(a, 0, below));
    }
    beside(&parts)
}

/// A comparison of both above the lowest bits.
fn comparison(a: &Value, operator: &str, b: &Value, below: u32, reads: &mut Reads) -> String {
    let signed = a.signed() || b.signed();
    let bits = |x: &Value| x.width() + u32::from(signed && !x.signed());
    let width = bits(a).max(bits(b)).max(below + 1) - below;
    let (a, b) = (reads.field(a, below, width), reads.field(b, below, width));
    match signed && operator != "==" {
        true => format!("$signed({a}) {operator} $signed({b})"),
        false => format!("{a} {operator} {b}"),
    }
}

fn bitwise(
    a: &Operand,
    operator: &str,
    b: &Operand,
    width: u32,
    reads: &mut Reads,
) -> Option<Expression> {
    let (a, b) = aligned(a, b);
    let (a, b) = (reads.field(&a, 0, width), reads.field(&b, 0, width));
    Some(Expression::of(format!("{a} {operator} {b}")))
}

/// A table as a function of the index's bits; what the index cannot reach is
/// left to the default.
pub(super) fn table(
    name: &str,
    entries: impl Iterator<Item = (i64, i64)>,
    index_bits: u32,
    width: u32,
) -> String {
    let mut text = format!(
        "    function [{}:0] {name};\n        input [{}:0] index;\n        case (index)\n",
        width - 1,
        index_bits - 1
    );
    let entries: Vec<_> = entries.collect();
    let default = entries.last().map_or(0, |(_, entry)| *entry);
    for (index, entry) in &entries[..entries.len().saturating_sub(1)] {
        text.push_str(&format!(
            "            {}: {name} = {};\n",
            literal((*index).into(), index_bits),
            literal((*entry).into(), width)
        ));
    }
    text.push_str(&format!(
        "            default: {name} = {};\n        endcase\n    endfunction\n",
        literal(default.into(), width)
    ));
    text
}
