//! How a kernel requantises the elements of a tensor.
//!
//! Elements whose formats differ are first multiplied by powers of two, so that
//! the same number of bits is dropped from all: the loop over them then holds
//! one shift by a constant, which every compiler turns into code without a
//! branch, and most into vectors.

use trigforge::Format;

use super::chain::shared;
use super::container::Container;
use crate::ir::{Interval, TensorType};
use crate::ops::Requantize;

/// One way to requantise all elements alike.
pub(super) struct Rounding {
    /// Powers of two that the elements are multiplied by; none if all are 1.
    pub(super) factors: Option<Vec<i64>>,
    /// Fractional bits of all elements after that, counted from those of the
    /// result.
    pub(super) f: i32,
    /// Formats of the results, as mantissas without fractional bits.
    pub(super) to: Vec<Format>,
    scaled: Vec<Interval>,
}

impl Rounding {
    /// How elements of these ranges come from one type to another; `None` if a
    /// factor is too large.
    pub(super) fn new(range: &[Interval], from: &TensorType, to: &TensorType) -> Option<Self> {
        let to = to.element_formats();
        let drops: Vec<_> = from
            .element_formats()
            .iter()
            .zip(&to)
            .map(|(from, to)| from.f() - to.f())
            .collect();
        let units = to
            .iter()
            .map(|format| Format::new(format.k(), format.i() + format.f(), 0))
            .collect::<Option<_>>()?;
        if let Some(&f) = shared(&drops) {
            return Some(Self {
                factors: None,
                f,
                to: units,
                scaled: range.to_vec(),
            });
        }
        let f = drops.iter().copied().max().unwrap_or(0).max(0);
        let mut factors = Vec::with_capacity(drops.len());
        let mut scaled = Vec::with_capacity(drops.len());
        for (&range, drop) in range.iter().zip(&drops) {
            // What is always zero need not move.
            let shift = if range == Interval::point(0) {
                0
            } else {
                f - drop
            };
            let factor = 1i64
                .checked_shl(shift.try_into().ok()?)
                .filter(|factor| *factor > 0)?;
            factors.push(factor);
            scaled.push(Interval {
                lo: range.lo.checked_mul(factor)?,
                hi: range.hi.checked_mul(factor)?,
            });
        }
        Some(Self {
            factors: Some(factors),
            f,
            to: units,
            scaled,
        })
    }

    /// Whether a container holds every step of it.
    pub(super) fn fits(&self, container: Container, modes: &Requantize) -> bool {
        let factors_fit = self
            .factors
            .iter()
            .flatten()
            .all(|&factor| container.holds(Interval::point(factor)));
        let formats = self.scaled.iter().zip(&self.to);
        factors_fit
            && formats
                .into_iter()
                .all(|(&range, &to)| container.requantizes(range, self.f, to, modes))
    }

    /// The narrowest container from one on that holds every step.
    pub(super) fn container(&self, from: Container, modes: &Requantize) -> Option<Container> {
        Container::ALL
            .into_iter()
            .filter(|container| *container >= from)
            .find(|&container| self.fits(container, modes))
    }
}
