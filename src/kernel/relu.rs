//! The rectifier.

use super::mantissa::Mantissa;

/// The larger of `m` and zero, without a branch.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn relu<T: Mantissa>(m: T) -> T {
    m.max(T::ZERO)
}
