//! External tools: found, installed on CI, or named to the reader.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::context::Context;
use crate::process::{run, succeeds};

/// A program that Debian packages.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    /// Arguments with which the program must succeed, itself first.
    pub probe: &'static [&'static str],
    /// The package.
    pub package: &'static str,
}

/// Counts instructions.
pub const VALGRIND: Tool = Tool {
    probe: &["valgrind", "--version"],
    package: "valgrind",
};

/// Disassembles.
pub const OBJDUMP: Tool = Tool {
    probe: &["objdump", "--version"],
    package: "binutils",
};

/// Makes virtual environments, with pip in them.
pub const PYTHON: Tool = Tool {
    probe: &["python3", "-c", "import ensurepip, venv"],
    package: "python3-venv",
};

/// Simulates Verilog, compiled to C++.
pub const VERILATOR: Tool = Tool {
    probe: &["verilator", "--version"],
    package: "verilator",
};

/// Simulates Verilog, interpreted.
pub const IVERILOG: Tool = Tool {
    probe: &["iverilog", "-V"],
    package: "iverilog",
};

/// Reads and synthesises Verilog.
pub const YOSYS: Tool = Tool {
    probe: &["yosys", "-V"],
    package: "yosys",
};

/// Compiles C++.
pub const GXX: Tool = Tool {
    probe: &["g++", "--version"],
    package: "g++",
};

/// Runs make files.
pub const MAKE: Tool = Tool {
    probe: &["make", "--version"],
    package: "make",
};

/// What checks of Verilog need.
pub const VERILOG: [Tool; 4] = [VERILATOR, IVERILOG, YOSYS, GXX];

/// Fetches Python packages.
pub const PIP: Tool = Tool {
    probe: &["python3", "-m", "pip", "--version"],
    package: "python3-pip",
};

/// Runs programs on whole machines with 32-bit Arm cores.
pub const QEMU_ARM: Tool = Tool {
    probe: &["qemu-system-arm", "--version"],
    package: "qemu-system-arm",
};

/// Runs programs on whole machines with 64-bit Arm cores.
pub const QEMU_AARCH64: Tool = Tool {
    probe: &["qemu-system-aarch64", "--version"],
    package: "qemu-system-arm",
};

/// Runs programs on whole machines with 32-bit RISC-V cores.
pub const QEMU_RISCV32: Tool = Tool {
    probe: &["qemu-system-riscv32", "--version"],
    package: "qemu-system-misc",
};

/// Runs programs on whole machines with 64-bit RISC-V cores.
pub const QEMU_RISCV64: Tool = Tool {
    probe: &["qemu-system-riscv64", "--version"],
    package: "qemu-system-misc",
};

/// Runs Linux programs for 32-bit Arm.
pub const QEMU_ARM_USER: Tool = Tool {
    probe: &["qemu-arm", "--version"],
    package: "qemu-user",
};

/// Runs Linux programs for 64-bit Arm.
pub const QEMU_AARCH64_USER: Tool = Tool {
    probe: &["qemu-aarch64", "--version"],
    package: "qemu-user",
};

/// Runs Linux programs for 64-bit RISC-V.
pub const QEMU_RISCV64_USER: Tool = Tool {
    probe: &["qemu-riscv64", "--version"],
    package: "qemu-user",
};

/// Links Linux programs for 32-bit Arm.
pub const GCC_ARM: Tool = Tool {
    probe: &["arm-linux-gnueabihf-gcc", "--version"],
    package: "gcc-arm-linux-gnueabihf",
};

/// The C library for 32-bit Arm, which such programs stand on.
pub const LIBC_ARM: Tool = Tool {
    probe: &[
        "arm-linux-gnueabihf-gcc",
        "-include",
        "stdlib.h",
        "-fsyntax-only",
        "-xc",
        "/dev/null",
    ],
    package: "libc6-dev-armhf-cross",
};

/// Links Linux programs for 64-bit Arm.
pub const GCC_AARCH64: Tool = Tool {
    probe: &["aarch64-linux-gnu-gcc", "--version"],
    package: "gcc-aarch64-linux-gnu",
};

/// The C library for 64-bit Arm, which such programs stand on.
pub const LIBC_AARCH64: Tool = Tool {
    probe: &[
        "aarch64-linux-gnu-gcc",
        "-include",
        "stdlib.h",
        "-fsyntax-only",
        "-xc",
        "/dev/null",
    ],
    package: "libc6-dev-arm64-cross",
};

/// Links Linux programs for 64-bit RISC-V.
pub const GCC_RISCV64: Tool = Tool {
    probe: &["riscv64-linux-gnu-gcc", "--version"],
    package: "gcc-riscv64-linux-gnu",
};

