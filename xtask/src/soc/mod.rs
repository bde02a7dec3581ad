//! `cargo xtask soc`: the firmware in QEMU, against the interpreter.

mod board;
pub mod driver;
mod log;
mod reference;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use clap::builder::{PossibleValue, PossibleValuesParser};
use trigforge_codegen::emit::write_file;
use trigforge_codegen::verify::Events;

use crate::context::{Context, SHIPPED};
use crate::kernel;
use crate::process::run as execute;
use crate::targets::sample;
use board::{BOARDS, Board};
use log::Log;
use reference::Reference;

/// Events of the sample, in rounds, that the firmware decides.
const SAMPLE: usize = 10_000;

/// Extreme and random events behind them.
const OTHERS: usize = 1_000;

/// Runs the firmware of SoC boards and of a microcontroller in QEMU.
///
/// Every decision is compared with the interpreter's, and on the
/// microcontroller the log, decoded, with what the queue must have held.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Only this board; may be repeated.
    #[arg(long, value_name = "BOARD", value_parser = names())]
    only: Vec<String>,
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(
        BOARDS
            .iter()
            .map(|board| PossibleValue::new(board.name).help(board.triple)),
    )
}

/// Runs what is asked for.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let context = Context::new(None, false)?;
    let chosen = |board: &&Board| {
        arguments.only.is_empty() || arguments.only.iter().any(|name| name == board.name)
    };
    let names: Vec<_> = BOARDS.iter().filter(chosen).map(|b| b.name).collect();
    let mut lines = check(&context, &names)?;
    if arguments.only.is_empty() {
        lines.push(("driver", driver::check(&context)?));
    }
    for (board, outcome) in lines {
        println!(
            "{board}: {}",
            outcome.unwrap_or_else(|reason| format!("SKIPPED, {reason}"))
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// What a board showed, or why it did not run.
pub type Shown = Result<String, String>;

/// Runs the firmware of these boards.
///
/// # Errors
///
/// A board whose decisions are not the interpreter's.
pub fn check(context: &Context, names: &[&str]) -> Result<Vec<(&'static str, Shown)>> {
    let model = context.root.join(SHIPPED);
    let (module, emitted) = kernel::emit(&model)?;
    emitted.write(&context.root.join("fpga/soc/kernel"))?;
    let folder = model.parent().context("the model lies in no folder")?;
    let sample = sample::sample(&module, folder, SAMPLE)?;
    ensure!(!sample.is_empty(), "the sample is empty");
    let others = crate::steps::kernel::events(&module, OTHERS);
    let mut events = Events::new(&module);
    let rounds = (0..SAMPLE).map(|event| (&sample, event % sample.len()));
    for (from, event) in rounds.chain((0..OTHERS).map(|event| (&others, event))) {
        let inputs = from.inputs(event).into_iter();
        events.push(&inputs.map(<[i64]>::to_vec).collect::<Vec<_>>());
    }
    let bytes: Vec<u8> = events
        .mantissas()
        .iter()
        .flat_map(|&m| (m as i16).to_be_bytes())
        .collect();
    let path = context.work("soc").join("events");
    write_file(&path, &bytes)?;
    let reference = Reference::new(&module, &events)?;
    let mut shown = Vec::new();
    for board in BOARDS.iter().filter(|board| names.contains(&board.name)) {
        if let Some(reason) = board::missing(context, board)? {
            shown.push((board.name, Err(reason)));
            continue;
        }
        let log = Log::parse(&board::run(context, board, &path)?)?;
        let passes = if board.defmt { 2 } else { 1 };
        let line = reference.check(&log, passes).with_context(|| board.name)?;
        shown.push((board.name, Ok(line)));
    }
    Ok(shown)
}

/// Runs the tests of the firmware's library on this machine.
pub fn unit_tests(context: &Context) -> Result<()> {
    let mut test = context.cargo(["test", "--quiet", "--features", "display"]);
    test.current_dir(context.root.join("fpga/soc"));
    execute(test.env("CARGO_TARGET_DIR", target(context)))
}

/// Where the firmware is built.
fn target(context: &Context) -> PathBuf {
    context.work("soc").join("target")
}
