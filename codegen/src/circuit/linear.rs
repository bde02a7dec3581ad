//! Constant dot products as shifts and sums.
//!
//! Each weight is written in canonical signed digits (no two neighbouring
//! digits are non-zero, the fewest there are); each digit is a shift, which is
//! free, and the shifted copies are summed in trees of least depth, first per
//! wire, so that the range of every product is exact, then across.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::circuit::{Builder, Wire};
use crate::exact::Exact;

/// A wire, to be added or to be subtracted.
#[derive(Clone, Copy, Debug)]
struct Term {
    wire: Wire,
    negative: bool,
}

/// The digits of a number: power of two, and whether it is subtracted.
fn signed_digits(value: i128) -> Vec<(i32, bool)> {
    let mut digits = Vec::new();
    let mut rest = value;
    let mut power = 0;
    while rest != 0 {
        if rest & 1 == 1 {
            // 1 if the next bit is 0, else -1, which makes the next digit 0.
            let digit = 2 - (rest & 3);
            digits.push((power, digit < 0));
            rest -= digit;
        }
        rest >>= 1;
        power += 1;
    }
    digits
}

impl Builder {
    /// The sum of `wire * weight * 2^-weight_f` and `bias * 2^-bias_f`.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub fn linear(&mut self, terms: &[(Wire, i64, i32)], bias: (i64, i32)) -> Result<Wire, String> {
        let mut offset = Exact::new(bias.0.into(), bias.1);
        let mut order = Vec::new();
        let mut weights: HashMap<Wire, Exact> = HashMap::new();
        for &(wire, weight, f) in terms {
            let wire = self.source(wire);
            let weight = Exact::new(weight.into(), f);
            if let Some(m) = self.constant_of(wire) {
                let product = weight.times(Exact::new(m.into(), self.f(wire)))?;
                offset = offset.plus(product)?;
            } else if let Some(sum) = weights.get_mut(&wire) {
                *sum = sum.plus(weight)?;
            } else {
                order.push(wire);
                weights.insert(wire, weight);
            }
        }
        let mut products = Vec::with_capacity(order.len() + 1);
        for wire in order {
            let weight = weights[&wire];
            let digits = signed_digits(weight.m);
            let mut copies = Vec::with_capacity(digits.len());
            for (power, negative) in digits {
                let wire = self.shift(wire, power - weight.f)?;
                copies.push(Term { wire, negative });
            }
            products.extend(self.tree(copies)?);
        }
        if offset.m != 0 {
            let mantissa = i64::try_from(offset.m)
                .map_err(|_| "a constant needs more than 64 bits".to_owned())?;
            products.push(Term {
                wire: self.constant(mantissa, offset.f),
                negative: false,
            });
        }
        match self.tree(products)? {
            None => Ok(self.constant(0, offset.f)),
            Some(Term {
                wire,
                negative: false,
            }) => Ok(wire),
            Some(Term { wire, .. }) => {
                let zero = self.constant(0, 0);
                self.sub(zero, wire)
            }
        }
    }

    /// Sums terms pair by pair, those first that are ready first.
    fn tree(&mut self, terms: Vec<Term>) -> Result<Option<Term>, String> {
        let mut ready: BinaryHeap<_> = terms
            .iter()
            .enumerate()
            .map(|(position, term)| Reverse((self.level(term.wire), position)))
            .collect();
        let mut terms = terms;
        while let Some(Reverse((_, first))) = ready.pop() {
            let a = terms[first];
            let Some(Reverse((_, second))) = ready.pop() else {
                return Ok(Some(a));
            };
            let b = terms[second];
            let sum = match (a.negative, b.negative) {
                (false, true) => Term {
                    wire: self.sub(a.wire, b.wire)?,
                    negative: false,
                },
                (true, false) => Term {
                    wire: self.sub(b.wire, a.wire)?,
                    negative: false,
                },
                (_, negative) => Term {
                    wire: self.add(a.wire, b.wire)?,
                    negative,
                },
            };
            ready.push(Reverse((self.level(sum.wire), terms.len())));
            terms.push(sum);
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_canonical() {
        for value in -3000i128..=3000 {
            let digits = signed_digits(value);
            let sum: i128 = digits
                .iter()
                .map(|&(power, negative)| if negative { -1 } else { 1 } << power)
                .sum();
            assert_eq!(sum, value);
            let apart = digits.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 2);
            assert!(apart, "{value}: {digits:?}");
        }
    }
}
