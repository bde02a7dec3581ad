//! `trigforge train`: a quantised network from simulated events.

use std::path::PathBuf;

use miette::{IntoDiagnostic, Result};
use trigforge_models::{Config, TrainOptions};

/// Train a quantised tagger as a configuration says
///
/// Writes model.onnx (QONNX), float.onnx, a test sample, the metrics and a
/// model card. Checkpoints are kept while it runs: --resume goes on from the
/// last one, to the same weights bit for bit.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trigforge train models/zoo/jsc-mlp/config.toml --out trained")]
pub struct Args {
    /// Configuration (TOML)
    #[arg(value_name = "CONFIG.toml")]
    config: PathBuf,
    /// Folder to write into [default: the configuration's]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on from the checkpoint in the output folder
    #[arg(long)]
    resume: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

pub fn run(args: &Args) -> Result<()> {
    let config = Config::from_file(&args.config).into_diagnostic()?;
    let out_dir = args
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from("trained").join(&config.model.name));
    let options = TrainOptions {
        out_dir: out_dir.clone(),
        resume: args.resume,
        quiet: args.quiet,
        keep_checkpoint: false,
    };
    let summary = trigforge_models::train(&config, &options).into_diagnostic()?;
    println!(
        "trained in {:.0} s; written to {}",
        summary.seconds,
        out_dir.display()
    );
    println!("{:<12} {:>10} {:>10}", "accuracy", "float", "integer");
    for (name, figures) in [("validation", &summary.validation), ("test", &summary.test)] {
        println!(
            "{name:<12} {:>10.4} {:>10.4}  +- {:.4}",
            figures.float.accuracy, figures.quantised.accuracy, figures.quantised.accuracy_error
        );
    }
    Ok(())
}
