//! HGQ2, in a Python environment of its own.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::run::{self, Beta, Size};
use crate::context::Context;
use crate::process::run as execute;
use crate::python::{Environment, Python};

const ENVIRONMENT: Environment = Environment {
    folder: "hgq2",
    requirements: "benches/peers/hgq2.txt",
    probe: "import os; os.environ['KERAS_BACKEND'] = 'jax'; import hgq",
    size: "711 MB",
};
const SCRIPT: &str = "benches/peers/hgq2_jsc.py";

/// Trains with HGQ2.
pub struct Trainer<'a> {
    context: &'a Context,
    python: PathBuf,
    data: PathBuf,
}

impl<'a> Trainer<'a> {
    /// Makes the environment, and writes the parts of the data that `config` describes.
    pub fn new(context: &'a Context, config: &Path, out: &Path) -> Result<Self> {
        let python = match ENVIRONMENT.python(context)? {
            Python::At(python) => python,
            Python::Missing(reason) => bail!(reason),
        };
        let data = out.join("data");
        let mut write = context.command(context.target().join("release/trigforge"));
        write.arg("data").arg(config).arg("--write").arg(&data);
        execute(&mut write)?;
        Ok(Self {
            context,
            python,
            data,
        })
    }

    /// Adds a training to a file, unless it is there.
    pub fn train(&self, beta: Beta, size: Size, file: &Path) -> Result<()> {
        if run::read(file)?.iter().any(|run| run.is(beta, size)) {
            return Ok(());
        }
        let mut train = self.context.command(&self.python);
        train.arg(SCRIPT).arg("--resume");
        train.arg("--data").arg(&self.data).arg("--out").arg(file);
        train.args(["--betas", &beta.to_string()]);
        train.args(["--seeds", &size.seed.to_string()]);
        train.args(["--epochs", &size.epochs.to_string()]);
        execute(train.args(["--batch", &size.batch.to_string()]))
    }
}
