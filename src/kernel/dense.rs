//! The dense layer: every input to every output.

use super::mantissa::Mantissa;

/// Outputs that share a vector register; 1 if sums are scalars.
///
/// LLVM uses 512-bit registers on AMD's processors (which have `sse4a`) alone.
const LANES: usize = if cfg!(all(target_feature = "avx512bw", target_feature = "sse4a")) {
    16
} else if cfg!(target_feature = "avx2") {
    8
} else if cfg!(any(target_feature = "sse2", target_feature = "neon")) {
    4
} else {
    1
};

/// Whether an instruction adds the products of two pairs to a sum.
const BY_INSTRUCTION: bool = cfg!(all(
    target_arch = "x86_64",
    target_feature = "avx512f",
    target_feature = "avx512vnni"
));

/// Lanes used by a tile of `outputs`.
const fn lanes(outputs: usize) -> usize {
    if outputs < LANES { outputs } else { LANES }
}

/// The most sums that stay in registers at a time.
const SUMS: usize = if cfg!(target_feature = "avx2") {
    64
} else if LANES > 1 {
    32
} else {
    4
};

/// Whether to spell products so that LLVM finds `pmaddwd`.
///
/// That instruction multiplies 16-bit lanes and adds neighbours. LLVM finds it
/// only between two vectors that it must take as they are.
const fn paired<X: Mantissa, W: Mantissa, A: Mantissa>() -> bool {
    cfg!(target_feature = "sse2") && X::BITS == 16 && W::BITS == 16 && A::BITS == 32
}

/// Parts of each sum in a tile of `outputs`: more in flight in small tiles.
const fn parts(outputs: usize, sums: usize) -> usize {
    let spare = sums / outputs;
    if LANES == 1 || spare < 2 {
        1
    } else if spare < 4 {
        2
    } else {
        4
    }
}

/// The number of weight pairs for `inputs`: half of it, rounded up.
#[must_use]
pub const fn pairs(inputs: usize) -> usize {
    inputs.div_ceil(2)
}

/// The number of weight columns that suits the target best for `outputs`.
///
/// At least `outputs`; the columns above it are padding.
#[must_use]
pub const fn columns(outputs: usize) -> usize {
    let to = if BY_INSTRUCTION {
        16
    } else if LANES < 8 {
        LANES
    } else {
        8
    };
    match outputs.checked_next_multiple_of(to) {
        Some(n) => n,
        None => outputs,
    }
}

/// Lays a weight matrix out for [`dense`]: `w[o][i]` to `[i / 2][o][i % 2]`.
///
/// Meant for a `static`, where the compiler runs it. Missing weights (of an
/// odd last input, of padding columns) become `zero`.
#[must_use]
pub const fn interleave<W, const IN: usize, const OUT: usize, const P: usize, const C: usize>(
    w: &[[W; IN]; OUT],
    zero: W,
) -> [[[W; 2]; C]; P]
where
    W: Copy,
{
    const {
        assert!(P == IN.div_ceil(2), "one pair for two inputs");
        assert!(C >= OUT, "at least one column for each output");
    }
    let mut laid = [[[zero; 2]; C]; P];
    let mut o = 0;
    while o < OUT {
        let mut i = 0;
        while i < IN {
            laid[i / 2][o][i % 2] = w[o][i];
            i += 1;
        }
        o += 1;
    }
    laid
}

/// An array for [`dense_into`] to overwrite; its contents mean nothing.
///
/// Unlike `[0; N]` it costs no call of `memset`, however large (with 8-bit
/// elements LLVM makes one all the same).
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn scratch<Y: Mantissa, const N: usize>() -> [Y; N] {
    let inline = if LANES > 1 { 128 } else { 32 };
    if size_of::<[Y; N]>() <= inline {
        [Y::ZERO; N]
    } else {
        [core::hint::black_box(Y::ZERO); N]
    }
}

/// Computes `y[o] = epilogue(o, bias[o] + sum over i of w[o][i] * x[i])`.
///
/// Of columns that pad `w`, the epilogue sees sums too, with the last index.
/// The sums are exact if they fit the accumulator `A`, and wrap otherwise.
/// Shapes that do not fit each other are an error at compile time.
///
/// # Panics
///
/// Never.
#[must_use]
#[inline(always)]
pub fn dense<X, W, A, Y, const IN: usize, const P: usize, const C: usize, const OUT: usize>(
    x: &[X; IN],
    w: &[[[W; 2]; C]; P],
    bias: &[A; OUT],
    epilogue: impl Fn(usize, A) -> Y,
) -> [Y; OUT]
where
    X: Mantissa,
    W: Mantissa,
    A: Mantissa,
    Y: Mantissa,
{
    let mut y = scratch();
    dense_into(x, w, bias, epilogue, &mut y);
    y
}

