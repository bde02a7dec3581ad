//! The firmware: its library's tests, and two boards in QEMU.

use anyhow::Result;

use crate::context::{Context, Outcome};
use crate::soc;

/// A microcontroller with its decoded log, and an application core.
const BOARDS: [&str; 2] = ["cortex-m4", "zynqmp"];

/// Runs the firmware.
pub fn run(context: &Context) -> Result<Outcome> {
    soc::unit_tests(context)?;
    let mut notes = Vec::new();
    for (board, shown) in soc::check(context, &BOARDS)? {
        match shown {
            Ok(line) => notes.push(format!("{board}: {line}")),
            Err(reason) => return Ok(Outcome::Skipped(format!("{board}: {reason}"))),
        }
    }
    for note in &notes {
        println!("    {note}");
    }
    Ok(Outcome::Passed(notes))
}
