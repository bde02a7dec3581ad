//! Proof that the modules of a design's layers compute what the model says.
//!
//! The one side is the text that was emitted. The other is the circuit that the
//! model lowers to, before anything was rewritten, as plain signed arithmetic;
//! products with constants are sums of `weight * input`, with weights that the
//! operation itself gives. For each element of a layer's result Yosys proves
//! (`sat`) that both are equal for all values of what the layer reads; for sums
//! of products it does so adder by adder, and exact integers do the rest.
//!
//! Registers count as wires: when a result comes is not part of the proof, nor
//! is the wiring of the layers to each other; simulation shows both.

mod gold;
mod harness;
mod linear;
mod origin;
mod plan;
mod solve;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use thiserror::Error;

use self::linear::Sums;
use self::origin::Origin;
use self::plan::Task;
use self::solve::{Answer, Answers, Question};
use crate::emit::verilog::{Module, modules};
use crate::emit::{Kernel, WriteError};
use crate::hardware::{Design, HardwareError};
use crate::model::Model;

/// How far proofs go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Gates of a layer up to which it is proven.
    pub most_gates: usize,
    /// Seconds for each element of a layer's result.
    pub seconds: u32,
    /// Layers at the same time.
    pub workers: usize,
}

/// Values for which a layer does not compute what the model says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterexample {
    /// The element of the result: node and position.
    pub element: String,
    /// Mantissas of what the layer reads: node and position, value.
    pub given: Vec<(String, i128)>,
    /// The mantissa that the model says.
    pub expected: Option<i128>,
    /// The mantissa in the Verilog.
    pub found: Option<i128>,
}

