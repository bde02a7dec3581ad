//! `trigforge sweep`: a search for hyper-parameters.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use miette::{IntoDiagnostic, Result};
use trigforge_models::sweep::{Method, SweepOptions, sweep};

/// Train many networks and show which of them nothing beats
///
/// SWEEP.toml names keys of the configuration and the values to try. Each trial
/// is trained into a folder of its own; figures are of the validation part, as
/// the integers give them. Writes sweep.json, pareto.json and sweep.html: the
/// front of validation figure against effective bit operations (EBOPs).
/// --resume goes on with a sweep that was interrupted, to the same trials.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  trigforge sweep models/zoo/jsc-mlp/config.toml \
                  models/zoo/jsc-mlp/sweep.toml --out swept"
)]
pub struct Args {
    /// Configuration that all trials share (TOML)
    #[arg(value_name = "CONFIG.toml")]
    config: PathBuf,
    /// Keys of it and the values to try (TOML)
    #[arg(value_name = "SWEEP.toml")]
    sweep: PathBuf,
    /// Folder to write into
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How many trainings [default: as SWEEP.toml says]
    #[arg(long, value_name = "N")]
    trials: Option<NonZeroUsize>,
    /// How values are chosen [default: as SWEEP.toml says]
    #[arg(long, value_enum)]
    method: Option<MethodName>,
    /// Trials that run beside each other [default: 1, or as the sweep was started]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Go on with the sweep in the output folder
    #[arg(long)]
    resume: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum MethodName {
    /// Every combination
    Grid,
    /// By chance
    Random,
    /// Where the trials so far were good (tree-structured Parzen estimator)
    Tpe,
}

impl From<MethodName> for Method {
    fn from(name: MethodName) -> Self {
        match name {
            MethodName::Grid => Self::Grid,
            MethodName::Random => Self::Random,
            MethodName::Tpe => Self::Tpe,
        }
    }
}

pub fn run(args: &Args) -> Result<()> {
    let options = SweepOptions {
        out_dir: args.out.clone(),
        trials: args.trials.map(NonZeroUsize::get),
        method: args.method.map(Method::from),
        jobs: args.jobs.map(NonZeroUsize::get),
        resume: args.resume,
        quiet: args.quiet,
    };
    let summary = sweep(&args.config, &args.sweep, &options).into_diagnostic()?;
    print!("{}", summary.front_table().text());
    println!("\nwritten to {}", summary.dir.display());
    Ok(())
}
