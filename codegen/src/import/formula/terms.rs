//! Terms of all expressions: each one once, numbers computed.

use std::collections::HashMap;

use super::super::Unsupported;
use super::Position;
use crate::real::{Function, Op};

/// What a term is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A number.
    Number(f64),
    /// A variable, by its place in [`Terms::variables`].
    Variable(usize),
    /// An operation on earlier terms.
    Operation(Box<Op>, Vec<usize>),
}

/// What makes two terms the same: a name, the bits of a number or the place of
/// a variable, and operands.
type Key = (&'static str, u64, Vec<usize>);

/// Stands for what is not taken; no name in a file is empty.
pub(super) const NOT_TAKEN: &str = "";

/// Whole exponents up to this one are products.
const LARGEST_POWER: u32 = 64;

/// All terms, each after those that it is made of.
#[derive(Debug, Default)]
pub(super) struct Terms {
    /// What each term is, and where it first stands.
    pub list: Vec<(Kind, Option<Position>)>,
    /// Names of variables, in the order in which they are met.
    pub variables: Vec<String>,
    /// What is not taken.
    pub unsupported: Vec<Unsupported>,
    known: HashMap<Key, usize>,
    /// The place of each variable.
    places: HashMap<String, usize>,
}

impl Terms {
    fn term(&mut self, key: Key, kind: Kind, at: Option<Position>) -> usize {
        let list = &mut self.list;
        *self.known.entry(key).or_insert_with(|| {
            list.push((kind, at));
            list.len() - 1
        })
    }

    /// The number of a term, if it is one.
    fn value(&self, term: usize) -> Option<f64> {
        match self.list.get(term)?.0 {
            Kind::Number(value) => Some(value),
            _ => None,
        }
    }

    /// Whether a term is a number.
    pub(super) fn is_number(&self, term: usize) -> bool {
        self.value(term).is_some()
    }

    pub(super) fn number(&mut self, value: f64) -> usize {
        let key = ("number", value.to_bits(), Vec::new());
        self.term(key, Kind::Number(value), None)
    }

    pub(super) fn variable(&mut self, name: &str) -> usize {
        let place = match self.places.get(name) {
            Some(place) => *place,
            None => {
                self.variables.push(name.to_owned());
                let place = self.variables.len() - 1;
                self.places.insert(name.to_owned(), place);
                place
            }
        };
        let key = ("variable", place as u64, Vec::new());
        self.term(key, Kind::Variable(place), None)
    }

    /// Notes what is not taken; a term stands in for it until all are found.
    pub(super) fn refuse(&mut self, name: &str, at: Position, reason: String) -> usize {
        self.unsupported.push(Unsupported {
            node: at.to_string(),
            operator: name.to_owned(),
            reason,
        });
        self.variable(NOT_TAKEN)
    }

    /// An operation, or the number that it gives.
    pub(super) fn operation(&mut self, op: Op, args: &[usize], at: Position) -> usize {
        let numbers: Option<Vec<_>> = args.iter().map(|&arg| self.value(arg)).collect();
        if let Some(value) = numbers.and_then(|numbers| computed(&op, &numbers)) {
            if value.is_finite() {
                return self.number(value);
            }
            let reason = format!("its operands are numbers, and it gives {value}");
            return self.refuse(op.name(), at, reason);
        }
        let key = (op.name(), 0, args.to_vec());
        self.term(key, Kind::Operation(Box::new(op), args.to_vec()), Some(at))
    }

    pub(super) fn add(&mut self, a: usize, b: usize, at: Position) -> usize {
        self.operation(Op::Add, &[a, b], at)
    }

    pub(super) fn sub(&mut self, a: usize, b: usize, at: Position) -> usize {
        self.operation(Op::Sub, &[a, b], at)
    }

    pub(super) fn mul(&mut self, a: usize, b: usize, at: Position) -> usize {
        self.operation(Op::Mul, &[a, b], at)
    }

    /// A quotient: of 1, a reciprocal.
    pub(super) fn div(&mut self, a: usize, b: usize, at: Position) -> usize {
        match self.value(a) {
            Some(1.0) if !self.is_number(b) => {
                self.operation(Op::Unary(Function::Reciprocal), &[b], at)
            }
            _ => self.operation(Op::Div, &[a, b], at),
        }
    }

    pub(super) fn neg(&mut self, x: usize, at: Position) -> usize {
        self.operation(Op::Unary(Function::Neg), &[x], at)
    }

    /// A power: a product where the exponent is a whole number, a square root
    /// where it is a half, else as it stands.
    pub(super) fn pow(&mut self, x: usize, exponent: usize, at: Position) -> usize {
        let value = match self.is_number(x) {
            true => None,
            false => self.value(exponent),
        };
        let Some(value) = value else {
            return self.operation(Op::Pow, &[x, exponent], at);
        };
        let magnitude = value.abs();
        let root = if magnitude == 0.5 {
            self.operation(Op::Unary(Function::Sqrt), &[x], at)
        } else if magnitude <= f64::from(LARGEST_POWER) && magnitude.fract() == 0.0 {
            self.power(x, magnitude as u32, at)
        } else {
            return self.operation(Op::Pow, &[x, exponent], at);
        };
        match value < 0.0 {
            true => self.operation(Op::Unary(Function::Reciprocal), &[root], at),
            false => root,
        }
    }

    /// A power with a whole exponent, by squaring.
    pub(super) fn power(&mut self, x: usize, exponent: u32, at: Position) -> usize {
        let (mut square, mut rest) = (x, exponent);
        let mut product = None;
        while rest > 0 {
            if rest & 1 == 1 {
                product = Some(match product {
                    None => square,
                    Some(product) => self.mul(product, square, at),
                });
            }
            rest >>= 1;
            if rest > 0 {
                square = self.mul(square, square, at);
            }
        }
        // Any number to the power of 0 is 1, as in every language.
        product.unwrap_or_else(|| self.number(1.0))
    }
}

/// What an operation gives for numbers; of NaN, no number.
pub(super) fn computed(op: &Op, args: &[f64]) -> Option<f64> {
    Some(match (op, args) {
        (Op::Add, [a, b]) => a + b,
        (Op::Sub, [a, b]) => a - b,
        (Op::Mul, [a, b]) => a * b,
        (Op::Div, [a, b]) => a / b,
        (Op::Pow, [a, b]) => libm::pow(*a, *b),
        (Op::Min | Op::Max, [a, b]) if a.is_nan() || b.is_nan() => f64::NAN,
        (Op::Min, [a, b]) => a.min(*b),
        (Op::Max, [a, b]) => a.max(*b),
        (Op::Relu, [x]) if x.is_nan() => *x,
        (Op::Relu, [x]) => x.max(0.0),
        (Op::Less, [a, b]) => f64::from(a < b),
        (Op::Equal, [a, b]) => f64::from(a == b),
        (Op::Where, [condition, a, b]) => match *condition != 0.0 {
            true => *a,
            false => *b,
        },
        (Op::Unary(function), [x]) => function.apply(*x),
        _ => return None,
    })
}
