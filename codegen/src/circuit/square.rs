//! Squares as small tables and one product of halves.
//!
//! `(h 2^n + l)^2 = h^2 4^n + l^2 + 2 h l 2^n`: the two squares stand side by
//! side, and the product has a fourth of the whole one's bits.

use trigforge::{Format, Overflow, Rounding};

use crate::circuit::{Builder, Gate, Wire};

/// Most bits whose square is a table: the inputs of a look-up table.
const MOST_BITS: u32 = 6;

impl Builder {
    /// `x * x`.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub(super) fn square(&mut self, x: Wire) -> Result<Wire, String> {
        let x = self.source(x);
        let (format, range) = (self.format(x), self.range(x));
        if format.width() <= MOST_BITS {
            let squares: Vec<i64> = (range.lo..=range.hi).map(|m| m * m).collect();
            let most = squares.iter().max().copied().unwrap_or(0);
            let to =
                Format::covering(0, most.into(), 2 * format.f()).ok_or("a square has no format")?;
            return self.table(x, range.lo, &squares, to);
        }
        let exact = self.make(Gate::Mul(x, x))?;
        let most = self.range(exact).hi;
        let low = format.width() / 2;
        let (high, low) = self.halves(x, low)?;
        let squares = [self.square(high)?, self.square(low)?];
        let beside = self.add(squares[0], squares[1])?;
        let product = self.rows(high, low)?;
        let twice = self.shift(product, 1)?;
        let sum = self.add(beside, twice)?;
        // Its parts are taken for independent: the highest bits are never needed.
        let to =
            Format::covering(0, most.into(), 2 * format.f()).ok_or("a square has no format")?;
        self.requantize(sum, to, Rounding::Trn, Overflow::Wrap)
    }

    /// The bits of a wire from `low` on, with its sign, and those below.
    fn halves(&mut self, x: Wire, low: u32) -> Result<(Wire, Wire), String> {
        let (f, range) = (self.f(x), self.range(x));
        let bits = low as i32;
        let cut = |m: i64| i128::from(m) >> low;
        let high = Format::covering(cut(range.lo), cut(range.hi), f - bits);
        let (high, low) = high
            .zip(Format::new(false, bits - f, f))
            .ok_or("a half of a factor has no format")?;
        let mut part = |to| self.requantize(x, to, Rounding::Trn, Overflow::Wrap);
        Ok((part(high)?, part(low)?))
    }

    /// `a * b`, one row for each bit of `b`, which has no sign.
    fn rows(&mut self, a: Wire, b: Wire) -> Result<Wire, String> {
        let f = self.f(b);
        let zero = self.constant(0, self.f(a));
        let mut rows = Vec::new();
        for place in 0..self.format(b).width() as i32 {
            let bit = Format::new(false, place + 1 - f, f - place).ok_or("a bit has no format")?;
            let bit = self.requantize(b, bit, Rounding::Trn, Overflow::Wrap)?;
            let row = self.select(bit, a, zero)?;
            rows.push(self.shift(row, place - f)?);
        }
        while rows.len() > 1 {
            let pairs = rows.chunks(2).map(|pair| match *pair {
                [one, other] => self.add(one, other),
                _ => Ok(pair[0]),
            });
            rows = pairs.collect::<Result<_, String>>()?;
        }
        rows.pop().ok_or_else(|| "a factor has no bits".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::{Interpreter, merge_roundings};
    use crate::ir::{Formats, TensorType};
    use crate::ports::Execute as _;

    #[test]
    fn squares_are_exact() {
        for (signed, width) in [(true, 5), (true, 9), (false, 8), (true, 13)] {
            let format = Format::new(signed, width - i32::from(signed) - 3, 3).unwrap();
            let ty = TensorType {
                shape: vec![1],
                formats: Formats::each(vec![1], vec![format]),
            };
            let mut circuit = Builder::new("square");
            let x = circuit
                .input("x", ty, Rounding::RndConv, Overflow::Sat)
                .unwrap();
            let y = circuit.make(Gate::Mul(x[0], x[0])).unwrap();
            let ty = TensorType {
                shape: vec![1],
                formats: Formats::each(vec![1], vec![circuit.format(y)]),
            };
            circuit.output("y", ty, &[y]).unwrap();
            let circuit = circuit.finish().unwrap();
            let merged = merge_roundings(&circuit).unwrap().simplified.circuit;
            assert!(
                !merged
                    .definitions()
                    .iter()
                    .any(|d| matches!(d.gate, Gate::Mul(..)))
            );
            let merged = Interpreter::new(&merged).unwrap();
            for m in format.min()..=format.max() {
                assert_eq!(merged.run(&[&[m]]).unwrap(), [[m * m]], "{format}");
            }
        }
    }
}
