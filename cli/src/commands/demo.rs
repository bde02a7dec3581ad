//! `trigforge demo`: the shipped jet tagger through every step.

use std::path::{Path, PathBuf};
use std::time::Instant;

use miette::{IntoDiagnostic, Result, WrapErr, miette};
use serde::Serialize;
use trigforge_codegen::emit::{rust, write_file};
use trigforge_codegen::import;
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::Module;
use trigforge_codegen::quantize::load;
use trigforge_codegen::real;
use trigforge_codegen::verify::{BuildOptions, Events, RustKernel, compare, random_events};
use trigforge_models::Config;
use trigforge_models::metrics::{Evaluation, evaluate, roc, softmax};
use trigforge_models::zoo::JSC_MLP;

use super::latency::{Measured, measure, print as print_latency};
use crate::arrays::{RealEvents, read_labels, read_real};
use crate::model::input_shapes;
use crate::report::plots::{self, ClassCurves};
use crate::report::{Figure, Report, Table};

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
    saturated_values: Vec<(String, usize)>,
    latency: Measured,
}

/// The sample with what both models say of it.
struct Physics {
    labels: Vec<usize>,
    float: Vec<f64>,
    fixed: Vec<f64>,
    /// Values of each feature that the input format cut off.
    saturated: Vec<usize>,
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
    let sample_path = args.out.join("sample.npz");
    let sample = read_real(&sample_path, &input_shapes(&module))?;
    let labels = read_labels(&sample_path, "label")?;
    if labels.len() != sample.len() {
        return Err(miette!(
            "the sample has {} jets and {} labels",
            sample.len(),
            labels.len()
        ));
    }
    let (physics, events) = evaluate_sample(&interpreter, &args.out, &sample, labels)?;
    compare(&interpreter, &built, &events).into_diagnostic()?;
    let classes = config.data.classes.len();
    let figures_of = |logits: &[f64]| {
        evaluate(logits, classes, &physics.labels, SIGNAL_EFFICIENCY).into_diagnostic()
    };
    let (float, fixed) = (figures_of(&physics.float)?, figures_of(&physics.fixed)?);
    print_physics(&config, &float, &fixed);

    step(4, "measure its latency on this machine");
    let timed = random_events(&module, RANDOM_EVENTS, 2);
    let latency = measure(&module, &timed)?;
    print_latency(&latency);

