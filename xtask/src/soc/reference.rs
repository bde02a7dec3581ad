//! What the firmware must show.

use std::collections::VecDeque;

use anyhow::{Context as _, Result, ensure};
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::Module;
use trigforge_codegen::ports::WithPorts;
use trigforge_codegen::verify::Events;

use super::log::{Log, Pass};

/// The firmware's threshold: score and least mantissa (`jsc::TOP`).
const THRESHOLD: [i64; 2] = [4, 8192];

/// The firmware's queue, and events after which it is emptied.
const QUEUE: usize = 64;
const PATIENCE: usize = 1_000;

/// The interpreter's decisions.
#[derive(Debug)]
pub struct Reference {
    decisions: Vec<bool>,
    saturations: u64,
}

impl Reference {
    /// Executes all events.
    pub fn new(module: &Module, events: &Events) -> Result<Self> {
        let interpreter = Interpreter::new(module)?;
        let formats: Vec<_> = module
            .ports()
            .inputs
            .iter()
            .flat_map(|input| input.ty.element_formats())
            .collect();
        let mut reference = Self {
            decisions: Vec::new(),
            saturations: 0,
        };
        for event in 0..events.len() {
            let inputs = events.inputs(event);
            let score = interpreter.run(&inputs)?.concat();
            let score = score.get(THRESHOLD[0] as usize).copied();
            let decision = score.context("the model lacks the score")? >= THRESHOLD[1];
            reference.decisions.push(decision);
            let mut features = inputs.iter().copied().flatten().zip(&formats);
            let cut = features.any(|(&m, format)| m <= (*format).min() || m >= (*format).max());
            reference.saturations += u64::from(cut);
        }
        Ok(reference)
    }

    /// Compares a log; a line that says what was compared.
    pub fn check(&self, log: &Log, passes: usize) -> Result<String> {
        ensure!(
            log.passes.len() == passes,
            "{} passes over the events, expected {passes}",
            log.passes.len()
        );
        let accepts = self.decisions.iter().filter(|&&accepted| accepted).count();
        for (pass, oldest) in log.passes.iter().zip([true, false]) {
            self.check_decisions(pass)?;
            ensure!(
                pass.counter("accepts") == Some(accepts as u64)
                    && pass.counter("saturations") == Some(self.saturations),
                "the counters are {:?}, expected {accepts} accepts and {} saturations",
                pass.counters,
                self.saturations
            );
            if passes == 2 {
                ensure!(
                    log.threshold == Some(THRESHOLD),
                    "another threshold: {:?}",
                    log.threshold
                );
                let (kept, lost) = self.queue(oldest);
                ensure!(
                    pass.kept == kept,
                    "the queue gave other events than it must hold"
                );
                ensure!(
                    pass.counter("queue_full") == Some(lost),
                    "{:?}, expected {lost} losses of the queue",
                    pass.counters
                );
                ensure!(
                    kept.len() as u64 + lost == accepts as u64,
                    "an accepted event is neither kept nor counted"
                );
            }
        }
        let counters = &log.passes.last().context("no pass")?.counters;
        let counters = counters
            .iter()
            .map(|(name, count)| format!("{name} {count}"));
        Ok(format!(
            "{} events, every decision the interpreter's; {}",
            self.decisions.len(),
            counters.collect::<Vec<_>>().join(", ")
        ))
    }

    fn check_decisions(&self, pass: &Pass) -> Result<()> {
        ensure!(
            pass.decisions.len() == self.decisions.len(),
            "{} decisions for {} events",
            pass.decisions.len(),
            self.decisions.len()
        );
        let mut pairs = pass.decisions.iter().zip(&self.decisions);
        match pairs.position(|(found, expected)| found != expected) {
            None => Ok(()),
            Some(event) => anyhow::bail!("event {event}: the accept line differs"),
        }
    }

    /// Events that the queue gives, and how many it loses.
    fn queue(&self, oldest: bool) -> (Vec<u64>, u64) {
        let (mut kept, mut lost) = (Vec::new(), 0);
        for (block, decisions) in self.decisions.chunks(PATIENCE).enumerate() {
            let mut waiting = VecDeque::new();
            let accepted = decisions
                .iter()
                .enumerate()
                .filter(|(_, accepted)| **accepted);
            for (index, _) in accepted {
                if waiting.len() == QUEUE {
                    lost += 1;
                    if !oldest {
                        continue;
                    }
                    waiting.pop_front();
                }
                waiting.push_back((block * PATIENCE + index) as u64);
            }
            kept.extend(waiting);
        }
        (kept, lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference() -> Reference {
        Reference {
            decisions: (0..PATIENCE + 1).map(|event| event % 10 == 0).collect(),
            saturations: 7,
        }
    }

    fn log(reference: &Reference) -> Log {
        let passes = [true, false].map(|oldest| {
            let (kept, lost) = reference.queue(oldest);
            let counters = [("accepts", 101), ("saturations", 7), ("queue_full", lost)];
            Pass {
                counters: counters
                    .map(|(name, count)| (name.to_owned(), count))
                    .into(),
                kept,
                decisions: reference.decisions.clone(),
            }
        });
        Log {
            threshold: Some(THRESHOLD),
            passes: passes.into(),
        }
    }

    #[test]
    fn one_wrong_decision_or_lost_event_fails() {
        let reference = reference();
        assert!(reference.check(&log(&reference), 2).is_ok());
        let mut wrong = log(&reference);
        wrong.passes[1].decisions[500] = false;
        assert!(reference.check(&wrong, 2).is_err());
        let mut silent = log(&reference);
        silent.passes[0].kept.pop();
        assert!(reference.check(&silent, 2).is_err());
        let mut swapped = log(&reference);
        swapped.passes.swap(0, 1);
        assert!(reference.check(&swapped, 2).is_err());
    }
}
