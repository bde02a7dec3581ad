//! The names that a formula may hold.

use std::f64::consts::PI;

use super::Position;
use super::terms::Terms;
use crate::real::{Function, Op};

/// Functions of one value that the real graph has.
const UNARY: &[(&str, Function)] = &[
    ("abs", Function::Abs),
    ("Abs", Function::Abs),
    ("acos", Function::Acos),
    ("acosh", Function::Acosh),
    ("asin", Function::Asin),
    ("asinh", Function::Asinh),
    ("atan", Function::Atan),
    ("atanh", Function::Atanh),
    ("ceil", Function::Ceil),
    ("ceiling", Function::Ceil),
    ("cos", Function::Cos),
    ("cosh", Function::Cosh),
    ("erf", Function::Erf),
    ("exp", Function::Exp),
    ("floor", Function::Floor),
    ("inv", Function::Reciprocal),
    ("log", Function::Log),
    ("neg", Function::Neg),
    ("round", Function::Round),
    ("sigmoid", Function::Sigmoid),
    ("sign", Function::Sign),
    ("sin", Function::Sin),
    ("sinh", Function::Sinh),
    ("sqrt", Function::Sqrt),
    ("tan", Function::Tan),
    ("tanh", Function::Tanh),
];

/// Other functions, which are made of operations.
const OTHERS: &[&str] = &[
    "atan2", "cube", "hypot", "max", "Max", "min", "Min", "pow", "Pow", "relu", "square", "wrap",
];

/// Names that are no variables, and why not.
const RESERVED: &[(&str, &str)] = &[
    (
        "E",
        "it is 2.718... in SymPy and may be a variable: state it in `inputs:`, or write exp(1)",
    ),
    ("I", "it is the imaginary unit in SymPy"),
    ("False", "a truth value is no real number"),
    ("True", "a truth value is no real number"),
    ("inf", "it is not a finite number"),
    ("nan", "it is not a finite number"),
    ("oo", "it is not a finite number"),
    ("zoo", "it is not a finite number"),
];

/// All functions, for messages.
pub(super) fn taken() -> String {
    let unary = UNARY.iter().map(|(name, _)| *name);
    let names: Vec<_> = unary.chain(OTHERS.iter().copied()).collect();
    format!("Functions that are taken: {}", names.join(", "))
}

/// A name without operands: a variable, or pi.
pub(super) fn name(name: &str, stated: bool, at: Position, terms: &mut Terms) -> usize {
    if stated {
        return terms.variable(name);
    }
    if name == "pi" {
        return terms.number(PI);
    }
    if let Some((_, reason)) = RESERVED.iter().find(|(reserved, _)| *reserved == name) {
        return terms.refuse(name, at, (*reason).to_owned());
    }
    if UNARY.iter().any(|(function, _)| *function == name) || OTHERS.contains(&name) {
        return terms.refuse(name, at, "it is a function without its operand".to_owned());
    }
    terms.variable(name)
}

/// A function of its operands.
pub(super) fn apply(name: &str, operands: &[usize], at: Position, terms: &mut Terms) -> usize {
    if let Some((_, function)) = UNARY.iter().find(|(known, _)| *known == name) {
        return match operands {
            [x] => terms.operation(Op::Unary(*function), &[*x], at),
            _ => wrong_number(name, operands, "1", at, terms),
        };
    }
    match (name, operands) {
        ("square", [x]) => terms.power(*x, 2, at),
        ("cube", [x]) => terms.power(*x, 3, at),
        ("relu", [x]) => terms.operation(Op::Relu, &[*x], at),
        ("pow" | "Pow", [x, y]) => terms.pow(*x, *y, at),
        ("atan2", [y, x]) => atan2(*y, *x, at, terms),
        ("hypot", [x, y]) => {
            let (xx, yy) = (terms.power(*x, 2, at), terms.power(*y, 2, at));
            let sum = terms.add(xx, yy, at);
            terms.operation(Op::Unary(Function::Sqrt), &[sum], at)
        }
        ("wrap", [x]) => wrap(*x, at, terms),
        ("max" | "Max", [first, rest @ ..]) if !rest.is_empty() => {
            let larger = |a, b: &usize| terms.operation(Op::Max, &[a, *b], at);
            rest.iter().fold(*first, larger)
        }
        ("min" | "Min", [first, rest @ ..]) if !rest.is_empty() => {
            let smaller = |a, b: &usize| terms.operation(Op::Min, &[a, *b], at);
            rest.iter().fold(*first, smaller)
        }
        ("square" | "cube" | "relu" | "wrap", _) => wrong_number(name, operands, "1", at, terms),
        ("pow" | "Pow" | "atan2" | "hypot", _) => wrong_number(name, operands, "2", at, terms),
        ("max" | "Max" | "min" | "Min", _) => wrong_number(name, operands, "2 or more", at, terms),
        _ => terms.refuse(name, at, "it is no function that is taken".to_owned()),
    }
}

/// The angle of the point (x, y) in (-pi, pi]; 0 at the origin.
fn atan2(y: usize, x: usize, at: Position, terms: &mut Terms) -> usize {
    let zero = terms.number(0.0);
    let (plus, minus) = (terms.number(PI), terms.number(-PI));
    let quarter = terms.number(PI / 2.0);
    // On the axis of y, where the quotient is not finite.
    let sign = terms.operation(Op::Unary(Function::Sign), &[y], at);
    let upright = terms.mul(sign, quarter, at);
    let quotient = terms.div(y, x, at);
    let slope = terms.operation(Op::Unary(Function::Atan), &[quotient], at);
    // Left of that axis, half a turn from there.
    let below = terms.operation(Op::Less, &[y, zero], at);
    let turn = terms.operation(Op::Where, &[below, minus, plus], at);
    let left = terms.operation(Op::Less, &[x, zero], at);
    let turn = terms.operation(Op::Where, &[left, turn, zero], at);
    let slope = terms.add(slope, turn, at);
    let axis = terms.operation(Op::Equal, &[x, zero], at);
    terms.operation(Op::Where, &[axis, upright, slope], at)
}

/// The same angle in [-pi, pi).
fn wrap(x: usize, at: Position, terms: &mut Terms) -> usize {
    let (half, whole) = (terms.number(PI), terms.number(2.0 * PI));
    let shifted = terms.add(x, half, at);
    let turns = terms.div(shifted, whole, at);
    let turns = terms.operation(Op::Unary(Function::Floor), &[turns], at);
    let excess = terms.mul(turns, whole, at);
    terms.sub(x, excess, at)
}

fn wrong_number(
    name: &str,
    operands: &[usize],
    expected: &str,
    at: Position,
    terms: &mut Terms,
) -> usize {
    let reason = format!("it has {} operands, expected {expected}", operands.len());
    terms.refuse(name, at, reason)
}
