//! The shipped models in another implementation: the Python package qonnx.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::context::{Context, Outcome};
use crate::process::run as execute;
use crate::python::{Environment, Python};

const ENVIRONMENT: Environment = Environment {
    folder: "python",
    requirements: "xtask/python/requirements.txt",
    probe: "import qonnx, onnx",
    size: "360 MB",
};
const SCRIPT: &str = "xtask/python/check_qonnx.py";

/// Compares `trigforge run` with qonnx on every event of every zoo sample.
pub fn run(context: &Context) -> Result<Outcome> {
    let python = match ENVIRONMENT.python(context)? {
        Python::At(python) => python,
        Python::Missing(reason) => return Ok(Outcome::Skipped(reason)),
    };
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
