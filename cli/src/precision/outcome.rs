//! The module that is compiled, and what is told and written about its formats.

use std::path::{Path, PathBuf};

use miette::{IntoDiagnostic, Result, miette};
use serde::Serialize;
use trigforge_codegen::emit::write_file;
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::{self, Module};
use trigforge_codegen::model::Model;
use trigforge_codegen::precision::{TensorProfile, profile};
use trigforge_codegen::threshold::fold;
use trigforge_models::report::page::{Figure, Page, Section, Table};

use super::decision::DecisionFigures;
use super::show::{SearchFigures, search_tables};
use super::usage::usage;
use super::{PrecisionArgs, choose};
use crate::model::{ModelArgs, calibration};

/// At most this many calibration events are profiled, evenly spaced.
const PROFILED: usize = 10_000;

/// What `compile` tells of the formats.
#[derive(Debug, Serialize)]
pub struct PrecisionFigures {
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<SearchFigures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionFigures>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    profile: Vec<TensorFigures>,
    #[serde(skip)]
    tensors: Vec<TensorProfile>,
}

/// How the values of one tensor use its format.
#[derive(Debug, Serialize)]
struct TensorFigures {
    name: String,
    operation: &'static str,
    format: String,
    values: u64,
    saturated: f64,
    flushed: f64,
    zeros: f64,
    range: (f64, f64),
    /// `[n, values]` with magnitudes from 2^(n-1) up to 2^n.
    sizes: Vec<(i32, u64)>,
    /// `[bits, values]` of the results' magnitudes.
    bits_used: Vec<(u32, u64)>,
}

impl TensorFigures {
    fn new(profile: &TensorProfile) -> Self {
        let share = |count: u64| count as f64 / profile.values.max(1) as f64;
        Self {
            name: profile.name.clone(),
            operation: profile.operation,
            format: profile.format.clone(),
            values: profile.values,
            saturated: share(profile.saturated),
            flushed: share(profile.flushed),
            zeros: share(profile.zeros),
            range: profile.range,
            sizes: profile.exponents.iter().map(|(&n, &c)| (n, c)).collect(),
            bits_used: profile.bits.iter().map(|(&n, &c)| (n, c)).collect(),
        }
    }
}

/// A model to compile.
#[derive(Debug)]
pub struct Prepared {
    /// The model.
    pub model: Model,
    /// What is told of its formats.
    pub figures: PrecisionFigures,
}

/// Reads the model, with formats chosen by a search and a threshold in place of
/// a score if those are asked for, and profiles the formats on the calibration
/// events.
pub fn prepare(model: &ModelArgs, args: &PrecisionArgs) -> Result<Prepared> {
    let (model_read, search) = match args.max_loss {
        None => (model.load()?, None),
        Some(max_loss) => {
            let (module, figures) = choose(model, args, max_loss)?;
            (Model::Graph(module), Some(figures))
        }
    };
    let (decides, decision) = match args.threshold {
        None => (model_read, None),
        Some(threshold) => {
            let module = graph_of(&model_read, "--threshold")?;
            let folded = fold(module, args.output.as_deref(), threshold).into_diagnostic()?;
            let figures = DecisionFigures::new(&folded, threshold);
            (Model::Graph(folded.module), Some(figures))
        }
    };
    let tensors = match &model.calib {
        Some(file) if search.is_some() || args.report.is_some() => {
            profiled(graph_of(&decides, "--report")?, &model.path, file)?
        }
        _ => Vec::new(),
    };
    let figures = PrecisionFigures {
        search,
        decision,
        profile: tensors.iter().map(TensorFigures::new).collect(),
        tensors,
    };
    Ok(Prepared {
        model: decides,
        figures,
    })
}

/// The tensor operations of a model.
fn graph_of<'a>(model: &'a Model, option: &str) -> Result<&'a Module> {
    match model {
        Model::Graph(module) => Ok(module),
        Model::Circuit(_) => Err(miette!(
            "{option} takes models of tensor operations, and this one is a circuit"
        )),
    }
}

fn profiled(module: &Module, model: &Path, file: &Path) -> Result<Vec<TensorProfile>> {
    let events = calibration(model, file)?.events;
    let step = events.len().div_ceil(PROFILED).max(1);
    let events: Vec<_> = events.into_iter().step_by(step).collect();
    let interpreter = Interpreter::new(module).into_diagnostic()?;
    profile(&interpreter, &events).into_diagnostic()
}

/// Prints what a search found and what became of a threshold.
pub fn print(figures: &PrecisionFigures) {
    if let Some(search) = &figures.search {
        super::show::print(search);
    }
    if let Some(decision) = &figures.decision {
        decision.print();
    }
}

/// Writes the report and, if a search or a threshold made the module, its
/// textual form, `model.ir`: what `run`, `verify` and `inspect` take.
pub fn write(
    model: &Model,
    figures: &PrecisionFigures,
    args: &PrecisionArgs,
    out: &Path,
) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    if figures.search.is_some() || figures.decision.is_some() {
        let path = out.join("model.ir");
        let module = graph_of(model, "model.ir")?;
        write_file(&path, ir::print(module).as_bytes()).into_diagnostic()?;
        written.push(path);
    }
    if let Some(folder) = &args.report {
        let report = report(graph_of(model, "--report")?, figures)?;
        let json = serde_json::to_string_pretty(figures).into_diagnostic()?;
        for (name, text) in [("report.html", report.html()), ("report.json", json)] {
            let path = folder.join(name);
            write_file(&path, text.as_bytes()).into_diagnostic()?;
            written.push(path);
        }
    }
    Ok(written)
}

fn report(module: &Module, figures: &PrecisionFigures) -> Result<Page> {
    let mut tables = figures.search.as_ref().map_or(Vec::new(), search_tables);
    tables.push(usage_table(&figures.profile));
    let usage = Section::Figures(vec![Figure {
        title: "Sizes of the values against their formats".to_owned(),
        note: "One row per value that is rounded: how its sizes are spread, darker where there \
               are more. The box is the format, from one step to the end of its range. What lies \
               to its right saturates, what lies to its left is below one step."
            .to_owned(),
        svg: usage(&figures.tensors).into_diagnostic()?,
    }]);
    Ok(Page {
        title: format!("trigforge: the formats of {}", module.name),
        summary: "Every value of the compiled model with its format, and how the calibration \
                  events use it."
            .to_owned(),
        sections: tables
            .into_iter()
            .map(Section::Table)
            .chain([usage])
            .collect(),
        ..Page::default()
    })
}

fn usage_table(profile: &[TensorFigures]) -> Table {
    let percent = |share: f64| format!("{:.3} %", 100.0 * share);
    let rows = profile.iter().map(|tensor| {
        let most = tensor.bits_used.last().map_or(0, |(bits, _)| *bits);
        vec![
            tensor.name.clone(),
            tensor.operation.to_owned(),
            tensor.format.clone(),
            format!("{:.4} to {:.4}", tensor.range.0, tensor.range.1),
            percent(tensor.saturated),
            percent(tensor.flushed),
            percent(tensor.zeros),
            most.to_string(),
        ]
    });
    Table {
        title: "Use of the formats".to_owned(),
        note: "Shares of all values: outside of the format and cut to its edge; not zero but \
               rounded to it; zero. An input or a rounding shows the values that come to it, \
               everything else its results. Bits: those that the largest magnitude needs."
            .to_owned(),
        columns: [
            "value",
            "operation",
            "format",
            "range",
            "saturated",
            "flushed",
            "zero",
            "bits",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: rows.collect(),
        ..Table::default()
    }
}
