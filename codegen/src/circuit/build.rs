//! Building a circuit: every wire typed as it is made, equal gates shared,
//! constants folded.

use std::collections::HashMap;

use trigforge::{Format, Overflow, Rounding};

use crate::circuit::derive::{Fact, Known};
use crate::circuit::product::Products;
use crate::circuit::{Circuit, Definition, Gate, OutputPort, Table, Wire};
use crate::exact::shift_left;
use crate::ir::{Interval, TensorType};
use crate::ports::Input;

/// Most wires that one circuit may have: far beyond what fits in a device, and
/// small enough that no model can make this program run out of memory.
pub const MOST_WIRES: usize = 4_000_000;

/// Builds a [`Circuit`] gate by gate.
///
/// A wire stands for a value. Where the value is known already, on another wire
/// or as a constant, that wire is returned and no gate is made; its fractional
/// bits may then be fewer than the gate would have had. [`align`](Self::align)
/// asks for a number of fractional bits.
#[derive(Clone, Debug)]
pub struct Builder {
    name: String,
    most_wires: usize,
    inputs: Vec<Input>,
    tables: Vec<Table>,
    table_ids: HashMap<Table, u32>,
    gates: Vec<Gate>,
    facts: Vec<Fact>,
    levels: Vec<u32>,
    shared: HashMap<Gate, Wire>,
    /// For a wire that has more fractional bits than its value needs, the wire
    /// that it was made from.
    sources: HashMap<Wire, Wire>,
    outputs: Vec<OutputPort>,
    broken: Option<String>,
    pub(super) products: Products,
}

impl Builder {
    /// Starts an empty circuit.
    pub fn new(name: impl Into<String>) -> Self {
        Self::within(name, MOST_WIRES)
    }

    /// Starts an empty circuit that may have this many wires.
    pub fn within(name: impl Into<String>, most_wires: usize) -> Self {
        Self {
            name: name.into(),
            most_wires: most_wires.min(MOST_WIRES),
            inputs: Vec::new(),
            tables: Vec::new(),
            table_ids: HashMap::new(),
            gates: Vec::new(),
            facts: Vec::new(),
            levels: Vec::new(),
            shared: HashMap::new(),
            sources: HashMap::new(),
            outputs: Vec::new(),
            broken: None,
            products: Products::default(),
        }
    }

    /// The format of a wire: the narrowest one that holds its range.
    pub fn format(&self, wire: Wire) -> Format {
        self.facts[wire.index()].format()
    }

    /// The mantissas that a wire can take.
    pub fn range(&self, wire: Wire) -> Interval {
        self.facts[wire.index()].range
    }

    /// Wires made so far.
    pub fn wires(&self) -> usize {
        self.gates.len()
    }

    /// Whether there is no room for another wire.
    pub fn is_full(&self) -> bool {
        self.gates.len() >= self.most_wires
    }

    /// Levels of logic in front of a wire.
    pub(super) fn level(&self, wire: Wire) -> u32 {
        self.levels[wire.index()]
    }

    /// The mantissa of a wire that has just one.
    pub(super) fn constant_of(&self, wire: Wire) -> Option<i64> {
        let range = self.range(wire);
        (range.lo == range.hi).then_some(range.lo)
    }

    /// Fractional bits of a wire.
    pub(super) fn f(&self, wire: Wire) -> i32 {
        self.facts[wire.index()].f
    }

    /// The gate of a wire.
    pub(super) fn gate_of(&self, wire: Wire) -> Gate {
        self.gates[wire.index()]
    }

    /// Adds an input port and a wire for each of its elements.
    ///
    /// # Errors
    ///
    /// Says that the circuit has become too large.
    pub fn input(
        &mut self,
        name: impl Into<String>,
        ty: TensorType,
        rounding: Rounding,
        overflow: Overflow,
    ) -> Result<Vec<Wire>, String> {
        let port = self.inputs.len() as u32;
        let elements = ty.len() as u32;
        self.inputs.push(Input {
            name: name.into(),
            ty,
            rounding,
            overflow,
        });
        (0..elements)
            .map(|element| self.make(Gate::Input { port, element }))
            .collect()
    }

