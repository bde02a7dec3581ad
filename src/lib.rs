//! The core of trigforge: fixed-point arithmetic and kernels for triggers.
//!
//! A trigger decides in a microsecond, on an FPGA, on the processor beside it,
//! or in an emulator that runs over billions of events, and all of them must
//! give the same bits. This crate is where those bits are defined. It has no
//! heap, no `std` and no float; what it computes is integers from integers.
//!
//! # What a number means
//!
//! A value is an integer mantissa `m` and a [`Format`] with sign bit `k`,
//! integer bits `i` and fractional bits `f`; it stands for `m * 2^-f`. Sums and
//! products are exact, in a container wide enough for them. Bits are lost in
//! one operation only, [`requantize`]: first round, then overflow.
//!
//! | [`Rounding`] | `ap_fixed` | 1.25 | 1.5 | 2.5 | -1.5 | -2.5 | -1.25 |
//! |---|---|---|---|---|---|---|---|
//! | `Trn` | `AP_TRN` | 1 | 1 | 2 | -2 | -3 | -2 |
//! | `TrnZero` | `AP_TRN_ZERO` | 1 | 1 | 2 | -1 | -2 | -1 |
//! | `Rnd` | `AP_RND` | 1 | 2 | 3 | -1 | -2 | -1 |
//! | `RndZero` | `AP_RND_ZERO` | 1 | 1 | 2 | -1 | -2 | -1 |
//! | `RndMinInf` | `AP_RND_MIN_INF` | 1 | 1 | 2 | -2 | -3 | -1 |
//! | `RndInf` | `AP_RND_INF` | 1 | 2 | 3 | -2 | -3 | -1 |
//! | `RndConv` | `AP_RND_CONV` | 1 | 2 | 2 | -2 | -2 | -1 |
//!
//! | [`Overflow`] | `ap_fixed` | 9 in `fix(1,3,0)` | -9 | -8 | 9 in `fix(0,3,0)` | -1 |
//! |---|---|---|---|---|---|---|
//! | `Sat` | `AP_SAT` | 7 | -8 | -8 | 7 | 0 |
//! | `SatSym` | `AP_SAT_SYM` | 7 | -7 | -7 | 7 | 0 |
//! | `SatZero` | `AP_SAT_ZERO` | 0 | 0 | -8 | 0 | 0 |
//! | `Wrap` | `AP_WRAP` | -7 | 7 | -8 | 1 | 7 |
//!
//! (`tests/core_format.rs` reads both tables and checks every cell.)
//!
//! # Panics
//!
//! No public function panics, for any argument. Shapes that do not fit each
//! other are errors at compile time; a checked constructor returns an `Option`;
//! arithmetic in kernels wraps, and that it never has to is for the code
//! generator to prove ([`requantize_fits`] is there for that).
//!
//! # Features
//!
//! `fixed`: conversions to and from the types of the `fixed` crate, exact or
//! refused, in the module `interop`.
#![no_std]
#![deny(unsafe_code, missing_docs)]

#[cfg(feature = "fixed")]
pub mod interop;
pub mod kernel;
mod names;

/// ```
/// assert_eq!(trigforge::argmax(&[3i16, 9, -2, 9]), 1);
/// ```
#[doc(inline)]
pub use kernel::argmax::argmax;

/// ```
/// use trigforge::{columns, conv_into, interleave, pairs};
///
/// // Neighbours on one row: differences and sums.
/// static W: [[[i16; 2]; columns(2)]; pairs(2)] = interleave(&[[-1, 1], [1, 1]], 0);
/// let mut y = [0i32; 6];
/// conv_into::<i16, i16, i32, i32, 2, 1, 2, 1, { columns(2) }, 2>(
///     &[1, 4, 9, 16], &[0], [1, 3], [4, 1], &W, &[0, 100], |_, sum| sum, &mut y,
/// );
/// assert_eq!(y, [3, 5, 7, 105, 113, 125]);
/// ```
#[doc(inline)]
pub use kernel::conv::conv_into;

/// ```
/// use trigforge::{Format, Mantissa, Overflow, Rounding};
/// use trigforge::{columns, dense, interleave, pairs, relu, requantize_in};
///
/// // Two outputs of three inputs; the compiler lays the weights out.
/// static W: [[[i16; 2]; columns(2)]; pairs(3)] = interleave(&[[1, 2, 3], [-4, 5, -6]], 0);
/// static BIAS: [i32; 2] = [8, 0];
/// const TO: Format = Format::new(false, 4, 4).unwrap();
///
/// let y: [i16; 2] = dense(&[10i16, 20, 30], &W, &BIAS, |_, sum: i32| {
///     requantize_in(relu(sum), 6, TO, Rounding::RndConv, Overflow::Sat).cast()
/// });
/// assert_eq!(y, [37, 0]); // 148 / 4 and relu(-120)
/// ```
#[doc(inline)]
pub use kernel::dense::dense;
#[doc(inline)]
pub use kernel::dense::{columns, dense_into, interleave, pairs, scratch};

