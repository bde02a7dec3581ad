//! A crate around a kernel for a board, and what cargo makes of it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags};
use serde::Deserialize;
use trigforge_codegen::emit::rust::Interface;
use trigforge_codegen::emit::{Kernel, write_file};
use trigforge_codegen::ir::Module;
use trigforge_codegen::verify::glue;

use super::board::{Board, Machine};
use crate::context::Context;

const MANIFEST: &str = "\
[package]
name = \"runner\"
version = \"0.1.0\"
edition = \"2024\"
publish = false

[workspace]

[dependencies]
kernel = { path = \"../kernel\" }

[profile.release]
opt-level = 3
panic = \"abort\"

[lints.rust]
unexpected_cfgs = { level = \"warn\", check-cfg = ['cfg(m_profile)'] }
";

const BARE: &[(&str, &str)] = &[
    ("src/main.rs", include_str!("runner/bare.rs")),
    ("src/semihosting.rs", include_str!("runner/semihosting.rs")),
    ("src/start.rs", include_str!("runner/start.rs")),
];

const LINUX: &[(&str, &str)] = &[("src/main.rs", include_str!("runner/linux.rs"))];

const LINK: &str = include_str!("runner/link.x");

/// A program with a kernel in it.
#[derive(Debug)]
pub struct Program {
    /// The executable.
    pub path: PathBuf,
    /// Address of the function around the kernel.
    pub entry: u64,
    /// What the kernel alone takes.
    pub size: Size,
}

/// Bytes of a compiled kernel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Instructions.
    pub code: u64,
    /// Weights and other constants.
    pub tables: u64,
    /// Variables.
    pub variables: u64,
}

/// Builds a kernel with the program that runs it on a board.
pub fn build(
    context: &Context,
    module: &Module,
    kernel: &Kernel,
    board: &Board,
    folder: &Path,
) -> Result<Program> {
    kernel.write(&folder.join("kernel"))?;
    let runner = folder.join("runner");
    write_file(&runner.join("Cargo.toml"), MANIFEST.as_bytes())?;
    write_file(
        &runner.join("src/glue.rs"),
        glue(&Interface::of(module)).as_bytes(),
    )?;
    write_file(
        &runner.join("src/measure.rs"),
        include_bytes!("runner/measure.rs"),
    )?;
    let mut flags = vec![format!("-Ctarget-cpu={}", board.cpu)];
    if !board.features.is_empty() {
        flags.push(format!("-Ctarget-feature={}", board.features));
    }
    if board.triple.starts_with("thumb") {
        flags.push("--cfg=m_profile".to_owned());
    }
    let files = match board.machine {
        Machine::System {
            origin, stack_top, ..
        }
        | Machine::Nowhere { origin, stack_top } => {
            let script = LINK
                .replace("CODE_ORIGIN", &format!("{origin:#x}"))
                .replace("STACK_TOP", &format!("{stack_top:#x}"));
            // One place for all models: cargo would build `core` anew for
            // another path.
            let path = context.work("targets").join(format!("{}.x", board.name));
            write_file(&path, script.as_bytes())?;
            flags.push(format!("-Clink-arg=-T{}", path.display()));
            flags.push("-Crelocation-model=static".to_owned());
            BARE
        }
        Machine::User { linker, .. } => {
            flags.push(format!("-Clinker={}", linker.probe[0]));
            // One file at a fixed address, whose symbols are where they say.
            flags.push("-Ctarget-feature=+crt-static".to_owned());
            flags.push("-Crelocation-model=static".to_owned());
            LINUX
        }
    };
    for (path, text) in files {
        write_file(&runner.join(path), text.as_bytes())?;
    }
    let mut cargo = context.cargo([
        "build",
        "--release",
        "--message-format=json-render-diagnostics",
        "--quiet",
    ]);
    cargo
        .current_dir(&runner)
        .args(["--target", board.triple])
        .env("CARGO_TARGET_DIR", context.work("targets").join("build"))
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    if board.build_core() {
        cargo.arg("-Zbuild-std=core").env("RUSTC_BOOTSTRAP", "1");
    }
    let messages = crate::process::capture(&mut cargo)?;
    let path = artefact(&messages, "runner", "")?;
    let library = artefact(&messages, "kernel", "rlib")?;
    let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let file = object::File::parse(bytes.as_slice())?;
    let entry = file
        .symbols()
        .find(|symbol| symbol.name() == Ok("trigforge_infer"))
        .context("the program holds no function around the kernel")?;
    // The lowest bit of a Thumb function's address is not part of it.
    let entry = match file.architecture() {
        object::Architecture::Arm => entry.address() & !1,
        _ => entry.address(),
    };
    Ok(Program {
        size: size(&library)?,
        path,
        entry,
    })
}

/// What cargo says of one artefact.
#[derive(Deserialize)]
struct Message {
    target: Option<Made>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Made {
    name: String,
}

/// The file with this extension of a crate, or its executable for none.
fn artefact(messages: &str, name: &str, extension: &str) -> Result<PathBuf> {
    for line in messages.lines() {
        let message: Message = serde_json::from_str(line).context("cargo's messages")?;
        if message.target.is_none_or(|target| target.name != name) {
            continue;
        }
        let found = match extension {
            "" => message.executable,
            _ => message
                .filenames
                .into_iter()
                .find(|file| file.extension().is_some_and(|found| found == extension)),
        };
        if let Some(found) = found {
            return Ok(found);
        }
    }
    bail!("cargo names no artefact of the crate `{name}`")
}

/// Sections of all objects of a library that a program holds.
fn size(library: &Path) -> Result<Size> {
    let bytes = std::fs::read(library).with_context(|| library.display().to_string())?;
    let archive = object::read::archive::ArchiveFile::parse(bytes.as_slice())?;
    let mut size = Size::default();
    for member in archive.members() {
        let member = member?;
        if member.name() == b"lib.rmeta" {
            continue;
        }
        let file = object::File::parse(member.data(bytes.as_slice())?)?;
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags, .. } = section.flags() else {
                continue;
            };
            let has = |flag: object::elf::SectionFlags| sh_flags.contains(flag);
            // What unwinds is dropped: nothing here unwinds.
            let name = section.name()?;
            if !has(object::elf::SHF_ALLOC) || name.starts_with(".ARM.ex") || name == ".eh_frame" {
                continue;
            }
            *match () {
                () if has(object::elf::SHF_EXECINSTR) => &mut size.code,
                () if has(object::elf::SHF_WRITE) => &mut size.variables,
                () => &mut size.tables,
            } += section.size();
        }
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_the_one_that_cargo_names() -> Result<()> {
        let messages = "{\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"kernel\"},\
                        \"filenames\":[\"/k.rlib\",\"/k.rmeta\"],\"executable\":null}\n\
                        {\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"runner\"},\
                        \"filenames\":[\"/r\"],\"executable\":\"/r\"}\n\
                        {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(artefact(messages, "runner", "")?, PathBuf::from("/r"));
        assert_eq!(
            artefact(messages, "kernel", "rlib")?,
            PathBuf::from("/k.rlib")
        );
        assert!(artefact(messages, "core", "rlib").is_err());
        Ok(())
    }
}
