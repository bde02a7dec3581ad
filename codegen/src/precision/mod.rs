//! Formats chosen by a search: the cheapest model within a loss.
//!
//! [`search`] looks for the widths of every weight, per output channel, and of
//! every activation that cost the fewest effective bit operations (EBOPs,
//! arXiv:2405.00645) while the loss on calibration events stays within a limit.
//! What is measured is the integer module itself, as [`crate::interp`] executes
//! it, never a model of it. The method is described in `docs/precision.md`;
//! the same files give the same formats on every machine.
//!
//! [`profile`] shows how the chosen formats are used.

mod batch;
mod loss;
mod measure;
mod metric;
mod moves;
mod pareto;
mod profile;
mod reference;
mod request;
mod roc;
mod search;
mod sensitivity;

pub use loss::Loss;
pub use metric::{Metric, MetricError};
pub use pareto::{Front, Point, Priced};
pub use profile::{Exponents, TensorProfile, profile};
pub use request::{Found, Limits, Phase, Progress, Request, Scored, SiteChoice};
pub use search::search;

use thiserror::Error;

use crate::import::Unsupported;
use crate::quantize::CalibrationError;
use crate::real::EvalError;
use crate::validate::ValidateError;

/// Why no formats were found.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The model states every format itself.
    #[error("the model states the formats of all its values: there is nothing to choose")]
    NothingToChoose,
    /// Too few events to keep some aside.
    #[error(
        "{found} calibration events are too few to keep some aside; at least {expected} are needed"
    )]
    TooFewEvents {
        /// Events given.
        found: usize,
        /// Events needed.
        expected: usize,
    },
    /// It is not said which output counts.
    #[error("the model has no single output of this name to measure; its outputs are {}", found.join(", "))]
    Output {
        /// The model's outputs.
        found: Vec<String>,
    },
    /// A limit that is none.
    #[error("a loss of {limit} is no limit; expected a number")]
    Limit {
        /// The limit.
        limit: f64,
    },
    /// The loss cannot be measured.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// No format is fine enough.
    #[error(
        "with {width} bits for every weight and activation the loss in {metric} is {loss:.3e} \
         +- {error:.1e}, above the limit of {limit:.3e}: no choice of formats is known to keep it"
    )]
    OutOfReach {
        /// The widest width tried.
        width: u32,
        /// The metric.
        metric: Metric,
        /// The loss there.
        loss: f64,
        /// Its standard error.
        error: f64,
        /// The limit.
        limit: f64,
    },
    /// The calibration events do not fit the model.
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    /// The float model cannot be evaluated on an event.
    #[error("event {event}")]
    Event {
        /// Its row, from 0.
        event: usize,
        /// Why.
        source: EvalError,
    },
    /// Some values have no exact integer form.
    #[error("the model holds values without an exact integer form:\n{}", lines(.0))]
    NotExact(Vec<Unsupported>),
    /// A module that was made is not valid: a fault of trigforge.
    #[error("internal error, please report it: {0}")]
    Internal(#[from] ValidateError),
}

fn lines(items: &[Unsupported]) -> String {
    let lines: Vec<_> = items.iter().map(|item| format!("  - {item}")).collect();
    lines.join("\n")
}
