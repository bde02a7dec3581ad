//! Tree ensembles: every event walks every tree to its full depth.
//!
//! A step adds the result of a comparison to an index; there is no branch, and
//! trees do not wait for each other. Trees of one depth are walked together.

use super::dense::scratch;
use super::mantissa::Mantissa;

/// An integer that numbers features.
pub trait Feature: Copy {
    /// The number.
    fn index(self) -> usize;
}

macro_rules! feature {
    ($($t:ty),*) => {$(
        impl Feature for $t {
            #[inline(always)]
            fn index(self) -> usize {
                self as usize
            }
        }
    )*};
}

feature!(u8, u16);

/// The features in an array of `F` elements, a power of two, so that an index
/// is in range once it is masked; 256 of them need no mask if an index is `u8`.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn features<X: Mantissa, const N: usize, const F: usize>(x: &[X; N]) -> [X; F] {
    const {
        assert!(F.is_power_of_two(), "masked indices are in range");
        assert!(F >= N, "room for each feature");
    }
    let mut all = scratch();
    for (to, from) in all.iter_mut().zip(x) {
        *to = *from;
    }
    all
}

/// The sum of the leaves that `x` reaches in `T` trees of depth `D`, laid out
/// whole: `L = 2^D` leaves, and split `i` in front of `2i` and `2i + 1`.
///
/// A split goes on to the first of the two if its feature is below the
/// threshold, and else to the second. The root is split 1; there is no split 0.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn walk_whole<
    X,
    I,
    V,
    A,
    const F: usize,
    const D: usize,
    const L: usize,
    const T: usize,
    const W: usize,
>(
    x: &[X; F],
    splits: &[[(X, I); L]; T],
    leaves: &[[[V; W]; L]; T],
) -> [A; W]
where
    X: Mantissa,
    I: Feature,
    V: Mantissa,
    A: Mantissa,
{
    const {
        assert!(L == 1 << D, "as many leaves as the depth asks for");
        assert!(F.is_power_of_two(), "masked indices are in range");
    }
    let mut sums = [A::ZERO; W];
    for (splits, leaves) in splits.iter().zip(leaves) {
        let mut at = 1;
        for _ in 0..D {
            let (threshold, feature) = splits[at & (L - 1)];
            at = 2 * at + usize::from(x[feature.index() & (F - 1)] >= threshold);
        }
        // Else LLVM walks many trees in lanes, which it must gather one by one.
        let leaf = core::hint::black_box(at) & (L - 1);
        for (sum, leaf) in sums.iter_mut().zip(&leaves[leaf]) {
            *sum = sum.wadd(leaf.cast());
        }
    }
    sums
}

/// The sum of the leaves that `x` reaches in `T` trees of any shape, `D` steps
/// each.
///
/// A node has a threshold, a feature and two nodes to go on to, the first if
/// the feature is below the threshold; a leaf goes on to itself. `N` is a power
/// of two, so that the index of a node is in range once it is masked.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn walk_linked<
    X,
    I,
    V,
    A,
    const F: usize,
    const D: usize,
    const N: usize,
    const T: usize,
    const W: usize,
>(
    x: &[X; F],
    nodes: &[(X, I, [u32; 2]); N],
    values: &[[V; W]; N],
    roots: &[u32; T],
) -> [A; W]
where
    X: Mantissa,
    I: Feature,
    V: Mantissa,
    A: Mantissa,
{
    const {
        assert!(N.is_power_of_two(), "masked indices are in range");
        assert!(F.is_power_of_two(), "masked indices are in range");
    }
    let mut sums = [A::ZERO; W];
    for &root in roots {
        let mut at = root as usize;
        for _ in 0..D {
            let (threshold, feature, next) = nodes[at & (N - 1)];
            let step = usize::from(x[feature.index() & (F - 1)] >= threshold);
            at = next[step] as usize;
        }
        // As in `walk_whole`.
        let leaf = core::hint::black_box(at) & (N - 1);
        for (sum, value) in sums.iter_mut().zip(&values[leaf]) {
            *sum = sum.wadd(value.cast());
        }
    }
    sums
}

/// Adds `part` to the elements of `sums` from `first` on.
///
/// # Panics
///
/// Never; what lies beyond the last sum is left out.
#[inline(always)]
pub fn add_from<A: Mantissa, const W: usize, const C: usize>(
    sums: &mut [A; C],
    first: usize,
    part: &[A; W],
) {
    for (sum, part) in sums.iter_mut().skip(first).zip(part) {
        *sum = sum.wadd(*part);
    }
}
