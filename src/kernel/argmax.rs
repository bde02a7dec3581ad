//! The index of the largest value.

use super::mantissa::Mantissa;

/// The index of the largest value; among equals the first. 0 if `N` is 0.
///
/// The values must share one format. One pass in masks and sums, for compilers
/// make branches of selects: the time does not depend on the data.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn argmax<T: Mantissa, const N: usize>(x: &[T; N]) -> usize {
    let mut best = x.first().map_or(0, |m| m.to_i64());
    let mut at = 0isize;
    for (i, m) in x.iter().enumerate() {
        let m = m.to_i64();
        // All ones if m is larger, else 0.
        let larger = if T::BITS < 64 {
            (best - m) >> 63
        } else {
            ((best as i128 - m as i128) >> 64) as i64 >> 63
        };
        best = best.wrapping_sub(best.wrapping_sub(m) & larger);
        at = at.wrapping_add((i as isize).wrapping_sub(at) & larger as isize);
    }
    at as usize
}
