//! Circuits of alkaid and da4ml in the interpreters of those packages.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::context::{Context, Outcome};
use crate::process::run as execute;
use crate::python::{Environment, Python};

const ENVIRONMENT: Environment = Environment {
    folder: "python-alir",
    requirements: "xtask/python/alir.txt",
    probe: "import alkaid.types, da4ml.types",
    size: "90 MB",
};
const SCRIPT: &str = "xtask/python/check_alir.py";
/// A program with every operation.
const OWN: &str = "codegen/tests/alir/every_operation.json";
/// Programs that others made, beside the repository.
const OTHERS: [&str; 2] = [
    "../shared/models/alkaid-circuits",
    "../shared/models/da4ml-golden",
];
const EVENTS: &str = "20000";

/// Compares `trigforge run`, interpreted and compiled, with the packages.
pub fn run(context: &Context) -> Result<Outcome> {
    let python = match ENVIRONMENT.python(context)? {
        Python::At(python) => python,
        Python::Missing(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let mut programs = vec![context.root.join(OWN)];
    let mut notes = Vec::new();
    for folder in OTHERS {
        match distinct(&context.root.join(folder))? {
            Some(found) => programs.extend(found),
            None => notes.push(format!("{folder} is not there")),
        }
    }
    let build = ["build", "--release", "--bin", "trigforge"];
    execute(&mut context.cargo(build))?;
    let mut check = context.command(&python);
    check
        .arg(SCRIPT)
        .args(["--events", EVENTS])
        .arg("--trigforge")
        .arg(context.target().join("release/trigforge"));
    execute(check.args(&programs))?;
    notes.insert(0, format!("{} programs", programs.len()));
    Ok(Outcome::Passed(notes))
}

/// The programs in a folder, each content once; `None` if it is not there.
fn distinct(folder: &Path) -> Result<Option<Vec<PathBuf>>> {
    if !folder.is_dir() {
        return Ok(None);
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        paths.push(entry?.path());
    }
    paths.sort();
    let mut seen = Vec::new();
    let mut programs = Vec::new();
    for path in paths {
        let name = path.to_string_lossy();
        if !name.ends_with(".json.gz") && !name.ends_with("__comb.json") {
            continue;
        }
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        if !seen.contains(&bytes) {
            seen.push(bytes);
            programs.push(path);
        }
    }
    Ok(Some(programs))
}