/// [`dense`] into an array that is already there.
///
/// # Panics
///
/// Never.
#[inline(always)]
pub fn dense_into<X, W, A, Y, const IN: usize, const P: usize, const C: usize, const OUT: usize>(
    x: &[X; IN],
    w: &[[[W; 2]; C]; P],
    bias: &[A; OUT],
    epilogue: impl Fn(usize, A) -> Y,
    y: &mut [Y; OUT],
) where
    X: Mantissa,
    W: Mantissa,
    A: Mantissa,
    Y: Mantissa,
{
    const {
        assert!(P == IN.div_ceil(2), "one pair for two inputs");
        assert!(C >= OUT, "at least one column for each output");
    }
    if BY_INSTRUCTION && paired::<i16, W, A>() && X::BITS <= 16 {
        by_instruction(x, w, bias, epilogue, y);
    } else if paired::<i16, W, A>() && X::BITS < 16 {
        let mut wide = [0i16; IN];
        for (wide, x) in wide.iter_mut().zip(x) {
            *wide = x.cast();
        }
        tiles(&wide, w, bias, epilogue, y);
    } else {
        tiles(x, w, bias, epilogue, y);
    }
}

/// [`dense_into`] by the instruction for pairs.
#[inline(always)]
#[cfg(all(
    target_arch = "x86_64",
    target_feature = "avx512f",
    target_feature = "avx512vnni"
))]
fn by_instruction<X, W, A, Y, const IN: usize, const P: usize, const C: usize, const OUT: usize>(
    x: &[X; IN],
    w: &[[[W; 2]; C]; P],
    bias: &[A; OUT],
    epilogue: impl Fn(usize, A) -> Y,
    y: &mut [Y; OUT],
) where
    X: Mantissa,
    W: Mantissa,
    A: Mantissa,
    Y: Mantissa,
{
    use super::simd::{self, pairs};
    let mut packed = [[0i16; 2]; P];
    for (packed, x) in packed.as_flattened_mut().iter_mut().zip(x) {
        *packed = x.cast();
    }
    let bias = |o: usize| bias.get(o).map_or(0, |b| b.cast());
    let dot = |sums, x, w: &[[W; 2]; simd::LANES]| pairs(sums, x, &w.map(|w| w.map(W::cast)));
    let epilogue = |o, sum: i32| epilogue(o, sum.cast());
    super::vector::vectors_into(&packed, w, &bias, &dot, &epilogue, y);
}

/// Never called: there is no such instruction.
#[inline(always)]
#[cfg(not(all(
    target_arch = "x86_64",
    target_feature = "avx512f",
    target_feature = "avx512vnni"
)))]
fn by_instruction<X, W, A, Y, const IN: usize, const P: usize, const C: usize, const OUT: usize>(
    _: &[X; IN],
    _: &[[[W; 2]; C]; P],
    _: &[A; OUT],
    _: impl Fn(usize, A) -> Y,
    _: &mut [Y; OUT],
) {
}

/// Goes through the outputs, a tile at a time.
#[inline(always)]
fn tiles<X, W, A, Y, const IN: usize, const P: usize, const C: usize, const OUT: usize>(
    x: &[X; IN],
    w: &[[[W; 2]; C]; P],
    bias: &[A; OUT],
    epilogue: impl Fn(usize, A) -> Y,
    y: &mut [Y; OUT],
) where
    X: Mantissa,
    W: Mantissa,
    A: Mantissa,
    Y: Mantissa,
{
    // Weights known to the optimiser are folded into lanes, and lost as pairs.
    let w = if paired::<X, W, A>() {
        core::hint::black_box(w)
    } else {
        w
    };
    let mut at = 0;
    macro_rules! tiles {
        ($sums:expr, $($tile:literal)*) => {$(
            while C - at >= $tile && $tile <= $sums && !($tile == 16 && LANES == 8) {
                tile::<X, W, A, Y, IN, P, C, OUT, $tile, { parts($tile, $sums) }, { lanes($tile) }>(
                    x, w, bias, at, &epilogue, y,
                );
                at += $tile;
            }
        )*};
    }
    // LLVM takes the pairs of two vectors of eight apart: no tile of 16 then.
    if A::BITS <= 32 {
        tiles!(SUMS, 64 32 16 8 4 1);
    } else {
        tiles!(SUMS / 2, 32 16 8 4 1);
    }
}

