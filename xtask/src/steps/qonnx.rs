//! The shipped models in another implementation: the Python package qonnx.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::context::{Context, Outcome};
use crate::process::{run as execute, succeeds};
use crate::tools;

const REQUIREMENTS: &str = "xtask/python/requirements.txt";
const SCRIPT: &str = "xtask/python/check_qonnx.py";

/// Compares `trigforge run` with qonnx on every event of every zoo sample.
pub fn run(context: &Context) -> Result<Outcome> {
    let folder = context.work("python");
    let python = folder.join("bin/python");
    // Written last, so that an environment that was interrupted is made anew.
    let complete = folder.join(".complete");
    let required = std::fs::read_to_string(context.root.join(REQUIREMENTS))
        .with_context(|| REQUIREMENTS.to_owned())?;
    let up_to_date = std::fs::read_to_string(&complete).is_ok_and(|made| made == required);
    if !up_to_date {
        if !context.ci && !context.with_python {
            let reason = "needs a Python environment (360 MB): cargo xtask test --with-python";
            return Ok(Outcome::Skipped(reason.to_owned()));
        }
        if let Some(reason) = tools::missing(context, tools::PYTHON)? {
            return Ok(Outcome::Skipped(reason));
        }
        make_environment(context, &folder, &python)?;
        std::fs::write(&complete, required).with_context(|| complete.display().to_string())?;
    }
    let models = zoo(context)?;
    let build = ["build", "--release", "--bin", "trigforge"];
    execute(&mut context.cargo(build))?;
    let mut check = context.command(&python);
    check
        .arg(SCRIPT)
        .arg("--trigforge")
        .arg(context.target().join("release/trigforge"));
    execute(check.args(&models))?;
    Ok(Outcome::Passed(vec![format!("{} models", models.len())]))
}

fn make_environment(context: &Context, folder: &Path, python: &Path) -> Result<()> {
    execute(
        context
            .command("python3")
            .args(["-m", "venv", "--clear"])
            .arg(folder),
    )?;
    let mut install = context.command(python);
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    execute(install.args(["--requirement", REQUIREMENTS]))?;
    if !succeeds(context.command(python).args(["-c", "import qonnx, onnx"])) {
        bail!("the Python environment was made, but cannot import qonnx");
    }
    Ok(())
}

/// The folders of the shipped models.
fn zoo(context: &Context) -> Result<Vec<PathBuf>> {
    let folder = context.root.join("models/zoo");
    let mut models = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.join("model.onnx").is_file() {
            models.push(path);
        }
    }
    models.sort();
    match models.is_empty() {
        true => bail!(
            "{} holds no model, so nothing was compared",
            folder.display()
        ),
        false => Ok(models),
    }
}
