//! `cargo xtask targets`: the kernels of the zoo on every processor they are for.

mod board;
mod emulate;
mod known;
mod project;
mod report;
pub mod sample;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use clap::builder::{PossibleValue, PossibleValuesParser};
use trigforge_codegen::emit::Kernel;
use trigforge_codegen::emit::rust::Interface;
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::Module;
use trigforge_codegen::ports::WithPorts;
use trigforge_codegen::validate::validate;
use trigforge_codegen::verify::{Events, compare};

use crate::context::Context;
use crate::kernel;
use crate::tools::{self, Tool};
use board::{BOARDS, Board, Machine};
use emulate::{Emulated, Taken};
use known::Known;
pub use report::{Cell, Row};

/// Runs the kernels of the zoo on the processors of SoC boards and
/// microcontrollers, in QEMU.
///
/// Every output bit is compared with the interpreter's; instructions of each
/// event, stack, code and tables are counted. A complete run writes
/// docs/targets.md.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Only this processor; may be repeated.
    #[arg(long, value_name = "TARGET", value_parser = names())]
    only: Vec<String>,
    /// Only this model of the zoo; may be repeated.
    #[arg(long, value_name = "NAME")]
    model: Vec<String>,
    /// Events of the sample, and as many extreme and random ones.
    #[arg(long, value_name = "N", default_value_t = 500)]
    events: usize,
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
    let chosen = |name: &str, only: &[String]| only.is_empty() || only.iter().any(|o| o == name);
    let boards: Vec<_> = BOARDS
        .iter()
        .filter(|board| chosen(board.name, &arguments.only))
        .collect();
    let mut rows = Vec::new();
    for folder in zoo(&context)? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        if chosen(&name, &arguments.model) {
            rows.push(measure(&context, &folder, &boards, arguments.events)?);
        }
    }
    ensure!(!rows.is_empty(), "the zoo holds none of these models");
    let text = report::markdown(&rows, arguments.events);
    match arguments.only.is_empty() && arguments.model.is_empty() {
        true => {
            let path = context.root.join("docs/targets.md");
            std::fs::write(&path, text).with_context(|| path.display().to_string())?;
            println!("wrote docs/targets.md");
        }
        false => print!("{text}"),
    }
    Ok(match rows.iter().all(Row::is_sound) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The folders of the shipped models, in alphabetical order.
fn zoo(context: &Context) -> Result<Vec<PathBuf>> {
    let folder = context.root.join("models/zoo");
    let entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut models: Vec<_> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    models.retain(|path| path.join("model.onnx").is_file());
    models.sort();
    Ok(models)
}

/// One model on some boards.
pub fn measure(context: &Context, folder: &Path, boards: &[&Board], events: usize) -> Result<Row> {
    let (module, kernel) = kernel::emit(&folder.join("model.onnx"))?;
    let info = validate(&module)?;
    let events = sample::mixed(&module, folder, events)?;
    let interpreter = Interpreter::new(&module)?;
    let known = Known::new(&interpreter, &events)?;
    let mut row = Row {
        model: module.name.clone(),
        exchanged: exchanged(&module),
        macs: info.costs(&module).iter().map(|cost| cost.macs).sum(),
        cells: Vec::new(),
    };
    for board in boards {
        let cell = on_board(context, &module, &kernel, board, (&known, &events))
            .with_context(|| format!("{} on {}", module.name, board.name))?;
        println!("    {} on {}: {}", module.name, board.name, cell.line());
        row.cells.push((**board, cell));
    }
    Ok(row)
}

/// Bytes of all inputs and outputs of a kernel.
fn exchanged(module: &Module) -> u64 {
    let interface = Interface::of(module);
    let ports = interface.inputs.iter().chain(&interface.outputs);
    ports
        .map(|port| port.len as u64 * u64::from(port.bits) / 8)
        .sum()
}

/// One model on one board; a tool that is missing is a reason, no error.
fn on_board(
    context: &Context,
    module: &Module,
    kernel: &Kernel,
    board: &Board,
    (known, events): (&Known<'_>, &Events),
) -> Result<Cell> {
    if let Some(reason) = missing(context, board)? {
        return Ok(Cell::Skipped(reason));
    }
    let folder = context.work("targets").join(&module.name);
    let program = project::build(context, module, kernel, board, &folder)?;
    if let Machine::Nowhere { .. } = board.machine {
        return Ok(Cell::Linked(program.size));
    }
    let emulated = Emulated {
        machine: board.machine,
        program: &program,
        plugin: &emulate::plugin(context)?,
        folder: &folder,
        output_words: module.ports().outputs.iter().map(|o| o.ty.len()).sum(),
        taken: Taken::default().into(),
    };
    compare(known, &emulated, events)?;
    let taken = emulated.taken.take();
    Ok(Cell::Run {
        instructions: range(&taken.instructions)?,
        stack: taken.stack,
        size: program.size,
        events: events.len(),
    })
}

/// Fewest and most.
fn range(counts: &[u64]) -> Result<[u64; 2]> {
    let fewest = counts.iter().min().context("no event was counted")?;
    let most = counts.iter().max().context("no event was counted")?;
    Ok([*fewest, *most])
}

/// What a board needs that is not there.
fn missing(context: &Context, board: &Board) -> Result<Option<String>> {
    let needed: Vec<Tool> = match board.machine {
        Machine::System { qemu, .. } => vec![qemu],
        Machine::User {
            qemu,
            linker,
            library,
        } => vec![qemu, linker, library],
        Machine::Nowhere { .. } => Vec::new(),
    };
    for tool in needed {
        if let Some(reason) = tools::missing(context, tool)? {
            return Ok(Some(reason));
        }
    }
    match board.build_core() {
        true => tools::missing_sources(context),
        false => tools::missing_target(context, board.triple),
    }
}

/// The board of this name.
pub fn board(name: &str) -> Option<&'static Board> {
    BOARDS.iter().find(|board| board.name == name)
}
