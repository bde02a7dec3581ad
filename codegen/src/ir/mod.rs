//! The graph level: integer tensor operations with a format for every value.
//!
//! The meaning of each operation is written in [`crate::ops`], one file each;
//! [`crate::interp`] executes it.

mod build;
mod module;
mod parse;
mod print;
mod prune;
mod tensor;

pub use build::{Builder, NodeError};
pub(crate) use build::{derive, operands as operands_of};
pub use module::{IR_VERSION, IR_VERSIONS, Module, Node, NodeId, Output};
pub use parse::{ParseError, parse};
pub use print::print;
pub use prune::prune;
pub use tensor::{
    Formats, FractionalBits, Interval, MOST_ELEMENTS, MOST_TOGETHER, TensorType, broadcast_indices,
    broadcast_shape, check_size, check_together, element_count,
};
