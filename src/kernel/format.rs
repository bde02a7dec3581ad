//! Fixed-point formats in the field's kif notation.

/// A fixed-point format: sign bit `k`, integer bits `i`, fractional bits `f`.
///
/// A value is an integer mantissa `m` and a format; it stands for `m * 2^-f`.
/// The width is `k + i + f` bits, two's complement when signed. `i` and `f`
/// may be negative: `fix(1,-2,9)` has eight bits, all right of the binary
/// point; `fix(0,8,-4)` counts in steps of 16. `ap_fixed<W, I>` is
/// `fix(1, I-1, W-I)`, `ap_ufixed<W, I>` is `fix(0, I, W-I)`.
///
/// Widths reach from 0 (a pruned value: only 0) to 64 signed or 63 unsigned,
/// so that every mantissa of every format is an `i64`.
///
/// # Panics
///
/// Never, in any method, for any argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Format {
    k: bool,
    i: i16,
    f: i16,
}

impl Format {
    /// The pruned format `fix(0,0,0)`: width 0, the only value is 0.
    pub const ZERO: Self = Self {
        k: false,
        i: 0,
        f: 0,
    };

    /// Makes the format with sign `k`, `i` integer, `f` fractional bits.
    ///
    /// `None` if the width `k + i + f` is negative or above 64 (63 unsigned),
    /// or if `i` or `f` lies outside the range of an `i16`.
    #[must_use]
    pub const fn new(k: bool, i: i32, f: i32) -> Option<Self> {
        const LO: i32 = i16::MIN as i32;
        const HI: i32 = i16::MAX as i32;
        if i < LO || i > HI || f < LO || f > HI {
            return None;
        }
        let value_bits = i + f;
        let width = value_bits + k as i32;
        if width < 0 || value_bits > 63 {
            return None;
        }
        Some(Self {
            k,
            i: i as i16,
            f: f as i16,
        })
    }

    /// Makes the format of `ap_fixed<w, i>` (or `ap_ufixed` if not `signed`).
    ///
    /// Here `i` counts the sign bit, as Vitis does. `None` as for [`new`].
    ///
    /// [`new`]: Self::new
    #[must_use]
    pub const fn from_ap_fixed(w: u32, i: i32, signed: bool) -> Option<Self> {
        if w > 64 {
            return None;
        }
        match (i.checked_sub(signed as i32), (w as i32).checked_sub(i)) {
            (Some(int), Some(frac)) => Self::new(signed, int, frac),
            _ => None,
        }
    }

    /// Finds the narrowest format with `f` that holds every mantissa of
    /// `lo..=hi`.
    ///
    /// It is signed only if `lo` is negative. `None` if `lo > hi` (an empty
    /// interval) or if no format is wide enough (see [`new`](Self::new)).
    #[must_use]
    pub const fn covering(lo: i128, hi: i128, f: i32) -> Option<Self> {
        if lo > hi {
            return None;
        }
        // A negative m needs as many value bits as !m = -m - 1.
        let below = 128 - (if lo < 0 { !lo } else { lo }).leading_zeros();
        let above = 128 - (if hi < 0 { !hi } else { hi }).leading_zeros();
        let bits = if below > above { below } else { above };
        match (bits as i32).checked_sub(f) {
            Some(i) => Self::new(lo < 0, i, f),
            None => None,
        }
    }

    /// Whether the format is signed.
    #[must_use]
    pub const fn k(self) -> bool {
        self.k
    }

    /// Integer bits, the sign bit not counted; may be negative.
    #[must_use]
    pub const fn i(self) -> i32 {
        self.i as i32
    }

    /// Fractional bits; may be negative.
    #[must_use]
    pub const fn f(self) -> i32 {
        self.f as i32
    }

    /// Width in bits, `k + i + f`.
    #[must_use]
    pub const fn width(self) -> u32 {
        (self.k as i32 + self.i as i32 + self.f as i32) as u32
    }

    /// The smallest mantissa: `-2^(width-1)`, or 0 if unsigned or width 0.
    #[must_use]
    pub const fn min(self) -> i64 {
        if self.k && self.width() > 0 {
            i64::MIN >> (64 - self.width())
        } else {
            0
        }
    }

    /// The largest mantissa: `2^(i+f) - 1`, or 0 for width 0.
    #[must_use]
    pub const fn max(self) -> i64 {
        let width = self.width();
        if width == 0 {
            0
        } else {
            // i + f lies in 0..=63 here.
            (u64::MAX >> 1 >> (63 - (width - self.k as u32))) as i64
        }
    }

    /// Whether `m` is a mantissa of this format.
    #[must_use]
    pub const fn contains(self, m: i64) -> bool {
        self.min() <= m && m <= self.max()
    }
}
