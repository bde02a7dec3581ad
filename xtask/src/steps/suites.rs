//! The proof on the compiled kernel of every conformance suite: each operation
//! alone, so that no kernel of it holds what it must not hold, or takes a time
//! that depends on the data.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use trigforge_codegen::circuit;
use trigforge_codegen::emit::rust;
use trigforge_codegen::ir::parse;
use trigforge_codegen::lower::lower;
use trigforge_codegen::validate::validate;

use super::kernel::{clean, events};
use crate::context::{Context, Outcome};
use crate::kernel::{self, LEVELS};
use crate::tools;

/// Events whose instructions are counted for each suite.
const EVENTS: usize = 100;

/// Compiles every suite for the processors that valgrind knows, looks for what
/// a kernel must not hold, and counts its instructions for different events.
pub fn run(context: &Context) -> Result<Outcome> {
    for tool in [tools::OBJDUMP, tools::VALGRIND] {
        if let Some(reason) = tools::missing(context, tool)? {
            return Ok(Outcome::Skipped(reason));
        }
    }
    let mut suites: Vec<PathBuf> = std::fs::read_dir(context.root.join("tests/in"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    suites.sort();
    let faults: Vec<_> = suites
        .iter()
        .filter_map(|path| check(context, path).err())
        .map(|error| format!("{error:#}"))
        .collect();
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(Outcome::Passed(vec![format!("{} suites", suites.len())]))
}

/// One suite on every processor that valgrind knows.
fn check(context: &Context, path: &Path) -> Result<()> {
    let shown = path.file_stem().unwrap_or_default().display();
    let module = parse(&std::fs::read_to_string(path)?).with_context(|| shown.to_string())?;
    let info = validate(&module)?;
    let circuit = lower(&module)?;
    let gates = circuit::validate(&circuit)?;
    let options = rust::Options::default();
    let kernels = [
        ("loops", rust::emit(&module, &info, options)?),
        ("straight", rust::emit_circuit(&circuit, &gates, options)?),
    ];
    let events = events(&module, EVENTS);
    for level in LEVELS.iter().filter(|level| level.countable) {
        for (form, emitted) in &kernels {
            let place = || format!("{shown}, {form}, for {}", level.cpu);
            // Both forms have one interface, the module's.
            let built = kernel::build(&module, emitted, level.cpu).with_context(place)?;
            clean(context, &built).with_context(place)?;
            let counts = kernel::counts(context, &built, &events).with_context(place)?;
            let count = kernel::one_count(&counts).with_context(place)?;
            println!("    {}: {count} instructions", place());
        }
    }
    Ok(())
}
