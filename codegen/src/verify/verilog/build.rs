//! Compiles a core with Verilator and a program that drives it.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use thiserror::Error;

use crate::emit::verilog::{Bus, Ports};
use crate::emit::{Kernel, WriteError, write_file};
use crate::verify::{Events, Exchange, RunError, Runs};

const HARNESS: &str = include_str!("harness.cpp");

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
        simulator: Simulator,
    ) -> Result<Self, SimulationError> {
        let folder = tempfile::tempdir().map_err(SimulationError::Folder)?;
        kernel.write(folder.path())?;
        let harness = folder.path().join("harness.cpp");
        write_file(&harness, HARNESS.as_bytes())?;
        write_file(&folder.path().join("shape.h"), shape(ports).as_bytes())?;
        let sources: Vec<_> = sources(kernel)
            .map(|path| folder.path().join(path))
            .collect();
        let mut command = Command::new("verilator");
        command
            .args(["--cc", "--exe", "--build", "-Wall", "--prefix", "Vcore"])
            .args(["--top-module", &ports.core(), "-Mdir"])
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

/// The core's ports for the program.
fn shape(ports: &Ports) -> String {
    let words = |buses: &[Bus]| buses.iter().map(|bus| bus.elements.len()).sum::<usize>();
    let mut text = String::new();
    let _ = writeln!(
        text,
        "#include \"Vcore.h\"\ntypedef Vcore Core;\n\
         static const std::size_t INPUT_WORDS = {};\n\
         static const std::size_t OUTPUT_WORDS = {};\n\
         static const uint64_t LATENCY = {};",
        words(&ports.inputs),
        words(&ports.outputs),
        ports.latency
    );
    let mut inputs = String::new();
    let mut outputs = String::new();
    for (what, buses, body) in [
        ("IN", &ports.inputs, &mut inputs),
        ("OUT", &ports.outputs, &mut outputs),
    ] {
        let mut word = 0;
        for (index, bus) in buses.iter().enumerate() {
            let elements: Vec<_> = bus
                .elements
                .iter()
                .map(|(width, signed)| format!("{{{width}, {}}}", u8::from(*signed)))
                .collect();
            let _ = writeln!(
                text,
                "static const int {what}{index}[{}][2] = {{{}}};",
                elements.len().max(1),
                elements.join(", ")
            );
            let (width, count, name) = (bus.width(), bus.elements.len(), &bus.name);
            let _ = match what {
                "IN" if width > 0 => writeln!(
                    body,
                    "    {{ Bits bits({width}); pack(bits, IN{index}, {count}, words + {word}); \
                     drive(core.{name}, bits); }}"
                ),
                "IN" => Ok(()),
                _ if width > 0 => writeln!(
                    body,
                    "    {{ Bits bits({width}); sample(core.{name}, bits); \
                     unpack(bits, OUT{index}, {count}, words + {word}); }}"
                ),
                _ => writeln!(
                    body,
                    "    for (int i = 0; i < {count}; ++i) words[{word} + i] = 0;"
                ),
            };
            word += count;
        }
    }
    let _ = writeln!(
        text,
        "#define SET_INPUTS \\\n{}\n#define GET_OUTPUTS \\\n{}",
        inputs.trim_end().replace('\n', " \\\n"),
        outputs.trim_end().replace('\n', " \\\n")
    );
    text
}
