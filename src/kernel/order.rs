//! Comparisons and choices, without a branch.

use super::elements::{at, fill};
use super::mantissa::Mantissa;
use core::hint::{black_box, select_unpredictable};

/// All ones if `a` is smaller than `b`, else 0: to choose by a mask.
///
/// In a loop of scalars, compilers for x86-64 make branches of comparisons and
/// choices, also of those that are asked not to be; of this value they know
/// nothing.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn mask_less<T: Mantissa>(a: T, b: T) -> i64 {
    let (a, b) = (a.to_i64(), b.to_i64());
    let mask = if T::BITS < 64 {
        (a - b) >> 63
    } else {
        ((a as i128 - b as i128) >> 64) as i64 >> 63
    };
    core::hint::black_box(mask)
}

/// 1 if `a` is smaller than `b`, else 0.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn less<T: Mantissa>(a: T, b: T) -> T {
    T::wrap_from((a < b) as i64)
}

/// 1 if `a` is not larger than `b`, else 0.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn less_equal<T: Mantissa>(a: T, b: T) -> T {
    T::wrap_from((a <= b) as i64)
}

/// 1 if `a` and `b` are equal, else 0.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn equal<T: Mantissa>(a: T, b: T) -> T {
    T::wrap_from((a == b) as i64)
}

/// -1, 0 or 1, as `m` is negative, zero or positive.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn sign<T: Mantissa>(m: T) -> T {
    T::wrap_from((m > T::ZERO) as i64 - (m < T::ZERO) as i64)
}

/// `a` if `c` is not zero, else `b`.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn select<C: Mantissa, T: Mantissa>(c: C, a: T, b: T) -> T {
    // Tells the compiler to make no branch of it.
    select_unpredictable(c != C::ZERO, a, b)
}

/// For each condition all ones where it is not zero, else zero, of which the
/// compiler knows nothing.
///
/// For conditions that many elements share. Of a condition that it knows, a
/// compiler makes a branch around all that it makes needless, and the time
/// depends on it.
///
/// # Panics
///
/// Never; no conditions do not compile.
#[must_use]
#[inline(always)]
pub fn masks<C: Mantissa, T: Mantissa, const N: usize>(c: &[C; N]) -> [T; N] {
    black_box(fill(|j| T::wrap_from(-((at(c, j) != C::ZERO) as i64))))
}

/// `a` if the mask is all ones, `b` if it is zero.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn blend<T: Mantissa>(mask: T, a: T, b: T) -> T {
    b.wadd(a.wadd(b.wmul(T::wrap_from(-1))).and(mask))
}

/// The place of the sign bit in a container, of which the compiler knows
/// nothing.
///
/// It is read once in front of a loop. What is shifted by it cannot be told
/// from other integers, so no compiler makes a comparison of it, and a branch
/// of that.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn sign_place<T: Mantissa>() -> u32 {
    black_box(T::BITS - 1)
}

/// All ones if `a` is smaller than `b`, else zero, if `place` is the sign's.
///
/// The difference of the two must fit in the container.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn below<T: Mantissa>(a: T, b: T, place: u32) -> T {
    a.wadd(b.wmul(T::wrap_from(-1))).wshr(place)
}

/// All ones if `a` is not larger than `b`, else zero, as [`below`].
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn not_above<T: Mantissa>(a: T, b: T, place: u32) -> T {
    let minus = T::wrap_from(-1);
    below(b, a, place).wmul(minus).wadd(minus)
}
