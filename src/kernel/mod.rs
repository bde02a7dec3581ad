//! The kernels, and what they stand on.
pub mod argmax;
pub mod dense;
pub mod format;
pub mod mantissa;
pub mod relu;
pub mod requantize;
