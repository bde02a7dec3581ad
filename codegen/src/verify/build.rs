//! Compiles a Rust kernel with a small program around it, and runs it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use quote::{format_ident, quote};
use thiserror::Error;

use super::{Events, Exchange, RunError, Runs};
use crate::emit::rust::Interface;
use crate::emit::{Kernel, WriteError, write_file};
use crate::ports::WithPorts;

/// A kernel that could not be compiled.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A folder for the build could not be made.
    #[error("cannot make a folder for the build")]
    Folder(#[source] std::io::Error),
    /// The compiler could not be started.
    #[error("cannot start `{}`: install Rust with rustup, or name it in RUSTC", compiler.display())]
    Start {
        /// The compiler.
        compiler: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The compiler refused the kernel: a fault of trigforge.
    #[error("the kernel does not compile; please report this:\n{messages}")]
    Compile {
        /// What the compiler said.
        messages: String,
    },
}

/// How a kernel is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildOptions {
    /// `-C target-cpu`: the processor to compile for; `None` for the baseline.
    pub cpu: Option<String>,
}

/// A compiled kernel and the folder that it lies in.
#[derive(Debug)]
pub struct RustKernel {
    exchange: Exchange,
}

/// File name of the compiled kernel.
const LIBRARY: &str = "libkernel.rlib";

const STREAM: &str = include_str!("runner/stream.rs");

/// The compiler: `RUSTC`, or `rustc` of the path.
pub fn rustc() -> PathBuf {
    std::env::var_os("RUSTC").map_or_else(|| PathBuf::from("rustc"), PathBuf::from)
}

impl RustKernel {
    /// Compiles the files of a kernel, with the program that runs events from
    /// a file.
    ///
    /// # Errors
    ///
    /// A compiler that is missing or refuses the kernel.
    pub fn build(
        model: &impl WithPorts,
        kernel: &Kernel,
        options: &BuildOptions,
    ) -> Result<Self, BuildError> {
        Self::build_with(model, kernel, options, STREAM)
    }

    /// Compiles the files of a kernel with another program around it, which has
    /// the module `glue` for the kernel's interface.
    ///
    /// # Errors
    ///
    /// A compiler that is missing or refuses the kernel.
    pub fn build_with(
        model: &impl WithPorts,
        kernel: &Kernel,
        options: &BuildOptions,
        program: &str,
    ) -> Result<Self, BuildError> {
        let folder = tempfile::tempdir().map_err(BuildError::Folder)?;
        kernel.write(folder.path())?;
        let interface = Interface::of(model);
        write_file(&folder.path().join("main.rs"), program.as_bytes())?;
        write_file(&folder.path().join("glue.rs"), glue(&interface).as_bytes())?;
        let root = match kernel.files.first() {
            Some((path, _)) if kernel.files.len() == 1 => folder.path().join(path),
            _ => folder.path().join("src/lib.rs"),
        };
        let library = folder.path().join(LIBRARY);
        compile(
            options,
            &[
                "--crate-name".into(),
                "kernel".into(),
                "--crate-type".into(),
                "rlib".into(),
                "-o".into(),
                library.clone().into(),
                root.into(),
            ],
        )?;
        let binary = folder.path().join("main");
        let mut external = OsString::from("kernel=");
        external.push(&library);
        compile(
            options,
            &[
                "--crate-name".into(),
                "main".into(),
                "--extern".into(),
                external,
                "-o".into(),
                binary.clone().into(),
                folder.path().join("main.rs").into(),
            ],
        )?;
        Ok(Self {
            exchange: Exchange {
                program: binary,
                folder,
                output_words: interface.outputs.iter().map(|port| port.len).sum(),
            },
        })
    }

    /// The kernel itself, as a Rust library.
    pub fn library(&self) -> PathBuf {
        self.folder().join(LIBRARY)
    }

    /// The compiled program.
    pub fn program(&self) -> &Path {
        &self.exchange.program
    }

    /// The folder of the build, for files that the program exchanges.
    pub fn folder(&self) -> &Path {
        self.exchange.folder.path()
    }

