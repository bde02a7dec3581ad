//! Importers: from a file to a graph of real-valued operations, or to a circuit.
//!
//! A model is either taken as it is written or refused by name; an importer
//! never guesses. All that is unsupported in a file is reported at once.

pub mod alir;
mod file;
pub mod formula;
mod json;
pub mod onnx;
mod trees;

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::ir::element_count;
use crate::real::{EvalError, Graph};

/// Most elements of all values of a model together: an event is evaluated with
/// all of them in memory.
const MOST_TOGETHER: usize = 1 << 26;

/// One thing in a file that no importer takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// The node, or the part of the file.
    pub node: String,
    /// The operator, empty where it is not about one.
    pub operator: String,
    /// What is not taken, and what would be.
    pub reason: String,
}

impl std::fmt::Display for Unsupported {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let node = shorten(&self.node);
        match self.operator.as_str() {
            "" => write!(out, "`{node}`: {}", self.reason),
            operator => write!(
                out,
                "node `{node}` ({}): {}",
                shorten(operator),
                self.reason
            ),
        }
    }
}

/// A name from a file as it may stand in a message: escaped, and not endless.
pub fn shorten(name: &str) -> String {
    const LONGEST: usize = 80;
    let mut text: String = name.chars().take(LONGEST).collect();
    if text.len() < name.len() {
        text.push_str("...");
    }
    text.escape_debug().to_string()
}

/// A file that cannot be imported. The file's fault, unless it says otherwise.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not of the expected kind, or broken.
    #[error("{} is not a model: {reason}", path.display())]
    NotAModel {
        /// The file.
        path: PathBuf,
        /// What was expected and where it broke.
        reason: String,
    },
    /// The model breaks the rules of its own format.
    #[error("{} is not a valid model: {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The rule.
        reason: String,
    },
    /// The model holds what no importer takes.
    #[error("{} holds {} that trigforge does not take:\n{}{}",
        path.display(), count(items), list(items), hint(items))]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// All of it.
        items: Vec<Unsupported>,
    },
    /// A circuit holds what its importer does not take.
    #[error("{} holds {} that trigforge does not take:\n{}",
        path.display(), count(items), list(items))]
    UnsupportedCircuit {
        /// The file.
        path: PathBuf,
        /// All of it.
        items: Vec<Unsupported>,
    },
    /// Formulas hold what their importer does not take.
    #[error("{} holds {} that trigforge does not take:\n{}\n{taken}.",
        path.display(), count(items), list(items))]
    UnsupportedFormula {
        /// The file.
        path: PathBuf,
        /// All of it.
        items: Vec<Unsupported>,
        /// What is taken.
        taken: String,
    },
    /// A constant expression of the model cannot be computed.
    #[error("{}: a constant expression cannot be computed", path.display())]
    Constant {
        /// The file.
        path: PathBuf,
        /// Why.
        source: EvalError,
    },
}

fn count(items: &[Unsupported]) -> String {
    match items.len() {
        1 => "1 thing".to_owned(),
        n => format!("{n} things"),
    }
}

/// Where operators are listed, if it is about operators.
fn hint(items: &[Unsupported]) -> &'static str {
    match items.iter().any(|item| !item.operator.is_empty()) {
        true => "\ndocs/onnx-operators.md lists the operators of ONNX that are taken.",
        false => "",
    }
}

fn list(items: &[Unsupported]) -> String {
    let lines: Vec<_> = items.iter().map(|item| format!("  - {item}")).collect();
    lines.join("\n")
}

/// Reads a model file as a real graph with its constants folded.
///
/// # Errors
///
/// A file that cannot be read, is no model, or holds what is not taken.
pub fn read(path: &Path) -> Result<Graph, ImportError> {
    read_with(path, &onnx::Options::default())
}

/// Reads a model file with what it leaves open. A name that ends in `.formula`
/// is a file of formulas. Formulas and tree ensembles leave nothing open.
///
/// # Errors
///
/// As [`read`].
pub fn read_with(path: &Path, options: &onnx::Options) -> Result<Graph, ImportError> {
    let formula = path
        .extension()
        .is_some_and(|extension| extension == "formula");
    let closed = match formula {
        true => Some(formula::read(path)?),
        false => trees::read(path)?,
    };
    let graph = match closed {
        Some(_) if !options.constants.is_empty() || options.batch.is_some() => {
            return Err(ImportError::Invalid {
                path: path.to_owned(),
                reason: "values of inputs and a number of events are stated for ONNX only"
                    .to_owned(),
            });
        }
        Some(graph) => graph,
        None => onnx::read_with(path, options)?,
    };
    let graph = crate::real::fold(&graph).map_err(|source| ImportError::Constant {
        path: path.to_owned(),
        source,
    })?;
    let sizes = graph.nodes.iter().map(|node| element_count(&node.shape));
    match sizes.fold(0, usize::saturating_add) {
        0..=MOST_TOGETHER => Ok(graph),
        elements => Err(ImportError::Invalid {
            path: path.to_owned(),
            reason: format!(
                "its values have {elements} elements together, more than the {MOST_TOGETHER} \
                 that are taken"
            ),
        }),
    }
}
