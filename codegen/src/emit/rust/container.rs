//! Integer containers of the Rust kernels.

use proc_macro2::Ident;
use quote::format_ident;
use trigforge::{Format, requantize_fits};

use crate::ir::Interval;
use crate::ops::Requantize;

/// A signed integer type of the target language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Container {
    I8,
    I16,
    I32,
    I64,
}

impl Container {
    pub(super) const ALL: [Self; 4] = [Self::I8, Self::I16, Self::I32, Self::I64];

    pub(super) const fn bits(self) -> u32 {
        match self {
            Self::I8 => 8,
            Self::I16 => 16,
            Self::I32 => 32,
            Self::I64 => 64,
        }
    }

    pub(super) fn ident(self) -> Ident {
        format_ident!("i{}", self.bits())
    }

    /// Whether it holds a range of mantissas.
    pub(super) fn holds(self, range: Interval) -> bool {
        let max = i64::MAX >> (64 - self.bits());
        range.lo >= -max - 1 && range.hi <= max
    }

    /// The part of a range that it holds.
    pub(super) fn clamp(self, range: Interval) -> Interval {
        let max = i64::MAX >> (64 - self.bits());
        Interval {
            lo: range.lo.clamp(-max - 1, max),
            hi: range.hi.clamp(-max - 1, max),
        }
    }

    /// The narrowest that holds all ranges.
    pub(super) fn of_range(range: Interval) -> Self {
        let narrowest = Self::ALL.into_iter().find(|c| c.holds(range));
        narrowest.unwrap_or(Self::I64)
    }

    /// The narrowest that holds every mantissa of all formats.
    pub(super) fn of_formats(formats: &[Format]) -> Self {
        let hull = formats
            .iter()
            .map(|&f| Interval::of(f))
            .reduce(Interval::hull);
        hull.map_or(Self::I8, Self::of_range)
    }

    /// Whether requantising a range inside it is exact.
    pub(super) fn requantizes(
        self,
        range: Interval,
        f: i32,
        to: Format,
        modes: &Requantize,
    ) -> bool {
        let Interval { lo, hi } = range;
        let (rounding, overflow) = (modes.rounding, modes.overflow);
        match self {
            Self::I8 => requantize_fits::<i8>(lo, hi, f, to, rounding, overflow),
            Self::I16 => requantize_fits::<i16>(lo, hi, f, to, rounding, overflow),
            Self::I32 => requantize_fits::<i32>(lo, hi, f, to, rounding, overflow),
            Self::I64 => requantize_fits::<i64>(lo, hi, f, to, rounding, overflow),
        }
    }
}