    step(5, "write the report");
    let costs = interpreter.info().costs(&module);
    let saturated = config
        .data
        .features
        .iter()
        .cloned()
        .zip(physics.saturated.iter().copied());
    let figures = Figures {
        model: config.model.name.clone(),
        sample_events: sample.len(),
        verified_events: random.len() + events.len(),
        macs: costs.iter().map(|cost| cost.macs).sum(),
        ebops: costs.iter().map(|cost| cost.ebops).sum(),
        classes: config.data.classes.clone(),
        float,
        fixed,
        saturated_values: saturated.collect(),
        latency,
    };
    let report = report(&module, &figures, &physics)?;
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

/// Logits of the float model and of the integer interpreter, and the events as
/// mantissas.
fn evaluate_sample(
    interpreter: &Interpreter<'_>,
    folder: &Path,
    sample: &RealEvents,
    labels: Vec<usize>,
) -> Result<(Physics, Events)> {
    let float = import::read(&folder.join("float.onnx")).into_diagnostic()?;
    let mut physics = Physics {
        labels,
        float: Vec::new(),
        fixed: Vec::new(),
        saturated: Vec::new(),
    };
    let mut events = Events::new(interpreter.module());
    for (row, inputs) in sample.iter().enumerate() {
        let values: Vec<_> = inputs.iter().map(Vec::as_slice).collect();
        let logits = real::evaluate(&float, &values)
            .into_diagnostic()
            .wrap_err_with(|| format!("jet {row} of the sample"))?;
        physics.float.extend(logits.iter().flatten());
        let encoded = inputs
            .iter()
            .enumerate()
            .map(|(input, values)| interpreter.encode(input, values).into_diagnostic());
        let encoded = encoded.collect::<Result<Vec<_>>>()?;
        let saturated = encoded.iter().flat_map(|e| e.saturated.iter().copied());
        for (feature, cut) in saturated.enumerate() {
            physics
                .saturated
                .resize(physics.saturated.len().max(feature + 1), 0);
            physics.saturated[feature] += usize::from(cut);
        }
        let mantissas: Vec<_> = encoded.into_iter().map(|e| e.mantissas).collect();
        events.push(&mantissas);
        let outputs = interpreter.run(&events.inputs(row)).into_diagnostic()?;
        for (output, mantissas) in outputs.iter().enumerate() {
            physics.fixed.extend(interpreter.decode(output, mantissas));
        }
    }
    Ok((physics, events))
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

fn rejection(evaluation: &Evaluation, class: usize) -> String {
    let rejection = evaluation.rejection[class];
    match (rejection.value, rejection.error) {
        (Some(value), Some(error)) => format!("{value:.1} ({error:.1})"),
        (Some(value), None) => format!("{value:.1}"),
        _ => "no background".to_owned(),
    }
}

fn report(module: &Module, figures: &Figures, physics: &Physics) -> Result<Report> {
    let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let (float, fixed) = (&figures.float, &figures.fixed);
    let mut performance = vec![vec![
        "accuracy".to_owned(),
        format!("{:.4}", float.accuracy),
        format!("{:.4} +- {:.4}", fixed.accuracy, fixed.accuracy_error),
    ]];
    for (class, name) in figures.classes.iter().enumerate() {
        performance.push(vec![
            format!("AUC {name} against the rest"),
            format!("{:.4}", float.auc[class]),
            format!("{:.4}", fixed.auc[class]),
        ]);
    }
    for (class, name) in figures.classes.iter().enumerate() {
        performance.push(vec![
            format!("background rejection at 50 % {name} efficiency"),
            rejection(float, class),
            rejection(fixed, class),
        ]);
    }
    let p = |p: &super::latency::Percentiles| {
        [p.p50, p.p90, p.p99, p.p99_9, p.p99_99, p.max].map(|ns| ns.to_string())
    };
    let row = |name: &str, percentiles: [String; 6]| {
        let mut row = vec![name.to_owned()];
        row.extend(percentiles);
        row
    };
    let latency = &figures.latency;
    let instructions = match (
        &latency.instructions_per_event,
        &latency.instructions_counted_for,
    ) {
        (Some(count), Some(cpu)) => format!("{count} instructions per event (target-cpu {cpu})."),
        _ => "Instructions were not counted: install valgrind.".to_owned(),
    };
    let formats = module.inputs().map(|(_, node)| (&node.name, node));
    let outputs = module
        .outputs()
        .iter()
        .map(|o| (&o.name, module.node(o.node)));
    let formats = formats.chain(outputs).map(|(name, node)| {
        vec![
            name.clone(),
            format!("{:?}", node.ty.shape),
            format!("at most {} bits", node.ty.formats.max_width()),
        ]
    });
    let events = figures.sample_events;
    let saturation = figures.saturated_values.iter().map(|(feature, count)| {
        let share = 100.0 * *count as f64 / events as f64;
        vec![feature.clone(), count.to_string(), format!("{share:.2} %")]
    });
    let tables = vec![
        Table {
            title: "Physics".to_owned(),
            note: format!(
                "On {events} simulated jets of the test split; one class against the \
                           rest. In brackets and behind +-: the binomial error."
            ),
            columns: columns(&["", "float model", "integer kernel"]),
            rows: performance,
        },
        Table {
            title: "Latency on this machine".to_owned(),
            note: format!(
                "Nanoseconds per event, distinct random events, clock included; the null \
                           loop reads the clock and does nothing. {instructions}"
            ),
            columns: columns(&["", "p50", "p90", "p99", "p99.9", "p99.99", "max"]),
            rows: vec![
                row("kernel", p(&latency.kernel_ns)),
                row("null loop", p(&latency.null_loop_ns)),
            ],
        },
        Table {
            title: "Formats".to_owned(),
            note: "Mantissas of inputs and outputs; the kernel's source states each format."
                .to_owned(),
            columns: columns(&["value", "shape", "width"]),
            rows: formats.collect(),
        },
        Table {
            title: "Saturation at the input".to_owned(),
            note: "Values of the sample that lie outside of their input format and are cut to its \
                   edge."
                .to_owned(),
            columns: columns(&["feature", "jets", "share"]),
            rows: saturation.collect(),
        },
    ];
    Ok(Report {
        title: format!("trigforge: {}", figures.model),
        summary: format!(
            "A jet tagger, trained quantised, as an integer kernel: {} multiply-accumulates, {} \
             EBOPs. Kernel and interpreter agree on every output bit of {} events.",
            figures.macs, figures.ebops, figures.verified_events
        ),
        tables,
        figures: vec![
            Figure {
                title: "ROC curves".to_owned(),
                note: "Each class against the rest, score: softmax of the logits. Full: integer \
                       kernel; dashed: float model. Lower is better."
                    .to_owned(),
                svg: plots::roc(&curves(figures, physics)?).into_diagnostic()?,
            },
            Figure {
                title: "Latency".to_owned(),
                note: "Events by the time that they took.".to_owned(),
                svg: plots::latency(&latency.times.kernel, &latency.times.null)
                    .into_diagnostic()?,
            },
        ],
    })
}

fn curves(figures: &Figures, physics: &Physics) -> Result<Vec<ClassCurves>> {
    let classes = figures.classes.len();
    let curve = |logits: &[f64], class: usize| {
        let scores: Vec<_> = softmax(logits, classes)
            .into_iter()
            .skip(class)
            .step_by(classes)
            .collect();
        let signal: Vec<_> = physics.labels.iter().map(|&label| label == class).collect();
        roc(&scores, &signal).ok_or_else(|| miette!("the sample lacks the class {class}"))
    };
    let named = figures.classes.iter().enumerate();
    named
        .map(|(class, name)| {
            Ok(ClassCurves {
                name: name.clone(),
                float: curve(&physics.float, class)?,
                fixed: curve(&physics.fixed, class)?,
            })
        })
        .collect()
}
