//! Rewrites a circuit so that hardware needs less of it: the same integers at
//! every output, fewer gates and narrower wires.
//!
//! - A rectifier in front of a requantisation becomes its lower end: saturation
//!   at zero is free where it happens anyway, and else the rectifier works on
//!   the bits that are kept.
//! - A rectifier compares with zero by its sign alone.
//! - Constants, equal gates and gates that no output needs disappear, as they
//!   do whenever a circuit is built.

use trigforge::{Format, Overflow, Rounding};

use crate::circuit::{Builder, Circuit, Gate, Wire};
use crate::ops::Requantize;

/// A circuit made anew.
#[derive(Clone, Debug, PartialEq)]
pub struct Simplified {
    /// The circuit.
    pub circuit: Circuit,
    /// For each position in the old circuit, how many gates of the new one
    /// stand for those in front of it; one more than the old gates.
    pub before: Vec<usize>,
    /// The new wire of each old one, if an output needs it.
    pub wires: Vec<Option<Wire>>,
}

/// Rewrites a valid circuit.
///
/// # Errors
///
/// A circuit that is not valid, or that needs more than 64 bits in a new gate.
pub fn simplify(circuit: &Circuit) -> Result<Simplified, String> {
    rebuilt(circuit, |new, _, gate| new.rewritten(gate, circuit))
}

/// Makes a circuit anew: `rewrite` adds what stands for a gate, which comes with
/// its position and on wires of the new circuit.
pub(super) fn rebuilt(
    circuit: &Circuit,
    mut rewrite: impl FnMut(&mut Builder, usize, Gate) -> Result<Wire, String>,
) -> Result<Simplified, String> {
    let mut new = Builder::new(circuit.name.clone());
    let mut ports = Vec::with_capacity(circuit.inputs().len());
    for port in circuit.inputs() {
        let wires = new.input(
            port.name.clone(),
            port.ty.clone(),
            port.rounding,
            port.overflow,
        )?;
        ports.push(wires);
    }
    let mut wires: Vec<Wire> = Vec::with_capacity(circuit.definitions().len());
    let mut ends = Vec::with_capacity(circuit.definitions().len());
    for (at, definition) in circuit.definitions().iter().enumerate() {
        let wire = match definition.gate {
            Gate::Input { port, element } => ports[port as usize][element as usize],
            gate => rewrite(&mut new, at, gate.map(|w| wires[w.index()]))?,
        };
        wires.push(wire);
        ends.push(new.wires());
    }
    for port in circuit.outputs() {
        let outputs: Vec<_> = port.wires.iter().map(|w| wires[w.index()]).collect();
        new.output(port.name.clone(), port.ty.clone(), &outputs)?;
    }
    let (mut simplified, map) = new.finish_mapped()?;
    simplified.source_sha256 = circuit.source_sha256.clone();
    let mut kept = Vec::with_capacity(map.len() + 1);
    kept.push(0);
    for wire in &map {
        kept.push(kept[kept.len() - 1] + usize::from(wire.is_some()));
    }
    let before = std::iter::once(0).chain(ends.iter().map(|&end| kept[end]));
    Ok(Simplified {
        before: before.collect(),
        wires: wires.iter().map(|wire| map[wire.index()]).collect(),
        circuit: simplified,
    })
}

