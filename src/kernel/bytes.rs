//! The dense layer of small numbers: 8-bit weights, and values that one byte holds.
//!
//! Where an instruction multiplies bytes in fours, weights are laid out for it; elsewhere this is
//! `dense_into` with its pairs of 16-bit weights.

use super::mantissa::Mantissa;

/// Items of targets that multiply bytes in fours.
macro_rules! in_fours {
    ($($item:item)*) => {$(
        #[cfg(all(
            target_arch = "x86_64",
            target_feature = "avx512f",
            target_feature = "avx512vnni"
        ))]
        $item
    )*};
}

/// Items of all other targets.
macro_rules! in_pairs {
    ($($item:item)*) => {$(
        #[cfg(not(all(
            target_arch = "x86_64",
            target_feature = "avx512f",
            target_feature = "avx512vnni"
        )))]
        $item
    )*};
}

in_fours! {
    use super::simd::{LANES, quads};
    use super::vector::vectors_into;

    /// A weight as it is stored.
    pub type Byte = i8;

    /// A value of `0..=255` as it is stored between two layers.
    pub type Value = u8;

    /// Weights that stand together.
    pub const GROUP: usize = 4;

    /// The number of weight columns for `outputs`: at least as many.
    #[must_use]
    pub const fn byte_columns(outputs: usize) -> usize {
        match outputs.checked_next_multiple_of(LANES) {
            Some(n) => n,
            None => outputs,
        }
    }
}

in_pairs! {
    use super::dense::{columns, dense_into};

    /// A weight as it is stored.
    pub type Byte = i16;

    /// A value of `0..=255` as it is stored between two layers.
    pub type Value = i16;

    /// Weights that stand together.
    pub const GROUP: usize = 2;

    /// The number of weight columns for `outputs`: at least as many.
    #[must_use]
    pub const fn byte_columns(outputs: usize) -> usize {
        columns(outputs)
    }
}

/// The number of groups of weights for `inputs`.
#[must_use]
pub const fn groups(inputs: usize) -> usize {
    inputs.div_ceil(GROUP)
}

/// Lays a weight matrix out for [`bytes_into`]: `w[o][i]` to `[i / GROUP][o][i % GROUP]`.
///
/// Meant for a `static`, where the compiler runs it. Missing weights (of padding) become 0.
#[must_use]
pub const fn bytes<const IN: usize, const OUT: usize, const G: usize, const C: usize>(
    w: &[[i8; IN]; OUT],
) -> [[[Byte; GROUP]; C]; G] {
    const {
        assert!(G == groups(IN), "one group for GROUP inputs");
        assert!(C >= OUT, "at least one column for each output");
    }
    let mut laid = [[[0; GROUP]; C]; G];
    let mut o = 0;
    while o < OUT {
        let mut i = 0;
        while i < IN {
            laid[i / GROUP][o][i % GROUP] = w[o][i] as Byte;
            i += 1;
        }
        o += 1;
    }
    laid
}

/// The bias that goes with weights of [`bytes`].
///
/// The instruction takes the one factor without a sign. Signed values are given to it 128 above
/// themselves, and the bias takes that off again.
#[must_use]
pub const fn byte_bias<const SIGNED: bool, const OUT: usize, const G: usize, const C: usize>(
    w: &[[[Byte; GROUP]; C]; G],
    bias: [i32; OUT],
) -> [i32; OUT] {
    let mut bias = bias;
    let mut o = 0;
    while SIGNED && GROUP == 4 && o < OUT {
        let mut g = 0;
        while g < G {
            let mut k = 0;
            while k < GROUP {
                bias[o] = bias[o].wrapping_sub(w[g][o][k] as i32 * 128);
                k += 1;
            }
            g += 1;
        }
        o += 1;
    }
    bias
}

in_pairs! {
    /// Computes `y[o] = epilogue(o, bias[o] + sum over i of w[o][i] * x[i])`.
    ///
    /// For values in `0..=255`, or in `-128..=127` if `SIGNED`, weights laid out by [`bytes`] and
    /// the bias of [`byte_bias`]. Otherwise as `dense_into`.
    ///
    /// # Panics
    ///
    /// Never.
    #[inline(always)]
    pub fn bytes_into<
        const SIGNED: bool,
        X: Mantissa,
        Y: Mantissa,
        const IN: usize,
        const G: usize,
        const C: usize,
        const OUT: usize,
    >(
        x: &[X; IN],
        w: &[[[Byte; GROUP]; C]; G],
        bias: &[i32; OUT],
        epilogue: impl Fn(usize, i32) -> Y,
        y: &mut [Y; OUT],
    ) {
        dense_into(x, w, bias, epilogue, y);
    }
}

in_fours! {
    /// Computes `y[o] = epilogue(o, bias[o] + sum over i of w[o][i] * x[i])`.
    ///
    /// For values in `0..=255`, or in `-128..=127` if `SIGNED`, weights laid out by [`bytes`] and
    /// the bias of [`byte_bias`]. Otherwise as `dense_into`.
    ///
    /// # Panics
    ///
    /// Never.
    #[inline(always)]
    pub fn bytes_into<
        const SIGNED: bool,
        X: Mantissa,
        Y: Mantissa,
        const IN: usize,
        const G: usize,
        const C: usize,
        const OUT: usize,
    >(
        x: &[X; IN],
        w: &[[[Byte; GROUP]; C]; G],
        bias: &[i32; OUT],
        epilogue: impl Fn(usize, i32) -> Y,
        y: &mut [Y; OUT],
    ) {
        const {
            assert!(G == groups(IN), "one group for GROUP inputs");
        }
        let mut packed = [[0; GROUP]; G];
        let middle = if SIGNED { 128 } else { 0 };
        for (byte, x) in packed.as_flattened_mut().iter_mut().zip(x) {
            *byte = (x.to_i64() as u8) ^ middle;
        }
        let bias = |o: usize| bias.get(o).copied().unwrap_or(0);
        vectors_into(&packed, w, &bias, &quads, &epilogue, y);
    }
}
