//! The proof on the compiled kernel of the shipped model.

use std::collections::BTreeSet;

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
                "    {}: {count} instructions for each of {} events",
                level.cpu,
                events.len()
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
    let extremes: [fn(Interval, u32) -> i64; 5] = [
        |_, _| 0,
        |inside, _| inside.lo,
        |inside, _| inside.hi,
        |_, bits| i64::MIN >> (64 - bits),
        |_, bits| i64::MAX >> (64 - bits),
    ];
    let extremes = extremes.into_iter().map(|extreme| {
        let inputs = module.inputs().zip(&interface.inputs);
        let inputs = inputs.map(|((_, node), port)| {
            let formats = node.ty.element_formats().into_iter();
            let mantissas = formats.map(|format| extreme(Interval::of(format), port.bits));
            mantissas.collect::<Vec<_>>()
        });
        inputs.collect::<Vec<_>>()
    });
    let random = random_events(module, 2 * EVENTS, 1);
    let random = (0..random.len()).map(|event| {
        let inputs = random.inputs(event).into_iter();
        inputs.map(<[i64]>::to_vec).collect::<Vec<_>>()
    });
    let mut seen = BTreeSet::new();
    let mut events = Events::new(module);
    for inputs in extremes.chain(random) {
        if events.len() < EVENTS && seen.insert(inputs.clone()) {
            events.push(&inputs);
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_distinct_and_hold_the_extremes() -> Result<()> {
        let module = trigforge_codegen::ir::parse(
            r#"
            trigforge-ir 0.1
            module "m"
            %0 "x" = input {rounding=TRN, overflow=WRAP} : [4] fix(1,3,8)
            output "y" = %0
            "#,
        )?;
        let events = events(&module);
        assert_eq!(events.len(), EVENTS);
        let all: BTreeSet<_> = (0..EVENTS).map(|event| events.inputs(event)).collect();
        assert_eq!(all.len(), EVENTS);
        for extreme in [-2048, 2047, i64::from(i16::MIN), i64::from(i16::MAX)] {
            assert!(all.contains(&vec![[extreme; 4].as_slice()]), "{extreme}");
        }
        Ok(())
    }
}
