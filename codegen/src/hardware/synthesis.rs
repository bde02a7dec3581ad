//! Yosys on a design: what it counts.

use std::path::{Path, PathBuf};
use std::process::Command;

use thiserror::Error;

use crate::emit::verilog::{Ports, emit};
use crate::emit::{WriteError, write_file};
use crate::hardware::{Design, Part, placement};

/// Cells after technology mapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cells {
    /// Look-up tables of any number of inputs, and inverters. A carry cell of
    /// ECP5 holds two.
    pub luts: u64,
    /// Registers of one bit.
    pub ffs: u64,
    /// Multiplier blocks.
    pub dsps: u64,
    /// Block memories.
    pub brams: u64,
}

/// A synthesis that did not end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SynthesisError {
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Yosys could not be started.
    #[error("cannot start `yosys`: apt-get install yosys")]
    Start(#[source] std::io::Error),
    /// Yosys failed.
    #[error("yosys failed ({status}); its log is {}", log.display())]
    Failed {
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it wrote.
        log: PathBuf,
    },
    /// Its statistics could not be read.
    #[error("the statistics of yosys in {} count no cells", log.display())]
    Statistics {
        /// What it wrote.
        log: PathBuf,
    },
}

/// The command of Yosys for a part.
pub const fn command(part: Part) -> &'static str {
    match part {
        Part::Xcvu9p | Part::Xczu7ev => "synth_xilinx -family xcup -flatten -noiopad -nodsp",
        Part::Xc7a100t => "synth_xilinx -family xc7 -flatten -noiopad -nodsp",
        Part::Lfe5u => "synth_ecp5 -nodsp",
    }
}

/// Synthesises the core of a design in a folder, which keeps its files.
///
/// # Errors
///
/// A tool that is missing or fails.
pub fn synthesise(design: &Design, folder: &Path) -> Result<Cells, SynthesisError> {
    run(design, folder, None)
}

/// Synthesises the core of a design for ECP5 in the frame in which it is
/// placed, whose cells count, and leaves what [`place`](super::place) takes.
///
/// # Errors
///
/// A tool that is missing or fails.
pub fn synthesise_framed(design: &Design, folder: &Path) -> Result<Cells, SynthesisError> {
    run(design, folder, Some(placement::frame(design)))
}

/// The core alone, or in a frame: name and text of the module.
fn run(
    design: &Design,
    folder: &Path,
    frame: Option<(String, String)>,
) -> Result<Cells, SynthesisError> {
    let kernel = emit(design, None);
    kernel.write(folder)?;
    let (top, options) = match frame {
        None => (Ports::of(design).core(), String::new()),
        Some((name, text)) => {
            write_file(&folder.join(format!("rtl/{name}.v")), text.as_bytes())?;
            (name, format!(" -json {}", placement::NETLIST))
        }
    };
    let log = folder.join("yosys.log");
    let script = format!(
        "read_verilog rtl/*.v\nhierarchy -check -top {top}\n{}{options}\nstat\n",
        command(design.schedule.target.part)
    );
    write_file(&folder.join("synth.ys"), script.as_bytes())?;
    let status = Command::new("yosys")
        .args(["-q", "-l", "yosys.log", "synth.ys"])
        .current_dir(folder)
        .stdout(std::process::Stdio::null())
        .status()
        .map_err(SynthesisError::Start)?;
    if !status.success() {
        return Err(SynthesisError::Failed { status, log });
    }
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    cells(&text).ok_or(SynthesisError::Statistics { log })
}

/// Reads the last statistics of a log.
fn cells(log: &str) -> Option<Cells> {
    let (_, table) = log.rsplit_once("Number of cells:")?;
    let mut cells = Cells::default();
    for line in table.lines().skip(1) {
        let mut words = line.split_whitespace();
        let (Some(cell), Some(count)) = (words.next(), words.next()) else {
            break;
        };
        let Ok(count) = count.parse::<u64>() else {
            break;
        };
        match cell {
            "INV" | "LUT1" | "LUT2" | "LUT3" | "LUT4" | "LUT5" | "LUT6" => cells.luts += count,
            "CCU2C" => cells.luts += 2 * count,
            cell if cell.starts_with("FD") || cell == "TRELLIS_FF" => cells.ffs += count,
            cell if cell.starts_with("SRL") => cells.luts += count,
            cell if cell.starts_with("RAM32") || cell.starts_with("RAM64") => cells.luts += count,
            cell if cell.starts_with("DSP") || cell.starts_with("MULT") => cells.dsps += count,
            cell if cell.starts_with("RAMB") || cell == "DP16KD" => cells.brams += count,
            _ => {}
        }
    }
    Some(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_statistics_count() {
        let log = "Number of cells: 9\n  LUT2 9\n\nagain\n   Number of cells:               12\n     \
                   CARRY4                          2\n     FDRE                            3\n     \
                   INV                             1\n     LUT2                            4\n     \
                   LUT6                            2\n\nEnd\n  LUT6 5\n";
        let expected = Cells {
            luts: 7,
            ffs: 3,
            ..Cells::default()
        };
        assert_eq!(cells(log), Some(expected));
        assert_eq!(cells("nothing"), None);
    }
}
