//! Bare metal: the core, and an emitted kernel.

use anyhow::{Result, bail};

use crate::context::{Context, Outcome};
use crate::kernel;
use crate::process::run as execute;
use crate::tools;

/// A microcontroller with and one without a floating-point unit, and the
/// application cores beside an FPGA.
const TARGETS: &[&str] = &[
    "thumbv7em-none-eabihf",
    "riscv32imac-unknown-none-elf",
    "aarch64-unknown-none",
];

/// What a kernel may need from elsewhere on bare metal: copies of arrays, which
/// every Rust toolchain brings for these targets in `compiler_builtins`.
const COPIES: &[&str] = &[
    "__aeabi_memcpy",
    "__aeabi_memcpy4",
    "__aeabi_memcpy8",
    "memcpy",
];

/// Builds the core and the shipped model's kernel for each target.
pub fn run(context: &Context) -> Result<Outcome> {
    for &target in TARGETS {
        if let Some(reason) = tools::missing_target(context, target)? {
            return Ok(Outcome::Skipped(reason));
        }
    }
    for features in [&[][..], &["--features", "fixed"]] {
        let mut build = context.cargo(["build", "--release", "--package", "trigforge"]);
        for target in TARGETS {
            build.args(["--target", target]);
        }
        execute(build.args(features))?;
    }
    let (_, emitted) = kernel::emit(&context.model)?;
    let mut notes = Vec::new();
    for &target in TARGETS {
        let object = kernel::compile_for(context, &emitted, target, &context.work(target))?;
        let (copies, other): (Vec<_>, Vec<_>) = kernel::undefined(&object)?
            .into_iter()
            .partition(|name| COPIES.contains(&name.as_str()));
        if !other.is_empty() {
            bail!("{target}: the kernel needs {}", other.join(", "));
        }
        println!("    {target}: the kernel compiles, and needs no panic, heap or float routine");
        if !copies.is_empty() {
            notes.push(format!("{target}: needs {}", copies.join(", ")));
        }
    }
    Ok(Outcome::Passed(notes))
}
