//! `trigforge verify`: proof by events that a kernel gives the model's bits.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use miette::{IntoDiagnostic, Result, WrapErr, miette};
use serde::Serialize;
use trigforge_codegen::emit::rust::Interface;
use trigforge_codegen::emit::{Kernel, rust, verilog};
use trigforge_codegen::hardware::Design;
use trigforge_codegen::model::Model;
use trigforge_codegen::ports::WithPorts;
use trigforge_codegen::verify::verilog::{Around, Simulator, VerilogKernel};
use trigforge_codegen::verify::{BuildOptions, Events, RustKernel, compare, random_events};

use super::formal::{self, FormalArgs};
use super::print_json;
use crate::arrays;
use crate::hardware::HardwareArgs;
use crate::hls::{HeaderArgs, HlsArgs};
use crate::model::{ModelArgs, input_shapes};

/// Kernels that can be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// The Rust kernel, compiled for this host
    Rust,
    /// HLS C++, compiled for this host with g++ and the headers of ap_fixed
    Hls,
    /// The Verilog core, simulated cycle by cycle with Verilator: alone with
    /// gaps between events, and behind AXI4-Stream with random back-pressure
    Verilog,
}

impl Target {
    const fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Hls => "hls",
            Self::Verilog => "verilog",
        }
    }
}

/// Compare every output bit of a kernel with the interpreter
///
/// Exits with 0 only if every mantissa of every event agrees; otherwise it
/// names the first that does not. Random events reach beyond the formats of
/// the inputs, as far as a kernel's containers do.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    trigforge verify models/zoo/jsc-mlp/model.onnx --random 100000\n  \
    trigforge verify models/zoo/jsc-mlp/model.onnx --input models/zoo/jsc-mlp/sample.npz\n  \
    trigforge verify models/zoo/jsc-mlp/model.onnx --targets rust,verilog --random 100000\n  \
    trigforge verify models/zoo/jsc-mlp/model.onnx --targets hls --ap-types DIR --random 100000\n  \
    trigforge verify models/zoo/jsc-mlp/model.onnx --targets verilog --formal")]
pub struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// Events in the units of the model's inputs (.npy, or .npz by input name)
    #[arg(long, value_name = "X.npy", required_unless_present_any = ["random", "formal"])]
    input: Option<PathBuf>,
    /// Number of random events
    #[arg(long, value_name = "N", conflicts_with = "input")]
    random: Option<usize>,
    /// Seed of the random events
    #[arg(long, value_name = "S", default_value_t = 1, requires = "random")]
    seed: u64,
    /// Kernels to verify, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', default_value = "rust")]
    targets: Vec<Target>,
    /// Verify the Rust kernel that lies in this folder instead of a new one
    #[arg(long, value_name = "DIR")]
    kernel: Option<PathBuf>,
    #[command(flatten)]
    formal: FormalArgs,
    #[command(flatten)]
    hardware: HardwareArgs,
    #[command(flatten)]
    hls: HlsArgs,
    #[command(flatten)]
    headers: HeaderArgs,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Passed {
    events: usize,
    words_per_event: usize,
    targets: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    proofs: Vec<formal::Line>,
}

