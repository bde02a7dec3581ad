//! The one operation that loses bits: first round, then overflow.
//!
//! Section 3 of trigforge's `docs/ir-spec.md` is its specification.

use super::format::Format;
use super::mantissa::Mantissa;

/// What happens to the fractional bits that do not fit: `ap_q_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rounding {
    /// Towards minus infinity (`AP_TRN`).
    Trn,
    /// Towards zero (`AP_TRN_ZERO`).
    TrnZero,
    /// To nearest, a half towards plus infinity (`AP_RND`).
    Rnd,
    /// To nearest, a half towards zero (`AP_RND_ZERO`).
    RndZero,
    /// To nearest, a half towards minus infinity (`AP_RND_MIN_INF`).
    RndMinInf,
    /// To nearest, a half away from zero (`AP_RND_INF`).
    RndInf,
    /// To nearest, a half to the even mantissa (`AP_RND_CONV`).
    RndConv,
}

/// What happens to a rounded value outside the format: `ap_o_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Overflow {
    /// The nearest mantissa of the format (`AP_SAT`).
    Sat,
    /// As `Sat`, but in a signed format down to `-max` only (`AP_SAT_SYM`).
    SatSym,
    /// Zero (`AP_SAT_ZERO`).
    SatZero,
    /// The low `width` bits (`AP_WRAP` with no saturation bits).
    Wrap,
}

/// The smallest mantissa that `overflow` leaves alone.
const fn lowest(to: Format, overflow: Overflow) -> i64 {
    let symmetric = matches!(overflow, Overflow::SatSym) && to.min() < 0;
    to.min() | symmetric as i64
}

/// Divides by `2^shift` (`1..=65`) in 128 bits, rounding.
const fn round(m: i128, shift: u32, rounding: Rounding) -> i128 {
    let floor = m >> shift;
    let rest = m - (floor << shift);
    let half = 1i128 << (shift - 1);
    let up = match rounding {
        Rounding::Trn => false,
        Rounding::TrnZero => m < 0 && rest != 0,
        Rounding::Rnd => rest >= half,
        Rounding::RndZero => rest > half || (rest == half && m < 0),
        Rounding::RndMinInf => rest > half,
        Rounding::RndInf => rest > half || (rest == half && m >= 0),
        Rounding::RndConv => rest > half || (rest == half && floor & 1 == 1),
    };
    floor + up as i128
}

/// Brings the value `m * 2^-f` into the format `to`: *the* definition, as
/// section 3 of the specification states it.
///
/// First the value is rounded to a multiple of `2^-to.f()`, then overflow is
/// decided on the rounded value, both as if in unbounded integers. The result
/// is the mantissa in `to`. Total: defined for every `m`, `f`, format and mode.
///
/// Edges:
///
/// - With `f <= to.f()` no bit is lost and the rounding mode plays no part.
/// - A value may round out of range: 7.5 in steps of 1/2 with `RND` is 8, which
///   saturates to 7 in four signed bits and wraps to -8.
/// - A value may round into range: -1/4 with `RND` is 0, which is no underflow
///   in an unsigned format.
/// - `SAT_SYM` never gives `min()` of a signed format, not even for a value
///   that is exactly there: its range is `-max()..=max()`. Only width 1, which
///   would be left with 0 alone, keeps -1, as `ap_fixed` does. For an unsigned
///   format it is `SAT`.
/// - `SAT_ZERO` leaves the values at the ends of the range alone, `min()` too.
/// - `WRAP` keeps the low `width` bits in two's complement, sign-extended in a
///   signed format.
/// - Into width 0 everything becomes 0, in every mode.
///
/// # Panics
///
/// Never.
#[must_use]
pub const fn requantize(m: i64, f: i32, to: Format, rounding: Rounding, overflow: Overflow) -> i64 {
    let down = f as i64 - to.f() as i64;
    let rounded = if down > 0 {
        // From 65 on, every |m| <= 2^63 lies below a half: nothing changes.
        round(
            m as i128,
            if down < 65 { down as u32 } else { 65 },
            rounding,
        )
    } else {
        // From 64 on, every m but 0 lies outside each format, and the low 64
        // bits are 0: nothing changes. -2^63 * 2^64 is just an i128.
        (m as i128) << (if down > -64 { -down as u32 } else { 64 })
    };
    let (min, max) = (lowest(to, overflow) as i128, to.max() as i128);
    let inside = min <= rounded && rounded <= max;
    let result = match overflow {
        _ if inside => rounded,
        Overflow::Sat | Overflow::SatSym => {
            if rounded < min {
                min
            } else {
                max
            }
        }
        Overflow::SatZero => 0,
        Overflow::Wrap => {
            let low = rounded & ((1i128 << to.width()) - 1);
            if low > max {
                low - (1i128 << to.width())
            } else {
                low
            }
        }
    };
    result as i64
}

