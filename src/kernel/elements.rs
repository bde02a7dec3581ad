//! Element by element: arrays made, read, and looked up without a panic path.

use super::dense::scratch;
use super::format::Format;
use super::mantissa::Mantissa;
use super::requantize::{Overflow, Rounding, requantize_in};

/// Makes an array whose element `j` is `make(j)`.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn fill<T: Mantissa, const N: usize>(make: impl Fn(usize) -> T) -> [T; N] {
    let mut all = scratch();
    for (j, element) in all.iter_mut().enumerate() {
        *element = make(j);
    }
    all
}

/// Reads element `j`; the last one if `j` is beyond it.
///
/// # Panics
///
/// Never; an empty array does not compile.
#[must_use]
#[inline(always)]
pub fn at<T: Copy, const N: usize>(all: &[T; N], j: usize) -> T {
    const { assert!(N > 0, "at least one element") };
    all[if j < N { j } else { N - 1 }]
}

/// Reads a table at an index that its maker has proved to lie inside.
///
/// An index outside reads the nearest entry, so that no branch is needed.
///
/// # Panics
///
/// Never; an empty table does not compile.
#[must_use]
#[inline(always)]
pub fn lookup<T: Copy, const N: usize>(table: &[T; N], index: i64) -> T {
    at(table, if index < 0 { 0 } else { index as usize })
}

/// Takes the low bits of a wider word, as a port of this format does.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn port<T: Mantissa>(m: T, format: Format) -> T {
    requantize_in(m, format.f(), format, Rounding::Trn, Overflow::Wrap)
}

/// The format `fix(k, i, f)`, or the empty one if there is none such.
///
/// For formats that were checked when they were written down.
///
/// # Panics
///
/// Never.
#[must_use]
pub const fn fix(k: bool, i: i32, f: i32) -> Format {
    match Format::new(k, i, f) {
        Some(format) => format,
        None => Format::ZERO,
    }
}
