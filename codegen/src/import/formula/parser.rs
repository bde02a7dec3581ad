//! Reads a line as terms.
//!
//! `**` and `^` bind to the right and stronger than a sign on their left, then
//! come signs, `*` and `/`, `+` and `-`; so `-x**2` is `-(x**2)`.

use std::collections::HashSet;

use super::Position;
use super::functions;
use super::lexer::{Token, tokens};
use super::terms::Terms;

/// Deepest nesting of parentheses and powers.
const DEEPEST: usize = 200;
/// Most tokens of a line.
const MOST_TOKENS: usize = 1 << 16;
/// Most operands of a function.
const MOST_OPERANDS: usize = 1 << 8;

/// A line: its name if it has one, and its term.
pub(super) struct Parsed {
    pub name: Option<String>,
    pub root: usize,
}

/// A column, and what is wrong there.
type Wrong = (usize, String);

/// Reads a line. `inputs` are the names that are stated as variables.
pub(super) fn parse(
    line: &str,
    number: usize,
    inputs: &HashSet<&str>,
    terms: &mut Terms,
) -> Result<Parsed, Wrong> {
    let tokens = tokens(line)?;
    if tokens.len() > MOST_TOKENS {
        return Err((1, format!("more than {MOST_TOKENS} tokens")));
    }
    let (name, body) = match tokens.as_slice() {
        [(_, Token::Name(name)), (_, Token::Equals), body @ ..] => (Some(*name), body),
        body => (None, body),
    };
    let mut parser = Parser {
        tokens: body,
        end: line.trim_end().len() + 1,
        line: number,
        depth: 0,
        inputs,
        terms,
    };
    let root = parser.sum()?;
    match parser.tokens.first() {
        None => Ok(Parsed {
            name: name.map(str::to_owned),
            root,
        }),
        Some(_) => Err(parser.expected("an operator or the end of the line")),
    }
}

struct Parser<'a> {
    tokens: &'a [(usize, Token<'a>)],
    /// Column behind the line.
    end: usize,
    line: usize,
    depth: usize,
    inputs: &'a HashSet<&'a str>,
    terms: &'a mut Terms,
}

impl Parser<'_> {
    fn column(&self) -> usize {
        self.tokens.first().map_or(self.end, |(column, _)| *column)
    }

    fn at(&self, column: usize) -> Position {
        Position {
            line: self.line,
            column,
        }
    }

    fn expected(&self, what: &str) -> Wrong {
        (self.column(), format!("expected {what}"))
    }

    fn eat(&mut self, token: &Token<'_>) -> bool {
        match self.tokens {
            [(_, first), rest @ ..] if first == token => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    /// Goes a level deeper, and refuses what no formula nests so deep.
    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<usize, Wrong>,
    ) -> Result<usize, Wrong> {
        if self.depth == DEEPEST {
            let reason = format!("nested deeper than {DEEPEST} levels");
            return Err((self.column(), reason));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn sum(&mut self) -> Result<usize, Wrong> {
        let mut left = self.product()?;
        loop {
            let at = self.at(self.column());
            if self.eat(&Token::Plus) {
                let right = self.product()?;
                left = self.terms.add(left, right, at);
            } else if self.eat(&Token::Minus) {
                let right = self.product()?;
                left = self.terms.sub(left, right, at);
            } else {
                return Ok(left);
            }
        }
    }

    fn product(&mut self) -> Result<usize, Wrong> {
        let mut left = self.signed()?;
        loop {
            let at = self.at(self.column());
            if self.eat(&Token::Times) {
                let right = self.signed()?;
                left = self.terms.mul(left, right, at);
            } else if self.eat(&Token::Over) {
                let right = self.signed()?;
                left = self.terms.div(left, right, at);
            } else {
                return Ok(left);
            }
        }
    }

    fn signed(&mut self) -> Result<usize, Wrong> {
        let at = self.at(self.column());
        let mut negative = false;
        loop {
            if self.eat(&Token::Minus) {
                negative = !negative;
            } else if !self.eat(&Token::Plus) {
                break;
            }
        }
        let value = self.power()?;
        Ok(match negative {
            true => self.terms.neg(value, at),
            false => value,
        })
    }

    fn power(&mut self) -> Result<usize, Wrong> {
        let base = self.atom()?;
        let at = self.at(self.column());
        if !self.eat(&Token::Power) {
            return Ok(base);
        }
        let exponent = self.nested(Self::signed)?;
        Ok(self.terms.pow(base, exponent, at))
    }

    fn atom(&mut self) -> Result<usize, Wrong> {
        let column = self.column();
        let Some((_, token)) = self.tokens.first() else {
            return Err(self.expected("a number, a name or `(`"));
        };
        let at = self.at(column);
        match token {
            Token::Number(value) => {
                self.tokens = &self.tokens[1..];
                Ok(self.terms.number(*value))
            }
            Token::Open => {
                self.tokens = &self.tokens[1..];
                let inner = self.nested(Self::sum)?;
                self.close()?;
                Ok(inner)
            }
            Token::Name(name) => {
                self.tokens = &self.tokens[1..];
                if self.eat(&Token::Open) {
                    let operands = self.operands()?;
                    return Ok(functions::apply(name, &operands, at, self.terms));
                }
                let stated = self.inputs.contains(name);
                Ok(functions::name(name, stated, at, self.terms))
            }
            _ => Err(self.expected("a number, a name or `(`")),
        }
    }

    fn operands(&mut self) -> Result<Vec<usize>, Wrong> {
        let mut operands = Vec::new();
        loop {
            operands.push(self.nested(Self::sum)?);
            if operands.len() > MOST_OPERANDS {
                return Err((self.column(), format!("more than {MOST_OPERANDS} operands")));
            }
            if !self.eat(&Token::Comma) {
                self.close()?;
                return Ok(operands);
            }
        }
    }

    fn close(&mut self) -> Result<(), Wrong> {
        match self.eat(&Token::Close) {
            true => Ok(()),
            false => Err(self.expected("an operator, `,` or `)`")),
        }
    }
}
