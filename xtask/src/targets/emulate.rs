//! Runs a program in QEMU with the counting plugin.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use trigforge_codegen::emit::write_file;
use trigforge_codegen::verify::{Events, RunError, Runs};

use super::board::{Load, Machine};
use super::project::Program;
use crate::context::Context;

const PLUGIN: &str = include_str!("runner/count.c");

/// A program that has not ended by then will not.
const PATIENCE: Duration = Duration::from_secs(120);

/// The counting plugin, compiled.
pub fn plugin(context: &Context) -> Result<PathBuf> {
    let folder = context.work("targets");
    let source = folder.join("count.c");
    let library = folder.join("libcount.so");
    write_file(&source, PLUGIN.as_bytes())?;
    let mut compile = context.command("cc");
    compile.args(["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o"]);
    crate::process::capture(compile.arg(&library).arg(&source))?;
    Ok(library)
}

/// A program on its machine.
#[derive(Debug)]
pub struct Emulated<'a> {
    /// The machine.
    pub machine: Machine,
    /// The program.
    pub program: &'a Program,
    /// The counting plugin.
    pub plugin: &'a Path,
    /// Where events, results and counts are exchanged.
    pub folder: &'a Path,
    /// Words of one event's results.
    pub output_words: usize,
    /// What the last run took.
    pub taken: RefCell<Taken>,
}

/// What a run took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Instructions of each event.
    pub instructions: Vec<u64>,
    /// Bytes of the stack below the caller.
    pub stack: u64,
}

impl Emulated<'_> {
    fn command(&self) -> Option<Command> {
        let path = &self.program.path;
        let count = format!(
            "{},entry={:x},out=counts",
            self.plugin.display(),
            self.program.entry
        );
        let mut command = match self.machine {
            Machine::System {
                qemu,
                arguments,
                load,
                ..
            } => {
                let mut command = Command::new(qemu.probe[0]);
                command.args(arguments);
                command.args(["-nographic", "-monitor", "none", "-serial", "none"]);
                command.args(["-semihosting-config", "enable=on,target=native"]);
                match load {
                    Load::Kernel => command.arg("-kernel").arg(path),
                    Load::Loader => command
                        .arg("-device")
                        .arg(format!("loader,file={},cpu-num=0", path.display())),
                };
                command.env("QEMU_AUDIO_DRV", "none");
                command.args(["-plugin", &count]);
                command
            }
            Machine::User { qemu, .. } => {
                let mut command = Command::new(qemu.probe[0]);
                command.args(["-plugin", &count]).arg(path);
                command.args(["events", "results"]);
                command
            }
            Machine::Nowhere { .. } => return None,
        };
        command.current_dir(self.folder).stdin(Stdio::null());
        Some(command)
    }

    /// Runs all events; the words that the program wrote.
    fn exchange(&self, events: &Events) -> Result<Vec<i64>> {
        let bytes: Vec<u8> = events
            .mantissas()
            .iter()
            .flat_map(|m| m.to_le_bytes())
            .collect();
        write_file(&self.folder.join("events"), &bytes)?;
        for name in ["results", "counts"] {
            let path = self.folder.join(name);
            if path.exists() {
                std::fs::remove_file(&path)?;
            }
        }
        let mut command = self.command().context("the board has no machine")?;
        let said = self.folder.join("messages");
        command
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&said)?);
        let mut child = command.spawn().context("QEMU cannot be started")?;
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if start.elapsed() > PATIENCE {
                child.kill()?;
                break child.wait()?;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let said = std::fs::read_to_string(said)?;
        ensure!(
            status.success(),
            "the program ended with {status} after {:.0} s: {said}",
            start.elapsed().as_secs_f64()
        );
        let bytes = std::fs::read(self.folder.join("results"))?;
        let (words, rest) = bytes.as_chunks::<8>();
        ensure!(rest.is_empty(), "half a word of results");
        Ok(words.iter().map(|word| i64::from_le_bytes(*word)).collect())
    }

    fn counts(&self) -> Result<Vec<u64>> {
        let text = std::fs::read_to_string(self.folder.join("counts"))?;
        Ok(text.lines().map(str::parse).collect::<Result<_, _>>()?)
    }
}

impl Runs for Emulated<'_> {
    fn run(&self, events: &Events) -> Result<Vec<Vec<i64>>, RunError> {
        let failed =
            |error: anyhow::Error| RunError::Exchange(std::io::Error::other(format!("{error:#}")));
        let mut words = self.exchange(events).map_err(failed)?;
        let expected = events.len() * self.output_words;
        let stack = words.pop();
        if words.len() != expected {
            return Err(RunError::Length {
                expected,
                found: words.len(),
            });
        }
        let instructions = self.counts().map_err(failed)?;
        if instructions.len() != events.len() {
            return Err(RunError::Length {
                expected: events.len(),
                found: instructions.len(),
            });
        }
        *self.taken.borrow_mut() = Taken {
            instructions,
            stack: stack
                .and_then(|bytes| u64::try_from(bytes).ok())
                .unwrap_or(0),
        };
        Ok(words
            .chunks(self.output_words.max(1))
            .map(<[i64]>::to_vec)
            .collect())
    }
}
