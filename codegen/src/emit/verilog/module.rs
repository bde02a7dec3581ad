//! The modules of the layers as they look from outside, for tools that put
//! something else around them than the core.

use super::core::Ports;
use super::layer::module_name;
use super::signals::{Moment, Signals};
use crate::circuit::{Gate, Wire};
use crate::hardware::Design;

/// A wire of the design in one cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The wire.
    pub wire: Wire,
    /// Its name in the text.
    pub name: String,
    /// Its bits.
    pub width: u32,
}

/// A layer's module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Position in [`Design::sections`].
    pub section: usize,
    /// Its name; the file is `rtl/NAME.v`.
    pub name: String,
    /// Whether it holds registers, and so has a port `clk`.
    pub clocked: bool,
    /// The signals of its port `x`, the first in the lowest bits.
    pub inputs: Vec<Signal>,
    /// The signals of its port `y`, the first in the lowest bits.
    pub outputs: Vec<Signal>,
    /// The signals that it computes, each in the cycle in which it does.
    pub gates: Vec<Signal>,
}

/// The modules that [`emit`](super::emit) writes for a design's layers.
pub fn modules(design: &Design) -> Vec<Module> {
    let signals = Signals::new(design);
    let top = Ports::of(design).name;
    let signal = |&(wire, cycle): &Moment| Signal {
        wire,
        name: signals.name((wire, cycle)),
        width: signals.width(wire),
    };
    let is_gate = |wire: &Wire| {
        let gate = design.circuit.definition(*wire).gate;
        design.wiring.is_own(*wire) && !matches!(gate, Gate::Input { .. })
    };
    let some = (0..design.sections.len()).filter(|&at| !signals.exports(at).is_empty());
    some.map(|section| {
        let own = design.sections[section].gates.clone();
        let mut own = own.map(|at| Wire(at as u32));
        let gates = own.clone().filter(is_gate);
        Module {
            section,
            name: module_name(&signals, &top, section),
            clocked: own
                .any(|wire| design.wiring.is_own(wire) && signals.last(wire) > signals.cycle(wire)),
            inputs: signals.imports(section).iter().map(signal).collect(),
            outputs: signals.exports(section).iter().map(signal).collect(),
            gates: gates
                .map(|wire| signal(&(wire, signals.cycle(wire))))
                .collect(),
        }
    })
    .collect()
}
