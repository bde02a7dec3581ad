//! `trigforge verify --formal`: proof, layer by layer, for all inputs.

use clap::Args;
use miette::{IntoDiagnostic, Result, bail};
use serde::Serialize;
use trigforge_codegen::emit::verilog::emit;
use trigforge_codegen::hardware::Design;
use trigforge_codegen::model::Model;
use trigforge_codegen::verify::formal::{Options, Proof, Verdict, prove};

/// How far proofs go.
#[derive(Debug, Args)]
pub struct FormalArgs {
    /// Prove with Yosys, for all inputs, that each layer of the Verilog computes
    /// what the model says
    #[arg(long)]
    pub formal: bool,
    /// Gates of a layer up to which it is proven
    #[arg(long, value_name = "N", default_value_t = 20_000, requires = "formal")]
    formal_gates: usize,
    /// Seconds for each element of a layer's result
    #[arg(long, value_name = "S", default_value_t = 10, requires = "formal")]
    formal_seconds: u32,
}

/// A layer's proof.
#[derive(Debug, Serialize)]
pub struct Line {
    layer: String,
    operation: &'static str,
    elements: usize,
    /// Of the elements, those that were proven adder by adder.
    by_sums: usize,
    gates: usize,
    verdict: String,
    seconds: f64,
}

impl Line {
    fn of(proof: &Proof) -> Self {
        let verdict = match &proof.verdict {
            Verdict::Proven => "proven".to_owned(),
            Verdict::TooLarge => "too large".to_owned(),
            Verdict::Undecided(count) => format!("{count} elements undecided"),
            Verdict::Differs(counterexample) => format!("differs: {counterexample}"),
        };
        Self {
            layer: proof.name.clone(),
            operation: proof.operation,
            elements: proof.elements,
            by_sums: proof.by_sums,
            gates: proof.gates,
            verdict,
            seconds: proof.seconds,
        }
    }
}

/// Proves the layers of a design and prints each; fails if one differs.
pub fn run(model: &Model, design: &Design, args: &FormalArgs, quiet: bool) -> Result<Vec<Line>> {
    let options = Options {
        most_gates: args.formal_gates,
        seconds: args.formal_seconds,
        workers: std::thread::available_parallelism().map_or(1, usize::from),
    };
    if !quiet {
        println!("layer                        operation    elements  by sums   gates   seconds");
    }
    let kernel = emit(design, None);
    let proofs = prove(model, design, &kernel, options, |proof| {
        if !quiet {
            let line = Line::of(proof);
            println!(
                "{:<28} {:<12} {:>8} {:>8} {:>7} {:>9.1}  {}",
                line.layer.escape_debug().to_string(),
                line.operation,
                line.elements,
                line.by_sums,
                line.gates,
                line.seconds,
                line.verdict
            );
        }
    });
    let proofs = proofs.into_diagnostic()?;
    let differ = |proof: &&Proof| matches!(proof.verdict, Verdict::Differs(_));
    if let Some(wrong) = proofs.iter().find(differ) {
        bail!(
            "the Verilog is not the model's: {}",
            Line::of(wrong).verdict
        );
    }
    Ok(proofs.iter().map(Line::of).collect())
}
