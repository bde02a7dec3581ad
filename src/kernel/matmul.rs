//! The product of two matrices that are both computed.

use super::mantissa::Mantissa;

/// Computes `y[i][j] = epilogue(i M + j, sum over k of a[i][k] * b[k][j])`.
///
/// `a` holds rows of `K`, `b` has `K` rows of `M`, `y` rows of `M`; rows that
/// an array lacks are neither read nor written. The sums are exact if they fit
/// the accumulator `A`, and wrap otherwise.
///
/// # Panics
///
/// Never.
#[inline(always)]
pub fn matmul_into<X, Z, A, Y, const K: usize, const M: usize>(
    a: &[X],
    b: &[Z],
    epilogue: impl Fn(usize, A) -> Y,
    y: &mut [Y],
) where
    X: Mantissa,
    Z: Mantissa,
    A: Mantissa,
    Y: Mantissa,
{
    const { assert!(K > 0 && M > 0, "matrices with elements") };
    let (a, _) = a.as_chunks::<K>();
    let (b, _) = b.as_chunks::<M>();
    let (y, _) = y.as_chunks_mut::<M>();
    for (i, (a, y)) in a.iter().zip(y).enumerate() {
        let mut sums = [A::ZERO; M];
        for (a, b) in a.iter().zip(b) {
            let a = a.cast::<A>();
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum = sum.wadd(a.wmul(b.cast()));
            }
        }
        for (j, (y, sum)) in y.iter_mut().zip(sums).enumerate() {
            *y = epilogue(i.wrapping_mul(M).wrapping_add(j), sum);
        }
    }
}
