//! Wires as sums of multiples of several wires, and a constant.
//!
//! The same wire can enter a sum in several ways: through a shared part and by
//! itself. Plain interval arithmetic would take them for independent.

use super::affine::Affine;
use crate::circuit::Wire;
use crate::exact::shift_left;
use crate::ir::Interval;

/// Most wires of which a combination is kept: the ranges of larger sums follow
/// from those of their parts.
pub(super) const MOST_ROOTS: usize = 256;

/// A wire's mantissa as `sum of scale * m(root) + offset`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Combination {
    /// Roots, each once and in order, with scales that are not 0.
    terms: Vec<(Wire, i64)>,
    offset: i64,
}

impl From<Affine> for Combination {
    fn from(affine: Affine) -> Self {
        let term = (affine.root, affine.scale);
        Self {
            terms: Vec::from_iter((affine.scale != 0).then_some(term)),
            offset: affine.offset,
        }
    }
}

impl Combination {
    /// `self * 2^shift`, if its numbers have 64 bits.
    pub fn shifted(mut self, shift: i32) -> Option<Self> {
        let shifted = |m: i64| shift_left(m.into(), shift).try_into().ok();
        if shift != 0 {
            for (_, scale) in &mut self.terms {
                *scale = shifted(*scale)?;
            }
            self.offset = shifted(self.offset)?;
        }
        Some(self)
    }

    /// `self + sign * other`, if its numbers have 64 bits, and it has not too
    /// many roots.
    pub fn plus(&self, sign: i64, other: &Self) -> Option<Self> {
        let mut terms = Vec::with_capacity(self.terms.len() + other.terms.len());
        let mut others = other.terms.iter().peekable();
        for &(root, scale) in &self.terms {
            while let Some(&(other, scale)) = others.next_if(|(other, _)| *other < root) {
                terms.push((other, scale.checked_mul(sign)?));
            }
            let scale = match others.next_if(|(other, _)| *other == root) {
                Some((_, other)) => scale.checked_add(other.checked_mul(sign)?)?,
                None => scale,
            };
            if scale != 0 {
                terms.push((root, scale));
            }
        }
        for &(other, scale) in others {
            terms.push((other, scale.checked_mul(sign)?));
        }
        let offset = self.offset.checked_add(other.offset.checked_mul(sign)?)?;
        (terms.len() <= MOST_ROOTS).then_some(Self { terms, offset })
    }

    /// `self * factor`, if its numbers have 64 bits.
    pub fn times(mut self, factor: i64) -> Option<Self> {
        for (_, scale) in &mut self.terms {
            *scale = scale.checked_mul(factor)?;
        }
        self.offset = self.offset.checked_mul(factor)?;
        Some(self)
    }

    /// Whether it says more than that the wire is a multiple of one wire.
    pub fn is_sum(&self) -> bool {
        self.terms.len() > 1
    }

    /// The range for the ranges of the roots, exact; bounds saturate.
    pub fn range(&self, root: impl Fn(Wire) -> Option<Interval>) -> Option<(i128, i128)> {
        let mut range = (i128::from(self.offset), i128::from(self.offset));
        for &(wire, scale) in &self.terms {
            let Interval { lo, hi } = root(wire)?;
            let ends = [lo, hi].map(|m| i128::from(scale) * i128::from(m));
            range.0 = range.0.saturating_add(ends[0].min(ends[1]));
            range.1 = range.1.saturating_add(ends[0].max(ends[1]));
        }
        Some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cancels_plays_no_part() {
        let own = |root| Combination::from(Affine::own(Wire(root)));
        let sum = own(0).plus(1, &own(1)).unwrap();
        let back = sum.plus(-1, &own(1)).unwrap();
        assert_eq!(back, own(0));
        assert!(sum.is_sum() && !back.is_sum());
        let nothing = back.plus(-1, &own(0)).unwrap();
        assert_eq!(nothing.range(|_| None), Some((0, 0)));
        // 2 (a + b) - b over -8..=7: 2 a + b.
        let half = sum.shifted(1).unwrap().plus(-1, &own(1)).unwrap();
        let root = |_| Some(Interval { lo: -8, hi: 7 });
        assert_eq!(half.range(root), Some((-24, 21)));
    }
}
