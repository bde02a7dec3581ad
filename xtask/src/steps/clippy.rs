//! Lints.

use anyhow::Result;

use crate::context::{Context, Outcome};
use crate::process::run as execute;

/// Lints all targets.
///
/// In the release profile, as every step: build scripts and procedural macros
/// are then compiled once for all of them.
pub fn run(context: &Context) -> Result<Outcome> {
    let mut command = context.cargo(["clippy", "--release", "--workspace", "--all-targets"]);
    if context.ci {
        command.arg("--locked");
    }
    execute(command.args(["--", "-D", "warnings"]))?;
    Ok(Outcome::passed())
}
