//! What a circuit costs in logic, estimated before any tool has seen it.

use std::collections::BTreeMap;

use trigforge::Format;

use crate::circuit::{Circuit, Gate, Wire};

/// Counts over all gates of a circuit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Additions and subtractions.
    pub adders: u64,
    /// Bits of their carry chains: the bits of a result from the coarser
    /// operand's lowest one up; all of them where the finer one is subtracted.
    pub carry_bits: u64,
    /// Bits of products of two wires, operand by operand.
    pub product_bits: u64,
    /// Entries times bits of all tables, one per gate.
    pub table_bits: u64,
    /// Gates by name.
    pub gates: BTreeMap<&'static str, u64>,
    /// The most operators in a row between an input and an output.
    pub depth: u32,
}

/// Counts the gates of a circuit.
pub fn cost(circuit: &Circuit) -> Cost {
    let mut cost = Cost::default();
    let mut levels: Vec<u32> = Vec::with_capacity(circuit.definitions.len());
    let format = |w: Wire| circuit.definition(w).format;
    for definition in &circuit.definitions {
        let gate = &definition.gate;
        *cost.gates.entry(gate.name()).or_default() += 1;
        let before = gate.operands().map(|w| levels[w.index()]).max();
        levels.push(before.unwrap_or(0) + gate.levels());
        match *gate {
            Gate::Add(a, b) => {
                let gap = format(a).f().abs_diff(format(b).f());
                cost.adders += 1;
                cost.carry_bits += carry(definition.format, gap);
            }
            Gate::Sub(a, b) => {
                let gap = (format(a).f() - format(b).f()).max(0).unsigned_abs();
                cost.adders += 1;
                cost.carry_bits += carry(definition.format, gap);
            }
            Gate::Mul(a, b) => {
                cost.product_bits += u64::from(format(a).width()) * u64::from(format(b).width());
            }
            Gate::Table { a, .. } => {
                let entries = 1u64.checked_shl(format(a).width()).unwrap_or(u64::MAX);
                let bits = entries.saturating_mul(definition.format.width().into());
                cost.table_bits = cost.table_bits.saturating_add(bits);
            }
            _ => {}
        }
    }
    cost.depth = levels.into_iter().max().unwrap_or(0);
    cost
}

/// Bits of a carry chain under which `below` bits pass unchanged.
fn carry(result: Format, below: u32) -> u64 {
    result.width().saturating_sub(below).into()
}
