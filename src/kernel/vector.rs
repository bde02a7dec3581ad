//! A dense layer by one instruction for a group of inputs and 16 outputs, where there is one.
#![cfg(all(
    target_arch = "x86_64",
    target_feature = "avx512f",
    target_feature = "avx512vnni"
))]

use super::mantissa::Mantissa;
use super::simd::LANES;

/// Computes `y[o] = epilogue(o, bias(o) + sum over g of x[g] . w[g][o])`.
///
/// `dot` adds the product of one group of values and of 16 groups of weights to 16 sums. Columns
/// that pad `w` go through the epilogue too, with the last index.
///
/// # Panics
///
/// Never.
#[inline(always)]
pub fn vectors_into<X: Copy, W, Y: Mantissa, const G: usize, const C: usize, const OUT: usize>(
    x: &[X; G],
    w: &[[W; C]; G],
    bias: &impl Fn(usize) -> i32,
    dot: &impl Fn([i32; LANES], X, &[W; LANES]) -> [i32; LANES],
    epilogue: &impl Fn(usize, i32) -> Y,
    y: &mut [Y; OUT],
) {
    const {
        assert!(C >= OUT, "at least one column for each output");
        assert!(C % LANES == 0, "whole vectors of columns");
    }
    // Read back from memory, a group at a time: else each is put together from registers.
    let x = core::hint::black_box(x);
    let mut at = 0;
    macro_rules! tiles {
        ($($vectors:literal of $parts:literal)*) => {$(
            while C - at >= $vectors * LANES {
                tile::<X, W, Y, G, C, OUT, $vectors, $parts>(x, w, bias, dot, at, epilogue, y);
                at += $vectors * LANES;
            }
        )*};
    }
    tiles!(4 of 2 2 of 4 1 of 4);
}

/// Computes the outputs of `N` vectors from `at` on.
///
/// Each sum has `K` parts, for multiplications that need not wait for each other.
#[inline(always)]
fn tile<
    X: Copy,
    W,
    Y: Mantissa,
    const G: usize,
    const C: usize,
    const OUT: usize,
    const N: usize,
    const K: usize,
>(
    x: &[X; G],
    w: &[[W; C]; G],
    bias: &impl Fn(usize) -> i32,
    dot: &impl Fn([i32; LANES], X, &[W; LANES]) -> [i32; LANES],
    at: usize,
    epilogue: &impl Fn(usize, i32) -> Y,
    y: &mut [Y; OUT],
) {
    let mut sums = [[[0; LANES]; N]; K];
    if let Some(first) = sums.first_mut() {
        for (o, sum) in first.as_flattened_mut().iter_mut().enumerate() {
            *sum = if at + o < OUT { bias(at + o) } else { 0 };
        }
    }
    let add = |sums: &mut [[i32; LANES]; N], x: X, w: &[W; C]| {
        let (w, _) = w.get(at..).unwrap_or(&[]).as_chunks::<LANES>();
        for (sums, w) in sums.iter_mut().zip(w) {
            *sums = dot(*sums, x, w);
        }
    };
    let (x_groups, x_rest) = x.as_chunks::<K>();
    let (w_groups, w_rest) = w.as_chunks::<K>();
    for (x, w) in x_groups.iter().zip(w_groups) {
        for ((sums, x), w) in sums.iter_mut().zip(x).zip(w) {
            add(sums, *x, w);
        }
    }
    for ((sums, x), w) in sums.iter_mut().zip(x_rest).zip(w_rest) {
        add(sums, *x, w);
    }
    let [total, parts @ ..] = &mut sums[..] else {
        return;
    };
    let total = total.as_flattened_mut();
    for part in parts {
        for (sum, part) in total.iter_mut().zip(part.as_flattened()) {
            *sum = sum.wrapping_add(*part);
        }
    }
    // Padding columns go through the epilogue too: whole vectors, no branches. One loop over all,
    // or the compiler gathers what stands at equal places of each vector.
    let mut outputs = [[Y::ZERO; LANES]; N];
    let outputs = outputs.as_flattened_mut();
    for (o, (output, sum)) in outputs.iter_mut().zip(total).enumerate() {
        *output = epilogue((at + o).min(OUT.saturating_sub(1)), *sum);
    }
    for (o, output) in outputs.iter().enumerate() {
        if let Some(y) = y.get_mut(at + o) {
            *y = *output;
        }
    }
}
