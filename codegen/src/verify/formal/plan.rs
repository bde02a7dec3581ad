//! What must be proven of each layer, and what may be assumed of what it reads.
//!
//! A layer's results are proven to be those of the original circuit for any
//! values of the wires that it reads, as far as these lie in their intervals.
//! That these wires in turn have their original values is proven of the layers
//! that make them: an induction along the pipeline. A wire that has no origin
//! is not assumed anything of; the layer that makes it is taken in.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::origin::{Alias, Origin};
use crate::circuit::Wire;
use crate::emit::verilog::Module;
use crate::hardware::Design;

/// A wire of the design and one of the original circuit that must be equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair {
    pub old: Wire,
    pub new: Wire,
}

/// A pair with what it is made of.
#[derive(Clone, Debug)]
pub(super) struct Goal {
    pub pair: Pair,
    /// Wires of the design that both sides are functions of.
    pub leaves: BTreeSet<Wire>,
}

/// What must be proven of one section.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub section: usize,
    /// Sections whose modules are taken: this one, and those in front of it
    /// whose wires have no origin.
    pub taken: BTreeSet<usize>,
    pub goals: Vec<Goal>,
    /// Wires that the modules read and do not make.
    pub cut: HashSet<Wire>,
    /// Gates of the modules.
    pub gates: usize,
}

struct Planner<'a> {
    design: &'a Design,
    origin: &'a Origin,
    modules: BTreeMap<usize, &'a Module>,
}

/// The tasks of a design, the last layer first.
pub(super) fn tasks(design: &Design, origin: &Origin, modules: &[Module]) -> Vec<Task> {
    let planner = Planner {
        design,
        origin,
        modules: modules.iter().map(|m| (m.section, m)).collect(),
    };
    let mut wanted: BTreeMap<usize, BTreeSet<Pair>> = BTreeMap::new();
    let mut want = |pair: Pair| {
        let home = planner.home(pair.new);
        wanted.entry(home).or_default().insert(pair);
    };
    for &old in origin.circuit.outputs().iter().flat_map(|port| &port.wires) {
        if let Some(alias) = origin.alias(old) {
            want(Pair {
                old,
                new: alias.wire,
            });
        }
    }
    // Inputs that a module holds in registers.
    let held: HashSet<Wire> = modules
        .iter()
        .flat_map(|module| module.outputs.iter().map(|signal| signal.wire))
        .filter(|&wire| origin.is_port(wire))
        .collect();
    for old in (0..origin.circuit.definitions().len()).map(|at| Wire(at as u32)) {
        if let (true, Some(alias)) = (origin.is_input(old), origin.alias(old))
            && held.contains(&alias.wire)
        {
            want(Pair {
                old,
                new: alias.wire,
            });
        }
    }
    let mut tasks = Vec::new();
    while let Some((section, pairs)) = wanted.pop_last() {
        // What leaves without a register needs no module.
        let Some(module) = planner.modules.get(&section) else {
            continue;
        };
        let made = |pair: &Pair| module.outputs.iter().any(|s| s.wire == pair.new);
        let pairs: Vec<_> = pairs.into_iter().filter(made).collect();
        if pairs.is_empty() {
            continue;
        }
        let (task, assumed) = planner.task(section, &pairs);
        for pair in assumed {
            wanted
                .entry(planner.home(pair.new))
                .or_default()
                .insert(pair);
        }
        tasks.push(task);
    }
    tasks.reverse();
    tasks
}

impl Planner<'_> {
    /// The section that makes a wire.
    fn home(&self, wire: Wire) -> usize {
        let sections = &self.design.sections;
        sections.partition_point(|section| section.gates.end <= wire.index())
    }

    fn task(&self, section: usize, pairs: &[Pair]) -> (Task, BTreeSet<Pair>) {
        let mut taken = BTreeSet::from([section]);
        loop {
            let cut = self.cut(&taken);
            let mut assumed = BTreeSet::new();
            let mut goals = Vec::with_capacity(pairs.len());
            let mut without_origin = BTreeSet::new();
            for &pair in pairs {
                let (mut leaves, pairs) = self.original_leaves(pair.old, &cut);
                assumed.extend(pairs);
                for leaf in self.leaves(pair.new, &cut) {
                    if !leaves.contains(&leaf) && !self.origin.is_port(leaf) {
                        without_origin.insert(self.home(leaf));
                    }
                    leaves.insert(leaf);
                }
                goals.push(Goal { pair, leaves });
            }
            without_origin.retain(|home| !taken.contains(home) && self.modules.contains_key(home));
            if without_origin.is_empty() {
                let gates = taken.iter().map(|&at| self.gates(at)).sum();
                let task = Task {
                    section,
                    taken,
                    goals,
                    cut,
                    gates,
                };
                return (task, assumed);
            }
            taken.extend(without_origin);
        }
    }

    /// Gates of a section that are logic.
    fn gates(&self, section: usize) -> usize {
        let mut gates = self.design.sections[section].gates.clone();
        let mut count = 0;
        gates.by_ref().for_each(|at| {
            let wire = Wire(at as u32);
            count += usize::from(self.design.wiring.is_own(wire) && !self.origin.is_port(wire));
        });
        count
    }

    /// The wires that the taken modules read and do not make.
    fn cut(&self, taken: &BTreeSet<usize>) -> HashSet<Wire> {
        let modules = || taken.iter().filter_map(|at| self.modules.get(at));
        let made: HashSet<_> = modules()
            .flat_map(|module| module.outputs.iter().map(|signal| signal.wire))
            .collect();
        modules()
            .flat_map(|module| module.inputs.iter().map(|signal| signal.wire))
            .filter(|wire| !made.contains(wire))
            .collect()
    }

    /// What a wire of the original circuit is made of, down to the cut; and the
    /// pairs that this takes for equal.
    fn original_leaves(&self, old: Wire, cut: &HashSet<Wire>) -> (BTreeSet<Wire>, Vec<Pair>) {
        let mut leaves = BTreeSet::new();
        let mut assumed = Vec::new();
        let mut seen = HashSet::new();
        let mut stack = vec![old];
        while let Some(old) = stack.pop() {
            if !seen.insert(old) {
                continue;
            }
            match self.origin.leaf(old, cut) {
                Some(Alias { wire: new, .. }) => {
                    leaves.insert(new);
                    if !self.origin.is_port(new) {
                        assumed.push(Pair { old, new });
                    }
                }
                None => stack.extend(self.origin.operands(old)),
            }
        }
        (leaves, assumed)
    }

    /// What a wire of the design is made of, down to the cut.
    fn leaves(&self, new: Wire, cut: &HashSet<Wire>) -> BTreeSet<Wire> {
        let mut leaves = BTreeSet::new();
        let mut seen = HashSet::new();
        let mut stack = vec![new];
        while let Some(wire) = stack.pop() {
            if !seen.insert(wire) {
                continue;
            }
            if cut.contains(&wire) || self.origin.is_port(wire) {
                leaves.insert(wire);
                continue;
            }
            let gate = self.design.circuit.definition(wire).gate;
            stack.extend(self.design.wiring.reads(&gate));
        }
        leaves
    }
}
