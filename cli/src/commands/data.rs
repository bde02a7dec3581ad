//! `trigforge data`: what a training will see of its files.

use std::path::PathBuf;

use miette::{IntoDiagnostic, Result};
use serde::Serialize;
use trigforge_models::data::{ColumnSummary, Part, Source};
use trigforge_models::evaluate::data_of;

use super::print_json;

/// Check the data of a training and show what is in it
///
/// Reads the files that the table [data] of a configuration names as `train`
/// does: every value that is used is checked, rows are selected and divided.
/// Shows for each input the range of its columns over the training part (empty
/// slots of particle clouds left out), and the rows of each part and class.
/// What is wrong is said by file, column and row.
///
/// With --write the parts are also stored, for scripts of your own:
/// train.npz, validation.npz and test.npz, with one float32 array for each
/// input by its name, in physical units, `labels` or `targets`, and `weights`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trigforge data models/zoo/jsc-mlp/config.toml
  trigforge data models/zoo/jsc-mlp/config.toml --write parts
  python3 -c \"import numpy; print(numpy.load('parts/test.npz')['features'].shape)\"

A [data] table:
  path = \"jets.parquet\"                 # or .npz; several: paths = [...]
  label = \"label\"
  classes = [\"QCD\", \"top\"]
  split = { train = 0.8, validation = 0.1, test = 0.1, seed = 1 }
  [[data.inputs]]
  name = \"particles\"
  columns = [\"pt\", \"deta\", \"dphi\"]    # lists of a fixed size
  particles = 32
  mask = \"pt\"

All keys: docs/training-data.md")]
pub struct Args {
    /// Configuration with a table [data] (TOML); the others may be missing
    #[arg(value_name = "CONFIG.toml")]
    config: PathBuf,
    /// Print as JSON
    #[arg(long)]
    json: bool,
    /// Store the parts as NPZ files in this folder
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Report {
    files: Vec<PathBuf>,
    rows: usize,
    deselected: usize,
    skipped: usize,
    unused: [usize; 3],
    in_memory: bool,
    classes: Vec<String>,
    parts: Vec<PartRows>,
    inputs: Vec<Input>,
    targets: Vec<String>,
    written: Vec<PathBuf>,
}

#[derive(Debug, Serialize)]
struct PartRows {
    part: &'static str,
    rows: usize,
    classes: Vec<usize>,
}

#[derive(Debug, Serialize)]
struct Input {
    name: String,
    shape: Vec<usize>,
    mask: Option<String>,
    columns: Vec<Column>,
}

#[derive(Debug, Serialize)]
struct Column {
    name: String,
    unit: Option<String>,
    values: u64,
    min: f32,
    mean: f64,
    max: f32,
    std: f64,
    median: f32,
}

pub fn run(args: &Args) -> Result<()> {
    let data = data_of(&args.config).into_diagnostic()?;
    let source = Source::open(&data).into_diagnostic()?;
    let written = match &args.write {
        Some(folder) => source.write(folder).into_diagnostic()?,
        None => Vec::new(),
    };
    let counts = source.counts();
    let report = Report {
        files: data.files(),
        rows: counts.all,
        deselected: counts.deselected,
        skipped: counts.skipped,
        unused: counts.unused,
        in_memory: source.in_memory(),
        parts: Part::ALL
            .iter()
            .map(|part| PartRows {
                part: part.name(),
                rows: source.rows(*part),
                classes: counts.classes[*part as usize].clone(),
            })
            .collect(),
        inputs: inputs(&source),
        classes: data.classes,
        targets: data.targets,
        written,
    };
    match args.json {
        true => print_json(&report),
        false => {
            print_report(&report);
            Ok(())
        }
    }
}

fn inputs(source: &Source) -> Vec<Input> {
    let column = |summary: &ColumnSummary| Column {
        name: summary.name.clone(),
        unit: summary.unit.clone(),
        values: summary.count,
        min: summary.min,
        mean: summary.mean,
        max: summary.max,
        std: summary.std,
        median: summary.quantile(0.5),
    };
    let specs = source.inputs().iter().enumerate();
    specs
        .map(|(input, spec)| Input {
            name: spec.name.clone(),
            shape: spec.shape.clone(),
            mask: spec.mask.map(|mask| spec.columns[mask].clone()),
            columns: source.column_summary(input).iter().map(column).collect(),
        })
        .collect()
}

fn print_report(report: &Report) {
    for file in &report.files {
        println!("{}", file.display());
    }
    let how = match report.in_memory {
        true => "held in memory",
        false => "streamed from disk",
    };
    println!("{} rows, {how}", report.rows);
    for (rows, why) in [
        (report.deselected, "left out by the selection"),
        (report.skipped, "left out with NaN, infinity or null"),
        (
            report.unused.iter().sum(),
            "of the held-back parts not used, see held_back_rows",
        ),
    ] {
        if rows > 0 {
            println!("{rows} rows {why}");
        }
    }
    println!();
    print!("{:<12} {:>12}", "part", "rows");
    let shorten = |name: &str| name.chars().take(10).collect::<String>();
    report
        .classes
        .iter()
        .for_each(|name| print!(" {:>10}", shorten(name)));
    println!();
    for part in &report.parts {
        print!("{:<12} {:>12}", part.part, part.rows);
        part.classes.iter().for_each(|rows| print!(" {rows:>10}"));
        println!();
    }
    if !report.targets.is_empty() {
        println!("\ntargets: {}", report.targets.join(", "));
    }
    for input in &report.inputs {
        println!("\ninput `{}`, shape {:?}", input.name, input.shape);
        if let Some(mask) = &input.mask {
            println!("a slot is empty where {mask} is 0");
        }
        println!(
            "{:<24} {:<10} {:>12} {:>12} {:>12} {:>12} {:>12}",
            "column", "unit", "min", "mean", "max", "std", "values"
        );
        for column in &input.columns {
            println!(
                "{:<24} {:<10} {:>12} {:>12} {:>12} {:>12} {:>12}",
                column.name,
                column.unit.as_deref().unwrap_or("-"),
                number(column.min.into()),
                number(column.mean),
                number(column.max.into()),
                number(column.std),
                column.values
            );
        }
    }
    if !report.written.is_empty() {
        println!();
    }
    for path in &report.written {
        println!("wrote {}", path.display());
    }
}

/// A number in at most 11 characters.
fn number(value: f64) -> String {
    let magnitude = value.abs();
    match magnitude == 0.0 || (1e-3..1e6).contains(&magnitude) {
        true => format!("{value:.4}"),
        false => format!("{value:.3e}"),
    }
}
