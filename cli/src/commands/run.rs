//! `trigforge run`: a model's outputs for events of a file.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueEnum;
use miette::{IntoDiagnostic, Result, WrapErr, miette};
use serde::Serialize;
use trigforge_codegen::emit::rust;
use trigforge_codegen::model::Model;
use trigforge_codegen::ports::{Execute, WithPorts};
use trigforge_codegen::verify::{BuildOptions, Events, Runs, RustKernel};

use super::{print_json, run_float};
use crate::arrays;
use crate::model::{ModelArgs, input_shapes, output_shapes};

/// What executes the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// The integer interpreter, which defines the result
    Interp,
    /// The Rust kernel, compiled for this host
    Rust,
    /// The model as its file states it, in double precision: to check an import
    Float,
}

/// Compute a model's outputs for the events of a file
///
/// The input is float, of shape (n, ...), in the units of the model's input;
/// the output is float64. With --raw both are integer mantissas. With several
/// inputs or outputs the files are .npz, keyed by their names.
///
/// With --engine float nothing is quantised: every operation of an ONNX file is
/// computed in double precision, and the outputs are rounded to float32. It is
/// a reference for checking imports, which no kernel is made from.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    trigforge run models/zoo/jsc-mlp/model.onnx --input models/zoo/jsc-mlp/sample.npz --out Y.npy")]
pub struct Args {
    #[command(flatten)]
    pub model: ModelArgs,
    /// Events (.npy, or .npz keyed by input name)
    #[arg(long, value_name = "X.npy")]
    pub input: PathBuf,
    /// Where the outputs are written (.npy, or .npz keyed by output name)
    #[arg(long, value_name = "Y.npy")]
    pub out: PathBuf,
    /// What executes the model
    #[arg(long, value_enum, default_value = "interp")]
    engine: Engine,
    /// Read and write integer mantissas instead of real values
    #[arg(long)]
    pub raw: bool,
    /// Events that the model takes at once, where its file fixes another number
    /// (with --engine float)
    #[arg(long, value_name = "N")]
    pub batch: Option<NonZeroUsize>,
    /// Print counts as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
pub struct Done {
    pub events: usize,
    pub input_values: usize,
    pub saturated_input_values: usize,
}

pub fn run(args: &Args) -> Result<()> {
    if args.engine == Engine::Float {
        let done = run_float::run(args)?;
        return report(args, &done);
    }
    if args.batch.is_some() {
        return Err(miette!("--batch is for --engine float"));
    }
    let model = args.model.load()?;
    let interpreter = model.interpreter().into_diagnostic()?;
    let (events, saturated) = read(args, &model, interpreter.as_ref())?;
    let results = match args.engine {
        Engine::Interp => (0..events.len())
            .map(|event| interpreter.run(&events.inputs(event)).into_diagnostic())
            .collect::<Result<Vec<_>>>()?,
        Engine::Rust => by_output(&model, &events)?,
        Engine::Float => return Err(miette!("the float engine has no integers")),
    };
    let shapes = output_shapes(interpreter.ports());
    if args.raw {
        arrays::write_results(&args.out, &shapes, &results)?;
    } else {
        let decode = |event: &Vec<Vec<i64>>| -> Vec<Vec<f64>> {
            let outputs = event.iter().enumerate();
            outputs
                .map(|(index, mantissas)| interpreter.ports().decode(index, mantissas))
                .collect()
        };
        let real: Vec<_> = results.iter().map(decode).collect();
        arrays::write_results(&args.out, &shapes, &real)?;
    }
    let done = Done {
        events: events.len(),
        input_values: events.mantissas().len(),
        saturated_input_values: saturated,
    };
    report(args, &done)
}

/// Says what was written.
fn report(args: &Args, done: &Done) -> Result<()> {
    if args.json {
        return print_json(done);
    }
    println!(
        "wrote the outputs of {} events to {}",
        done.events,
        args.out.display()
    );
    if done.saturated_input_values > 0 {
        println!(
            "{} of {} input values lay outside of their formats and were saturated",
            done.saturated_input_values, done.input_values
        );
    }
    Ok(())
}

/// Events as mantissas, and how many values their formats cut off.
fn read(args: &Args, model: &Model, interpreter: &dyn Execute) -> Result<(Events, usize)> {
    let ports = interpreter.ports();
    let shapes = input_shapes(ports);
    let mut events = Events::new(model);
    let mut saturated = 0;
    let at = |row: usize| format!("{}, row {row}", args.input.display());
    if args.raw {
        for (row, inputs) in arrays::read_mantissas(&args.input, &shapes)?
            .iter()
            .enumerate()
        {
            for (input, mantissas) in inputs.iter().enumerate() {
                let checked = ports.check(input, mantissas).into_diagnostic();
                checked.wrap_err_with(|| at(row))?;
            }
            events.push(inputs);
        }
        return Ok((events, 0));
    }
    for (row, inputs) in arrays::read_real(&args.input, &shapes)?.iter().enumerate() {
        let mut mantissas = Vec::with_capacity(inputs.len());
        for (input, values) in inputs.iter().enumerate() {
            let encoded = ports.encode(input, values).into_diagnostic();
            let encoded = encoded.wrap_err_with(|| at(row))?;
            saturated += encoded.saturated.iter().filter(|cut| **cut).count();
            mantissas.push(encoded.mantissas);
        }
        events.push(&mantissas);
    }
    Ok((events, saturated))
}

/// The compiled kernel's results, split by output.
fn by_output(model: &Model, events: &Events) -> Result<Vec<Vec<Vec<i64>>>> {
    let kernel = model
        .rust_kernel(rust::Options::default())
        .into_diagnostic()?;
    let options = BuildOptions {
        cpu: Some("native".to_owned()),
    };
    let built = RustKernel::build(model, &kernel, &options).into_diagnostic()?;
    let ports = model.ports();
    let lengths: Vec<_> = ports.outputs.iter().map(|o| o.ty.len()).collect();
    let rows = built.run(events).into_diagnostic()?;
    let split = |row: Vec<i64>| {
        let mut rest = row.as_slice();
        let mut outputs = Vec::with_capacity(lengths.len());
        for &length in &lengths {
            let (output, after) = rest.split_at(length);
            outputs.push(output.to_vec());
            rest = after;
        }
        outputs
    };
    Ok(rows.into_iter().map(split).collect())
}
