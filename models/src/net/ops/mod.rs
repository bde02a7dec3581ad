//! The primitives that networks are made of, one file each.
//!
//! | file | computes | ONNX |
//! |---|---|---|
//! | `activation.rs` | rounds to trained widths, as a ReLU or not | `Relu`, `Quant` |
//! | `batch_norm.rs` | normalises with the batch in floating point; folded before numbers are rounded | |
//! | `choose.rs` | a value or a constant, as a mask says; sums with constants | `Where`, `Add` |
//! | `conv.rs` | convolution of an image | `Conv` |
//! | `dense.rs` | product with a matrix along the last axis, and a bias | `MatMul`, `Add` |
//! | `drawn.rs` | as `dense.rs`, of weights that have a distribution | `MatMul`, `Add` |
//! | `dropout.rs` | numbers left out at random while the network learns | |
//! | `elementwise.rs` | sum, difference, product, lesser of two values; masks; powers of two | `Add`, `Sub`, `Mul`, `Min` |
//! | `factors.rs` | a power of two for each element | `Mul` |
//! | `function.rs` | exponentials, reciprocal, logarithm, magnitude | `Exp`, `Reciprocal`, `Log`, `Abs` |
//! | `neighbours.rs` | distances, nearest neighbours and their features | `TopK`, `GatherND` |
//! | `product.rs` | product of two computed matrices | `MatMul` |
//! | `image_pool.rs` | greatest or mean pixel of windows | `MaxPool`, `AveragePool` |
//! | `metric.rs` | sum along the last axis with a learned factor for each number | `MatMul` |
//! | `objective.rs` | what an anomaly detector minimises | (training only) |
//! | `reduce.rs` | sum or greatest along an axis | `ReduceSum`, `ReduceMax` |
//! | `sample.rs` | a draw from a Gaussian, or its mean | (training only) |
//! | `shape.rs` | elements in other places | `Reshape`, `Transpose`, `Concat`, `Slice` |

mod activation;
mod batch_norm;
mod choose;
mod conv;
mod dense;
mod drawn;
mod dropout;
mod elementwise;
mod factors;
mod function;
mod image_pool;
mod metric;
mod neighbours;
mod objective;
mod product;
mod reduce;
mod sample;
mod shape;

pub use activation::{Activation, activation, activation_of, image_activation};
pub use batch_norm::batch_norm;
pub use choose::{choose, shift};
pub use conv::{Conv, Windows, conv};
pub use dense::{Dense, dense};
pub use drawn::{Distribution, Draws, distribution, drawn};
pub use dropout::dropout;
pub use elementwise::{add, least, masked, multiply, scale, subtract};
pub use factors::factors;
pub use function::{Function, function};
pub use image_pool::{ImagePool, ImageReduction, image_pool};
pub use metric::metric;
pub use neighbours::{distances, gather, nearest};
pub use objective::{all, divergence, squares, sum};
pub use product::product;
pub use reduce::{Reduction, reduce};
pub use sample::{noisy, sample};
pub use shape::{concat, reshape, slice, transpose};
