//! The firmware: its library's tests, two boards in QEMU, and the driver of the
//! Verilog kernel on a simulated bus.

use anyhow::Result;

use crate::context::{Context, Outcome};
use crate::soc;

/// A microcontroller with its decoded log, and an application core.
const BOARDS: [&str; 2] = ["cortex-m4", "zynqmp"];

/// Runs the firmware.
pub fn run(context: &Context) -> Result<Outcome> {
    soc::unit_tests(context)?;
    let mut notes = Vec::new();
    let mut lines = soc::check(context, &BOARDS)?;
    lines.push(("driver", soc::driver::check(context)?));
    for (board, shown) in lines {
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
