//! Models as their files state them: tensor operations on real numbers.
//!
//! Importers produce this graph, [`crate::quantize`] gives its values formats
//! and makes the integer module of it. It is never emitted.

mod eval;
mod fold;
mod function;
mod graph;
mod minifloat;
mod op;
mod ops;
mod scaled;
mod trees;
mod value;

pub use eval::{EvalError, evaluate, evaluate_all};
pub use fold::fold;
pub use function::Function;
pub use graph::{Graph, Id, Node, Tensor};
pub use minifloat::Minifloat;
pub use op::{Op, PoolKind, Quantizer, Reduction};
pub(crate) use ops::evaluate as evaluate_op;
pub use scaled::{IntegerRounding, ScaledQuantizer};
pub use trees::{Decision, Forest, Precision};
pub use value::{Dyadic, encode};
