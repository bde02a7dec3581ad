//! Compiles HLS C++ with a program that runs events through it.

use std::path::{Path, PathBuf};
use std::process::Command;

use thiserror::Error;

use crate::emit::hls::{Io, Ports, call, words};
use crate::emit::{Kernel, WriteError, write_file};
use crate::verify::{Events, Exchange, RunError, Runs};

const PROGRAM: &str = include_str!("main.cpp");

/// Warnings that say nothing of a kernel: a processor's compiler does not know the
/// pragmas, and constructors of the public headers without an argument cut off
/// bits of a member before it has a value, which the compiler sees wherever they
/// are inlined.
pub const WAIVED: [&str; 3] = [
    "-Wno-unknown-pragmas",
    "-Wno-uninitialized",
    "-Wno-maybe-uninitialized",
];

/// A kernel in C++ that could not be compiled.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The headers are not there.
    #[error(
        "there is no ap_fixed.h in {}; name the folder of the headers with --ap-types or in \
         AP_TYPES, or that of Vitis HLS in XILINX_HLS", folder.display()
    )]
    NoHeader {
        /// Where they were looked for.
        folder: PathBuf,
    },
    /// Nobody said where the headers are.
    #[error(
        "HLS C++ needs the headers of ap_fixed: name their folder with --ap-types or in AP_TYPES, \
         or that of Vitis HLS in XILINX_HLS; the public ones lie in the Python package hls4ml, see \
         docs/hls.md"
    )]
    NoHeaders,
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A folder for the build could not be made.
    #[error("cannot make a folder for the build")]
    Folder(#[source] std::io::Error),
    /// The compiler could not be started.
    #[error("cannot start `{}`: apt-get install g++, or name a compiler in CXX", compiler.display())]
    Start {
        /// The compiler.
        compiler: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The compiler refused the kernel: a fault of trigforge.
    #[error("the C++ does not compile; please report this:\n{messages}")]
    Refused {
        /// What the compiler said.
        messages: String,
    },
}

/// The folder of `ap_int.h`, `ap_fixed.h` and `hls_stream.h`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers(PathBuf);

impl Headers {
    /// Headers in a folder.
    ///
    /// # Errors
    ///
    /// A folder that holds no `ap_fixed.h`.
    pub fn new(folder: &Path) -> Result<Self, CompileError> {
        match folder.join("ap_fixed.h").is_file() {
            true => Ok(Self(folder.to_owned())),
            false => Err(CompileError::NoHeader {
                folder: folder.to_owned(),
            }),
        }
    }

    /// Headers in a folder that is named, or in `AP_TYPES`, or in the folder
    /// `include` of `XILINX_HLS`.
    ///
    /// # Errors
    ///
    /// No folder, or one that holds no `ap_fixed.h`.
    pub fn find(named: Option<&Path>) -> Result<Self, CompileError> {
        let variable = |name| std::env::var_os(name).map(PathBuf::from);
        let folder = named
            .map(Path::to_owned)
            .or_else(|| variable("AP_TYPES"))
            .or_else(|| variable("XILINX_HLS").map(|folder| folder.join("include")));
        Self::new(&folder.ok_or(CompileError::NoHeaders)?)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.0
    }
}

/// A compiled kernel and the folder that it lies in.
#[derive(Debug)]
pub struct HlsKernel {
    exchange: Exchange,
}

/// The compiler: `CXX`, or `g++` of the path.
fn compiler() -> PathBuf {
    std::env::var_os("CXX").map_or_else(|| PathBuf::from("g++"), PathBuf::from)
}

impl HlsKernel {
    /// Compiles the files of a kernel; every warning is an error, but for those of
    /// [`WAIVED`].
    ///
    /// # Errors
    ///
    /// A compiler that is missing, refuses the kernel or warns of it.
    pub fn build(
        ports: &Ports,
        kernel: &Kernel,
        io: Io,
        headers: &Headers,
    ) -> Result<Self, CompileError> {
        let folder = tempfile::tempdir().map_err(CompileError::Folder)?;
        kernel.write(folder.path())?;
        let path = |name: &str| folder.path().join(name);
        write_file(&path("main.cpp"), PROGRAM.as_bytes())?;
        write_file(&path("glue.h"), glue(ports, io).as_bytes())?;
        let program = path("main");
        let compiler = compiler();
        let output = Command::new(&compiler)
            .args(["-std=c++14", "-O1", "-Wall", "-Wextra", "-Werror"])
            .args(WAIVED)
            .arg("-isystem")
            .arg(headers.folder())
            .arg("-o")
            .arg(&program)
            .arg(path("main.cpp"))
            .arg(path(&format!("firmware/{}.cpp", ports.name)))
            .output()
            .map_err(|source| CompileError::Start { compiler, source })?;
        if !output.status.success() {
            return Err(CompileError::Refused {
                messages: String::from_utf8_lossy(&output.stderr).into_owned(),
            });
        }
        Ok(Self {
            exchange: Exchange {
                program,
                folder,
                output_words: words(&ports.outputs),
            },
        })
    }
}

impl Runs for HlsKernel {
    fn run(&self, events: &Events) -> Result<Vec<Vec<i64>>, RunError> {
        self.exchange.run(events)
    }
}

/// The call of a top function for the program around it.
fn glue(ports: &Ports, io: Io) -> String {
    format!(
        "#include \"firmware/{}.h\"\n\n\
         static const std::size_t INPUT_WORDS = {};\n\
         static const std::size_t OUTPUT_WORDS = {};\n\n\
         static void infer(const int64_t *words, int64_t *results) {{\n{}}}\n",
        ports.name,
        words(&ports.inputs),
        words(&ports.outputs),
        call(ports, io, "words", "results")
    )
}
