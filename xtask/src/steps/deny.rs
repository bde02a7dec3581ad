//! Dependencies: licences, sources, duplicates, advisories.

use anyhow::Result;

use crate::context::{Context, Outcome};
use crate::process::{run as execute, succeeds};
use crate::tools;

/// Checks the dependencies against `deny.toml`.
///
/// The advisory database lies on GitHub. Where that cannot be reached, the
/// summary says so; where it can, an advisory fails the step.
pub fn run(context: &Context) -> Result<Outcome> {
    let deny = match tools::cargo_deny(context)? {
        Ok(path) => path,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let with = |arguments: &[&str]| {
        let mut command = context.command(&deny);
        command
            .args(["--workspace", "--all-features", "--log-level", "error"])
            .args(arguments);
        command
    };
    execute(&mut with(&["check", "bans", "licenses", "sources"]))?;
    if !succeeds(&mut with(&["fetch", "db"])) {
        let note = "advisories NOT checked: the database cannot be fetched from GitHub";
        return Ok(Outcome::Passed(vec![note.to_owned()]));
    }
    execute(&mut with(&["check", "--disable-fetch", "advisories"]))?;
    Ok(Outcome::passed())
}
