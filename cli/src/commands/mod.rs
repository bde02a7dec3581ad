//! The verbs of the command, one file each.

pub mod adders;
pub mod circuit;
pub mod compile;
pub mod data;
pub mod demo;
pub mod estimate;
pub mod evaluate;
mod formal;
pub mod inspect;
pub mod latency;
pub mod run;
mod run_float;
pub mod sweep;
pub mod train;
pub mod verify;

use miette::{IntoDiagnostic, Result};

/// Prints a value as JSON on standard output.
pub fn print_json(value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).into_diagnostic()?;
    println!("{text}");
    Ok(())
}
