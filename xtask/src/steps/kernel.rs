//! The proof on the compiled kernel of the shipped model.

use anyhow::{Context as _, Result, bail};
use trigforge_codegen::emit::rust::Interface;
use trigforge_codegen::ir::{Interval, Module};
use trigforge_codegen::verify::{Events, random_events};

use crate::context::{Context, Outcome};
use crate::kernel::{self, LEVELS};
use crate::tools;

/// Events whose instructions are counted.
const EVENTS: usize = 1_000;

/// Most findings that are listed.
const LISTED: usize = 10;

/// Compiles the kernel for each processor, looks for what it must not hold, and
/// counts its instructions for different events.
pub fn run(context: &Context) -> Result<Outcome> {
    if let Some(reason) = tools::missing(context, tools::OBJDUMP)? {
        return Ok(Outcome::Skipped(reason));
    }
    let uncounted = tools::missing(context, tools::VALGRIND)?;
    kernel::all_are_caught(context, uncounted.is_none())?;
    let (module, emitted) = kernel::emit(&context.model)?;
    let events = events(&module);
    let mut notes = Vec::new();
    for level in LEVELS {
        let built = kernel::build(&module, &emitted, level.cpu)?;
        let found = kernel::findings(context, &kernel::library(&built))?;
        if !found.is_empty() {
            let listed = found
                .iter()
                .take(LISTED)
                .map(String::as_str)
                .collect::<Vec<_>>();
            bail!(
                "{}: {} findings:\n  {}",
                level.cpu,
                found.len(),
                listed.join("\n  ")
            );
        }
        println!("    {}: symbols and disassembly are clean", level.cpu);
        if level.countable && uncounted.is_none() {
            let counts = kernel::counts(context, &built, &events)?;
            let count = kernel::one_count(&counts).context(level.cpu)?;
            println!(
                "    {}: {count} instructions for each of {EVENTS} events",
                level.cpu
            );
            notes.push(format!("{}: {count} instructions", level.cpu));
        }
    }
    match uncounted {
        None => Ok(Outcome::Passed(notes)),
        Some(reason) => Ok(Outcome::Skipped(format!(
            "only the instruction counts: {reason}"
        ))),
    }
}

/// Different events: the extremes of formats and of containers, and random ones.
fn events(module: &Module) -> Events {
    let interface = Interface::of(module);
    let mut events = Events::new(module);
    let extremes: [fn(Interval, u32) -> i64; 5] = [
        |_, _| 0,
        |inside, _| inside.lo,
        |inside, _| inside.hi,
        |_, bits| i64::MIN >> (64 - bits),
        |_, bits| i64::MAX >> (64 - bits),
    ];
    for extreme in extremes {
        let inputs = module
            .inputs()
            .zip(&interface.inputs)
            .map(|((_, node), port)| {
                let formats = node.ty.element_formats().into_iter();
                formats
                    .map(|format| extreme(Interval::of(format), port.bits))
                    .collect()
            });
        events.push(&inputs.collect::<Vec<_>>());
    }
    let random = random_events(module, EVENTS - events.len(), 1);
    for event in 0..random.len() {
        let inputs = random.inputs(event).into_iter().map(<[i64]>::to_vec);
        events.push(&inputs.collect::<Vec<_>>());
    }
    events
}
