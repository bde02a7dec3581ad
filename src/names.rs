//! Names: how formats and modes print, and how modes are read.
//!
//! Kept out of `kernel`, whose text is copied into generated crates.

use crate::{Format, Overflow, Rounding};

impl core::fmt::Display for Format {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "fix({},{},{})", self.k() as u8, self.i(), self.f())
    }
}

impl Rounding {
    /// All modes, in the order of `ap_q_mode`'s documentation.
    pub const ALL: [Self; 7] = [
        Self::Trn,
        Self::TrnZero,
        Self::Rnd,
        Self::RndZero,
        Self::RndMinInf,
        Self::RndInf,
        Self::RndConv,
    ];

    /// The Vitis name without its `AP_`, such as `RND_CONV`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trn => "TRN",
            Self::TrnZero => "TRN_ZERO",
            Self::Rnd => "RND",
            Self::RndZero => "RND_ZERO",
            Self::RndMinInf => "RND_MIN_INF",
            Self::RndInf => "RND_INF",
            Self::RndConv => "RND_CONV",
        }
    }

    /// Finds the mode of that [`name`](Self::name); case matters.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

impl core::fmt::Display for Rounding {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.pad(self.name())
    }
}

impl Overflow {
    /// All modes, in the order of `ap_o_mode`'s documentation.
    pub const ALL: [Self; 4] = [Self::Sat, Self::SatSym, Self::SatZero, Self::Wrap];

    /// The Vitis name without its `AP_`, such as `SAT_SYM`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sat => "SAT",
            Self::SatSym => "SAT_SYM",
            Self::SatZero => "SAT_ZERO",
            Self::Wrap => "WRAP",
        }
    }

    /// Finds the mode of that [`name`](Self::name); case matters.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

impl core::fmt::Display for Overflow {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.pad(self.name())
    }
}