/// Whether [`requantize_in`] on a `T` is exact for all `m` in `lo..=hi`.
///
/// True if the rounding addend and the left shift keep the whole interval
/// inside `T`, and the result fits `T` (only a wide unsigned `WRAP` does not).
/// An empty interval gives `true`.
///
/// # Panics
///
/// Never.
#[must_use]
pub const fn requantize_fits<T: Mantissa>(
    lo: i64,
    hi: i64,
    f: i32,
    to: Format,
    rounding: Rounding,
    overflow: Overflow,
) -> bool {
    let max = i64::MAX >> (64 - T::BITS);
    let min = -max - 1;
    if lo > hi {
        return true;
    }
    if lo < min || hi > max {
        return false;
    }
    let wide_wrap = matches!(overflow, Overflow::Wrap) && !to.k() && to.max() > max;
    if wide_wrap && lo < 0 {
        return false;
    }
    let down = f as i64 - to.f() as i64;
    if down >= T::BITS as i64 || down == 0 {
        true
    } else if down > 0 {
        let truncates = matches!(rounding, Rounding::Trn | Rounding::TrnZero);
        truncates || hi <= max - (1i64 << (down - 1))
    } else if -down >= T::BITS as i64 {
        lo == 0 && hi == 0
    } else {
        lo >= min >> -down && hi <= max >> -down
    }
}

/// [`requantize`] inside one container, for kernels: straight-line code.
///
/// With literal `f`, `to` and modes the compiler folds every choice here, and
/// what remains is a handful of branch-free instructions that vectorise. Equal
/// to the definition whenever [`requantize_fits`] holds for an interval that
/// contains `m`; otherwise the value may wrap in `T`, but nothing else happens.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn requantize_in<T: Mantissa>(
    m: T,
    f: i32,
    to: Format,
    rounding: Rounding,
    overflow: Overflow,
) -> T {
    let down = f as i64 - to.f() as i64;
    let rounded = if down <= 0 {
        m.wshl(if down > -64 { -down as u32 } else { 64 })
    } else if down < T::BITS as i64 {
        round_in(m, down as u32, rounding)
    } else {
        // |m| is at most a half, and a half only as MIN with down == BITS.
        let half = down == T::BITS as i64;
        match rounding {
            Rounding::Trn => m.wshr(T::BITS),
            Rounding::RndMinInf | Rounding::RndInf if half => {
                pick(m == T::MIN, T::wrap_from(-1), T::ZERO)
            }
            _ => T::ZERO,
        }
    };
    overflow_in(rounded, to, overflow)
}

/// Divides by `2^shift` (`1..T::BITS`), rounding by an addend.
#[inline(always)]
fn round_in<T: Mantissa>(m: T, shift: u32, rounding: Rounding) -> T {
    let half = T::wrap_from(1 << (shift - 1));
    let below = T::wrap_from((1 << (shift - 1)) - 1);
    let sign = m.wshr(T::BITS); // 0 or -1
    let addend = match rounding {
        Rounding::Trn => T::ZERO,
        Rounding::TrnZero => sign.and(T::wrap_from(!(-1 << shift))),
        Rounding::Rnd => half,
        Rounding::RndZero => below.wadd(sign.and(T::wrap_from(1))),
        Rounding::RndMinInf => below,
        Rounding::RndInf => half.wadd(sign),
        Rounding::RndConv => below.wadd(m.wshr(shift).and(T::wrap_from(1))),
    };
    m.wadd(addend).wshr(shift)
}

/// Whether the target has neither conditional moves nor `min` and `max`.
const NO_SELECT: bool = cfg!(all(
    any(target_arch = "riscv32", target_arch = "riscv64"),
    not(target_feature = "zbb")
));

/// One of two values, never by a branch.
#[inline(always)]
fn pick<T: Mantissa>(when: bool, yes: T, no: T) -> T {
    if NO_SELECT {
        // Masks, from a bit the compiler cannot turn back into a condition.
        let when = core::hint::black_box(when as i8) as i64;
        yes.and(T::wrap_from(-when))
            .wadd(no.and(T::wrap_from(when - 1)))
    } else if when {
        yes
    } else {
        no
    }
}

/// Brings a rounded mantissa into `to`.
#[inline(always)]
fn overflow_in<T: Mantissa>(m: T, to: Format, overflow: Overflow) -> T {
    let max = T::clamp_from(to.max());
    let min = T::clamp_from(lowest(to, overflow));
    match overflow {
        Overflow::Sat | Overflow::SatSym => {
            let m = pick(m < min, min, m);
            pick(m > max, max, m)
        }
        Overflow::SatZero => pick((m < min) | (m > max), T::ZERO, m),
        Overflow::Wrap if to.width() == 0 => T::ZERO,
        Overflow::Wrap if !to.k() => m.and(T::wrap_from(to.max())),
        Overflow::Wrap => {
            let spare = T::BITS.saturating_sub(to.width());
            m.wshl(spare).wshr(spare)
        }
    }
}