pub fn run(args: &Args) -> Result<()> {
    let model = args.model.load()?;
    let proofs = match args.formal.formal {
        true => formal::run(
            &model,
            &args.hardware.design(&model)?,
            &args.formal,
            args.json,
        )?,
        false => Vec::new(),
    };
    if args.input.is_none() && args.random.is_none() {
        return match args.json {
            true => print_json(&proofs),
            false => Ok(()),
        };
    }
    let interpreter = model.interpreter().into_diagnostic()?;
    let events = match (&args.input, args.random) {
        (Some(path), _) => encoded(&model, path)?,
        (None, count) => random_events(&model, count.unwrap_or(0), args.seed),
    };
    for target in &args.targets {
        match target {
            Target::Rust => {
                let built = rust_kernel(&model, args.kernel.as_deref())?;
                compare(interpreter.as_ref(), &built, &events)
                    .into_diagnostic()
                    .wrap_err("the Rust kernel failed")?;
            }
            Target::Hls => {
                let built = args
                    .headers
                    .build(&model, &args.hls.options(&args.hardware))?;
                compare(interpreter.as_ref(), &built, &events)
                    .into_diagnostic()
                    .wrap_err("the HLS kernel failed")?;
            }
            Target::Verilog => {
                let design = args.hardware.design(&model)?;
                for around in [Around::Nothing, Around::Stream] {
                    let built = verilog_kernel(&design, around, events.len())?;
                    compare(interpreter.as_ref(), &built, &events)
                        .into_diagnostic()
                        .wrap_err("the Verilog kernel failed")?;
                }
            }
        }
    }
    let words = Interface::of(&model)
        .outputs
        .iter()
        .map(|port| port.len)
        .sum();
    let passed = Passed {
        events: events.len(),
        words_per_event: words,
        targets: args.targets.iter().map(|target| target.name()).collect(),
        proofs,
    };
    if args.json {
        return print_json(&passed);
    }
    println!(
        "{}: all {} outputs of {} events agree, bit for bit",
        passed.targets.join(", "),
        passed.words_per_event,
        passed.events
    );
    Ok(())
}

fn rust_kernel(model: &Model, folder: Option<&Path>) -> Result<RustKernel> {
    let kernel = match folder {
        None => model
            .rust_kernel(rust::Options::default())
            .into_diagnostic()?,
        Some(folder) => kernel_in(folder)?,
    };
    let options = BuildOptions {
        cpu: Some("native".to_owned()),
    };
    RustKernel::build(model, &kernel, &options).into_diagnostic()
}

/// Events from which on it pays to optimise the simulation.
const MANY: usize = 20_000;

/// A core alone, or with its wrapper.
fn verilog_kernel(design: &Design, around: Around, events: usize) -> Result<VerilogKernel> {
    let simulator = Simulator {
        optimise: events >= MANY,
    };
    let (ports, kernel) = (verilog::Ports::of(design), verilog::emit(design, None));
    VerilogKernel::build(&ports, &kernel, around, simulator).into_diagnostic()
}

/// Events of a file as mantissas of a model's inputs.
fn encoded(model: &Model, path: &Path) -> Result<Events> {
    let ports = model.ports();
    let real = arrays::read_real(path, &input_shapes(&ports))?;
    let mut events = Events::new(model);
    for (row, inputs) in real.iter().enumerate() {
        let mantissas = inputs.iter().enumerate().map(|(input, values)| {
            let encoded = ports.encode(input, values).into_diagnostic();
            let encoded = encoded.wrap_err_with(|| format!("{}, row {row}", path.display()))?;
            Ok(encoded.mantissas)
        });
        events.push(&mantissas.collect::<Result<Vec<_>>>()?);
    }
    Ok(events)
}

/// The source files of a kernel in a folder.
fn kernel_in(folder: &Path) -> Result<Kernel> {
    let mut files = Vec::new();
    let single = folder.join("kernel.rs");
    if single.exists() {
        files.push((PathBuf::from("kernel.rs"), single));
    } else {
        for inner in ["src", "src/runtime"] {
            let entries = std::fs::read_dir(folder.join(inner))
                .into_diagnostic()
                .wrap_err_with(|| format!("{} holds no kernel", folder.display()))?;
            for entry in entries {
                let path = entry.into_diagnostic()?.path();
                if path.extension().is_some_and(|extension| extension == "rs") {
                    let name = path
                        .file_name()
                        .ok_or_else(|| miette!("a file without a name"))?;
                    files.push((PathBuf::from(inner).join(name), path));
                }
            }
        }
    }
    let files = files.into_iter().map(|(name, path)| {
        let text = std::fs::read_to_string(&path)
            .into_diagnostic()
            .wrap_err_with(|| format!("cannot read {}", path.display()))?;
        Ok((name, text))
    });
    Ok(Kernel {
        files: files.collect::<Result<_>>()?,
    })
}
