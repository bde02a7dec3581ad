//! The primitives that networks are made of, one file each.
//!
//! | file | computes | ONNX |
//! |---|---|---|
//! | `activation.rs` | rounds to trained widths, as a ReLU or not | `Relu`, `Quant` |
//! | `choose.rs` | a value or a constant, as a mask says; sums with constants | `Where`, `Add` |
//! | `conv.rs` | convolution of an image | `Conv` |
//! | `dense.rs` | product with a matrix along the last axis, and a bias | `MatMul`, `Add` |
//! | `elementwise.rs` | sum, difference, product, lesser of two values; masks; powers of two | `Add`, `Sub`, `Mul`, `Min` |
//! | `function.rs` | exponential, reciprocal, logarithm | `Exp`, `Reciprocal`, `Log` |
//! | `neighbours.rs` | distances, nearest neighbours and their features | `TopK`, `GatherND` |
//! | `product.rs` | product of two computed matrices | `MatMul` |
//! | `image_pool.rs` | greatest or mean pixel of windows | `MaxPool`, `AveragePool` |
//! | `metric.rs` | sum along the last axis with a learned factor for each number | `MatMul` |
//! | `objective.rs` | what an anomaly detector minimises | (training only) |
//! | `reduce.rs` | sum or greatest along an axis | `ReduceSum`, `ReduceMax` |
//! | `sample.rs` | a draw from a Gaussian, or its mean | (training only) |
//! | `shape.rs` | elements in other places | `Reshape`, `Transpose`, `Concat`, `Slice` |
//! | `square.rs` | squares and constant factors of a score | `Mul` |

mod activation;
mod choose;
mod conv;
mod dense;
mod elementwise;
mod function;
mod image_pool;
mod metric;
mod neighbours;
mod objective;
mod product;
mod reduce;
mod sample;
mod shape;
mod square;

pub use activation::{Activation, activation, activation_of, image_activation};
pub use choose::{choose, shift};
pub use conv::{Conv, Windows, conv};
pub use dense::{Dense, dense};
pub use elementwise::{add, least, masked, multiply, scale, subtract};
pub use function::{Function, function};
pub use image_pool::{ImagePool, ImageReduction, image_pool};
pub use metric::metric;
pub use neighbours::{distances, gather, nearest};
pub use objective::{divergence, squares, sum};
pub use product::product;
pub use reduce::{Reduction, reduce};
pub use sample::sample;
pub use shape::{concat, reshape, slice, transpose};
pub use square::{factors, square};
