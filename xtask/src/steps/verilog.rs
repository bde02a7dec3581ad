//! The Verilog of every model of the zoo: no tool has anything to say about it,
//! its test bench passes, and small cores give the interpreter's bits in a
//! cycle-true simulation with gaps, the smallest with back-pressure too.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use trigforge_codegen::emit::verilog::{Ports, emit};
use trigforge_codegen::emit::{Kernel, Vectors};
use trigforge_codegen::hardware::{Design, HardwareError, Target};
use trigforge_codegen::model::{Model, load};
use trigforge_codegen::verify::verilog::{Around, Simulator, VerilogKernel};
use trigforge_codegen::verify::{compare, random_events};

use crate::context::{Context, Outcome};
use crate::process::capture;
use crate::tools;

/// Events of each test bench.
const VECTORS: usize = 64;

/// Events of the cycle-true simulation.
const EVENTS: usize = 10_000;

/// Text of a design, in bytes, up to which Verilator compiles it within half a
/// minute; and up to which it does so twice.
const SMALL: [usize; 2] = [600_000, 200_000];

/// A clock that every model of the zoo keeps.
const CLOCK_MHZ: f64 = 150.0;

/// Checks the models of the zoo.
pub fn run(context: &Context) -> Result<Outcome> {
    for tool in tools::VERILOG {
        if let Some(reason) = tools::missing(context, tool)? {
            return Ok(Outcome::Skipped(reason));
        }
    }
    let mut models: Vec<PathBuf> = std::fs::read_dir(context.root.join("models/zoo"))?
        .map(|entry| Ok(entry?.path().join("model.onnx")))
        .collect::<Result<_>>()?;
    models.sort();
    let mut lines = Vec::new();
    for path in models.iter().filter(|path| path.is_file()) {
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
        let name = folder.to_string_lossy();
        let line = check(context, path).with_context(|| name.to_string())?;
        println!("    {name}: {line}");
        lines.push(format!("{name}: {line}"));
    }
    ensure!(!lines.is_empty(), "there is no model");
    Ok(Outcome::Passed(lines))
}

/// One model; what it is in hardware, or why it is not.
fn check(context: &Context, path: &Path) -> Result<String> {
    let (model, _) = load(path, None)?;
    let target = Target {
        clock_mhz: CLOCK_MHZ,
        ..Target::default()
    };
    let start = Instant::now();
    let design = match Design::new(&model, &target) {
        Ok(design) => design,
        Err(HardwareError::Lower(reason)) => return Ok(format!("no Verilog: {reason}")),
        Err(error) => return Err(error.into()),
    };
    let kernel = emit(&design, Some(&vectors(&model)?));
    let took = start.elapsed();
    let folder = tempfile::tempdir()?;
    kernel.write(folder.path())?;
    let ports = Ports::of(&design);
    lint(context, folder.path(), &ports)?;
    bench(context, folder.path(), &kernel)?;
    let size: usize = kernel.files.iter().map(|(_, text)| text.len()).sum();
    let mut shown = format!(
        "{} cycles at {CLOCK_MHZ} MHz, {} register bits, written in {:.1} s; lint, test bench",
        design.schedule.latency,
        design.schedule.register_bits,
        took.as_secs_f64()
    );
    let [once, twice] = SMALL.map(|most| size <= most);
    if once {
        let interpreter = model.interpreter()?;
        let events = random_events(&model, EVENTS, 5);
        let all = [Around::Nothing, Around::Stream];
        for around in all.into_iter().take(1 + usize::from(twice)) {
            let built = VerilogKernel::build(&ports, &kernel, around, Simulator::default())?;
            compare(interpreter.as_ref(), &built, &events)?;
        }
        shown.push_str(&format!(", {EVENTS} events in Verilator"));
    }
    Ok(shown)
}

fn vectors(model: &Model) -> Result<Vectors> {
    let interpreter = model.interpreter()?;
    let events = random_events(model, VECTORS, 1);
    let results = (0..VECTORS).map(|event| Ok(interpreter.run(&events.inputs(event))?.concat()));
    Ok(Vectors {
        results: results.collect::<Result<_>>()?,
        events,
    })
}

/// Every top module, without a waiver; Verilator must not say a word.
fn lint(context: &Context, folder: &Path, ports: &Ports) -> Result<()> {
    let rtl = folder.join("rtl");
    for top in ["core", "axis", "axil"] {
        let top = format!("{}_{top}", ports.name);
        let mut verilator = context.command("verilator");
        verilator.args(["--lint-only", "-Wall", "--top-module", &top, "-y"]);
        verilator.arg(&rtl).arg(rtl.join(format!("{top}.v")));
        let said = capture(&mut verilator)?;
        ensure!(said.is_empty(), "{top}: {said}");
    }
    let read = format!(
        "read_verilog {}/*.v; hierarchy -check -top {}",
        rtl.display(),
        ports.core()
    );
    let said = capture(context.command("yosys").args(["-q", "-p", &read]))?;
    ensure!(said.is_empty(), "yosys: {said}");
    Ok(())
}

/// The test bench, by itself.
fn bench(context: &Context, folder: &Path, kernel: &Kernel) -> Result<()> {
    let program = folder.join("simulation");
    let mut compile: Command = context.command("iverilog");
    compile.args(["-g2005", "-o"]).arg(&program);
    let sources = kernel.files.iter().map(|(path, _)| path);
    let sources = sources.filter(|path| path.starts_with("rtl") || path.starts_with("bench"));
    compile.args(sources.map(|path| folder.join(path)));
    capture(&mut compile)?;
    let said = capture(context.command("vvp").arg("-n").arg(&program))?;
    match said.lines().last() {
        Some(line) if line.starts_with("PASS") => Ok(()),
        _ => bail!("the test bench fails:\n{said}"),
    }
}
