//! The first command of the README.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::context::{Context, Outcome};
use crate::process::{run as execute, succeeds};

/// Within this the demo ends, once it is compiled.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs the demo, without a network where that can be arranged.
pub fn run(context: &Context) -> Result<Outcome> {
    execute(&mut context.cargo(["build", "--release", "--bin", "trigforge"]))?;
    let folder = context.work("demo");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    let unplugged = succeeds(context.command("unshare").args(["-rn", "true"]));
    let cargo = context.cargo([]);
    let mut command = match unplugged {
        true => {
            let mut command = context.command("unshare");
            command.arg("-rn").arg(cargo.get_program());
            command
        }
        false => cargo,
    };
    command.args([
        "run",
        "--release",
        "--offline",
        "--bin",
        "trigforge",
        "--",
        "demo",
        "--out",
    ]);
    let start = Instant::now();
    execute(command.arg(&folder))?;
    let took = start.elapsed();
    if took > LIMIT {
        bail!(
            "the demo took {:.1} s, more than {} s",
            took.as_secs_f64(),
            LIMIT.as_secs()
        );
    }
    for extension in ["rs", "html"] {
        if !holds(&folder, extension)? {
            bail!("{} holds no .{extension} file", folder.display());
        }
    }
    let network = match unplugged {
        true => "without a network",
        false => "with a network, since `unshare -rn` is not allowed here",
    };
    Ok(Outcome::Passed(vec![format!(
        "{:.1} s {network}",
        took.as_secs_f64()
    )]))
}

/// Whether a folder or one below it holds a file with an extension.
fn holds(folder: &Path, extension: &str) -> Result<bool> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() && holds(&path, extension)? {
            return Ok(true);
        }
        if path.is_file() && path.extension().is_some_and(|found| found == extension) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_in_folders_below() -> Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join("src"))?;
        std::fs::write(folder.path().join("src/lib.rs"), "")?;
        assert!(holds(folder.path(), "rs")?);
        assert!(!holds(folder.path(), "html")?);
        Ok(())
    }
}
