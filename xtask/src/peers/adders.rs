//! Adder graphs beside those of da4ml, in a Python environment of its own.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::context::Context;
use crate::process::run as execute;
use crate::python::{Environment, Python};

const ENVIRONMENT: Environment = Environment {
    folder: "da4ml",
    requirements: "benches/peers/da4ml.txt",
    probe: "import da4ml.cmvm",
    size: "101 MB",
};
const SCRIPT: &str = "benches/peers/da4ml_adders.py";
const TABLE: &str = "docs/adders-benchmark.md";

/// Adders, depth and time of constant matrix products, beside da4ml.
///
/// Both sides run in turns on the same random matrices, one thread each. Results that are there
/// already are not computed again. With all sizes it takes an hour, nearly all of
/// it da4ml's at N = 64.
#[derive(Debug, clap::Args)]
pub struct Adders {
    /// N of the N x N matrices.
    #[arg(long, default_value = "4,8,16,32,64")]
    sizes: String,
    /// Matrices of each size.
    #[arg(long, default_value_t = 100)]
    count: usize,
    /// Seed of the matrices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder of results [default: xtask/peers below cargo's target folder].
    #[arg(long)]
    out: Option<PathBuf>,
    /// File for the table, from the root of the repository.
    #[arg(long, default_value = TABLE)]
    table: PathBuf,
}

/// Runs both sides and writes the table.
pub fn run(arguments: &Adders) -> Result<ExitCode> {
    let context = Context::new(None, true)?;
    let python = match ENVIRONMENT.python(&context)? {
        Python::At(python) => python,
        Python::Missing(reason) => bail!(reason),
    };
    execute(&mut context.cargo(["build", "--release", "--bin", "trigforge"]))?;
    let out = match &arguments.out {
        Some(out) => context.root.join(out),
        None => context.work("peers"),
    };
    std::fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
    let mut compare = context.command(python);
    compare.arg(SCRIPT).arg("--trigforge");
    compare.arg(context.target().join("release/trigforge"));
    compare.arg("--out").arg(out.join("adders.json"));
    compare.arg("--table").arg(Path::new(&arguments.table));
    compare.args(["--sizes", &arguments.sizes]);
    compare.args(["--count", &arguments.count.to_string()]);
    execute(compare.args(["--seed", &arguments.seed.to_string()]))?;
    Ok(ExitCode::SUCCESS)
}