/// Adds the products of `$k` pairs of inputs `$x` and their rows `$w`.
///
/// A macro, so that all loops of a layer stand in one function: a function of
/// its own would be optimised first, and its sums then taken apart.
macro_rules! accumulate {
    ($k:expr, $x:expr, $w:expr, $at:expr, $sums:expr) => {
        let mut lanes = [[[X::ZERO; 2]; L]; $k];
        for (lanes, x) in lanes.iter_mut().zip($x) {
            *lanes = [*x; L];
        }
        let lanes = if paired::<X, W, A>() {
            core::hint::black_box(lanes)
        } else {
            lanes
        };
        for ((x, w), sums) in lanes.iter().zip($w).zip($sums) {
            let Some(w) = w.get($at..).and_then(|w| w.first_chunk::<T>()) else {
                break;
            };
            let (w, _) = w.as_chunks::<L>();
            let (sums, _) = sums.as_chunks_mut::<L>();
            for (sums, w) in sums.iter_mut().zip(w) {
                let mut products = [A::ZERO; L];
                for ((product, w), x) in products.iter_mut().zip(w).zip(x) {
                    let even = x[0].cast::<A>().wmul(w[0].cast());
                    let odd = x[1].cast::<A>().wmul(w[1].cast());
                    *product = even.wadd(odd);
                }
                // A loop of its own, so that neighbours are added first.
                for (sum, product) in sums.iter_mut().zip(products) {
                    *sum = sum.wadd(product);
                }
            }
        }
    };
}

/// Computes the outputs `at..at + T` with their sums in registers.
///
/// Each sum has `K` parts, for `K` multiplications that need not wait for each
/// other.
#[inline(always)]
fn tile<
    X,
    W,
    A,
    Y,
    const IN: usize,
    const P: usize,
    const C: usize,
    const OUT: usize,
    const T: usize,
    const K: usize,
    const L: usize,
>(
    x: &[X; IN],
    w: &[[[W; 2]; C]; P],
    bias: &[A; OUT],
    at: usize,
    epilogue: &impl Fn(usize, A) -> Y,
    y: &mut [Y; OUT],
) where
    X: Mantissa,
    W: Mantissa,
    A: Mantissa,
    Y: Mantissa,
{
    let mut sums = [[A::ZERO; T]; K];
    if let Some(first) = sums.first_mut() {
        for (t, sum) in first.iter_mut().enumerate() {
            *sum = bias.get(at + t).copied().unwrap_or(A::ZERO);
        }
    }
    let (x, odd) = x.as_chunks::<2>();
    let (x_groups, x_rest) = x.as_chunks::<K>();
    let (w_groups, _) = w.as_chunks::<K>();
    for (x, w) in x_groups.iter().zip(w_groups) {
        accumulate!(K, x, w, at, &mut sums);
    }
    let odd = odd.first().map(|&x| [x, X::ZERO]);
    // The row of an odd input may complete a group of rows, so the rest of the
    // rows is what follows the groups of inputs.
    let w_rest = w.get(x_groups.len() * K..).unwrap_or(&[]);
    for (x, w) in x_rest.iter().copied().chain(odd).zip(w_rest) {
        accumulate!(1, &[x], [w], at, &mut sums);
    }
    let [total, parts @ ..] = &mut sums[..] else {
        return;
    };
    for part in parts {
        for (sum, part) in total.iter_mut().zip(part) {
            *sum = sum.wadd(*part);
        }
    }
    // Padding columns go through the epilogue too: whole vectors, no branches.
    let mut outputs = [Y::ZERO; T];
    for (t, (output, sum)) in outputs.iter_mut().zip(total).enumerate() {
        *output = epilogue((at + t).min(OUT.saturating_sub(1)), *sum);
    }
    // Else the optimiser drops the padding lanes, and the vectors with them.
    let outputs = if LANES > 1 && T > OUT - at.min(OUT) {
        core::hint::black_box(outputs)
    } else {
        outputs
    };
    for (t, output) in outputs.iter().enumerate() {
        if let Some(y) = y.get_mut(at + t) {
            *y = *output;
        }
    }
}