impl fmt::Display for Counterexample {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |value: Option<i128>| value.map_or("?".to_owned(), |v| v.to_string());
        write!(
            out,
            "{} is {} in the Verilog and {} in the model, where",
            self.element,
            value(self.found),
            value(self.expected)
        )?;
        for (at, (name, value)) in self.given.iter().enumerate() {
            write!(out, "{} {name} = {value}", if at > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

/// What was found of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every element is the model's, for all inputs.
    Proven,
    /// It has more gates than were to be proven.
    TooLarge,
    /// So many elements took too long; the others are proven.
    Undecided(usize),
    /// An element is not the model's.
    Differs(Counterexample),
}

/// One layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    /// The node in the model.
    pub name: String,
    /// What it does.
    pub operation: &'static str,
    /// Elements of its result, and other wires that leave it.
    pub elements: usize,
    /// Those of them that were proven adder by adder.
    pub by_sums: usize,
    /// Gates of its module, and of those that had to be taken with it.
    pub gates: usize,
    /// What was found.
    pub verdict: Verdict,
    /// How long it took.
    pub seconds: f64,
}

/// A proof that could not be tried.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FormalError {
    /// The model has no circuit.
    #[error(transparent)]
    Hardware(#[from] HardwareError),
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A folder could not be made.
    #[error("cannot make a folder for the proof")]
    Folder(#[source] std::io::Error),
    /// Yosys could not be started.
    #[error("cannot start `yosys`: apt-get install yosys")]
    Start(#[source] std::io::Error),
    /// Yosys failed.
    #[error("yosys does not take a layer; please report this:\n{messages}")]
    Failed {
        /// What it said.
        messages: String,
    },
    /// There is nothing to prove.
    #[error("the design has no layer with gates, so nothing was proven")]
    Empty,
}

/// Proves the layers of a design, each as its proof ends.
///
/// `kernel` is what [`emit`](crate::emit::verilog::emit) wrote for the design.
///
/// # Errors
///
/// A tool that is missing, or a design without layers.
pub fn prove(
    model: &Model,
    design: &Design,
    kernel: &Kernel,
    options: Options,
    mut each: impl FnMut(&Proof),
) -> Result<Vec<Proof>, FormalError> {
    let modules = modules(design);
    let origin = Origin::new(model, design)?;
    let tasks = plan::tasks(design, &origin, &modules);
    if tasks.is_empty() {
        return Err(FormalError::Empty);
    }
    let prover = Prover {
        design,
        origin: &origin,
        modules: modules.iter().map(|m| (m.section, m)).collect(),
        kernel,
        options,
    };
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    let mut proofs: Vec<Option<Proof>> = vec![None; tasks.len()];
    let mut failure = None;
    std::thread::scope(|scope| {
        for _ in 0..options.workers.clamp(1, tasks.len()) {
            let (send, next, prover, tasks) = (send.clone(), &next, &prover, &tasks);
            scope.spawn(move || {
                while let Some((at, task)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    tasks.get(at).map(|task| (at, task))
                } {
                    if send.send((at, prover.prove(task))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        for (at, proof) in receive {
            match proof {
                Ok(proof) => {
                    each(&proof);
                    proofs[at] = Some(proof);
                }
                Err(error) => failure = Some(error),
            }
        }
    });
    match failure {
        Some(error) => Err(error),
        None => Ok(proofs.into_iter().flatten().collect()),
    }
}

struct Prover<'a> {
    design: &'a Design,
    origin: &'a Origin,
    modules: BTreeMap<usize, &'a Module>,
    kernel: &'a Kernel,
    options: Options,
}

impl Prover<'_> {
    fn prove(&self, task: &Task) -> Result<Proof, FormalError> {
        let start = Instant::now();
        let (verdict, by_sums) = match task.gates > self.options.most_gates {
            true => (Verdict::TooLarge, 0),
            false => self.decide(task)?,
        };
        let section = &self.design.sections[task.section];
        Ok(Proof {
            name: section.name.clone(),
            operation: section.operation,
            elements: task.goals.len(),
            by_sums,
            gates: task.gates,
            verdict,
            seconds: start.elapsed().as_secs_f64(),
        })
    }

    fn decide(&self, task: &Task) -> Result<(Verdict, usize), FormalError> {
        let sums = linear::sums(self.design, self.origin, task);
        let together = self.ask(task, &sums, true)?;
        let all_proven = |goals: &[(usize, Answer)]| goals.iter().all(|g| g.1 == Answer::Proven);
        let (goals, by_sums) = match (together.sums || sums.adders.is_empty(), &together.goals) {
            (true, goals) if all_proven(goals) => return Ok((Verdict::Proven, sums.goals.len())),
            (true, _) => (self.ask(task, &sums, false)?.goals, sums.goals.len()),
            // An adder does something else: what it does to the results.
            (false, _) => (self.ask(task, &Sums::default(), false)?.goals, 0),
        };
        let mut undecided = 0;
        for (at, answer) in goals {
            match answer {
                Answer::Proven => {}
                Answer::Undecided => undecided += 1,
                Answer::Differs(values) => {
                    let counterexample = self.counterexample(&values, at, &task.goals[at]);
                    return Ok((Verdict::Differs(counterexample), by_sums));
                }
            }
        }
        let verdict = match undecided {
            0 => Verdict::Proven,
            count => Verdict::Undecided(count),
        };
        Ok((verdict, by_sums))
    }

    /// Asks for the adders of sums, and for each goal that they do not prove:
    /// for all of these at once, or one by one.
    fn ask(&self, task: &Task, sums: &Sums, together: bool) -> Result<Answers, FormalError> {
        let taken = task.taken.iter().filter_map(|at| self.modules.get(at));
        let taken: Vec<_> = taken.copied().collect();
        let is_taken = |path: &Path| {
            let mut names = taken.iter().map(|module| format!("rtl/{}.v", module.name));
            names.any(|name| path.as_os_str() == name.as_str())
        };
        let files = self.kernel.files.iter();
        let adders = taken.iter().flat_map(|module| {
            let own = module.gates.iter();
            let own = own.filter(|signal| sums.adders.contains(&signal.wire));
            own.map(|signal| (module.name.as_str(), signal.name.as_str()))
        });
        let asked = (0..task.goals.len()).filter(|at| !sums.goals.contains(at));
        let asked: Vec<_> = asked.collect();
        let goals = asked.iter().map(|&at| {
            let goal = &task.goals[at];
            let leaves = goal.leaves.iter().map(|leaf| format!("v{}", leaf.index()));
            let old = format!("g{}", goal.pair.old.index());
            let shown = leaves.chain([old, format!("found{at}_0")]);
            (at, shown.collect())
        });
        let question = Question {
            harness: harness::harness(
                self.design,
                self.origin,
                &self.modules,
                task,
                &sums.adders,
                &asked,
            ),
            sources: files.filter(|(path, _)| is_taken(path)).collect(),
            adders: adders.collect(),
            goals: goals.collect(),
            together,
            seconds: self.options.seconds,
        };
        let folder = tempfile::tempdir().map_err(FormalError::Folder)?;
        solve::solve(folder.path(), &question)
    }

    fn counterexample(
        &self,
        values: &[(String, i128)],
        at: usize,
        goal: &plan::Goal,
    ) -> Counterexample {
        let value = |signal: &str| {
            let found = values.iter().find(|(name, _)| name == signal);
            found.map(|(_, value)| *value)
        };
        let given = goal.leaves.iter().filter_map(|leaf| {
            let value = value(&format!("v{}", leaf.index()))?;
            Some((self.name(*leaf), value))
        });
        Counterexample {
            element: (self.origin.name(goal.pair.old)).unwrap_or_else(|| self.name(goal.pair.new)),
            given: given.collect(),
            expected: value(&format!("g{}", goal.pair.old.index())),
            found: value(&format!("found{at}_0")),
        }
    }

    /// The name of a wire of the design in the text.
    fn name(&self, wire: crate::circuit::Wire) -> String {
        let modules = self.modules.values();
        let signals = modules.flat_map(|module| module.inputs.iter().chain(&module.outputs));
        let mut own = signals.filter(|signal| signal.wire == wire);
        own.next()
            .map_or(String::new(), |signal| signal.name.clone())
    }
}
