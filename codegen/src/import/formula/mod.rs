//! Formulas as text, as symbolic regression prints them (PySR,
//! arXiv:2305.01582, and SymPy).
//!
//! A file has one expression per line; [`file`] says what else a line may be.
//! An expression becomes a graph of terms (`terms.rs`) in which a term that
//! stands twice is computed once, constants are computed, and a power with a
//! whole exponent is a product. The input is one vector of all variables.

mod expression;
mod file;
mod functions;
mod graph;
mod lexer;
mod parser;
mod terms;

use std::path::Path;

use super::{ImportError, Unsupported};
use crate::real::Graph;

pub use expression::{Expression, ExpressionError};

/// Where something stands in a file, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Position {
    line: usize,
    column: usize,
}

impl std::fmt::Display for Position {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "line {}, column {}", self.line, self.column)
    }
}

/// Why a text is no graph.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    /// It is not of the grammar.
    Syntax {
        /// Where.
        at: Position,
        /// What was expected.
        reason: String,
    },
    /// It holds what is not taken: all of it.
    Unsupported(Vec<Unsupported>),
}

/// Reads a file of formulas.
///
/// # Errors
///
/// A file that cannot be read, is not of the grammar, or holds a name or an
/// operation that is not taken: all of them at once.
pub fn read(path: &Path) -> Result<Graph, ImportError> {
    let (bytes, sha256) = super::file::read_expected(path, "a file of formulas", |_| true)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut graph = from_bytes(&name, &bytes).map_err(|fault| match fault {
        Fault::Syntax { at, reason } => ImportError::NotAModel {
            path: path.to_owned(),
            reason: format!("{at}: {reason}"),
        },
        Fault::Unsupported(items) => ImportError::UnsupportedFormula {
            path: path.to_owned(),
            items,
            taken: functions::taken(),
        },
    })?;
    graph.source_sha256 = sha256;
    Ok(graph)
}

fn from_bytes(name: &str, bytes: &[u8]) -> Result<Graph, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Fault::Syntax {
            at: Position { line, column: 1 },
            reason: "expected UTF-8 text".to_owned(),
        }
    })?;
    let formulas = file::read(text)?;
    graph::build(name, formulas)
}
