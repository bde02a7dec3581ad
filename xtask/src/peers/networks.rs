//! Whole networks in Verilog beside those of da4ml and alkaid, through the same
//! command of Yosys.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use super::ours;
use super::run::{Beta, Size};
use crate::context::Context;
use crate::process::run as execute;
use crate::python::{Environment, Python};
use crate::tools;

const ENVIRONMENT: Environment = Environment {
    folder: "alkaid",
    requirements: "benches/peers/alkaid.txt",
    probe: "import da4ml.codegen, alkaid.codegen",
    size: "106 MB",
};
const SCRIPT: &str = "benches/peers/da4ml_networks.py";
const TABLE: &str = "docs/networks-benchmark.md";
const CONFIG: &str = "benches/peers/jsc-mlp.toml";
const SHIPPED: &str = "models/zoo/jsc-mlp/model.onnx";

/// Look-up tables, registers and stages of jet taggers, beside da4ml and alkaid.
///
/// The shipped tagger, networks that are trained for it at several weights of a
/// bit operation, and those of `--more` go through all three. Trainings and
/// results that are there already are not done again.
#[derive(Debug, clap::Args)]
pub struct Networks {
    /// Weights of a bit operation in the loss of the trained networks.
    #[arg(long, value_delimiter = ',', default_value = "1e-6,3e-6,1e-5,3e-5")]
    betas: Vec<Beta>,
    /// Further networks, NAME=FILE, that `trigforge inspect` takes: dense layers
    /// from one input to one output.
    #[arg(long, value_name = "NAME=FILE")]
    more: Vec<String>,
    /// Folder of results [default: xtask/peers below cargo's target folder].
    #[arg(long)]
    out: Option<PathBuf>,
    /// File for the table, from the root of the repository.
    #[arg(long, default_value = TABLE)]
    table: PathBuf,
}

/// Trains, compares and writes the table.
pub fn run(arguments: &Networks) -> Result<ExitCode> {
    let context = Context::new(None, true)?;
    if let Some(reason) = tools::missing(&context, tools::YOSYS)? {
        bail!(reason);
    }
    let python = match ENVIRONMENT.python(&context)? {
        Python::At(python) => python,
        Python::Missing(reason) => bail!(reason),
    };
    let out = match &arguments.out {
        Some(out) => context.root.join(out),
        None => context.work("peers"),
    };
    std::fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
    let trainer = ours::Trainer::new(&context, Path::new(CONFIG), &out)?;
    let size = Size {
        seed: 1,
        epochs: 300,
        batch: 512,
    };
    let mut compare = context.command(python);
    compare.arg(SCRIPT).arg("--trigforge");
    compare.arg(context.target().join("release/trigforge"));
    compare.arg("--out").arg(out.join("networks.json"));
    compare.arg("--table").arg(&arguments.table);
    compare.arg(format!("jsc-mlp={SHIPPED}"));
    for &beta in &arguments.betas {
        trainer.train(beta, size, &out.join("trigforge.json"))?;
        let model = trainer.folder(beta, size.seed).join("model.onnx");
        compare.arg(format!("beta-{beta}={}", model.display()));
    }
    execute(compare.args(&arguments.more))?;
    Ok(ExitCode::SUCCESS)
}
