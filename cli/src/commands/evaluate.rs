//! `trigforge evaluate`: how good a model is on held-back data.

use std::path::PathBuf;

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use miette::{IntoDiagnostic, Result, miette};
use trigforge_codegen::emit::write_file;
use trigforge_models::data;
use trigforge_models::evaluate::{Request, evaluate};
use trigforge_models::metrics::{Bootstrap, Options};
use trigforge_models::report::Report;
use trigforge_models::report::page::Section;

/// A part of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The weights were learned on it
    Train,
    /// It chose the epoch
    Validation,
    /// It chose nothing
    Test,
}

/// Judge a model on a held-back part of its data
///
/// The data is what the table [data] of a configuration describes; its rows are
/// divided as in a training. Every row is executed by the integer
/// interpreter, on all cores. For classes:
/// accuracy, AUC, background rejection at the chosen signal efficiencies,
/// calibration, confusion; for targets: response, its width, bias and RMS, also
/// in bins of the target. Errors are bootstrap errors, binomial where a figure
/// is a share. What each figure is: docs/evaluation.md.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trigforge evaluate models/zoo/jsc-mlp/model.onnx models/zoo/jsc-mlp/config.toml \\
    --float models/zoo/jsc-mlp/float.onnx --html report.html
  trigforge evaluate model.onnx data.toml --part validation --efficiency 0.3 --efficiency 0.5 --json")]
pub struct Args {
    /// Model file of any kind that `run` takes
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Configuration with a table [data] (TOML); see `trigforge data --help`
    #[arg(value_name = "CONFIG.toml")]
    config: PathBuf,
    /// The part of the data
    #[arg(long, value_enum, default_value = "test")]
    part: Part,
    /// A float model to judge on the same rows, with the difference
    #[arg(long, value_name = "FLOAT.onnx")]
    float: Option<PathBuf>,
    /// The model gives probabilities, not logits
    #[arg(long)]
    probabilities: bool,
    /// Signal efficiency for the background rejection; may be given several times
    #[arg(long, value_name = "SHARE", default_values_t = [0.3, 0.5, 0.8])]
    efficiency: Vec<f64>,
    /// Bootstrap replicas for the errors
    #[arg(long, value_name = "N", default_value_t = 200)]
    replicas: usize,
    /// Seed of the bootstrap
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write a report with pictures: one file that needs no other
    #[arg(long, value_name = "FILE.html")]
    html: Option<PathBuf>,
    /// Print all figures as JSON
    #[arg(long)]
    json: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

pub fn run(args: &Args) -> Result<()> {
    let request = Request {
        model: args.model.clone(),
        config: args.config.clone(),
        part: match args.part {
            Part::Train => data::Part::Train,
            Part::Validation => data::Part::Validation,
            Part::Test => data::Part::Test,
        },
        float: args.float.clone(),
        probabilities: args.probabilities,
        options: Options {
            signal_efficiencies: args.efficiency.clone(),
            bootstrap: Bootstrap {
                replicas: args.replicas,
                seed: args.seed,
            },
            ..Options::default()
        },
    };
    let bar = match args.quiet {
        true => ProgressBar::hidden(),
        false => ProgressBar::new(0),
    };
    let template = "{wide_bar} {pos}/{len} events, {per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    let report = evaluate(&request, &|done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let report = report.into_diagnostic()?;
    if let Some(path) = &args.html {
        let html = report.html().into_diagnostic()?;
        write_file(path, html.as_bytes()).into_diagnostic()?;
    }
    if args.json {
        print!("{}", report.json().into_diagnostic()?);
        return Ok(());
    }
    print_tables(&report)?;
    if let Some(path) = &args.html {
        println!("report: {}", path.display());
    }
    Ok(())
}

/// The tables of figures, as text.
fn print_tables(report: &Report) -> Result<()> {
    let part = report.parts.first();
    let part = part.ok_or_else(|| miette!("internal error: nothing was judged"))?;
    println!(
        "{}: {} part, {} rows, executed by the integer interpreter",
        report.name,
        part.name,
        part.rows()
    );
    let page = report.page().into_diagnostic()?;
    for section in &page.sections {
        match section {
            Section::Table(table) => println!("\n{}", table.text().trim_end()),
            // What follows is for eyes, not for a terminal.
            Section::Heading(heading) if heading == "Widths and cost" => break,
            _ => {}
        }
    }
    Ok(())
}
