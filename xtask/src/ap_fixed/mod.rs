//! The public headers of `ap_fixed`, which the arithmetic is defined by,
//! against trigforge's own definition and its interpreter.

mod cases;
mod compare;
mod headers;
mod program;

pub use cases::all;
pub use compare::Comparison;
pub use headers::headers;
pub use program::Program;