    /// Writes events to a file that the program can read.
    ///
    /// # Errors
    ///
    /// The file, if it cannot be written.
    pub fn write_events(&self, events: &Events) -> Result<PathBuf, WriteError> {
        self.exchange.write_events(events)
    }
}

impl Runs for RustKernel {
    fn run(&self, events: &Events) -> Result<Vec<Vec<i64>>, RunError> {
        self.exchange.run(events)
    }
}

fn compile(options: &BuildOptions, arguments: &[OsString]) -> Result<(), BuildError> {
    let compiler = rustc();
    let mut command = Command::new(&compiler);
    command.args([
        "--edition",
        "2024",
        "-C",
        "opt-level=3",
        "-C",
        "panic=abort",
    ]);
    // The kernel must not get slower for a check that it has no use for.
    command.args(["-C", "debug-assertions=off"]);
    if let Some(cpu) = &options.cpu {
        command.arg("-C").arg(format!("target-cpu={cpu}"));
        if cpu == "native" && cfg!(target_arch = "x86_64") {
            // Some processors are said to like half of their vectors better; kernels do not.
            command.args(["-C", "target-feature=-prefer-256-bit"]);
        }
    }
    let output = command
        .args(arguments)
        .output()
        .map_err(|source| BuildError::Start { compiler, source })?;
    if output.status.success() {
        return Ok(());
    }
    Err(BuildError::Compile {
        messages: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// The module `glue`: the kernel's interface in words of 64 bits, for a program
/// around it, on bare metal too.
pub fn glue(interface: &Interface) -> String {
    let input_types: Vec<_> = (0..interface.inputs.len())
        .map(|index| match interface.inputs.len() {
            1 => format_ident!("Input"),
            _ => format_ident!("Input{index}"),
        })
        .collect();
    let mut at = 0usize;
    let inputs: Vec<_> = interface
        .inputs
        .iter()
        .map(|port| {
            let first = at;
            at += port.len;
            let element = format_ident!("i{}", port.bits);
            quote! { core::array::from_fn(|j| words[#first + j] as #element) }
        })
        .collect();
    let indices: Vec<_> = (0..interface.inputs.len()).map(syn::Index::from).collect();
    let outputs = match interface.outputs.as_slice() {
        [_] => quote! { output.iter().map(|&m| i64::from(m)) },
        several => {
            let fields = several.iter().map(|port| format_ident!("{}", port.field));
            quote! { core::iter::empty()#(.chain(output.#fields.iter().map(|&m| i64::from(m))))* }
        }
    };
    let code = quote! {
        #[allow(unused_imports)]
        use kernel::*;

        /// Words of one event.
        pub const INPUT_WORDS: usize = #at;

        /// One event in the kernel's types.
        pub type Event = (#(#input_types,)*);

        /// Brings words into the kernel's types.
        #[allow(unused_variables)]
        pub fn event(words: &[i64]) -> Event {
            (#(#inputs,)*)
        }

        /// The kernel, under a name that tools can find.
        #[unsafe(no_mangle)]
        #[inline(never)]
        pub fn trigforge_infer(event: &Event) -> Output {
            kernel::infer(#(&event.#indices),*)
        }

        /// Computes one event.
        #[inline(always)]
        pub fn infer(event: &Event) -> Output {
            trigforge_infer(event)
        }

        /// The outputs as words.
        #[allow(dead_code, clippy::useless_conversion)]
        pub fn words(output: &Output) -> impl Iterator<Item = i64> + '_ {
            #outputs
        }

        /// Reads a file of words.
        #[cfg(not(target_os = "none"))]
        pub fn read_words(path: &std::ffi::OsStr) -> std::io::Result<Vec<i64>> {
            let bytes = std::fs::read(path)?;
            let (words, _) = bytes.as_chunks::<8>();
            Ok(words.iter().map(|word| i64::from_le_bytes(*word)).collect())
        }
    };
    match syn::parse2::<syn::File>(code.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        Err(_) => code.to_string(),
    }
}
