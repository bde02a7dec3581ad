//! The names of wires, and where each of them is read.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::bits::Value;
use crate::circuit::{Gate, Wire};
use crate::emit::names::identifier_tail;
use crate::hardware::{Design, Source};

/// A wire in one cycle: as it is computed, or after registers.
pub(super) type Moment = (Wire, u32);

/// Names and readers of all wires of a design.
#[derive(Debug)]
pub(super) struct Signals<'d> {
    design: &'d Design,
    /// The unique name of each section.
    pub sections: Vec<String>,
    names: Vec<String>,
    home: Vec<usize>,
    last: Vec<u32>,
    imports: Vec<BTreeSet<Moment>>,
    exports: Vec<BTreeSet<Moment>>,
}

impl<'d> Signals<'d> {
    /// Names all wires, and finds who reads them.
    pub fn new(design: &'d Design) -> Self {
        let sections = section_names(design);
        let wires = design.circuit.definitions().len();
        let mut names = vec![String::new(); wires];
        let mut home = vec![0; wires];
        for (index, (section, name)) in design.sections.iter().zip(&sections).enumerate() {
            for (count, at) in section.gates.clone().enumerate() {
                home[at] = index;
                names[at] = format!("{name}_t{count}");
            }
            for &(at, element) in section.elements.iter().rev() {
                names[at] = format!("{name}_{element}");
            }
        }
        let count = design.sections.len();
        let mut signals = Self {
            design,
            sections,
            names,
            home,
            last: design.schedule.cycles.clone(),
            imports: vec![BTreeSet::new(); count],
            exports: vec![BTreeSet::new(); count],
        };
        for (at, definition) in design.circuit.definitions().iter().enumerate() {
            let reader = signals.home[at];
            let cycle = design.schedule.cycles[at];
            if design.wiring.is_own(Wire(at as u32)) {
                for wire in design.wiring.reads(&definition.gate) {
                    signals.read(reader, (wire, cycle));
                }
            }
        }
        for wire in design.circuit.outputs().iter().flat_map(|port| &port.wires) {
            if let Source::Bits { wire, .. } = design.wiring.source(*wire) {
                signals.export((wire, design.schedule.latency));
            }
        }
        // An input comes from the port, into the module that delays it too.
        for (at, definition) in design.circuit.definitions().iter().enumerate() {
            if matches!(definition.gate, Gate::Input { .. }) && signals.last[at] > 0 {
                signals.imports[signals.home[at]].insert((Wire(at as u32), 0));
            }
        }
        signals
    }

    fn read(&mut self, reader: usize, moment: Moment) {
        let at = moment.0.index();
        self.last[at] = self.last[at].max(moment.1);
        let home = self.home[at];
        if home != reader || self.is_port(moment) {
            self.imports[reader].insert(moment);
        }
        if home != reader && !self.is_port(moment) {
            self.exports[home].insert(moment);
        }
    }

    fn export(&mut self, moment: Moment) {
        let at = moment.0.index();
        self.last[at] = self.last[at].max(moment.1);
        if !self.is_port(moment) {
            self.exports[self.home[at]].insert(moment);
        }
    }

    /// Whether it is an element of an input port, without a register.
    pub fn is_port(&self, (wire, cycle): Moment) -> bool {
        let gate = self.design.circuit.definition(wire).gate;
        matches!(gate, Gate::Input { .. }) && cycle == 0
    }

    /// Bits of a wire.
    pub fn width(&self, wire: Wire) -> u32 {
        self.design.circuit.definition(wire).format.width()
    }

    /// The cycle in which a wire is computed.
    pub fn cycle(&self, wire: Wire) -> u32 {
        self.design.schedule.cycles[wire.index()]
    }

    /// The last cycle in which somebody reads it.
    pub fn last(&self, wire: Wire) -> u32 {
        self.last[wire.index()]
    }

    /// What a section reads of others.
    pub fn imports(&self, section: usize) -> &BTreeSet<Moment> {
        &self.imports[section]
    }

    /// What others read of a section.
    pub fn exports(&self, section: usize) -> &BTreeSet<Moment> {
        &self.exports[section]
    }

    /// The name of a wire in a cycle.
    pub fn name(&self, (wire, cycle): Moment) -> String {
        let name = &self.names[wire.index()];
        match cycle - self.cycle(wire).min(cycle) {
            0 => name.clone(),
            delay => format!("{name}_d{delay}"),
        }
    }

    /// What a wire is in a cycle, as an operand.
    pub fn value(&self, wire: Wire, cycle: u32) -> Value {
        match self.design.wiring.source(wire) {
            Source::Constant(m) => Value::Constant(m),
            Source::Bits { wire, shift } => Value::Signal {
                name: self.name((wire, cycle)),
                width: self.width(wire),
                signed: self.design.circuit.definition(wire).format.k(),
                shift,
            },
        }
    }
}

/// A name for each section that no other has, and that no keyword can be made
/// of with a number behind it.
fn section_names(design: &Design) -> Vec<String> {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    let tail = |name: &str| match identifier_tail(name) {
        tail if tail.starts_with(|c: char| c.is_ascii_lowercase()) => tail,
        tail if tail.is_empty() => "layer".to_owned(),
        tail => format!("n_{tail}"),
    };
    let tails: Vec<_> = design.sections.iter().map(|s| tail(&s.name)).collect();
    for name in &tails {
        *count.entry(name.clone()).or_default() += 1;
    }
    let mut taken: HashSet<String> = tails.iter().filter(|n| count[*n] == 1).cloned().collect();
    tails
        .into_iter()
        .enumerate()
        .map(|(index, name)| {
            if count[&name] == 1 {
                return name;
            }
            let mut unique = format!("{name}_l{index}");
            while !taken.insert(unique.clone()) {
                unique.push('x');
            }
            unique
        })
        .collect()
}
