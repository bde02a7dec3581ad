//! Kernels on processors that differ most, in QEMU. `cargo xtask targets` runs
//! all models on all processors.

use anyhow::{Context as _, Result, bail};

use crate::context::{Context, Outcome};
use crate::targets::{board, measure};

/// A microcontroller, and an application core beside an FPGA. On both every
/// event must take the same instructions.
const BOARDS: [&str; 2] = ["cortex-m4", "cortex-a53"];

/// Small models.
const MODELS: [&str; 2] = ["jsc-mlp", "qg-observables"];

/// Events of each sample, and as many others.
const EVENTS: usize = 500;

/// Runs the models on the boards.
pub fn run(context: &Context) -> Result<Outcome> {
    let boards = BOARDS.map(|name| board(name).with_context(|| format!("no board {name}")));
    let boards: Vec<_> = boards.into_iter().collect::<Result<_>>()?;
    let mut notes = Vec::new();
    for model in MODELS {
        let folder = context.root.join("models/zoo").join(model);
        let row = measure(context, &folder, &boards, EVENTS)?;
        if let Some(reason) = row.skipped() {
            return Ok(Outcome::Skipped(reason.to_owned()));
        }
        for (board, cell) in &row.cells {
            let line = format!("{model} on {}: {}", board.name, cell.line());
            match cell.is_sound() && cell.is_constant() {
                true => notes.push(line),
                false => bail!("{line}"),
            }
        }
    }
    Ok(Outcome::Passed(notes))
}