    /// The constant `m * 2^-f`.
    ///
    /// If there is no such constant (`f` out of bounds) or the circuit has
    /// become too large, the next fallible call says so.
    pub fn constant(&mut self, m: i64, f: i32) -> Wire {
        match self.make(Gate::Constant { mantissa: m, f }) {
            Ok(wire) => wire,
            Err(reason) => {
                self.broken.get_or_insert(reason);
                Wire(0)
            }
        }
    }

    /// Adds a gate, or finds the wire that has its value.
    pub(super) fn make(&mut self, gate: Gate) -> Result<Wire, String> {
        if let Some(reason) = &self.broken {
            return Err(reason.clone());
        }
        if let Some(&wire) = self.shared.get(&gate) {
            return Ok(wire);
        }
        if self.is_full() {
            return Err(format!(
                "the circuit has more than {} wires",
                self.most_wires
            ));
        }
        let wire = Wire(self.gates.len() as u32);
        let known = Known {
            inputs: &self.inputs,
            tables: &self.tables,
            gates: &self.gates,
            facts: &self.facts,
        };
        let fact = known.derive(&gate, wire)?;
        let constant = matches!(gate, Gate::Constant { .. } | Gate::Input { .. });
        if fact.range.lo == fact.range.hi && !constant {
            let folded = self.make(Gate::Constant {
                mantissa: fact.range.lo,
                f: fact.f,
            })?;
            self.shared.insert(gate, folded);
            return Ok(folded);
        }
        let before = gate.operands().map(|w| self.level(w)).max().unwrap_or(0);
        self.levels.push(before + gate.levels());
        self.gates.push(gate);
        self.facts.push(fact);
        self.shared.insert(gate, wire);
        Ok(wire)
    }

    /// The number of a table, which is stored once.
    pub(super) fn table_id(&mut self, f: i32, entries: &[i64]) -> u32 {
        let table = Table {
            f,
            entries: entries.to_vec(),
        };
        if let Some(&id) = self.table_ids.get(&table) {
            return id;
        }
        let id = self.tables.len() as u32;
        self.tables.push(table.clone());
        self.table_ids.insert(table, id);
        id
    }

    /// The wire whose value this one has, without fractional bits that were
    /// appended.
    pub(super) fn source(&self, wire: Wire) -> Wire {
        self.sources.get(&wire).copied().unwrap_or(wire)
    }

    /// The same value with `f` fractional bits.
    ///
    /// # Errors
    ///
    /// Says that the value could lose bits, or would need more than 64.
    pub fn align(&mut self, wire: Wire, f: i32) -> Result<Wire, String> {
        let fact = &self.facts[wire.index()];
        if fact.f == f {
            return Ok(wire);
        }
        if let Some(m) = self.constant_of(wire) {
            return self.align_constant(m, fact.f, f);
        }
        let source = self.source(wire);
        let fact = &self.facts[source.index()];
        if fact.f == f {
            return Ok(source);
        }
        if fact.f > f {
            return Err(format!(
                "a value with {} fractional bits does not fit in {f}",
                fact.f
            ));
        }
        let ends = [fact.range.lo, fact.range.hi].map(|m| shift_left(m.into(), f - fact.f));
        let to = Format::covering(ends[0], ends[1], f)
            .ok_or_else(|| format!("a value with {f} fractional bits needs more than 64 bits"))?;
        let aligned = self.make(Gate::Requantize {
            a: source,
            to,
            rounding: Rounding::Trn,
            overflow: Overflow::Wrap,
        })?;
        self.sources.insert(aligned, source);
        Ok(aligned)
    }

    fn align_constant(&mut self, m: i64, from: i32, f: i32) -> Result<Wire, String> {
        let aligned = match f >= from {
            true => Some(shift_left(m.into(), f - from)),
            false => {
                let by = (from - f).min(127);
                let whole = (i128::from(m) >> by) << by == i128::from(m);
                whole.then_some(i128::from(m) >> by)
            }
        };
        let mantissa = aligned.and_then(|m| i64::try_from(m).ok()).ok_or_else(|| {
            format!("the constant {m} * 2^-({from}) has no mantissa with {f} fractional bits")
        })?;
        self.make(Gate::Constant { mantissa, f })
    }

