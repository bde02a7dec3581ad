//! The positions of the largest keys, in order.

use super::elements::{at, fill};
use super::mantissa::Mantissa;
use super::order::mask_less;

/// The positions of the `K` largest of `N` keys, the largest first; of equal
/// keys the lowest position comes first.
///
/// `T` must hold each key shifted to the left by the bits of a position, those
/// of `N - 1`. `network` lists comparators, pairs of positions one behind the
/// other, that bring the largest `K` of any values to the front: the first
/// position of a pair receives the larger value. The same instructions run for
/// every input.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn top_k<T: Mantissa, const N: usize, const K: usize, const M: usize>(
    key: impl Fn(usize) -> T,
    network: &[usize; M],
) -> [usize; K] {
    const { assert!(K <= N && N > 0, "as many keys as positions") };
    let bits = const { usize::BITS - (N - 1).leading_zeros() };
    let last = const { N - 1 };
    // The position counts, backwards, below the last bit of its key: no two
    // are equal, and the order of positions comes for nothing.
    let mut keys: [T; N] = fill(|i| key(i).wshl(bits).wadd(T::wrap_from((last - i) as i64)));
    let (pairs, _) = network.as_chunks::<2>();
    for &[first, second] in pairs {
        let (a, b) = (at(&keys, first), at(&keys, second));
        let swap = mask_less(a, b);
        let change = b.wadd(a.wmul(T::wrap_from(-1))).and(T::wrap_from(swap));
        if let Some(key) = keys.get_mut(first) {
            *key = a.wadd(change);
        }
        if let Some(key) = keys.get_mut(second) {
            *key = b.wadd(change.wmul(T::wrap_from(-1)));
        }
    }
    let mut order = [0; K];
    for (position, key) in order.iter_mut().zip(keys) {
        let behind = key.to_i64() as usize & ((1 << bits) - 1);
        *position = last.wrapping_sub(behind);
    }
    order
}
