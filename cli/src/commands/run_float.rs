//! `trigforge run --engine float`: a model as its file states it.

use miette::{IntoDiagnostic, Result, WrapErr, miette};
use trigforge_codegen::import::onnx::Options;
use trigforge_codegen::import::read_with;
use trigforge_codegen::real::{Graph, evaluate};

use super::run::{Args, Done};
use crate::arrays::{self, Shape};

/// Evaluates the events of a file and writes the outputs, in single precision.
pub fn run(args: &Args) -> Result<Done> {
    if args.raw || args.model.calib.is_some() {
        return Err(miette!(
            help = "leave out --raw and --calib",
            "--engine float quantises nothing"
        ));
    }
    let options = Options {
        batch: args.batch,
        ..Options::default()
    };
    let graph = read_with(&args.model.path, &options).into_diagnostic()?;
    let events = arrays::read_real(&args.input, &input_shapes(&graph))?;
    let mut results = Vec::with_capacity(events.len());
    for (row, inputs) in events.iter().enumerate() {
        let inputs: Vec<_> = inputs.iter().map(Vec::as_slice).collect();
        let outputs = evaluate(&graph, &inputs)
            .into_diagnostic()
            .wrap_err_with(|| format!("{}, row {row}", args.input.display()))?;
        let single = outputs.iter().map(|output| {
            let values = output.iter().map(|&value| value as f32);
            values.collect::<Vec<_>>()
        });
        results.push(single.collect::<Vec<_>>());
    }
    arrays::write_results(&args.out, &output_shapes(&graph), &results)?;
    Ok(Done {
        events: events.len(),
        input_values: events.iter().flatten().map(Vec::len).sum(),
        saturated_input_values: 0,
    })
}

fn input_shapes(graph: &Graph) -> Vec<Shape> {
    let inputs = graph.inputs().map(|(_, node)| Shape {
        name: node.name.clone(),
        dims: node.shape.clone(),
    });
    inputs.collect()
}

fn output_shapes(graph: &Graph) -> Vec<Shape> {
    let outputs = graph.outputs.iter().map(|(name, id)| Shape {
        name: name.clone(),
        dims: graph.node(*id).shape.clone(),
    });
    outputs.collect()
}
