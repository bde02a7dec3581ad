//! The proof on the compiled kernel of the shipped model.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use trigforge_codegen::emit::rust::Interface;
use trigforge_codegen::ir::{Interval, Module};
use trigforge_codegen::verify::{Events, RustKernel, random_events};

use crate::context::{Context, Outcome};
use crate::kernel::{self, LEVELS};
use crate::tools;

/// Events whose instructions are counted.
const EVENTS: usize = 1_000;

/// Most findings that are listed.
const LISTED: usize = 10;

/// Compiles the kernel for each processor, looks for what it must not hold,
/// counts its instructions for different events, and holds them to the budget.
pub fn run(context: &Context) -> Result<Outcome> {
    if let Some(reason) = tools::missing(context, tools::OBJDUMP)? {
        return Ok(Outcome::Skipped(reason));
    }
    let uncounted = tools::missing(context, tools::VALGRIND)?;
    kernel::all_are_caught(context, uncounted.is_none())?;
    let (module, emitted) = kernel::emit(&context.model)?;
    let events = events(&module, EVENTS);
    let budget = kernel::budget(context, &module.name)?;
    let (mut notes, mut faults) = (Vec::new(), Vec::new());
    for level in LEVELS {
        let built = kernel::build(&module, &emitted, level.cpu)?;
        match clean(context, &built) {
            Ok(()) => println!("    {}: symbols and disassembly are clean", level.cpu),
            Err(error) => faults.push(format!("{}: {error}", level.cpu)),
        }
        if !level.countable || uncounted.is_some() {
            continue;
        }
        match kernel::one_count(&kernel::counts(context, &built, &events)?) {
            Ok(count) => {
                let note = format!("{}: {count} instructions", level.cpu);
                println!("    {note} for each of {} events", events.len());
                notes.push(note);
                if let Some(Err(error)) = budget.as_ref().map(|b| kernel::keep(b, level.cpu, count))
                {
                    faults.push(format!("{}: {error}", level.cpu));
                }
            }
            Err(error) => faults.push(format!("{}: {error}", level.cpu)),
        }
    }
    match uncounted {
        _ if !faults.is_empty() => bail!("{}", faults.join("\n")),
        None => Ok(Outcome::Passed(notes)),
        Some(reason) => Ok(Outcome::Skipped(format!(
            "only the instruction counts: {reason}"
        ))),
    }
}

/// Whether a compiled kernel holds nothing that it must not hold.
pub(super) fn clean(context: &Context, built: &RustKernel) -> Result<()> {
    let found = kernel::findings(context, &built.library())?;
    if found.is_empty() {
        return Ok(());
    }
    let listed: Vec<_> = found.iter().take(LISTED).map(String::as_str).collect();
    bail!("{} findings:\n  {}", found.len(), listed.join("\n  "))
}

/// Different events: the extremes of formats and of containers, and random ones.
pub fn events(module: &Module, count: usize) -> Events {
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
    let random = random_events(module, 2 * count, 1);
    let random = (0..random.len()).map(|event| {
        let inputs = random.inputs(event).into_iter();
        inputs.map(<[i64]>::to_vec).collect::<Vec<_>>()
    });
    let mut seen = BTreeSet::new();
    let mut events = Events::new(module);
    for inputs in extremes.chain(random) {
        if events.len() < count && seen.insert(inputs.clone()) {
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
        let events = events(&module, EVENTS);
        assert_eq!(events.len(), EVENTS);
        let all: BTreeSet<_> = (0..EVENTS).map(|event| events.inputs(event)).collect();
        assert_eq!(all.len(), EVENTS);
        for extreme in [-2048, 2047, i64::from(i16::MIN), i64::from(i16::MAX)] {
            assert!(all.contains(&vec![[extreme; 4].as_slice()]), "{extreme}");
        }
        Ok(())
    }
}
