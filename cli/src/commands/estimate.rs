//! `trigforge estimate` and `trigforge synth`: what a model takes of a part.

use std::path::{Path, PathBuf};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use miette::{IntoDiagnostic, Result, miette};
use serde::Serialize;
use trigforge_codegen::hardware::{
    Cells, Design, Estimate, Part, Placed, Target, command, place, synthesise, synthesise_framed,
};

use super::print_json;
use crate::hardware::HardwareArgs;
use crate::model::ModelArgs;

/// Estimate look-up tables, registers, cycles and clock, without any tool
///
/// One line for each family of parts, or for the part of --part; the pipeline
/// is the one that `compile --target verilog` writes. A part that does not keep
/// the clock is listed with the reason.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    trigforge estimate models/zoo/jsc-mlp/model.onnx --clock 200MHz")]
pub struct Args {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    hardware: HardwareArgs,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// Synthesise the core with Yosys, and show its count beside the estimate
///
/// For lfe5u, --place runs nextpnr and ecppack too: the clock that the routed
/// core keeps, and a bitstream.
///
/// Yosys packs no pairs of look-up tables and knows no placement: its counts
/// rank designs that went through the same command, and are no vendor's figures.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    trigforge synth models/zoo/qg-observables/model.onnx --part xcvu9p --out target/synth\n  \
    trigforge synth models/zoo/jsc-mlp/model.onnx --part lfe5u --clock 100MHz --place \
    --out target/ecp5")]
pub struct SynthArgs {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    hardware: HardwareArgs,
    /// Work folder, which keeps sources, script and log
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Place and route for lfe5u with nextpnr-ecp5, and write the bitstream
    #[arg(long)]
    place: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Row {
    part: &'static str,
    luts: u64,
    ffs: u64,
    dsps: u64,
    brams: u64,
    cycles: u32,
    /// The fastest clock by the delay model.
    clock_mhz: f64,
    latency_ns: f64,
    /// How long this took to find out.
    ms: f64,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Line {
    Fits(Row),
    Not { part: &'static str, reason: String },
}

#[derive(Debug, Serialize)]
struct Both {
    command: &'static str,
    estimate: Row,
    luts: u64,
    ffs: u64,
    dsps: u64,
    brams: u64,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    placed: Option<Routed>,
}

/// What place and route made of the core in its frame.
#[derive(Debug, Serialize)]
struct Routed {
    luts: u64,
    ffs: u64,
    clock_mhz: f64,
    bitstream: PathBuf,
    seconds: f64,
}

fn row(design: &Design, start: Instant) -> Row {
    let estimate = Estimate::of(design);
    Row {
        part: design.schedule.target.part.name(),
        luts: estimate.luts,
        ffs: estimate.ffs,
        dsps: estimate.dsps,
        brams: estimate.brams,
        cycles: estimate.cycles,
        clock_mhz: estimate.clock_mhz,
        latency_ns: estimate.latency_ns,
        ms: start.elapsed().as_secs_f64() * 1e3,
    }
}

const HEAD: &str = "part          LUT       FF  DSP BRAM  cycles       ns  fastest MHz";

fn print_row(row: &Row) {
    println!(
        "{:<8} {:>8} {:>8} {:>4} {:>4} {:>7} {:>8.1} {:>12.0}",
        row.part, row.luts, row.ffs, row.dsps, row.brams, row.cycles, row.latency_ns, row.clock_mhz
    );
}

/// `trigforge estimate`.
pub fn run(args: &Args) -> Result<()> {
    let model = args.model.load()?;
    let parts = match args.hardware.part {
        Some(part) => vec![part],
        None => Part::ALL.to_vec(),
    };
    let lines: Vec<_> = parts
        .into_iter()
        .map(|part| {
            let start = Instant::now();
            let target = Target {
                part,
                ..args.hardware.target()
            };
            match Design::new(&model, &target) {
                Ok(design) => Line::Fits(row(&design, start)),
                Err(error) => Line::Not {
                    part: part.name(),
                    reason: error.to_string(),
                },
            }
        })
        .collect();
    if args.json {
        return print_json(&lines);
    }
    println!("{HEAD}");
    for line in &lines {
        match line {
            Line::Fits(row) => print_row(row),
            Line::Not { part, reason } => println!("{part:<8} {reason}"),
        }
    }
    Ok(())
}

/// `trigforge synth`.
pub fn synth(args: &SynthArgs) -> Result<()> {
    let model = args.model.load()?;
    let start = Instant::now();
    let design = args.hardware.design(&model)?;
    let estimate = row(&design, start);
    let part = design.schedule.target.part;
    if args.place && part != Part::Lfe5u {
        return Err(miette!(
            "--place needs an open tool for the part, and {part} has none: ask for --part lfe5u"
        ));
    }
    let start = Instant::now();
    let progress = spinner(format!("yosys: {}", command(part)));
    let cells = match args.place {
        true => synthesise_framed(&design, &args.out).into_diagnostic(),
        false => synthesise(&design, &args.out).into_diagnostic(),
    };
    progress.finish_and_clear();
    let Cells {
        luts,
        ffs,
        dsps,
        brams,
    } = cells?;
    let seconds = start.elapsed().as_secs_f64();
    let placed = match args.place {
        true => Some(placed(&design, &args.out)?),
        false => None,
    };
    let both = Both {
        command: command(part),
        estimate,
        luts,
        ffs,
        dsps,
        brams,
        seconds,
        placed,
    };
    if args.json {
        return print_json(&both);
    }
    print_both(&both, part);
    Ok(())
}

/// A progress line.
fn spinner(message: String) -> ProgressBar {
    let progress = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        progress.set_style(style);
    }
    progress.set_message(message);
    progress.enable_steady_tick(std::time::Duration::from_millis(200));
    progress
}

fn placed(design: &Design, folder: &Path) -> Result<Routed> {
    let start = Instant::now();
    let progress = spinner("nextpnr-ecp5: place and route".to_owned());
    let placed = place(design, folder).into_diagnostic();
    progress.finish_and_clear();
    let Placed {
        luts,
        ffs,
        clock_mhz,
        bitstream,
    } = placed?;
    Ok(Routed {
        luts,
        ffs,
        clock_mhz,
        bitstream,
        seconds: start.elapsed().as_secs_f64(),
    })
}

fn print_both(both: &Both, part: Part) {
    println!("              LUT       FF  DSP BRAM  fastest MHz");
    let estimate = &both.estimate;
    println!(
        "{:<8} {:>8} {:>8} {:>4} {:>4} {:>12.1}",
        "estimate", estimate.luts, estimate.ffs, estimate.dsps, estimate.brams, estimate.clock_mhz
    );
    println!(
        "{:<8} {:>8} {:>8} {:>4} {:>4}",
        "yosys", both.luts, both.ffs, both.dsps, both.brams
    );
    if let Some(placed) = &both.placed {
        println!(
            "{:<8} {:>8} {:>8} {:>4} {:>4} {:>12.1}",
            "nextpnr", placed.luts, placed.ffs, "", "", placed.clock_mhz
        );
    }
    println!(
        "{part}, {} cycles; `{}` took {:.0} s",
        estimate.cycles, both.command, both.seconds
    );
    if let Some(placed) = &both.placed {
        println!(
            "placed and routed in {:.0} s, in registers that are filled and read bit by bit; \
             bitstream: {}",
            placed.seconds,
            placed.bitstream.display()
        );
    }
}
