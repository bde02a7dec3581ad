//! Python environments of steps that compare with Python packages.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::context::Context;
use crate::process::{run, succeeds};
use crate::tools;

/// What an environment is made of.
#[derive(Clone, Copy, Debug)]
pub struct Environment {
    /// Its folder below the steps' own.
    pub folder: &'static str,
    /// The list of packages, from the root of the repository.
    pub requirements: &'static str,
    /// A statement that must run in it.
    pub probe: &'static str,
    /// Why it is not made off CI without being asked for.
    pub size: &'static str,
}

/// An interpreter of an environment, or why there is none.
#[derive(Debug)]
pub enum Python {
    /// The program.
    At(PathBuf),
    /// Why the step is skipped.
    Missing(String),
}

impl Environment {
    /// The environment's interpreter; it is made if it is not there, or if its
    /// list of packages has changed.
    pub fn python(&self, context: &Context) -> Result<Python> {
        let folder = context.work(self.folder);
        let python = folder.join("bin/python");
        // Written last, so that an environment that was interrupted is made anew.
        let complete = folder.join(".complete");
        let required = std::fs::read_to_string(context.root.join(self.requirements))
            .with_context(|| self.requirements.to_owned())?;
        if std::fs::read_to_string(&complete).is_ok_and(|made| made == required) {
            return Ok(Python::At(python));
        }
        if !context.ci && !context.with_python {
            let reason = format!(
                "needs a Python environment ({}): cargo xtask test --with-python",
                self.size
            );
            return Ok(Python::Missing(reason));
        }
        if let Some(reason) = tools::missing(context, tools::PYTHON)? {
            return Ok(Python::Missing(reason));
        }
        let mut make = context.command("python3");
        run(make.args(["-m", "venv", "--clear"]).arg(&folder))?;
        let mut install = context.command(&python);
        install.args(["-m", "pip", "install", "--quiet"]);
        install.arg("--disable-pip-version-check");
        run(install.args(["--requirement", self.requirements]))?;
        if !succeeds(context.command(&python).args(["-c", self.probe])) {
            bail!(
                "the Python environment was made, but `{}` fails in it",
                self.probe
            );
        }
        std::fs::write(&complete, required).with_context(|| complete.display().to_string())?;
        Ok(Python::At(python))
    }
}
