//! The firmware of a board: built, and run in QEMU.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::target;
use crate::context::Context;
use crate::process::{capture, run as execute};
use crate::tools::{self, Tool};

/// A board, and how QEMU stands for it.
#[derive(Debug, Clone, Copy)]
pub struct Board {
    /// The name of its program.
    pub name: &'static str,
    /// Rust's target.
    pub triple: &'static str,
    /// Whether its log is in `defmt`.
    pub defmt: bool,
    qemu: Tool,
    machine: &'static [&'static str],
    /// Whether the generic loader starts the first of several cores. Clocks then
    /// are the host's: tied to instructions, the cores would wait for each other
    /// for ever.
    loader: bool,
}

/// All boards.
pub const BOARDS: &[Board] = &[
    Board {
        name: "cortex-m4",
        triple: "thumbv7em-none-eabihf",
        defmt: true,
        qemu: tools::QEMU_ARM,
        machine: &["mps2-an386"],
        loader: false,
    },
    Board {
        name: "zynqmp",
        triple: "aarch64-unknown-none",
        defmt: false,
        qemu: tools::QEMU_AARCH64,
        machine: &["xlnx-zcu102"],
        loader: false,
    },
    Board {
        name: "zynq7000",
        triple: "armv7a-none-eabihf",
        defmt: false,
        qemu: tools::QEMU_ARM,
        machine: &["xilinx-zynq-a9"],
        loader: false,
    },
    Board {
        name: "polarfire",
        triple: "riscv64gc-unknown-none-elf",
        defmt: false,
        qemu: tools::QEMU_RISCV64,
        machine: &[
            "microchip-icicle-kit",
            "-smp",
            "5",
            "-m",
            "2G",
            "-bios",
            "none",
        ],
        loader: true,
    },
];

impl Board {
    /// Whether rustup has no library for the target.
    fn build_core(&self) -> bool {
        self.triple == "armv7a-none-eabihf"
    }
}

/// What a board needs that is not there.
pub fn missing(context: &Context, board: &Board) -> Result<Option<String>> {
    if let Some(reason) = tools::missing(context, board.qemu)? {
        return Ok(Some(reason));
    }
    if board.defmt
        && let Err(reason) = tools::defmt_print(context)?
    {
        return Ok(Some(reason));
    }
    match board.build_core() {
        true => tools::missing_sources(context),
        false => tools::missing_target(context, board.triple),
    }
}

fn build(context: &Context, board: &Board, events: Option<&Path>) -> Result<()> {
    let mut build = context.cargo(["build", "--quiet", "--release", "--bin", board.name]);
    build
        .args(["--target", board.triple])
        .current_dir(context.root.join("fpga/soc/boards"))
        .env("CARGO_TARGET_DIR", target(context))
        .env_remove("RUSTFLAGS");
    if let Some(events) = events {
        build.env("TRIGFORGE_EVENTS", events);
    }
    if !board.defmt {
        build.args(["--package", "application"]);
        if events.is_some() {
            build.args(["--features", "rehearsal"]);
        }
    }
    if board.build_core() {
        build.arg("-Zbuild-std=core").env("RUSTC_BOOTSTRAP", "1");
    }
    execute(&mut build)
}

/// Builds and runs the firmware on recorded events; what it says, as text.
pub fn run(context: &Context, board: &Board, events: &Path) -> Result<String> {
    if !board.defmt {
        // As it runs on the board, without QEMU.
        build(context, board, None)?;
    }
    build(context, board, Some(events))?;
    let program = target(context)
        .join(board.triple)
        .join("release")
        .join(board.name);
    let mut qemu = context.command(board.qemu.probe[0]);
    qemu.arg("-M").args(board.machine);
    qemu.args(["-nographic", "-monitor", "none", "-serial", "none"]);
    if !board.loader {
        qemu.args(["-icount", "shift=0"]);
    }
    qemu.args(["-semihosting-config", "enable=on,target=native"]);
    match board.loader {
        false => qemu.arg("-kernel").arg(&program),
        true => qemu
            .arg("-device")
            .arg(format!("loader,file={},cpu-num=0", program.display())),
    };
    qemu.env("QEMU_AUDIO_DRV", "none").stdin(Stdio::null());
    let output = qemu.output().context("QEMU cannot be started")?;
    ensure!(
        output.status.success(),
        "the firmware ended with {}: {}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    match board.defmt {
        true => decode(context, &program, &output.stdout),
        false => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
    }
}

/// The log as text, by the tables in the program.
fn decode(context: &Context, program: &Path, frames: &[u8]) -> Result<String> {
    let printer = tools::defmt_print(context)?.map_err(anyhow::Error::msg)?;
    let path = context.work("soc").join("log");
    std::fs::File::create(&path)?.write_all(frames)?;
    let mut printer: Command = context.command(printer);
    printer.arg("-e").arg(program).arg("stdin");
    capture(printer.stdin(std::fs::File::open(&path)?))
}
