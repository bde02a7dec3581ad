//! Trained models as files: QONNX for the quantised network, plain ONNX for its float twin.
//!
//! The QONNX graph, for `n` features and `c` classes:
//!
//! ```text
//! x [1,n] -> Quant (raw grid of each feature) -> Sub (offset) -> Mul (power of two)
//!         -> Quant (input format)
//!         -> MatMul (Quant weight) -> Add (Quant bias) -> Relu -> Quant -> ... -> logits [1,c]
//! ```
//!
//! The last layer has no `Quant` and no softmax: `logits` is its exact accumulator. Weights are
//! stored on their grid, so their `Quant` nodes change nothing but say which grid it is. The same
//! model gives the same bytes.

mod builder;
mod float;
mod qonnx;

pub use float::float_model;
pub use qonnx::quantised_model;

/// Why a model cannot be exported.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportError {
    /// The model has no formats.
    #[error("the network was never quantised; train it with train.quantised_epochs of at least 1")]
    NotQuantised,
    /// A sum is too large to be exact in single precision, which QONNX computes in.
    #[error(
        "layer {layer}: its sums reach {bound} steps and single precision is exact only below 2^24; \
         take fewer bits for its weights or its input"
    )]
    NotExact {
        /// The layer, counted from 1.
        layer: usize,
        /// The greatest sum in steps of the accumulator.
        bound: i64,
    },
}

#[cfg(test)]
mod tests;
