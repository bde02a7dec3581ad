//! The primitives that networks are made of, one file each.
//!
//! | file | computes | ONNX |
//! |---|---|---|
//! | `activation.rs` | rounds to trained widths, as a ReLU or not | `Relu`, `Quant` |
//! | `dense.rs` | product with a matrix along the last axis, and a bias | `MatMul`, `Add` |

mod activation;
mod dense;

pub use activation::{Activation, activation, image_activation};
pub use dense::{Dense, dense};
