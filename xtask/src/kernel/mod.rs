//! Proofs on compiled kernels: on what the compiler made, not on the source.

mod budgets;
mod count;
mod disassembly;
mod instruction;
mod seeded;
mod symbols;

pub use budgets::{budget, keep};
pub use count::{counts, one_count};
pub use seeded::all_are_caught;
pub use symbols::undefined;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use trigforge_codegen::emit::{Kernel, rust};
use trigforge_codegen::ir::Module;
use trigforge_codegen::quantize;
use trigforge_codegen::validate::validate;
use trigforge_codegen::verify::{BuildOptions, RustKernel};

use crate::context::Context;

/// A processor to compile for.
#[derive(Debug, Clone, Copy)]
pub struct Level {
    /// `-C target-cpu`.
    pub cpu: &'static str,
    /// Whether valgrind knows all its instructions (it knows no AVX-512).
    pub countable: bool,
}

/// The processors that the proof is made for.
pub const LEVELS: &[Level] = &[
    Level {
        cpu: "x86-64",
        countable: true,
    },
    Level {
        cpu: "x86-64-v3",
        countable: true,
    },
    Level {
        cpu: "native",
        countable: false,
    },
];

/// Reads the model, and emits its kernel as a crate.
pub fn emit(model: &Path) -> Result<(Module, Kernel)> {
    let module = quantize::load(model, None)?;
    let info = validate(&module)?;
    let kernel = rust::emit(&module, &info, rust::Options::default())?;
    Ok((module, kernel))
}

/// Compiles a kernel, as `trigforge verify` and `trigforge latency` do.
pub fn build(module: &Module, kernel: &Kernel, cpu: &str) -> Result<RustKernel> {
    let options = BuildOptions {
        cpu: Some(cpu.to_owned()),
    };
    Ok(RustKernel::build(module, kernel, &options)?)
}

/// Everything in a compiled library that a kernel must not hold.
///
/// # Errors
///
/// A library without the function `infer`, in which nothing would be checked.
pub fn findings(context: &Context, library: &Path) -> Result<Vec<String>> {
    let shown = library.display();
    let symbols = symbols::read(library)?;
    if !symbols
        .defined
        .iter()
        .any(|name| name.contains("6kernel5infer"))
    {
        bail!("{shown} holds no function `infer`, so nothing was checked");
    }
    let undefined = symbols.undefined();
    let mut findings: Vec<_> = undefined
        .iter()
        .map(|name| format!("needs the symbol `{name}`, which is not part of the kernel"))
        .collect();
    let text = disassembly::objdump(context, library)?;
    let instructions = disassembly::parse(&text);
    if instructions.is_empty() {
        bail!("{shown} holds no instruction, so nothing was checked");
    }
    findings.extend(instructions.iter().filter_map(|instruction| {
        let fault = instruction.fault(&symbols.defined)?;
        Some(format!(
            "{fault}: `{}` in {}",
            instruction.text, instruction.function
        ))
    }));
    Ok(findings)
}

/// Compiles a kernel for a bare-metal target, to one object file.
pub fn compile_for(
    context: &Context,
    kernel: &Kernel,
    target: &str,
    folder: &Path,
) -> Result<PathBuf> {
    kernel.write(folder)?;
    let object = folder.join("kernel.o");
    let mut rustc = context.command(trigforge_codegen::verify::rustc());
    rustc.args([
        "--edition",
        "2024",
        "--crate-name",
        "kernel",
        "--crate-type",
        "lib",
    ]);
    rustc.args(["--emit", "obj", "-C", "opt-level=3", "-C", "panic=abort"]);
    rustc.args(["--cap-lints", "allow", "--target", target, "-o"]);
    rustc.arg(&object).arg(folder.join("src/lib.rs"));
    crate::process::capture(&mut rustc).with_context(|| format!("the kernel for {target}"))?;
    Ok(object)
}