impl Builder {
    /// A gate on wires of this builder; tables are those of another circuit.
    pub(super) fn rewritten(&mut self, gate: Gate, old: &Circuit) -> Result<Wire, String> {
        match gate {
            Gate::Input { .. } => Err("an input is no gate to rewrite".to_owned()),
            Gate::Constant { mantissa, f } => Ok(self.constant(mantissa, f)),
            Gate::Add(a, b) => self.add(a, b),
            Gate::Sub(a, b) => self.sub(a, b),
            Gate::Mul(a, b) => self.mul(a, b),
            Gate::Shift { a, by } => self.shift(a, by),
            Gate::Less(a, b) => self.less(a, b),
            Gate::LessEqual(a, b) => self.less_equal(a, b),
            Gate::Equal(a, b) => self.equal(a, b),
            Gate::And(a, b) => self.and(a, b),
            Gate::Or(a, b) => self.or(a, b),
            Gate::Xor(a, b) => self.xor(a, b),
            Gate::Table { a, table, first } => {
                let table = &old.tables()[table as usize];
                let ends = table.entries.iter().min().zip(table.entries.iter().max());
                let format = ends
                    .and_then(|(&lo, &hi)| Format::covering(lo.into(), hi.into(), table.f))
                    .ok_or("a table has no format")?;
                self.table(a, first, &table.entries, format)
            }
            Gate::Select(c, a, b) => match self.rectified_by(c, a, b) {
                Some(x) => self.rectifier(x),
                None => self.select(c, a, b),
            },
            Gate::Requantize {
                a,
                to,
                rounding,
                overflow,
            } => match self.rectified(a) {
                Some(x) => self.rectify_and_requantize(x, to, rounding, overflow),
                None => self.requantize(a, to, rounding, overflow),
            },
        }
    }

    /// `x` if `c ? a : b` is the larger of `x` and zero.
    fn rectified_by(&self, c: Wire, a: Wire, b: Wire) -> Option<Wire> {
        let (c, a, b) = (self.source(c), self.source(a), self.source(b));
        let zero = |wire| self.constant_of(wire) == Some(0);
        let same = |wire: Wire, x: Wire| self.source(wire) == x;
        match self.gate_of(c) {
            Gate::Less(p, q) | Gate::LessEqual(p, q) if zero(q) && zero(a) => {
                same(p, b).then_some(b)
            }
            Gate::Less(p, q) | Gate::LessEqual(p, q) if zero(p) && zero(b) => {
                same(q, a).then_some(a)
            }
            _ => None,
        }
    }

    /// `x` if the wire is the larger of `x` and zero.
    fn rectified(&self, wire: Wire) -> Option<Wire> {
        match self.gate_of(self.source(wire)) {
            Gate::Select(c, a, b) => self.rectified_by(c, a, b),
            _ => None,
        }
    }

    /// The larger of `x` and zero.
    fn rectifier(&mut self, x: Wire) -> Result<Wire, String> {
        let zero = self.constant(0, self.f(x));
        let negative = self.less(x, zero)?;
        self.select(negative, zero, x)
    }

    /// The larger of `x` and zero, requantised.
    fn rectify_and_requantize(
        &mut self,
        x: Wire,
        to: Format,
        rounding: Rounding,
        overflow: Overflow,
    ) -> Result<Wire, String> {
        let unsigned = |i: i32| Format::new(false, i, to.f()).unwrap_or(to);
        match overflow {
            // What is negative saturates at zero.
            Overflow::Sat | Overflow::SatSym => {
                self.requantize(x, unsigned(to.i()), rounding, Overflow::Sat)
            }
            Overflow::SatZero | Overflow::Wrap => {
                let mut range = self.range(x);
                range.lo = 0;
                range.hi = range.hi.max(0);
                let modes = Requantize { rounding, overflow };
                let free = Requantize {
                    rounding,
                    overflow: Overflow::Sat,
                };
                let f = self.f(x);
                let kept = modes.range(range, f, to) == free.range(range, f, to);
                let most = modes.range(range, f, to).hi;
                let narrow = Format::covering(0, most.into(), to.f());
                let inside = match narrow {
                    Some(narrow) if kept && overflow == Overflow::Wrap => narrow,
                    _ => to,
                };
                let negative = {
                    let zero = self.constant(0, f);
                    self.less(x, zero)?
                };
                let positive = self.requantize(x, inside, rounding, overflow)?;
                let zero = self.constant(0, self.f(positive));
                self.select(negative, zero, positive)
            }
        }
    }
}
