//! `trigforge adders`: the adder graph of one integer matrix.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::ValueEnum;
use miette::{IntoDiagnostic, Result, WrapErr, miette};
use ndarray::{ArrayView2, Axis, Ix2, Ix3};
use serde::Serialize;
use trigforge_codegen::adders::{Column, Graph, Objective, Options, Product, Source, solve};
use trigforge_codegen::circuit::{Circuit, print};
use trigforge_codegen::emit::write_file;
use trigforge_codegen::ir::Interval;

use super::print_json;
use crate::arrays;

/// What is to be least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Minimise {
    /// Adders and subtractors
    Adders,
    /// Bits of their carry chains, which is about one look-up table each
    Bits,
}

/// Find the adders of a product with a constant matrix
///
/// For an integer matrix M of shape [N, M], y = x M is computed by shifts, which
/// cost nothing, and adders. Columns are computed from each other, and pairs of
/// terms that occur time and again are added once. A stack of matrices, of shape
/// [K, N, M], is taken one by one.
///
/// The depth is the number of adders in a row. The fewest possible is
/// ceil(log2(d)), d being the most non-zero signed digits in a column;
/// `--extra-depth 0` keeps to it, at the price of more adders.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    python3 -c \"import numpy as n; n.save('m.npy', n.random.default_rng(1).integers(129, 256, (16, 16)))\"\n  \
    trigforge adders m.npy\n  \
    trigforge adders m.npy --extra-depth 0 --effort 20 --json\n  \
    trigforge adders m.npy --input-bits 6 --minimise bits --out product.ir\n  \
    trigforge compile product.ir --target verilog --part xcvu9p --out core")]
pub struct Args {
    /// Integers in a .npy file, [N, M] or [K, N, M]
    #[arg(value_name = "MATRIX")]
    matrix: PathBuf,
    /// Adders in a row beyond the fewest possible [default: as many as help]
    #[arg(long, value_name = "N")]
    extra_depth: Option<u32>,
    /// Bits of each input, its sign included
    #[arg(long, value_name = "B", default_value_t = 8,
        value_parser = clap::value_parser!(u32).range(1..=48))]
    input_bits: u32,
    /// Searches to make: 0 takes the first graph, each step adds four searches
    #[arg(long, value_name = "E", default_value_t = Options::DEFAULT_EFFORT)]
    effort: u32,
    /// What is to be least
    #[arg(long, value_enum, default_value_t = Minimise::Adders)]
    minimise: Minimise,
    /// Threads; the graph is the same for any number
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: u16,
    /// Write the adders as a circuit, which `run`, `inspect` and `compile` take
    #[arg(long, value_name = "CIRCUIT")]
    out: Option<PathBuf>,
    /// Print as JSON: one object for a matrix, a list for a stack
    #[arg(long)]
    json: bool,
}

/// What a matrix takes.
#[derive(Debug, Serialize)]
struct Figures {
    inputs: usize,
    columns: usize,
    adders: usize,
    depth: u32,
    bits: u64,
    time_ms: f64,
}

pub fn run(args: &Args) -> Result<()> {
    let array = arrays::read_integers(&args.matrix)?;
    let shape = array.shape().to_vec();
    let misshapen = || {
        miette!(
            help = "save a matrix with numpy.save, one row for each input",
            "{}: the array has shape {shape:?}, expected [N, M] or [K, N, M]",
            args.matrix.display()
        )
    };
    let single = array.ndim() == 2;
    let stack = match single {
        true => array
            .into_dimensionality::<Ix2>()
            .map(|matrix| matrix.insert_axis(Axis(0))),
        false => array.into_dimensionality::<Ix3>(),
    };
    let stack = stack.map_err(|_| misshapen())?;
    if stack.is_empty() {
        return Err(misshapen());
    }
    if args.out.is_some() && stack.len_of(Axis(0)) != 1 {
        return Err(miette!(
            help = "save one matrix of the stack by itself",
            "{}: --out writes one matrix, the file holds {}",
            args.matrix.display(),
            stack.len_of(Axis(0))
        ));
    }
    let options = Options {
        extra_depth: args.extra_depth,
        objective: match args.minimise {
            Minimise::Adders => Objective::Adders,
            Minimise::Bits => Objective::Bits,
        },
        effort: args.effort,
        threads: args.threads.into(),
    };
    let mut all = Vec::with_capacity(stack.len_of(Axis(0)));
    for matrix in stack.outer_iter() {
        let product = product(matrix, args.input_bits);
        let start = Instant::now();
        let graph = solve(&product, &options)
            .into_diagnostic()
            .wrap_err_with(|| args.matrix.display().to_string())?;
        let time_ms = start.elapsed().as_secs_f64() * 1e3;
        let cost = graph.cost().into_diagnostic()?;
        all.push(Figures {
            inputs: matrix.nrows(),
            columns: matrix.ncols(),
            adders: cost.adders,
            depth: cost.depth,
            bits: cost.bits,
            time_ms,
        });
        if let Some(out) = &args.out {
            write(out, &args.matrix, &product, &graph)?;
        }
    }
    match (args.json, all.as_slice()) {
        (true, [one]) if single => print_json(one),
        (true, all) => print_json(&all),
        (false, all) => {
            show(all, args.out.as_deref());
            Ok(())
        }
    }
}

fn product(matrix: ArrayView2<'_, i64>, input_bits: u32) -> Product {
    let half = 1i64 << (input_bits - 1);
    let input = Source {
        range: Interval {
            lo: -half,
            hi: half - 1,
        },
        f: 0,
        depth: 0,
    };
    let columns = matrix.columns().into_iter().map(|column| Column {
        weights: column.to_vec(),
        ..Column::default()
    });
    Product {
        inputs: vec![input; matrix.nrows()],
        columns: columns.collect(),
    }
}

fn write(out: &Path, matrix: &Path, product: &Product, graph: &Graph) -> Result<()> {
    let name = matrix.file_stem().unwrap_or_default().to_string_lossy();
    let circuit = Circuit::of_product(name, product, graph).map_err(|reason| miette!(reason))?;
    write_file(out, print(&circuit).as_bytes()).into_diagnostic()
}

fn show(all: &[Figures], out: Option<&Path>) {
    println!(
        "{:>6} {:>15} {:>8} {:>6} {:>10} {:>10}",
        "matrix", "shape", "adders", "depth", "carry bits", "ms"
    );
    for (at, figures) in all.iter().enumerate() {
        println!(
            "{at:>6} {:>6} x {:<6} {:>8} {:>6} {:>10} {:>10.3}",
            figures.inputs,
            figures.columns,
            figures.adders,
            figures.depth,
            figures.bits,
            figures.time_ms
        );
    }
    if let Some(out) = out {
        println!("circuit: {}", out.display());
    }
}
