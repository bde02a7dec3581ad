//! Models for triggers: data in, quantisation-aware training, QONNX out.
//!
//! A physicist writes one TOML file (see [`config`]) and calls [`train()`]; the result is a QONNX
//! model that takes features in physical units and is exact down to the last bit, the sample and
//! card that go with it, and figures of what the integer kernel does.
//!
//! ```text
//! files of columns -> data -> inputs -> net -> train -> export -> model.onnx
//!                              \-> codegen's integers -> metrics -> report: metrics.json,
//!                                                                 report.html, CARD.md
//! ```
//!
//! Formats are powers of two: see [`net::Format`]. Rounding is half to even everywhere and every
//! format saturates symmetrically.
//!
//! ```
//! use trigforge_models::metrics::evaluate;
//!
//! // Three rows of two logits, and their classes.
//! let figures = evaluate(&[2.0, 0.0, 0.0, 1.0, 0.5, 0.0], 2, &[0, 1, 1], 0.5)?;
//! assert_eq!(figures.confusion, [[1, 0], [1, 1]]);
//! # Ok::<(), trigforge_models::metrics::MetricsError>(())
//! ```

mod artefacts;
pub mod config;
pub mod data;
pub mod evaluate;
pub mod execute;
pub mod export;
mod files;
pub mod inputs;
pub mod metrics;
pub mod net;
pub mod observables;
pub mod report;
pub mod seed;
pub mod sweep;
mod team;
pub mod train;
pub mod zoo;

pub use config::Config;
pub use train::{TrainError, TrainOptions, TrainSummary, train};
