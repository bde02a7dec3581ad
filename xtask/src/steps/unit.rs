//! Tests.

use anyhow::Result;

use crate::context::{Context, Outcome};
use crate::process::run as execute;
use crate::tools;

/// Runs the tests of the workspace.
///
/// In the release profile: the heavy dependencies are compiled once for the
/// tests and for `cargo run --release`. Tests that lack a tool say so and pass;
/// on CI it is there.
pub fn run(context: &Context) -> Result<Outcome> {
    if context.ci {
        for tool in tools::VERILOG {
            tools::missing(context, tool)?;
        }
    }
    execute(&mut context.cargo(["test", "--release", "--workspace", "--no-fail-fast"]))?;
    Ok(Outcome::passed())
}
