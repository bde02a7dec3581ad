//! The C++ program around the headers: generated, compiled, run.

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};

use anyhow::{Context as _, Result, bail};
use trigforge::{Format, Overflow, Rounding};

use super::cases::Case;
use crate::context::Context;
use crate::process::capture;

const HEADER: &str = include_str!("../../cpp/ap_fixed.hpp");

/// Every pair of modes, in the order of the program's results.
pub fn modes() -> impl Iterator<Item = (Rounding, Overflow)> {
    let both = |r| Overflow::ALL.into_iter().map(move |o| (r, o));
    Rounding::ALL.into_iter().flat_map(both)
}

/// A compiled program that has started on its cases.
#[derive(Debug)]
pub struct Program {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Program {
    /// Compiles a program for some cases.
    pub fn compile(
        context: &Context,
        include: &Path,
        name: &str,
        cases: &[Case],
    ) -> Result<PathBuf> {
        let folder = context.work("ap_fixed").join(name);
        let write = |file: &str, text: &str| {
            let path = folder.join(file);
            std::fs::write(&path, text).with_context(|| path.display().to_string())
        };
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        write("ap_fixed.hpp", HEADER)?;
        write("main.cpp", &source(cases))?;
        let program = folder.join("main");
        let mut compile = context.command("g++");
        // The headers assert on a bit beyond a source whose value they then do
        // not use, so without assertions.
        compile.args(["-std=c++14", "-O1", "-DNDEBUG", "-w", "-isystem"]);
        compile.arg(include).arg(folder.join("main.cpp"));
        capture(compile.arg("-o").arg(&program))?;
        Ok(program)
    }

    /// Starts a compiled program on the words of its cases.
    pub fn start(context: &Context, program: &Path, cases: &[Case]) -> Result<Self> {
        let path = program.with_extension("words");
        let words: Vec<u8> = cases
            .iter()
            .flat_map(Case::words)
            .flat_map(i64::to_le_bytes)
            .collect();
        std::fs::write(&path, words).with_context(|| path.display().to_string())?;
        let input = std::fs::File::open(&path).with_context(|| path.display().to_string())?;
        let mut command = context.command(program);
        let mut child = command
            .stdin(Stdio::from(input))
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| program.display().to_string())?;
        let output = child.stdout.take().context("no pipe to the program")?;
        Ok(Self {
            child,
            output: BufReader::new(output),
        })
    }

    /// The next words that the program writes.
    pub fn words(&mut self, count: usize) -> Result<Vec<i64>> {
        let mut bytes = vec![0; count * size_of::<i64>()];
        let read = self.output.read_exact(&mut bytes);
        read.context("the program around the headers ended too early")?;
        let (words, _) = bytes.as_chunks::<8>();
        Ok(words.iter().map(|word| i64::from_le_bytes(*word)).collect())
    }

    /// Waits for the end, after which nothing may be left.
    pub fn finish(mut self) -> Result<()> {
        let mut rest = Vec::new();
        self.output.read_to_end(&mut rest)?;
        let status = self.child.wait()?;
        match status.success() && rest.is_empty() {
            true => Ok(()),
            false => bail!(
                "the program around the headers ended with {status}, {} bytes unread",
                rest.len()
            ),
        }
    }
}

/// `8, 4, true`: a format as template arguments.
fn arguments(format: Format) -> String {
    let integer = i32::from(format.k()) + format.i();
    format!("{}, {integer}, {}", format.width(), format.k())
}

/// The program's text: one line per result.
fn source(cases: &[Case]) -> String {
    let mut text = String::from("#include \"ap_fixed.hpp\"\n\nint main() {\n");
    for case in cases {
        text += &format!("    read_words({});\n", case.words().len());
        let mut each_mode = |call: &str, arguments: &str| {
            for (rounding, overflow) in modes() {
                text += &format!("    {call}<{arguments}, AP_{rounding}, AP_{overflow}>();\n");
            }
        };
        match *case {
            Case::Cast { from, to } => {
                let formats = format!("{}, {}", arguments(from), arguments(to));
                each_mode("cast", &formats);
            }
            Case::Real { to } => each_mode("real", &arguments(to)),
            Case::Exact { a, b } => {
                text += &format!("    exact<{}, {}>();\n", arguments(a), arguments(b));
            }
        }
    }
    text + "}\n"
}
