//! Windows on the channels of an image: padding, pools, and convolutions
//! whose outputs see one channel each.
//!
//! A channel is a plane of rows, and a window is its first element and a list
//! of taps, counted from there.

use super::elements::{at, fill};
use super::mantissa::Mantissa;
use super::order::mask_less;

/// Surrounds planes of `from` rows and columns so that they have `to`, with
/// `before` rows and columns of `value` in front.
///
/// An array of another length than the planes have is filled as far as it
/// reaches, and read as far.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn pad<X: Mantissa, Y: Mantissa, const N: usize, const M: usize>(
    x: &[X; N],
    from: [usize; 2],
    before: [usize; 2],
    to: [usize; 2],
    value: Y,
) -> [Y; M] {
    let columns = to[1].max(1);
    let plane = to[0].wrapping_mul(columns).max(1);
    fill(|j| {
        let row = (j % plane / columns).wrapping_sub(before[0]);
        let column = (j % columns).wrapping_sub(before[1]);
        if row < from[0] && column < from[1] {
            let row = (j / plane).wrapping_mul(from[0]).wrapping_add(row);
            at(x, row.wrapping_mul(from[1]).wrapping_add(column)).cast()
        } else {
            value
        }
    })
}

/// As [`pad`] with zeros, with the channels of an element side by side.
///
/// `x` holds planes of `from` rows of `W` columns; `channels` planes become one
/// image of `to` rows and columns, each element of which has `channels` values.
/// What a window reads of all channels is then in few pieces.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn channels_last<X: Mantissa, Y: Mantissa, const W: usize, const N: usize, const M: usize>(
    x: &[X; N],
    from: usize,
    before: [usize; 2],
    to: [usize; 2],
    channels: usize,
) -> [Y; M] {
    const { assert!(W > 0, "rows with elements") };
    let (from, channels) = (from.max(1), channels.max(1));
    // A value that the compiler does not know: else a call of `memset`.
    let mut y = [core::hint::black_box(Y::ZERO); M];
    let (lines, _) = x.as_chunks::<W>();
    for (at, line) in lines.iter().enumerate() {
        let (plane, row) = (at / from, at % from);
        let first = (plane / channels)
            .wrapping_mul(to[0])
            .wrapping_add(row)
            .wrapping_add(before[0])
            .wrapping_mul(to[1])
            .wrapping_add(before[1])
            .wrapping_mul(channels)
            .wrapping_add(plane % channels);
        for (column, m) in line.iter().enumerate() {
            if let Some(y) = y.get_mut(first.wrapping_add(column.wrapping_mul(channels))) {
                *y = m.cast();
            }
        }
    }
    y
}

/// The largest element of a window; the smallest value if it has no tap.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn window_max<X: Mantissa, const N: usize, const T: usize>(
    x: &[X; N],
    first: usize,
    taps: &[usize; T],
) -> X {
    let elements = taps.iter().map(|tap| at(x, first.wrapping_add(*tap)));
    elements.fold(X::MIN, |largest, element| {
        let change = element.wadd(largest.wmul(X::wrap_from(-1)));
        largest.wadd(change.and(X::wrap_from(mask_less(largest, element))))
    })
}

/// The sum of a window's elements, wrapping.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn window_sum<X: Mantissa, A: Mantissa, const N: usize, const T: usize>(
    x: &[X; N],
    first: usize,
    taps: &[usize; T],
) -> A {
    let elements = taps.iter().map(|tap| at(x, first.wrapping_add(*tap)));
    elements.fold(A::ZERO, |sum, element| sum.wadd(element.cast()))
}

/// `bias` and the sum of a window's elements, each times its weight, wrapping.
///
/// The weights of all channels stand one behind the other, `T` of each.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn window_dot<X, W, A, const N: usize, const T: usize, const M: usize>(
    x: &[X; N],
    first: usize,
    taps: &[usize; T],
    w: &[W; M],
    channel: usize,
    bias: A,
) -> A
where
    X: Mantissa,
    W: Mantissa,
    A: Mantissa,
{
    let mut sum = bias;
    for (t, tap) in taps.iter().enumerate() {
        let weight = at(w, channel.wrapping_mul(T).wrapping_add(t)).cast::<A>();
        sum = sum.wadd(at(x, first.wrapping_add(*tap)).cast::<A>().wmul(weight));
    }
    sum
}
