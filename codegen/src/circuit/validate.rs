//! The gate in front of every user of a circuit: section 6 of
//! `docs/ir-spec/circuit.md`.

use std::collections::HashSet;

use thiserror::Error;
use trigforge::Format;

use crate::circuit::derive::Known;
use crate::circuit::{Circuit, Gate, MOST_WIRES, Wire};
use crate::ir::{Interval, check_size};

/// What is known of a valid circuit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The mantissas that each wire can take.
    pub ranges: Vec<Interval>,
}

/// A circuit that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CircuitError {
    /// A gate breaks a rule of its operation.
    #[error("wire %{index} ({gate}): {reason}")]
    Gate {
        /// Position in the circuit.
        index: usize,
        /// The gate's name.
        gate: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A port breaks a rule.
    #[error("{what} `{}`: {reason}", name.escape_debug())]
    Port {
        /// `input` or `output`.
        what: &'static str,
        /// The port's name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A table is empty, or its entries have no format.
    #[error("table {index}: {reason}")]
    Table {
        /// Position in the circuit.
        index: usize,
        /// What is wrong.
        reason: String,
    },
    /// The circuit computes nothing.
    #[error("the circuit has no output")]
    NoOutput,
    /// There are too many wires.
    #[error("the circuit has {found} wires, at most {MOST_WIRES} are taken")]
    TooLarge {
        /// How many there are.
        found: usize,
    },
    /// Two inputs or two outputs share a name.
    #[error("two {what} have the name `{}`", name.escape_debug())]
    DuplicateName {
        /// `inputs` or `outputs`.
        what: &'static str,
        /// The name.
        name: String,
    },
}

/// Checks every rule of a circuit.
///
/// # Errors
///
/// The first rule that is broken, with what breaks it.
pub fn validate(circuit: &Circuit) -> Result<Info, CircuitError> {
    let wires = circuit.definitions.len();
    if wires > MOST_WIRES {
        return Err(CircuitError::TooLarge { found: wires });
    }
    ports(circuit)?;
    tables(circuit)?;
    let ranges = gates(circuit)?;
    outputs(circuit, &ranges)?;
    Ok(Info { ranges })
}

fn ports(circuit: &Circuit) -> Result<(), CircuitError> {
    unique("inputs", circuit.inputs.iter().map(|port| &port.name))?;
    unique("outputs", circuit.outputs.iter().map(|port| &port.name))?;
    let inputs = circuit.inputs.iter().map(|p| ("input", &p.name, &p.ty));
    let outputs = circuit.outputs.iter().map(|p| ("output", &p.name, &p.ty));
    for (what, name, ty) in inputs.chain(outputs) {
        check_size(&ty.shape).map_err(|reason| CircuitError::Port {
            what,
            name: name.clone(),
            reason,
        })?;
    }
    if circuit.outputs.is_empty() {
        return Err(CircuitError::NoOutput);
    }
    Ok(())
}

fn tables(circuit: &Circuit) -> Result<(), CircuitError> {
    for (index, table) in circuit.tables.iter().enumerate() {
        let ends = table.entries.iter().min().zip(table.entries.iter().max());
        let reason = match ends {
            None => "it has no entry".to_owned(),
            Some((&lo, &hi)) if Format::covering(lo.into(), hi.into(), table.f).is_none() => {
                format!("no format holds {lo}..={hi} with f = {}", table.f)
            }
            Some(_) => continue,
        };
        return Err(CircuitError::Table { index, reason });
    }
    Ok(())
}

/// Derives every wire; the stated formats must be the derived ones.
fn gates(circuit: &Circuit) -> Result<Vec<Interval>, CircuitError> {
    let gates: Vec<Gate> = circuit.definitions.iter().map(|d| d.gate).collect();
    let mut facts = Vec::with_capacity(gates.len());
    for (index, definition) in circuit.definitions.iter().enumerate() {
        let known = Known {
            inputs: &circuit.inputs,
            tables: &circuit.tables,
            gates: &gates[..index],
            facts: &facts,
        };
        let wrong = |reason| CircuitError::Gate {
            index,
            gate: definition.gate.name(),
            reason,
        };
        let fact = known
            .derive(&definition.gate, Wire(index as u32))
            .map_err(wrong)?;
        if fact.format() != definition.format {
            return Err(wrong(format!(
                "the stated format {} is not the derived one, {}",
                definition.format,
                fact.format()
            )));
        }
        facts.push(fact);
    }
    Ok(facts.iter().map(|fact| fact.range).collect())
}

fn outputs(circuit: &Circuit, ranges: &[Interval]) -> Result<(), CircuitError> {
    for output in &circuit.outputs {
        let wrong = |reason| CircuitError::Port {
            what: "output",
            name: output.name.clone(),
            reason,
        };
        let formats = output.ty.element_formats();
        if formats.len() != output.wires.len() {
            return Err(wrong(format!(
                "{} wires for {} elements",
                output.wires.len(),
                formats.len()
            )));
        }
        for (element, (wire, format)) in output.wires.iter().zip(formats).enumerate() {
            let Some(range) = ranges.get(wire.index()) else {
                return Err(wrong(format!("element {element} is no wire")));
            };
            let f = circuit.definition(*wire).format.f();
            if f != format.f() || !format.contains(range.lo) || !format.contains(range.hi) {
                return Err(wrong(format!(
                    "element {element} is %{}, of {}..={} units of 2^-({f}), which is not in \
                     {format}",
                    wire.index(),
                    range.lo,
                    range.hi
                )));
            }
        }
    }
    Ok(())
}

fn unique<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a String>,
) -> Result<(), CircuitError> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(CircuitError::DuplicateName {
                what,
                name: name.clone(),
            });
        }
    }
    Ok(())
}
