//! `trigforge demo`: the shipped jet tagger through every step.

mod physics;
mod report;

use std::path::{Path, PathBuf};
use std::time::Instant;

use miette::{IntoDiagnostic, Result};
use serde::Serialize;
use trigforge_codegen::emit::{rust, write_file};
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::quantize::load;
use trigforge_codegen::verify::{BuildOptions, RustKernel, compare, random_events};
use trigforge_models::Config;
use trigforge_models::metrics::{Evaluation, evaluate};
use trigforge_models::zoo::JSC_MLP;

use self::physics::{Saturation, evaluate_sample};
use self::report::{rejection, report};
use super::latency::{Measured, measure, print as print_latency};

/// Random events that the kernel is verified on, besides the sample.
const RANDOM_EVENTS: usize = 100_000;
/// Signal efficiency at which background rejection is quoted.
const SIGNAL_EFFICIENCY: f64 = 0.5;

/// Take the shipped jet tagger through compile, verify, physics and latency
///
/// Writes the model, its kernel, a report (report.html, one file with its
/// pictures) and the figures (report.json). Needs no network and no data but
/// what is in this program.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trigforge demo --out trigforge-demo")]
pub struct Args {
    /// Folder to write into
    #[arg(long, value_name = "DIR", default_value = "trigforge-demo")]
    out: PathBuf,
}

/// Everything that the demonstration found.
#[derive(Debug, Serialize)]
struct Figures {
    model: String,
    sample_events: usize,
    verified_events: usize,
    macs: u64,
    ebops: u64,
    classes: Vec<String>,
    float: Evaluation,
    fixed: Evaluation,
    saturation: Vec<Saturation>,
    latency: Measured,
}

pub fn run(args: &Args) -> Result<()> {
    let start = Instant::now();
    let step = |number: usize, text: &str| {
        println!(
            "[{number}/5] {text} ({:.1} s)",
            start.elapsed().as_secs_f64()
        );
    };
    let config = Config::from_text(JSC_MLP.config, Path::new("config.toml")).into_diagnostic()?;
    let files = [
        ("model.onnx", JSC_MLP.model),
        ("float.onnx", JSC_MLP.float),
        ("sample.npz", JSC_MLP.sample),
    ];
    for (name, bytes) in files {
        write_file(&args.out.join(name), bytes).into_diagnostic()?;
    }

    step(1, "compile the tagger to a Rust kernel");
    let module = load(&args.out.join("model.onnx"), None).into_diagnostic()?;
    let interpreter = Interpreter::new(&module).into_diagnostic()?;
    let kernel =
        rust::emit(&module, interpreter.info(), rust::Options::default()).into_diagnostic()?;
    let kernel_folder = args.out.join("kernel");
    kernel.write(&kernel_folder).into_diagnostic()?;

    step(2, "verify it against the interpreter, bit for bit");
    let options = BuildOptions {
        cpu: Some("native".to_owned()),
    };
    let built = RustKernel::build(&module, &kernel, &options).into_diagnostic()?;
    let random = random_events(&module, RANDOM_EVENTS, 1);
    compare(&interpreter, &built, &random).into_diagnostic()?;

    step(
        3,
        "evaluate it on simulated jets that it was not trained on",
    );
    let physics = evaluate_sample(&interpreter, &args.out)?;
    compare(&interpreter, &built, &physics.events).into_diagnostic()?;
    let classes = config.data.classes.len();
    let figures_of = |logits: &[f64]| {
        evaluate(logits, classes, &physics.labels, SIGNAL_EFFICIENCY).into_diagnostic()
    };
    let (float, fixed) = (figures_of(&physics.float)?, figures_of(&physics.fixed)?);
    print_physics(&config, &float, &fixed);

    step(4, "measure its latency on this machine");
    let timed = random_events(&module, RANDOM_EVENTS, 2);
    let latency = measure(&module, &kernel, &timed)?;
    print_latency(&latency);

    step(5, "write the report");
    let costs = interpreter.info().costs(&module);
    let figures = Figures {
        model: config.model.name.clone(),
        sample_events: physics.events.len(),
        verified_events: random.len() + physics.events.len(),
        macs: costs.iter().map(|cost| cost.macs).sum(),
        ebops: costs.iter().map(|cost| cost.ebops).sum(),
        classes: config.data.classes.clone(),
        float,
        fixed,
        saturation: physics.saturation.clone(),
        latency,
    };
    let report = report(&figures, &physics, &config.data.features)?;
    write_file(&args.out.join("report.html"), report.html().as_bytes()).into_diagnostic()?;
    let json = serde_json::to_string_pretty(&figures).into_diagnostic()?;
    write_file(&args.out.join("report.json"), json.as_bytes()).into_diagnostic()?;
    println!(
        "done in {:.1} s: {} events agree bit for bit; kernel in {}, report in {}",
        start.elapsed().as_secs_f64(),
        figures.verified_events,
        kernel_folder.display(),
        args.out.join("report.html").display()
    );
    Ok(())
}

fn print_physics(config: &Config, float: &Evaluation, fixed: &Evaluation) {
    println!("{:<22} {:>10} {:>10}", "", "float", "integer");
    println!(
        "{:<22} {:>10.4} {:>10.4}  +- {:.4}",
        "accuracy", float.accuracy, fixed.accuracy, fixed.accuracy_error
    );
    for (class, name) in config.data.classes.iter().enumerate() {
        println!(
            "AUC {name:<18} {:>10.4} {:>10.4}",
            float.auc[class], fixed.auc[class]
        );
    }
    for (class, name) in config.data.classes.iter().enumerate() {
        println!(
            "1/eps_B at 50 % {name:<6} {:>10} {:>10}",
            rejection(float, class),
            rejection(fixed, class)
        );
    }
}
