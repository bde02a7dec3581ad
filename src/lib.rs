#![no_std]
//! Core.
pub mod kernel;
mod names;
#[doc(inline)]
pub use kernel::argmax::argmax;
#[doc(inline)]
pub use kernel::dense::{columns, dense, dense_into, interleave, pairs, scratch};
#[doc(inline)]
pub use kernel::format::Format;
#[doc(inline)]
pub use kernel::mantissa::Mantissa;
#[doc(inline)]
pub use kernel::relu::relu;
#[doc(inline)]
pub use kernel::requantize::{Overflow, Rounding, requantize, requantize_fits, requantize_in};
