//! Elements moved to other places.

use super::mantissa::Mantissa;

/// Reads element `j`, or gives `other` if `j` is beyond the last one.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn at_or<X: Mantissa, T: Mantissa, const N: usize>(all: &[X; N], j: usize, other: T) -> T {
    if j < N { all[j].cast() } else { other }
}

/// Copies `from`, in rows of `ROW`, into `into`, in blocks of `BLOCK`: each row
/// to the elements from `FIRST` on of its block.
///
/// What a block cannot hold is left out.
///
/// # Panics
///
/// Never; an empty row or block does not compile.
#[inline(always)]
pub fn place<X: Mantissa, Y: Mantissa, const ROW: usize, const BLOCK: usize, const FIRST: usize>(
    from: &[X],
    into: &mut [Y],
) {
    let (rows, _) = from.as_chunks::<ROW>();
    let (blocks, _) = into.as_chunks_mut::<BLOCK>();
    for (row, block) in rows.iter().zip(blocks) {
        for (to, m) in block.iter_mut().skip(FIRST).zip(row) {
            *to = m.cast();
        }
    }
}
