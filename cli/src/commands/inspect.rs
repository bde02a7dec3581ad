//! `trigforge inspect`: what a model is, and what it costs.

use miette::{IntoDiagnostic, Result};
use serde::Serialize;
use trigforge_codegen::ir::{Module, Node};
use trigforge_codegen::model::Model;
use trigforge_codegen::ops::{Cost, Op};
use trigforge_codegen::validate::validate;

use super::{circuit, print_json};
use crate::model::ModelArgs;

/// Show a model's graph, shapes, formats and cost
///
/// Formats are written fix(k,i,f): sign bit, integer bits, fractional bits; a
/// mantissa m stands for m * 2^-f. EBOPs are effective bit operations
/// (arXiv:2405.00645). A model that trigforge does not take is reported with
/// everything that stands in the way.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trigforge inspect models/zoo/jsc-mlp/model.onnx")]
pub struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// Print as JSON
    #[arg(long, conflicts_with = "ir")]
    json: bool,
    /// Print the textual form, which can be read back as a model
    #[arg(long)]
    ir: bool,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    operation: &'static str,
    shape: Vec<usize>,
    format: String,
    parameters: u64,
    macs: u64,
    ebops: u64,
}

#[derive(Debug, Serialize)]
struct Summary {
    name: String,
    sha256: Option<String>,
    nodes: Vec<Row>,
    outputs: Vec<String>,
    parameters: u64,
    macs: u64,
    ebops: u64,
}

pub fn run(args: &Args) -> Result<()> {
    let model = args.model.load()?;
    if args.ir {
        print!("{}", model.print());
        return Ok(());
    }
    let module = match model {
        Model::Graph(module) => module,
        Model::Circuit(circuit) => return circuit::inspect(&circuit, args.json),
    };
    let info = validate(&module).into_diagnostic()?;
    let summary = summarise(&module, &info.costs(&module));
    match args.json {
        true => print_json(&summary),
        false => {
            print_table(&summary);
            Ok(())
        }
    }
}

fn summarise(module: &Module, costs: &[Cost]) -> Summary {
    let rows = module
        .nodes()
        .iter()
        .zip(costs)
        .filter(|(node, _)| !matches!(node.op, Op::Constant(_)))
        .map(|(node, cost)| row(node, cost))
        .collect();
    Summary {
        name: module.name.clone(),
        sha256: module.source_sha256.clone(),
        nodes: rows,
        outputs: module
            .outputs()
            .iter()
            .map(|output| output.name.clone())
            .collect(),
        parameters: costs.iter().map(|cost| cost.parameters).sum(),
        macs: costs.iter().map(|cost| cost.macs).sum(),
        ebops: costs.iter().map(|cost| cost.ebops).sum(),
    }
}

fn row(node: &Node, cost: &Cost) -> Row {
    let entries = node.ty.formats.entries();
    let format = match entries {
        [format] => format.to_string(),
        several => format!(
            "{} formats, at most {} bits",
            several.len(),
            node.ty.formats.max_width()
        ),
    };
    Row {
        name: node.name.clone(),
        operation: node.op.as_operation().name(),
        shape: node.ty.shape.clone(),
        format,
        parameters: cost.parameters,
        macs: cost.macs,
        ebops: cost.ebops,
    }
}

fn print_table(summary: &Summary) {
    println!(
        "model `{}`",
        trigforge_codegen::import::shorten(&summary.name)
    );
    if let Some(hash) = &summary.sha256 {
        println!("file SHA-256 {hash}");
    }
    println!();
    println!(
        "{:<28} {:<12} {:<12} {:<34} {:>8} {:>8}",
        "node", "operation", "shape", "format", "MACs", "EBOPs"
    );
    for row in &summary.nodes {
        let mut name: String = row.name.chars().take(27).collect();
        if name.len() < row.name.len() {
            name.push('~');
        }
        println!(
            "{:<28} {:<12} {:<12} {:<34} {:>8} {:>8}",
            name.escape_debug().to_string(),
            row.operation,
            format!("{:?}", row.shape),
            row.format,
            row.macs,
            row.ebops
        );
    }
    println!();
    println!(
        "{} parameters, {} multiply-accumulates, {} EBOPs",
        summary.parameters, summary.macs, summary.ebops
    );
}
