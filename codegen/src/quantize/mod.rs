//! From real numbers to integers: formats for every value.
//!
//! A quantised model states its formats itself ([`crate::real::Op::Quantize`]);
//! a float one gets them from calibration events and a width
//! ([`post_training`]). [`to_integer`] then writes the module, exactly, or says
//! by name what is not exact.

mod align;
mod composed;
mod constant;
mod contraction;
mod functions;
mod integer;
mod multiply;
mod notes;
mod pairs;
mod place;
mod post_training;
mod profile;
mod rearrange;
mod reductions;
mod round;
mod scale;
mod sites;
mod softmax;
mod trees;

pub use integer::{to_integer, to_integer_noted};
pub use notes::Note;
pub use post_training::{CalibrationError, Placed, Placement, post_training};
pub use profile::Calibration;
pub use sites::{Bits, Role, Site, SiteBits, Widths};

use std::path::Path;

use thiserror::Error;

use crate::import::{self, ImportError, Unsupported};
use crate::ir::{Module, ParseError, parse};
use crate::validate::{ValidateError, validate};

/// How a float model is brought to integers.
#[derive(Debug, Clone)]
pub struct PostTraining {
    /// Events from which ranges are profiled.
    pub calibration: Calibration,
    /// Bits of every weight and activation.
    pub width: u32,
}

/// Bits of weights and activations where none are given.
pub const DEFAULT_WIDTH: u32 = 16;

/// A model that cannot be brought to integers.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The file is not the textual form of a module.
    #[error("{path}: {source}")]
    Parse {
        /// The file.
        path: String,
        /// Where it breaks.
        source: ParseError,
    },
    /// Some values have no exact integer form.
    #[error("{path} holds values without an exact integer form:\n{}", lines(items))]
    NotExact {
        /// The file.
        path: String,
        /// All of them.
        items: Vec<Unsupported>,
    },
    /// The calibration events do not fit.
    #[error("the calibration events do not fit {path}")]
    Calibration {
        /// The file.
        path: String,
        /// Why.
        source: CalibrationError,
    },
    /// The module that was made is not valid: a fault of trigforge.
    #[error("{path}: internal error, please report it: {source}")]
    Internal {
        /// The file.
        path: String,
        /// The rule.
        source: ValidateError,
    },
}

fn lines(items: &[Unsupported]) -> String {
    let lines: Vec<_> = items.iter().map(|item| format!("  - {item}")).collect();
    lines.join("\n")
}

/// Reads a model file (ONNX, QONNX, or the textual form in `.ir`) as a valid
/// module.
///
/// # Errors
///
/// A file that cannot be imported, or values without an exact integer form.
pub fn load(path: &Path, float: Option<&PostTraining>) -> Result<Module, LoadError> {
    load_noted(path, float).map(|(module, _)| module)
}

/// Reads a model file as [`load`] does, and says what is not exact in it.
///
/// # Errors
///
/// As [`load`].
pub fn load_noted(
    path: &Path,
    float: Option<&PostTraining>,
) -> Result<(Module, Vec<Note>), LoadError> {
    let shown = path.display().to_string();
    if path.extension().is_some_and(|extension| extension == "ir") {
        let text = std::fs::read_to_string(path).map_err(|source| ImportError::Read {
            path: path.to_owned(),
            source,
        })?;
        let parsed = parse(&text).map_err(|source| LoadError::Parse {
            path: shown.clone(),
            source,
        })?;
        return checked(parsed, shown).map(|module| (module, Vec::new()));
    }
    let mut graph = import::read(path)?;
    if let Some(float) = float {
        graph = post_training(&graph, &float.calibration, float.width).map_err(|source| {
            LoadError::Calibration {
                path: shown.clone(),
                source,
            }
        })?;
    }
    let (module, notes) = to_integer_noted(&graph).map_err(|items| LoadError::NotExact {
        path: shown.clone(),
        items,
    })?;
    checked(module, shown).map(|module| (module, notes))
}

fn checked(module: Module, path: String) -> Result<Module, LoadError> {
    match validate(&module) {
        Ok(_) => Ok(module),
        Err(source) => Err(LoadError::Internal { path, source }),
    }
}