/// ```
/// use trigforge::Format;
///
/// let format = Format::new(true, 3, 4).unwrap();
/// assert_eq!((format.width(), format.min(), format.max()), (8, -128, 127));
/// assert_eq!(Format::from_ap_fixed(8, 4, true), Some(format));
/// assert_eq!(Format::covering(-100, 3, 4), Some(format));
/// assert_eq!(format.to_string(), "fix(1,3,4)");
/// assert_eq!(Format::new(true, 60, 4), None); // 65 bits
/// ```
#[doc(inline)]
pub use kernel::format::Format;

/// ```
/// use trigforge::Mantissa;
///
/// assert_eq!(100i8.wadd(100), -56);
/// assert_eq!((-1i32).wshr(40), -1);
/// assert_eq!(i16::clamp_from(70_000), 32_767);
/// assert_eq!(300i32.cast::<i8>(), 44);
/// ```
#[doc(inline)]
pub use kernel::mantissa::Mantissa;

/// ```
/// let mut y = [0i32; 2];
/// trigforge::matmul_into::<i16, i16, i32, i32, 3, 2>(
///     &[1, 2, 3], &[1, 0, 0, 1, 2, 2], |_, sum| sum, &mut y,
/// );
/// assert_eq!(y, [7, 8]);
/// ```
#[doc(inline)]
pub use kernel::matmul::matmul_into;

/// ```
/// use trigforge::{equal, less, less_equal, select, sign};
///
/// assert_eq!((less(-3i32, 3), less_equal(3, 3), equal(3, -3)), (1, 1, 0));
/// assert_eq!((select(-1i8, 40i16, 50), select(0i8, 40i16, 50)), (40, 50));
/// assert_eq!([sign(-9i32), sign(0), sign(9)], [-1, 0, 1]);
/// ```
#[doc(inline)]
pub use kernel::order::{
    below, blend, equal, less, less_equal, masks, not_above, select, sign, sign_place,
};

/// ```
/// assert_eq!((trigforge::relu(-3i32), trigforge::relu(3i32)), (0, 3));
/// ```
#[doc(inline)]
pub use kernel::relu::relu;

/// ```
/// use trigforge::Overflow;
///
/// assert_eq!(Overflow::SatSym.name(), "SAT_SYM");
/// assert_eq!(Overflow::from_name("WRAP"), Some(Overflow::Wrap));
/// ```
#[doc(inline)]
pub use kernel::requantize::Overflow;

/// ```
/// use trigforge::Rounding;
///
/// assert_eq!(Rounding::RndConv.name(), "RND_CONV");
/// assert_eq!(Rounding::from_name("TRN"), Some(Rounding::Trn));
/// ```
#[doc(inline)]
pub use kernel::requantize::Rounding;

/// ```
/// use trigforge::{Format, Overflow, Rounding, requantize};
///
/// let to = Format::new(true, 3, 1).unwrap(); // -8 to 7.5, in steps of 1/2
/// let (rnd, sat) = (Rounding::Rnd, Overflow::Sat);
/// assert_eq!(requantize(23, 4, to, rnd, sat), 3); // 1.4375 to 1.5
/// assert_eq!(requantize(2_000, 4, to, rnd, sat), 15); // 125 to 7.5
/// assert_eq!(requantize(2_000, 4, to, rnd, Overflow::Wrap), -6); // to -3
/// ```
#[doc(inline)]
pub use kernel::requantize::requantize;

#[doc(inline)]
pub use kernel::requantize::{requantize_fits, requantize_in};

/// ```
/// let keys = [3i32, 9, -2, 9];
/// // The largest two of four.
/// let order = trigforge::top_k::<i32, 4, 2, 10>(|i| keys[i], &[0, 2, 1, 3, 0, 1, 2, 3, 1, 2]);
/// assert_eq!(order, [1, 3]);
/// ```
#[doc(inline)]
pub use kernel::top_k::top_k;

/// ```
/// use trigforge::{channels_last, pad, window_dot, window_max, window_sum};
///
/// let x: [i16; 5] = pad(&[4i16, -7, 2], [1, 3], [0, 1], [1, 5], 0);
/// assert_eq!(x, [0, 4, -7, 2, 0]);
/// assert_eq!(window_max(&x, 2, &[0, 1]), 2);
/// assert_eq!(window_sum::<_, i32, 5, 2>(&x, 0, &[0, 2]), -7);
/// assert_eq!(window_dot(&x, 1, &[0, 1], &[1i16, 1, 3, 2], 1, 10i32), 8);
/// // Two channels of one row.
/// let y: [i16; 6] = channels_last::<_, _, 2, 4, 6>(&[1i16, 2, 3, 4], 1, [0, 1], [1, 3], 2);
/// assert_eq!(y, [0, 0, 1, 3, 2, 4]);
/// ```
#[doc(inline)]
pub use kernel::window::{channels_last, pad, window_dot, window_max, window_sum};
