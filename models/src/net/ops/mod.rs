//! The primitives that networks are made of, one file each.
//!
//! | file | computes | ONNX |
//! |---|---|---|
//! | `activation.rs` | rounds to trained widths, as a ReLU or not | `Relu`, `Quant` |
//! | `dense.rs` | product with a matrix along the last axis, and a bias | `MatMul`, `Add` |
//! | `elementwise.rs` | sum, difference, product, lesser of two values; masks; powers of two | `Add`, `Sub`, `Mul`, `Min` |
//! | `reduce.rs` | sum or greatest along an axis | `ReduceSum`, `ReduceMax` |
//! | `shape.rs` | elements in other places | `Reshape`, `Transpose`, `Concat`, `Slice` |

mod activation;
mod dense;
mod elementwise;
mod reduce;
mod shape;

pub use activation::{Activation, activation, activation_of, image_activation};
pub use dense::{Dense, dense};
pub use elementwise::{add, least, masked, multiply, scale, subtract};
pub use reduce::{Reduction, reduce};
pub use shape::{concat, reshape, slice, transpose};
