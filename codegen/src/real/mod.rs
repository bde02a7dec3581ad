//! Models as their files state them: tensor operations on real numbers.
//!
//! Importers produce this graph, [`crate::quantize`] gives its values formats
//! and makes the integer module of it. It is never emitted.

mod eval;
mod fold;
mod graph;
mod value;

pub use eval::{EvalError, evaluate, evaluate_all};
pub use fold::fold;
pub use graph::{Graph, Id, Node, Op, Quantizer, Tensor};
pub use value::{Dyadic, encode};
