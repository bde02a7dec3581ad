//! Documentation.

use anyhow::Result;

use crate::context::{Context, Outcome};
use crate::process::run as execute;

/// Builds the documentation of the workspace; a broken link is an error.
pub fn run(context: &Context) -> Result<Outcome> {
    let mut command = context.cargo(["doc", "--release", "--workspace", "--no-deps"]);
    execute(command.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Outcome::passed())
}