    /// Declares an output; every wire must lie in its element's format.
    ///
    /// # Errors
    ///
    /// Says which element does not.
    pub fn output(
        &mut self,
        name: impl Into<String>,
        ty: TensorType,
        wires: &[Wire],
    ) -> Result<(), String> {
        let wires = self.fit(&ty, wires)?;
        self.outputs.push(OutputPort {
            name: name.into(),
            ty,
            wires,
        });
        Ok(())
    }

    /// Aligns one wire per element to the elements' formats.
    ///
    /// # Errors
    ///
    /// Names the first element whose wire can leave its format.
    pub fn fit(&mut self, ty: &TensorType, wires: &[Wire]) -> Result<Vec<Wire>, String> {
        if wires.len() != ty.len() {
            return Err(format!("{} wires for {} elements", wires.len(), ty.len()));
        }
        let formats = ty.element_formats();
        let mut aligned = Vec::with_capacity(wires.len());
        for (element, (&wire, format)) in wires.iter().zip(formats).enumerate() {
            let fitted = self
                .align(wire, format.f())
                .map_err(|reason| format!("element {element}: {reason}"))?;
            let range = self.range(fitted);
            if !format.contains(range.lo) || !format.contains(range.hi) {
                return Err(format!(
                    "element {element} ranges over {}..={}, outside of {format}",
                    range.lo, range.hi
                ));
            }
            aligned.push(fitted);
        }
        Ok(aligned)
    }

    /// The circuit: what the outputs need, and every input.
    ///
    /// # Errors
    ///
    /// Says which earlier call failed without saying so.
    pub fn finish(self) -> Result<Circuit, String> {
        self.finish_mapped().map(|(circuit, _)| circuit)
    }

    /// As [`finish`](Self::finish), with the wire of the circuit that each wire
    /// of the builder became; `None` for one that no output needs.
    ///
    /// # Errors
    ///
    /// As [`finish`](Self::finish).
    pub fn finish_mapped(self) -> Result<(Circuit, Vec<Option<Wire>>), String> {
        if let Some(reason) = self.broken {
            return Err(reason);
        }
        let mut needed: Vec<_> = self
            .gates
            .iter()
            .map(|gate| matches!(gate, Gate::Input { .. }))
            .collect();
        for wire in self.outputs.iter().flat_map(|output| &output.wires) {
            needed[wire.index()] = true;
        }
        for (index, gate) in self.gates.iter().enumerate().rev() {
            if needed[index] {
                gate.operands().for_each(|w| needed[w.index()] = true);
            }
        }
        let mut table_names = HashMap::new();
        let mut wire_names = vec![Wire(0); self.gates.len()];
        let mut circuit = Circuit {
            name: self.name,
            inputs: self.inputs,
            ..Circuit::default()
        };
        for (index, gate) in self.gates.iter().enumerate().filter(|(i, _)| needed[*i]) {
            let mut gate = gate.map(|wire| wire_names[wire.index()]);
            if let Gate::Table { table, .. } = &mut gate {
                *table = *table_names.entry(*table).or_insert_with(|| {
                    circuit.tables.push(self.tables[*table as usize].clone());
                    circuit.tables.len() as u32 - 1
                });
            }
            wire_names[index] = Wire(circuit.definitions.len() as u32);
            circuit.definitions.push(Definition {
                gate,
                format: self.facts[index].format(),
            });
        }
        circuit.outputs = self.outputs;
        for wire in circuit.outputs.iter_mut().flat_map(|o| &mut o.wires) {
            *wire = wire_names[wire.index()];
        }
        let names = wire_names.into_iter().zip(needed);
        let map = names.map(|(wire, needed)| needed.then_some(wire)).collect();
        Ok((circuit, map))
    }
}
