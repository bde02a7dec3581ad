//! The driver of the AXI4-Lite wrapper, in one process with the simulated design.

use anyhow::Result;
use trigforge_codegen::emit::verilog::{Bus, Ports, emit};
use trigforge_codegen::emit::write_file;
use trigforge_codegen::hardware::{Design, Target};
use trigforge_codegen::model::load;
use trigforge_codegen::verify::{Exchange, compare, random_events};

use super::{Shown, target};
use crate::context::Context;
use crate::process::{capture, run as execute};
use crate::tools;

/// A small design.
const MODEL: &str = "models/zoo/qg-observables/model.onnx";

/// A clock that it keeps.
const CLOCK_MHZ: f64 = 150.0;

/// Random and extreme events.
const EVENTS: usize = 1_000;

/// Compares every score that the driver reads with the interpreter's.
///
/// # Errors
///
/// A score that differs, or a bus that gives none.
pub fn check(context: &Context) -> Result<Shown> {
    for tool in [tools::VERILATOR, tools::GXX] {
        if let Some(reason) = tools::missing(context, tool)? {
            return Ok(Err(reason));
        }
    }
    let (model, _) = load(&context.root.join(MODEL), None)?;
    let design = Design::new(
        &model,
        &Target {
            clock_mhz: CLOCK_MHZ,
            ..Target::default()
        },
    )?;
    let ports = Ports::of(&design);
    let folder = tempfile::tempdir()?;
    emit(&design, None).write(folder.path())?;
    let mut words = Vec::new();
    let sides = [&ports.inputs, &ports.outputs].map(|buses| elements(buses));
    words.extend(sides.iter().map(|side| side.len() as i64));
    let elements = sides.iter().flatten();
    words.extend(elements.flat_map(|&(bits, signed)| [i64::from(bits), i64::from(signed)]));
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    write_file(&folder.path().join("elements"), &bytes)?;
    let program = build(context, &ports, folder.path())?;
    let kernel = Exchange {
        program,
        output_words: sides[1].len(),
        folder,
    };
    let events = random_events(&model, EVENTS, 11);
    compare(model.interpreter()?.as_ref(), &kernel, &events)?;
    Ok(Ok(format!(
        "{EVENTS} events through the registers of a simulated design, bit for bit"
    )))
}

/// Bits and sign of every element of one side.
fn elements(buses: &[Bus]) -> Vec<(u32, bool)> {
    let buses = buses.iter();
    buses.flat_map(|bus| bus.elements.clone()).collect()
}

fn build(context: &Context, ports: &Ports, folder: &std::path::Path) -> Result<std::path::PathBuf> {
    let firmware = context.root.join("fpga/soc");
    let mut library = context.cargo(["build", "--quiet", "--release", "--package", "verilated"]);
    library.current_dir(&firmware);
    execute(library.env("CARGO_TARGET_DIR", target(context)))?;
    let library = target(context).join("release/libverilated.a");
    let mut verilator = context.command("verilator");
    verilator.args(["--cc", "--exe", "--build", "-Wall", "--prefix", "Vcore"]);
    verilator.args(["--top-module", &format!("{}_axil", ports.name), "-Mdir"]);
    verilator.arg(folder.join("obj"));
    verilator.args(["-O3", "--x-assign", "fast", "-CFLAGS", "-O0", "-LDFLAGS"]);
    verilator.arg(format!("{} -lpthread -ldl", library.display()));
    verilator.arg(firmware.join("verilated/bus.cpp"));
    let mut sources: Vec<_> = std::fs::read_dir(folder.join("rtl"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    sources.sort();
    capture(verilator.args(&sources))?;
    Ok(folder.join("obj/Vcore"))
}
