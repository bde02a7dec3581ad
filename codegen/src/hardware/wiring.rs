//! Wires that are nothing but the bits of another wire.
//!
//! A shift moves the binary point, and a value that is aligned gets zeros
//! below: neither needs logic or a register of its own.

use crate::circuit::{Circuit, Gate, Info, Wire};
use crate::exact::shift_left;

/// What a wire's mantissa is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A mantissa that never changes.
    Constant(i64),
    /// The mantissa of a wire that has logic or is an input, times `2^shift`.
    Bits {
        /// That wire.
        wire: Wire,
        /// Zeros below its bits.
        shift: u32,
    },
}

/// The source of every wire of a circuit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wiring {
    sources: Vec<Source>,
}

impl Wiring {
    /// Finds the sources of a valid circuit's wires.
    pub fn new(circuit: &Circuit, info: &Info) -> Self {
        let mut sources: Vec<Source> = Vec::with_capacity(circuit.definitions().len());
        for (index, definition) in circuit.definitions().iter().enumerate() {
            let own = Source::Bits {
                wire: Wire(index as u32),
                shift: 0,
            };
            let range = info.ranges[index];
            let source = match definition.gate {
                _ if range.lo == range.hi => Source::Constant(range.lo),
                Gate::Shift { a, .. } => sources[a.index()],
                Gate::Requantize { a, to, .. } => {
                    let below = to.f() - circuit.definition(a).format.f();
                    let from = info.ranges[a.index()];
                    let kept = |before: i64, after: i64| {
                        below >= 0 && shift_left(before.into(), below) == after.into()
                    };
                    match sources[a.index()] {
                        Source::Bits { wire, shift }
                            if kept(from.lo, range.lo) && kept(from.hi, range.hi) =>
                        {
                            let shift = shift + below.unsigned_abs();
                            Source::Bits { wire, shift }
                        }
                        _ => own,
                    }
                }
                _ => own,
            };
            sources.push(source);
        }
        Self { sources }
    }

    /// What a wire is made of.
    pub fn source(&self, wire: Wire) -> Source {
        self.sources[wire.index()]
    }

    /// Whether a wire has logic of its own, or is an input.
    pub fn is_own(&self, wire: Wire) -> bool {
        matches!(self.source(wire), Source::Bits { wire: own, .. } if own == wire)
    }

    /// The wires with logic or registers that a gate reads, each once.
    pub fn reads(&self, gate: &Gate) -> impl Iterator<Item = Wire> + use<> {
        let mut found = [None; 3];
        let mut count = 0;
        for operand in gate.operands() {
            if let Source::Bits { wire, .. } = self.source(operand)
                && !found.contains(&Some(wire))
            {
                found[count] = Some(wire);
                count += 1;
            }
        }
        found.into_iter().flatten()
    }
}
