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
//! use trigforge_models::metrics::{Options, Scores, classification};
//!
//! // Three rows of two logits, and their classes.
//! let scores = Scores {
//!     logits: &[2.0, 0.0, 0.0, 1.0, 0.5, 0.0],
//!     classes: 2,
//!     labels: &[0, 1, 1],
//!     weights: &[],
//! };
//! let figures = classification(&scores, &Options::default())?;
//! assert_eq!(figures.accuracy.value, 2.0 / 3.0);
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
#[cfg(test)]
mod trials;
pub mod views;
pub mod zoo;

pub use config::Config;
pub use train::{Processor, TrainError, TrainOptions, TrainSummary, train};
