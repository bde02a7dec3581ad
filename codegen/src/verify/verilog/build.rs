//! Compiles a core with Verilator and a program that drives it.

use std::path::{Path, PathBuf};
use std::process::Command;

use thiserror::Error;

use super::shape::shape;
use crate::emit::verilog::{Bus, Ports};
use crate::emit::{Kernel, WriteError, write_file};
use crate::verify::{Events, Exchange, RunError, Runs};

const COMMON: &str = include_str!("common.h");

/// What stands around the core in a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// Nothing: gaps between events, and each result in its cycle.
    Nothing,
    /// The AXI4-Stream wrapper, with gaps and random back-pressure.
    Stream,
    /// The AXI4-Lite wrapper.
    Lite,
}

impl Around {
    /// The module that is simulated.
    fn top(self, ports: &Ports) -> String {
        match self {
            Self::Nothing => ports.core(),
            Self::Stream => format!("{}_axis", ports.name),
            Self::Lite => format!("{}_axil", ports.name),
        }
    }

    const fn program(self) -> &'static str {
        match self {
            Self::Nothing => include_str!("core.cpp"),
            Self::Stream => include_str!("stream.cpp"),
            Self::Lite => include_str!("lite.cpp"),
        }
    }
}

/// A core that could not be simulated.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A folder for the build could not be made.
    #[error("cannot make a folder for the build")]
    Folder(#[source] std::io::Error),
    /// The simulator could not be started.
    #[error("cannot start `verilator`: apt-get install verilator g++ make")]
    Start(#[source] std::io::Error),
    /// The simulator refused the core: a fault of trigforge.
    #[error("Verilator does not take the kernel; please report this:\n{messages}")]
    Refused {
        /// What it said.
        messages: String,
    },
}

/// The simulator's options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Simulator {
    /// Optimise the program: worth it for many events.
    pub optimise: bool,
}

/// A compiled core and the folder that it lies in.
#[derive(Debug)]
pub struct VerilogKernel {
    exchange: Exchange,
}

impl VerilogKernel {
    /// Compiles the files of a design.
    ///
    /// # Errors
    ///
    /// A simulator that is missing or refuses the design, or any warning.
    pub fn build(
        ports: &Ports,
        kernel: &Kernel,
        around: Around,
        simulator: Simulator,
    ) -> Result<Self, SimulationError> {
        let folder = tempfile::tempdir().map_err(SimulationError::Folder)?;
        kernel.write(folder.path())?;
        let harness = folder.path().join("main.cpp");
        write_file(&harness, around.program().as_bytes())?;
        write_file(&folder.path().join("common.h"), COMMON.as_bytes())?;
        let shape = shape(ports, around);
        write_file(&folder.path().join("shape.h"), shape.as_bytes())?;
        let sources: Vec<_> = sources(kernel)
            .map(|path| folder.path().join(path))
            .collect();
        let mut command = Command::new("verilator");
        command
            .args(["--cc", "--exe", "--build", "-Wall", "--prefix", "Vcore"])
            .args(["--top-module", &around.top(ports), "-Mdir"])
            .arg(folder.path().join("obj"))
            .args(["-O3", "--x-assign", "fast", "--output-split", "20000"])
            .args(["-j", "2", "-CFLAGS"])
            .arg(format!(
                "-I{} {}",
                folder.path().display(),
                if simulator.optimise { "-O1" } else { "-O0" }
            ))
            .arg(&harness)
            .args(&sources);
        run(&mut command)?;
        let width = |buses: &[Bus]| buses.iter().map(|bus| bus.elements.len()).sum();
        Ok(Self {
            exchange: Exchange {
                program: folder.path().join("obj/Vcore"),
                folder,
                output_words: width(&ports.outputs),
            },
        })
    }

    /// The folder of the build.
    pub fn folder(&self) -> &Path {
        self.exchange.folder.path()
    }
}

impl Runs for VerilogKernel {
    fn run(&self, events: &Events) -> Result<Vec<Vec<i64>>, RunError> {
        self.exchange.run(events)
    }
}

/// The Verilog files of a kernel that are synthesised.
fn sources(kernel: &Kernel) -> impl Iterator<Item = &PathBuf> {
    let paths = kernel.files.iter().map(|(path, _)| path);
    paths.filter(|path| path.starts_with("rtl"))
}

fn run(command: &mut Command) -> Result<(), SimulationError> {
    let output = command.output().map_err(SimulationError::Start)?;
    if output.status.success() {
        return Ok(());
    }
    let mut messages = String::from_utf8_lossy(&output.stderr).into_owned();
    messages.push_str(&String::from_utf8_lossy(&output.stdout));
    Err(SimulationError::Refused { messages })
}
