//! A model at either level: a graph of tensors, or a circuit of scalars.

use std::path::Path;

use thiserror::Error;

use crate::circuit::{self, Circuit, CircuitError};
use crate::emit::hls::{self, HlsError};
use crate::emit::rust::{self, Options};
use crate::emit::{Kernel, Unsupported, Vectors};
use crate::import::{ImportError, alir};
use crate::interp::Interpreter;
use crate::ir::Module;
use crate::ports::{Execute, Ports, WithPorts};
use crate::quantize::{LoadError, Note, PostTraining, load_noted};
use crate::validate::{ValidateError, validate};

/// A model that is made of integers.
#[derive(Clone, Debug, PartialEq)]
pub enum Model {
    /// Tensor operations.
    Graph(Module),
    /// Scalar operations.
    Circuit(Circuit),
}

/// A model that breaks a rule of its level.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Of the graph level.
    #[error(transparent)]
    Graph(#[from] ValidateError),
    /// Of the circuit level.
    #[error(transparent)]
    Circuit(#[from] CircuitError),
}

/// A model that has no kernel.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EmitError {
    /// It breaks a rule of its level.
    #[error(transparent)]
    Invalid(#[from] ModelError),
    /// The target lacks something.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// There is no HLS C++ of it.
    #[error(transparent)]
    Hls(#[from] HlsError),
}

/// Reads a model file of any kind that is taken, and says what is not exact in
/// what was read.
///
/// `float` gives formats to the values of a float model.
///
/// # Errors
///
/// A file that cannot be imported, or values without an exact integer form.
pub fn load(path: &Path, float: Option<&PostTraining>) -> Result<(Model, Vec<Note>), LoadError> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let circuit = match extension {
        Some("json" | "gz") => alir::read(path)?,
        Some("ir") => textual(path)?,
        _ => None,
    };
    if let Some(circuit) = circuit {
        return Ok((Model::Circuit(circuit), Vec::new()));
    }
    load_noted(path, float).map(|(module, notes)| (Model::Graph(module), notes))
}

/// Reads the textual form of a circuit; `None` if the text is not one.
fn textual(path: &Path) -> Result<Option<Circuit>, LoadError> {
    let text = std::fs::read_to_string(path).map_err(|source| ImportError::Read {
        path: path.to_owned(),
        source,
    })?;
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'));
    if !first.is_some_and(|line| line.starts_with("trigforge-circuit")) {
        return Ok(None);
    }
    let circuit = circuit::parse(&text).map_err(|source| LoadError::Parse {
        path: path.display().to_string(),
        source,
    })?;
    circuit::validate(&circuit).map_err(|source| ImportError::Invalid {
        path: path.to_owned(),
        reason: source.to_string(),
    })?;
    Ok(Some(circuit))
}

impl Model {
    /// The interpreter of the model's level.
    ///
    /// # Errors
    ///
    /// The rule that the model breaks.
    pub fn interpreter(&self) -> Result<Box<dyn Execute + '_>, ModelError> {
        Ok(match self {
            Self::Graph(module) => Box::new(Interpreter::new(module)?),
            Self::Circuit(circuit) => Box::new(circuit::Interpreter::new(circuit)?),
        })
    }

    /// A Rust kernel of the model.
    ///
    /// # Errors
    ///
    /// The rule that the model breaks, or what has no Rust kernel.
    pub fn rust_kernel(&self, options: Options) -> Result<Kernel, EmitError> {
        Ok(match self {
            Self::Graph(module) => {
                let info = validate(module).map_err(ModelError::Graph)?;
                rust::emit(module, &info, options)?
            }
            Self::Circuit(circuit) => {
                let info = circuit::validate(circuit).map_err(ModelError::Circuit)?;
                rust::emit_circuit(circuit, &info, options)?
            }
        })
    }

    /// HLS C++ of the model, and the parameters of its top function.
    ///
    /// # Errors
    ///
    /// The rule that the model breaks, or what has no HLS C++.
    pub fn hls_kernel(
        &self,
        options: &hls::Options,
        vectors: Option<&Vectors>,
    ) -> Result<(hls::Ports, Kernel), EmitError> {
        match self {
            Self::Graph(module) => {
                let info = validate(module).map_err(ModelError::Graph)?;
                let kernel = hls::emit(module, &info, options, vectors)?;
                Ok((hls::Ports::of(module), kernel))
            }
            Self::Circuit(_) => Err(HlsError::Circuit.into()),
        }
    }

    /// The textual form, which can be read back as a model.
    pub fn print(&self) -> String {
        match self {
            Self::Graph(module) => crate::ir::print(module),
            Self::Circuit(circuit) => circuit::print(circuit),
        }
    }
}

impl WithPorts for Model {
    fn ports(&self) -> Ports {
        match self {
            Self::Graph(module) => module.ports(),
            Self::Circuit(circuit) => circuit.ports(),
        }
    }
}
