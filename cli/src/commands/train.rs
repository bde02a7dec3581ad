//! `trigforge train`: a quantised network from simulated events.

use std::path::PathBuf;

use miette::{IntoDiagnostic, Result};
use trigforge_models::metrics::Estimate;
use trigforge_models::report::{AnomalyFigures, Figures, Part};
use trigforge_models::{Config, Processor, TrainOptions};

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
    /// What the steps of the training run on; gpu needs a build with the feature wgpu
    #[arg(long, value_name = "cpu|gpu", default_value = "cpu")]
    device: Device,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

/// What the steps of a training run on.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Device {
    /// The CPU.
    Cpu,
    /// The graphics processor that the system prefers.
    Gpu,
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
        processor: match args.device {
            Device::Cpu => Processor::Cpu,
            Device::Gpu => Processor::Gpu,
        },
    };
    let summary = trigforge_models::train(&config, &options).into_diagnostic()?;
    println!(
        "trained in {:.1} s, {} EBOPs an event; written to {}",
        summary.seconds,
        summary.ebops,
        out_dir.display()
    );
    for part in &summary.report.parts {
        print_part(part);
    }
    Ok(())
}

/// The main figures of one part, of the integers and of the float twin.
fn print_part(part: &Part) {
    match &part.figures {
        Figures::Classification { integer, float, .. } => {
            let float = float.as_ref().map(|float| float.accuracy.value);
            print_line(&format!("{} accuracy", part.name), integer.accuracy, float);
        }
        Figures::Anomaly(figures) => print_detector(&part.name, figures),
        Figures::Views(figures) => {
            let float = figures.float.as_ref().map(|float| float.recognised.value);
            let name = format!("{} recognised", part.name);
            print_line(&name, figures.integer.recognised, float);
        }
        Figures::Regression { targets } => {
            for target in targets {
                let float = target.float.as_ref().map(|float| float.overall.rms.value);
                let name = format!("{} {} RMS", part.name, target.name);
                print_line(&name, target.integer.overall.rms, float);
            }
        }
    }
}

/// Area and efficiencies of each signal.
fn print_detector(part: &str, figures: &AnomalyFigures) {
    let float = figures.float.as_ref();
    for (at, signal) in figures.integer.signals.iter().enumerate() {
        let name = &signal.name;
        let twin = float.and_then(|f| f.signals.get(at)).map(|s| s.auc.value);
        print_line(&format!("{part} AUC {name}"), signal.auc, twin);
        for (number, point) in figures.integer.points.iter().enumerate() {
            let twin = float.and_then(|f| f.points.get(number)?.signals.get(at));
            let rate = point.background_rate;
            if let Some(share) = point.signals.get(at) {
                let title = format!("{part} eff. {name} at {rate}");
                print_line(&title, *share, twin.map(|t| t.value));
            }
        }
    }
}

fn print_line(name: &str, integer: Estimate, float: Option<f64>) {
    let error = integer.error.map(|e| format!(" +- {e:.4}"));
    let float = float.map(|f| format!(", float {f:.4}"));
    println!(
        "{name:<24} integer {:.4}{}{}",
        integer.value,
        error.unwrap_or_default(),
        float.unwrap_or_default()
    );
}
