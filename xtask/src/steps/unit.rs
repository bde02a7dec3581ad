//! Tests.

use anyhow::Result;

use crate::context::{Context, Outcome};
use crate::process::run as execute;

/// Runs the tests of the workspace.
///
/// In the release profile: the heavy dependencies are compiled once for the
/// tests and for `cargo run --release`.
pub fn run(context: &Context) -> Result<Outcome> {
    execute(&mut context.cargo(["test", "--release", "--workspace", "--no-fail-fast"]))?;
    Ok(Outcome::passed())
}
