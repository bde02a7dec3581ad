//! The names that a formula may hold.

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
    "cube", "max", "Max", "min", "Min", "pow", "Pow", "relu", "square",
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
        return terms.number(std::f64::consts::PI);
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
        ("max" | "Max", [first, rest @ ..]) if !rest.is_empty() => {
            let larger = |a, b: &usize| terms.operation(Op::Max, &[a, *b], at);
            rest.iter().fold(*first, larger)
        }
        ("min" | "Min", [first, rest @ ..]) if !rest.is_empty() => {
            let smaller = |a, b: &usize| terms.operation(Op::Min, &[a, *b], at);
            rest.iter().fold(*first, smaller)
        }
        ("square" | "cube" | "relu", _) => wrong_number(name, operands, "1", at, terms),
        ("pow" | "Pow", _) => wrong_number(name, operands, "2", at, terms),
        ("max" | "Max" | "min" | "Min", _) => wrong_number(name, operands, "2 or more", at, terms),
        _ => terms.refuse(name, at, "it is no function that is taken".to_owned()),
    }
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
