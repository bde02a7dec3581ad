//! docs/targets.md: what every kernel takes on every processor.

use std::fmt::Write as _;

use super::board::{BOARDS, Board, Machine};
use super::project::Size;

/// One model on some boards.
#[derive(Debug)]
pub struct Row {
    /// The model's name.
    pub model: String,
    /// Its multiply-accumulates.
    pub macs: u64,
    /// Bytes of its inputs and outputs.
    pub exchanged: u64,
    /// What each board gave.
    pub cells: Vec<(Board, Cell)>,
}

/// A model on a board, whose bits are the interpreter's unless it was not run.
#[derive(Debug)]
pub enum Cell {
    /// Run.
    Run {
        /// Fewest and most instructions of an event.
        instructions: [u64; 2],
        /// Bytes of the stack below the caller.
        stack: u64,
        /// The kernel alone.
        size: Size,
        /// Events compared.
        events: usize,
    },
    /// Compiled and linked: the board has no machine.
    Linked(Size),
    /// Not run, for this reason.
    Skipped(String),
}

impl Cell {
    /// Whether nothing is wrong with it.
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Run { size, .. } | Self::Linked(size) => size.variables == 0,
            Self::Skipped(_) => true,
        }
    }

    /// Whether every event takes the same instructions; nothing is known of a
    /// cell that was not run.
    pub fn is_constant(&self) -> bool {
        !matches!(self, Self::Run { instructions: [fewest, most], .. } if fewest != most)
    }

    /// In one line.
    pub fn line(&self) -> String {
        let sizes = |size: &Size| {
            let Size {
                code,
                tables,
                variables,
            } = size;
            format!("{code} + {tables} bytes of code and tables, {variables} of variables")
        };
        match self {
            Self::Run {
                instructions,
                stack,
                size,
                events,
            } => format!(
                "{events} events bit for bit, {} instructions, {stack} bytes of stack, {}",
                shown(*instructions),
                sizes(size)
            ),
            Self::Linked(size) => format!("linked, {}", sizes(size)),
            Self::Skipped(reason) => format!("not run: {reason}"),
        }
    }
}

impl Row {
    /// Whether nothing is wrong with any cell.
    pub fn is_sound(&self) -> bool {
        self.cells.iter().all(|(_, cell)| cell.is_sound())
    }

    /// The first reason why a board was not run though it could be.
    pub fn skipped(&self) -> Option<&str> {
        self.cells.iter().find_map(|(_, cell)| match cell {
            Cell::Skipped(reason) => Some(reason.as_str()),
            _ => None,
        })
    }
}

const HEAD: &str = "\
# Kernels on other processors

Written by `cargo xtask targets`, which compiles the Rust kernel of every model of the zoo for each processor below, runs it in
QEMU, and compares every output bit of every event with the interpreter's. A row is only there if all of them were equal.
";

const COLUMNS: &str = "\
- **instructions** of one event, from entry into `infer` to its return with all that it calls. QEMU counts them exactly; they
  are not cycles. `=` stands behind a count that was the same for every event; else the fewest and the most are
  given. Where they differ, the compiler made branches of minima and maxima, for which that processor has no instruction.
- **stack**: bytes below the caller, by painting it; arguments and results are the caller's.
- **code**, **tables**: bytes of the compiled kernel in flash: instructions, and weights with other constants.
- **RAM**: the stack, and inputs and outputs once. A kernel has no variables; the command fails if it had.
";

/// The page.
pub fn markdown(rows: &[Row], events: usize) -> String {
    let mut text = format!(
        "{HEAD}\nEvents: the first {events} of each model's sample, and {events} others: the extremes of its formats and \
         containers, and random ones.\n\n{COLUMNS}\n## The processors\n\n\
         | name | Rust target | `target-cpu` | QEMU | note |\n|---|---|---|---|---|\n"
    );
    for board in BOARDS {
        let cpu = match board.features {
            "" => board.cpu.to_owned(),
            features => format!("{}, {features}", board.cpu),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {cpu} | {} | {} |",
            board.name,
            board.triple,
            board.runs_on(),
            board.note
        );
    }
    text.push_str("\n## Instructions of one event\n\n| model | multiply-accumulates |");
    let boards: Vec<_> = rows.first().map_or(Vec::new(), |row| {
        row.cells.iter().map(|(board, _)| board).collect()
    });
    let run: Vec<_> = boards
        .iter()
        .filter(|board| !matches!(board.machine, Machine::Nowhere { .. }))
        .collect();
    for board in &run {
        let _ = write!(text, " {} |", board.name);
    }
    let _ = writeln!(text, "\n|---|---|{}", "---|".repeat(run.len()));
    for row in rows {
        let _ = write!(text, "| {} | {} |", row.model, row.macs);
        for (_, cell) in &row.cells {
            match cell {
                Cell::Run { instructions, .. } => {
                    let _ = write!(text, " {} |", shown(*instructions));
                }
                Cell::Skipped(_) => text.push_str(" see below |"),
                Cell::Linked(_) => {}
            }
        }
        text.push('\n');
    }
    for row in rows {
        let _ = write!(
            text,
            "\n## {}\n\n| processor | events, bit for bit | instructions | stack | code | tables | RAM |\n\
             |---|---|---|---|---|---|---|\n",
            row.model
        );
        for (board, cell) in &row.cells {
            let _ = writeln!(
                text,
                "| {} | {} |",
                board.name,
                columns(cell, row.exchanged)
            );
        }
    }
    text
}

/// Instructions: one number if every event takes the same.
fn shown([fewest, most]: [u64; 2]) -> String {
    match fewest == most {
        true => format!("{most} ="),
        false => format!("{fewest} to {most}"),
    }
}

fn columns(cell: &Cell, exchanged: u64) -> String {
    match cell {
        Cell::Run {
            instructions,
            stack,
            size,
            events,
        } => {
            let count = shown(*instructions);
            format!(
                "{events} | {count} | {stack} | {} | {} | {}",
                size.code,
                size.tables,
                stack + size.variables + exchanged
            )
        }
        Cell::Linked(size) => format!(
            "compiled and linked | not run | not run | {} | {} | not run",
            size.code, size.tables
        ),
        Cell::Skipped(reason) => format!("not run: {reason} | | | | |"),
    }
}
