//! Formatting.

use anyhow::Result;

use crate::context::{Context, Outcome};
use crate::process::run as execute;

/// Checks the formatting of all code.
pub fn run(context: &Context) -> Result<Outcome> {
    execute(&mut context.cargo(["fmt", "--all", "--check"]))?;
    Ok(Outcome::passed())
}