/// The C library for 64-bit RISC-V, which such programs stand on.
pub const LIBC_RISCV64: Tool = Tool {
    probe: &[
        "riscv64-linux-gnu-gcc",
        "-include",
        "stdlib.h",
        "-fsyntax-only",
        "-xc",
        "/dev/null",
    ],
    package: "libc6-dev-riscv64-cross",
};

/// Why a tool is not there, or `None` if it is.
///
/// On CI it is installed; a tool that cannot be is an error.
pub fn missing(context: &Context, tool: Tool) -> Result<Option<String>> {
    if found(context, tool) {
        return Ok(None);
    }
    if !context.ci {
        let name = tool.probe[0];
        return Ok(Some(format!(
            "needs {name}: apt-get install {}",
            tool.package
        )));
    }
    apt_get(context, &["update", "-q"])?;
    apt_get(
        context,
        &["install", "-qy", "--no-install-recommends", tool.package],
    )?;
    if !found(context, tool) {
        bail!(
            "`{}` fails although {} is installed",
            tool.probe.join(" "),
            tool.package
        );
    }
    Ok(None)
}

fn found(context: &Context, tool: Tool) -> bool {
    succeeds(context.command(tool.probe[0]).args(&tool.probe[1..]))
}

fn apt_get(context: &Context, arguments: &[&str]) -> Result<()> {
    let root = crate::process::capture(context.command("id").arg("-u"))?.trim() == "0";
    let mut command = match root {
        true => context.command("apt-get"),
        false => context.command("sudo"),
    };
    if !root {
        command.args(["-n", "apt-get"]);
    }
    run(command
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Why a compilation target is not there, or `None` if it is.
///
/// `rust-toolchain.toml` names them all, so rustup has fetched them unless it
/// was told not to.
pub fn missing_target(context: &Context, target: &str) -> Result<Option<String>> {
    let installed = || {
        let mut rustc = context.command(trigforge_codegen::verify::rustc());
        let folder = rustc.args(["--print", "target-libdir", "--target", target]);
        let folder = crate::process::capture(folder)?;
        Ok::<_, anyhow::Error>(PathBuf::from(folder.trim()).is_dir())
    };
    if installed()? {
        return Ok(None);
    }
    if !context.ci {
        return Ok(Some(format!(
            "needs the target {target}: rustup target add {target}"
        )));
    }
    run(context.command("rustup").args(["target", "add", target]))?;
    match installed()? {
        true => Ok(None),
        false => bail!("rustup added {target}, but the compiler does not find it"),
    }
}

/// Why the sources of `core` are not there, or `None` if they are.
pub fn missing_sources(context: &Context) -> Result<Option<String>> {
    let found = || {
        let mut rustc = context.command(trigforge_codegen::verify::rustc());
        let sysroot = crate::process::capture(rustc.args(["--print", "sysroot"]))?;
        let sources = PathBuf::from(sysroot.trim()).join("lib/rustlib/src/rust/library/core");
        Ok::<_, anyhow::Error>(sources.is_dir())
    };
    if found()? {
        return Ok(None);
    }
    if !context.ci {
        let reason = "needs the sources of `core`: rustup component add rust-src";
        return Ok(Some(reason.to_owned()));
    }
    run(context
        .command("rustup")
        .args(["component", "add", "rust-src"]))?;
    match found()? {
        true => Ok(None),
        false => bail!("rustup added rust-src, but the compiler does not find it"),
    }
}

/// The path of cargo-deny, or why it is not there.
///
/// On CI it is compiled.
pub fn cargo_deny(context: &Context) -> Result<Result<PathBuf, String>> {
    installed(
        context,
        "cargo-deny",
        &["--no-default-features", "--version", "0.20.2"],
    )
}

/// The path of defmt-print, which decodes logs, or why it is not there.
///
/// On CI it is compiled.
pub fn defmt_print(context: &Context) -> Result<Result<PathBuf, String>> {
    installed(context, "defmt-print", &["--version", "1.2.0"])
}

/// A program that cargo installs, without optimisation: it runs for seconds, and
/// to compile it otherwise takes minutes.
fn installed(context: &Context, name: &str, arguments: &[&str]) -> Result<Result<PathBuf, String>> {
    let folder = context.work("tools");
    let own = folder.join("bin").join(name);
    for candidate in [PathBuf::from(name), own.clone()] {
        if succeeds(context.command(&candidate).arg("--version")) {
            return Ok(Ok(candidate));
        }
    }
    if !context.ci {
        return Ok(Err(format!("needs {name}: cargo install --locked {name}")));
    }
    let mut install = context.cargo(["install", "--locked", "--debug"]);
    install.args(arguments).arg(name).arg("--root").arg(folder);
    // Not among the workspace's artefacts, which a build cache may keep.
    install.arg("--target-dir").arg(context.work(name));
    run(install.env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
    Ok(Ok(own))
}
