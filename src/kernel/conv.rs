//! The convolution: a dense layer at every position of an image.

use super::dense::{dense_into, scratch};
use super::mantissa::Mantissa;

/// Applies a matrix to the window at each position.
///
/// `x` is what one group of output channels reads of one image, padding
/// included, and `y` the group's result, channel by channel. At row r and
/// column c of `positions` the window starts at element r `steps[0]` + c
/// `steps[1]`. It has `R` runs of `K` neighbouring elements, which begin at
/// `runs`; the weights are laid out for them, as [`dense_into`] takes them.
/// The epilogue sees the index in `y`.
///
/// Elements that `x` or `y` lacks are neither read nor written.
///
/// # Panics
///
/// Never.
#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "a geometry, a layer, and where to"
)]
pub fn conv_into<
    X,
    W,
    A,
    Y,
    const K: usize,
    const R: usize,
    const IN: usize,
    const P: usize,
    const C: usize,
    const OUT: usize,
>(
    x: &[X],
    runs: &[usize; R],
    positions: [usize; 2],
    steps: [usize; 2],
    w: &[[[W; 2]; C]; P],
    bias: &[A; OUT],
    epilogue: impl Fn(usize, A) -> Y,
    y: &mut [Y],
) where
    X: Mantissa,
    W: Mantissa,
    A: Mantissa,
    Y: Mantissa,
{
    const {
        assert!(K > 0, "at least one element in a run");
        assert!(K * R == IN, "one input for each element of the runs");
    }
    let mut patch: [X; IN] = scratch();
    let mut outputs: [Y; OUT] = scratch();
    let plane = positions[0].wrapping_mul(positions[1]);
    for row in 0..positions[0] {
        for column in 0..positions[1] {
            let down = row.wrapping_mul(steps[0]);
            let first = down.wrapping_add(column.wrapping_mul(steps[1]));
            let position = row.wrapping_mul(positions[1]).wrapping_add(column);
            let index = |o: usize| o.wrapping_mul(plane).wrapping_add(position);
            let epilogue = |o: usize, v: A| epilogue(index(o), v);
            let run = |run: usize| x.get(first.wrapping_add(run)..).unwrap_or_default();
            if let [only] = runs.as_slice() {
                // The window lies in one piece.
                if let Some(window) = run(*only).first_chunk::<IN>() {
                    dense_into(window, w, bias, epilogue, &mut outputs);
                }
            } else {
                let (chunks, _) = patch.as_chunks_mut::<K>();
                for (chunk, from) in chunks.iter_mut().zip(runs) {
                    if let Some(source) = run(*from).first_chunk::<K>() {
                        *chunk = *source;
                    }
                }
                dense_into(&patch, w, bias, epilogue, &mut outputs);
            }
            for (o, output) in outputs.iter().enumerate() {
                if let Some(y) = y.get_mut(index(o)) {
                    *y = *output;
                }
            }
        }
    }
}
