//! `trigforge compile`: a kernel from a model.

use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

use clap::ValueEnum;
use miette::{IntoDiagnostic, Result, miette};
use serde::Serialize;
use trigforge_codegen::circuit::cost;
use trigforge_codegen::emit::{Vectors, rust, verilog};
use trigforge_codegen::model::Model;
use trigforge_codegen::validate::validate;
use trigforge_codegen::verify::random_events;

use super::print_json;
use crate::hardware::{HardwareArgs, Pipeline};
use crate::hls::{self, HlsArgs};
use crate::model::ModelArgs;
use crate::precision::{self, PrecisionArgs, PrecisionFigures};

/// Languages that kernels are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// A static `no_std` Rust crate
    Rust,
    /// C++ for Vitis HLS, in the layout of a project of hls4ml
    Hls,
    /// A fully unrolled, pipelined Verilog core: a new event in each cycle
    Verilog,
}

/// Write a kernel that computes a model
///
/// The Rust kernel is a crate without dependencies: `infer` takes and returns
/// arrays of mantissas. The Verilog core takes an event in each cycle. HLS C++ is a
/// project for Vitis HLS, one call for each node. A float model needs --calib, from
/// which formats are derived: of one width (--width), or chosen by a search
/// (--max-loss).
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    trigforge compile models/zoo/jsc-mlp/model.onnx --target rust --out kernel\n  \
    trigforge compile models/zoo/jsc-mlp/float.onnx --calib models/zoo/jsc-mlp/sample.npz \
    --max-loss 0.002 --target rust --out kernel --report report\n  \
    trigforge compile models/zoo/jsc-mlp/model.onnx --target verilog --part xcvu9p --clock 360MHz \
    --out core\n  \
    trigforge compile models/zoo/jsc-mlp/model.onnx --target hls --reuse 4 --out project")]
pub struct Args {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    precision: PrecisionArgs,
    /// Language of the kernel
    #[arg(long, value_enum)]
    target: Target,
    /// Folder to write into; files of the same name are replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    hardware: HardwareArgs,
    #[command(flatten)]
    hls: HlsArgs,
    /// Write one file, kernel.rs, instead of a crate
    #[arg(long)]
    single_file: bool,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

/// What one event costs, counted at the model's level.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Work {
    Graph {
        macs: u64,
        ebops: u64,
    },
    Circuit {
        gates: usize,
        adders: u64,
        carry_bits: u64,
        depth: u32,
    },
}

impl Work {
    fn of(model: &Model) -> Result<Self> {
        Ok(match model {
            Model::Graph(module) => {
                let costs = validate(module).into_diagnostic()?.costs(module);
                Self::Graph {
                    macs: costs.iter().map(|cost| cost.macs).sum(),
                    ebops: costs.iter().map(|cost| cost.ebops).sum(),
                }
            }
            Model::Circuit(circuit) => {
                let cost = cost(circuit);
                Self::Circuit {
                    gates: circuit.definitions().len(),
                    adders: cost.adders,
                    carry_bits: cost.carry_bits,
                    depth: cost.depth,
                }
            }
        })
    }
}

impl fmt::Display for Work {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Graph { macs, ebops } => {
                write!(out, "{macs} multiply-accumulates, {ebops} EBOPs")
            }
            Self::Circuit {
                gates,
                adders,
                carry_bits,
                depth,
            } => write!(
                out,
                "{gates} gates, {adders} adders of {carry_bits} bits, {depth} in a row"
            ),
        }
    }
}

#[derive(Debug, Serialize)]
struct Done {
    files: Vec<PathBuf>,
    #[serde(flatten)]
    work: Work,
    #[serde(flatten)]
    pipeline: Option<Pipeline>,
    import_ms: f64,
    emit_ms: f64,
    #[serde(flatten)]
    precision: PrecisionFigures,
}

pub fn run(args: &Args) -> Result<()> {
    check_options(args)?;
    let start = Instant::now();
    let prepared = precision::prepare(&args.model, &args.precision)?;
    let model = prepared.model;
    let imported = Instant::now();
    let (kernel, pipeline) = match args.target {
        Target::Rust => {
            let options = rust::Options {
                single_file: args.single_file,
            };
            (model.rust_kernel(options).into_diagnostic()?, None)
        }
        Target::Hls => {
            let vectors = vectors(&model)?;
            let options = args.hls.options(&args.hardware);
            let (_, kernel) = hls::kernel(&model, &options, Some(&vectors))?;
            (kernel, None)
        }
        Target::Verilog => {
            let design = args.hardware.design(&model)?;
            let vectors = vectors(&model)?;
            let kernel = verilog::emit(&design, Some(&vectors));
            (kernel, Some(Pipeline::of(&design)))
        }
    };
    kernel.write(&args.out).into_diagnostic()?;
    let written = precision::write(&model, &prepared.figures, &args.precision, &args.out)?;
    let emitted = Instant::now();
    let done = Done {
        files: kernel
            .files
            .iter()
            .map(|(path, _)| args.out.join(path))
            .chain(written)
            .collect(),
        work: Work::of(&model)?,
        import_ms: (imported - start).as_secs_f64() * 1e3,
        pipeline,
        emit_ms: (emitted - imported).as_secs_f64() * 1e3,
        precision: prepared.figures,
    };
    if args.json {
        return print_json(&done);
    }
    precision::print(&done.precision);
    println!(
        "wrote {} files to {}: {}",
        done.files.len(),
        args.out.display(),
        done.work
    );
    if let Some(pipeline) = &done.pipeline {
        println!("{pipeline}");
    }
    Ok(())
}

/// Refuses options that say nothing of the target.
fn check_options(args: &Args) -> Result<()> {
    if args.target != Target::Rust && args.single_file {
        return Err(miette!(
            "--single-file is for the Rust kernel: the others have several files"
        ));
    }
    if args.target == Target::Rust && args.hardware.is_given() {
        return Err(miette!(
            "--part, --clock, --cycles and --budget are for --target verilog and hls"
        ));
    }
    if args.target == Target::Hls && args.hardware.is_scheduled() {
        return Err(miette!(
            "--cycles and --budget are for --target verilog: Vitis HLS schedules C++ itself"
        ));
    }
    if args.target != Target::Hls && args.hls.is_given() {
        return Err(miette!("--io and --reuse are for --target hls"));
    }
    Ok(())
}

/// Events of a test bench.
const VECTORS: usize = 64;

/// Random events, and what the interpreter gives for them.
fn vectors(model: &Model) -> Result<Vectors> {
    let interpreter = model.interpreter().into_diagnostic()?;
    let events = random_events(model, VECTORS, 1);
    let results = (0..events.len()).map(|event| {
        let outputs = interpreter.run(&events.inputs(event)).into_diagnostic()?;
        Ok(outputs.concat())
    });
    Ok(Vectors {
        results: results.collect::<Result<_>>()?,
        events,
    })
}
