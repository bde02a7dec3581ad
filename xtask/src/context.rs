//! What every step is told.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

/// The shipped model whose kernel is proved, from the root of the repository.
pub const SHIPPED: &str = "models/zoo/jsc-mlp/model.onnx";

/// Where a run of the steps takes place.
#[derive(Debug)]
pub struct Context {
    /// Root of the repository.
    pub root: PathBuf,
    /// Whether `CI` is set: then nothing is skipped, and tools are installed.
    pub ci: bool,
    /// Whether to make a Python environment off CI too.
    pub with_python: bool,
    /// The model whose kernel is proved.
    pub model: PathBuf,
}

/// How a step ended that did not fail.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of it ran; with what a reader of the summary must know.
    Passed(Vec<String>),
    /// Some of it did not run, and why.
    Skipped(String),
}

impl Outcome {
    /// Passed, with nothing to add.
    pub fn passed() -> Self {
        Self::Passed(Vec::new())
    }
}

impl Context {
    /// Finds the repository, and whether this is CI.
    pub fn new(model: Option<&Path>, with_python: bool) -> Result<Self> {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = package.parent().context("xtask lies in no repository")?;
        let ci = std::env::var("CI").is_ok_and(|value| is_set(&value));
        Ok(Self {
            root: root.to_owned(),
            ci,
            with_python,
            model: model.map_or_else(|| root.join(SHIPPED), Path::to_owned),
        })
    }

    /// A command that runs in the root of the repository.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// `cargo` with arguments.
    pub fn cargo<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = self.command(cargo);
        command.args(arguments);
        command
    }

    /// The folder that steps write to, below cargo's target folder.
    pub fn work(&self, step: &str) -> PathBuf {
        self.target().join("xtask").join(step)
    }

    /// Cargo's target folder.
    pub fn target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => self.root.join(folder),
            None => self.root.join("target"),
        }
    }
}

/// Whether an environment variable's value means yes.
fn is_set(value: &str) -> bool {
    !matches!(value, "" | "0" | "false")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ci_is_on_for_true_and_off_for_false() {
        assert!(is_set("true") && is_set("1"));
        assert!(!is_set("") && !is_set("false") && !is_set("0"));
    }
}
