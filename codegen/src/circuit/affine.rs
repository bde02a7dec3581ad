//! Wires as multiples of one wire and a constant.
//!
//! A product with a constant is a sum of shifted copies of one wire; plain
//! interval arithmetic would take the copies for independent. Every wire is
//! known as `scale * m(root) + offset` of mantissas, and its range follows from
//! the root's.

use crate::circuit::Wire;
use crate::exact::shift_left;
use crate::ir::Interval;

/// A wire's mantissa as `scale * m(root) + offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Affine {
    pub root: Wire,
    /// 0 for a constant, whose root plays no part.
    pub scale: i64,
    pub offset: i64,
}

impl Affine {
    /// A wire that is nobody's multiple.
    pub const fn own(root: Wire) -> Self {
        Self {
            root,
            scale: 1,
            offset: 0,
        }
    }

    /// A constant.
    pub const fn constant(root: Wire, mantissa: i64) -> Self {
        Self {
            root,
            scale: 0,
            offset: mantissa,
        }
    }

    /// `self * 2^shift`, if its coefficients have 64 bits.
    pub fn shifted(self, shift: i32) -> Option<Self> {
        Some(Self {
            root: self.root,
            scale: shift_left(self.scale.into(), shift).try_into().ok()?,
            offset: shift_left(self.offset.into(), shift).try_into().ok()?,
        })
    }

    /// `self + sign * other`, if both have one root and 64 bits are enough.
    pub fn plus(self, sign: i64, other: Self) -> Option<Self> {
        if self.scale != 0 && other.scale != 0 && self.root != other.root {
            return None;
        }
        Some(Self {
            root: if self.scale == 0 {
                other.root
            } else {
                self.root
            },
            scale: self.scale.checked_add(sign.checked_mul(other.scale)?)?,
            offset: self.offset.checked_add(sign.checked_mul(other.offset)?)?,
        })
    }

    /// `self * other`, if one of them is a constant and 64 bits are enough.
    pub fn times(self, other: Self) -> Option<Self> {
        let (factor, rest) = match (self.scale, other.scale) {
            (0, _) => (self.offset, other),
            (_, 0) => (other.offset, self),
            _ => return None,
        };
        Some(Self {
            root: rest.root,
            scale: rest.scale.checked_mul(factor)?,
            offset: rest.offset.checked_mul(factor)?,
        })
    }

    /// The range for a range of the root, exact.
    pub fn range(self, root: Interval) -> (i128, i128) {
        let at = |m: i64| i128::from(self.scale) * i128::from(m) + i128::from(self.offset);
        let (a, b) = (at(root.lo), at(root.hi));
        (a.min(b), a.max(b))
    }

    /// The mantissas of the root for which this wire lies in `lo..=hi`; `None`
    /// if there are none.
    pub fn root_range(self, root: Interval, lo: i128, hi: i128) -> Option<Interval> {
        let scale = i128::from(self.scale);
        let (lo, hi) = (lo - i128::from(self.offset), hi - i128::from(self.offset));
        let (first, last) = match self.scale.signum() {
            0 => return (lo <= 0 && 0 <= hi).then_some(root),
            1 => (ceil_div(lo, scale), lo_div(hi, scale)),
            _ => (ceil_div(hi, scale), lo_div(lo, scale)),
        };
        let (first, last) = (first.max(root.lo.into()), last.min(root.hi.into()));
        // Both lie between the root's ends, which are 64 bits wide.
        (first <= last).then_some(Interval {
            lo: first as i64,
            hi: last as i64,
        })
    }
}

/// `a / b` towards minus infinity.
fn lo_div(a: i128, b: i128) -> i128 {
    let quotient = a / b;
    quotient - i128::from(a % b != 0 && (a < 0) != (b < 0))
}

/// `a / b` towards plus infinity.
fn ceil_div(a: i128, b: i128) -> i128 {
    let quotient = a / b;
    quotient + i128::from(a % b != 0 && (a < 0) == (b < 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_on_a_multiple_bounds_its_root() {
        let root = Interval { lo: -10, hi: 10 };
        let affine = Affine {
            root: Wire(0),
            scale: -3,
            offset: 1,
        };
        assert_eq!(affine.range(root), (-29, 31));
        // 1 - 3 m in -5..=6: m in -5/3..=2.
        let bounded = affine.root_range(root, -5, 6);
        assert_eq!(bounded, Some(Interval { lo: -1, hi: 2 }));
        assert_eq!(affine.root_range(root, 40, 50), None);
    }
}
