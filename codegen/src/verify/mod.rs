//! Compares compiled kernels with the interpreter, mantissa by mantissa.

mod build;
mod events;
mod exchange;
pub mod formal;
pub mod hls;
pub mod verilog;

pub use build::{BuildError, BuildOptions, RustKernel, glue, rustc};
pub use events::{Events, random_events};
pub use exchange::{Exchange, RunError, Runs};

use thiserror::Error;

use crate::interp::EventError;
use crate::ports::Execute;

/// The first difference between the interpreter and a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "event {event}, output `{}`, element {element}: the interpreter gives {expected}, \
     the kernel {found}", name.escape_debug()
)]
pub struct Mismatch {
    /// Index of the event, from 0.
    pub event: usize,
    /// The output's name.
    pub name: String,
    /// Position in the output, in C order.
    pub element: usize,
    /// The interpreter's mantissa.
    pub expected: i64,
    /// The kernel's mantissa.
    pub found: i64,
}

/// Why a comparison did not pass.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The kernel computes something else.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// The kernel could not be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// An event does not fit the model.
    #[error("event {event}")]
    Event {
        /// Its index, from 0.
        event: usize,
        /// Why.
        source: EventError,
    },
    /// Nothing was compared.
    #[error("there are no events, so nothing was compared")]
    Empty,
}

/// Compares every output mantissa of every event.
///
/// # Errors
///
/// The first mismatch, or why nothing could be compared.
pub fn compare(
    interpreter: &(impl Execute + ?Sized),
    kernel: &impl Runs,
    events: &Events,
) -> Result<(), VerifyError> {
    if events.is_empty() {
        return Err(VerifyError::Empty);
    }
    let results = kernel.run(events)?;
    for (event, found) in results.iter().enumerate() {
        let expected = interpreter
            .run(&events.inputs(event))
            .map_err(|source| VerifyError::Event { event, source })?;
        let mut at = 0;
        for (output, expected) in interpreter.ports().outputs.iter().zip(&expected) {
            for (element, &expected) in expected.iter().enumerate() {
                let found = found[at];
                at += 1;
                if expected != found {
                    return Err(VerifyError::Mismatch(Mismatch {
                        event,
                        name: output.name.clone(),
                        element,
                        expected,
                        found,
                    }));
                }
            }
        }
    }
    Ok(())
}
