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
use trigforge_models::metrics::{Options, Rejection, Scores};
use trigforge_models::report::{self as model_report, Cost, LayerWidths, Part, Report};
use trigforge_models::zoo::JSC_MLP;

use self::physics::{Physics, Saturation, evaluate_sample};
use super::latency::{Measured, measure, print as print_latency};

/// Random events that the kernel is verified on, besides the sample.
const RANDOM_EVENTS: usize = 100_000;
/// Signal efficiency at which background rejection is printed.
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
    sample_events: usize,
    verified_events: usize,
    report: Report,
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
    let report = judge(&config, &interpreter, &physics)?;
    print_physics(&report);

    step(4, "measure its latency on this machine");
    let timed = random_events(&module, RANDOM_EVENTS, 2);
    let latency = measure(&module, &kernel, &timed)?;
    print_latency(&latency);

    step(5, "write the report");
    let figures = Figures {
        sample_events: physics.events.len(),
        verified_events: random.len() + physics.events.len(),
        report,
        saturation: physics.saturation,
        latency,
    };
    let page = report::page(&figures, &config.data.features)?;
    write_file(&args.out.join("report.html"), page.html().as_bytes()).into_diagnostic()?;
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

/// The report of the model on the sample, as a training writes it.
fn judge(config: &Config, interpreter: &Interpreter<'_>, physics: &Physics) -> Result<Report> {
    let scores = Scores {
        logits: &physics.fixed,
        classes: config.data.classes.len(),
        labels: &physics.labels,
        weights: &[],
    };
    let float = Some(physics.float.as_slice());
    let part = Part::classification("sample", &scores, float, &Options::default());
    let (module, info) = (interpreter.module(), interpreter.info());
    Ok(Report {
        name: config.model.name.clone(),
        purpose: config.card.purpose.trim().to_owned(),
        classes: config.data.classes.clone(),
        parts: vec![Part {
            role: "is drawn from the test part, which chose nothing".to_owned(),
            ..part.into_diagnostic()?
        }],
        baselines: config.card.baselines.clone(),
        cost: Cost::of(module, info),
        layers: LayerWidths::of(module, info),
        ..Report::default()
    })
}

/// The main figures, of the float model and of the integers.
fn print_physics(report: &Report) {
    for part in &report.parts {
        let model_report::Figures::Classification {
            integer,
            float: Some(float),
            ..
        } = &part.figures
        else {
            continue;
        };
        println!("{:<22} {:>10} {:>10}", "", "float", "integer");
        println!(
            "{:<22} {:>10.4} {:>10.4}  +- {:.4}",
            "accuracy",
            float.accuracy.value,
            integer.accuracy.value,
            integer.accuracy.error.unwrap_or_default()
        );
        let pairs = || integer.discrimination.iter().zip(&float.discrimination);
        let against_rest = || pairs().filter(|(integer, _)| integer.background.is_none());
        let name = |class: usize| report.classes.get(class).map_or("?", String::as_str);
        for (integer, float) in against_rest() {
            println!(
                "AUC {:<18} {:>10.4} {:>10.4}",
                name(integer.signal),
                float.auc.value,
                integer.auc.value
            );
        }
        for (integer, float) in against_rest() {
            println!(
                "1/eps_B at {:.0} % {:<6} {:>10} {:>10}",
                100.0 * SIGNAL_EFFICIENCY,
                name(integer.signal),
                rejection(&float.rejection),
                rejection(&integer.rejection)
            );
        }
    }
}

/// The background rejection at [`SIGNAL_EFFICIENCY`] with its error.
fn rejection(found: &[Rejection]) -> String {
    let quoted = found
        .iter()
        .find(|rejection| rejection.signal_efficiency == SIGNAL_EFFICIENCY);
    match quoted.map(|rejection| (rejection.value, rejection.error)) {
        Some((Some(value), Some(error))) => format!("{value:.1} ({error:.1})"),
        Some((Some(value), None)) => format!("{value:.1}"),
        _ => "no background".to_owned(),
    }
}
