//! The textual form of a circuit; [`super::parse`] reads it back.

use std::fmt::Write;

use crate::circuit::{CIRCUIT_VERSION, Circuit, Gate};
use crate::text::quote;

/// Writes a circuit in its textual form, section 5 of
/// `docs/ir-spec/circuit.md`.
pub fn print(circuit: &Circuit) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_circuit(&mut text, circuit);
    text
}

fn write_circuit(out: &mut String, circuit: &Circuit) -> std::fmt::Result {
    writeln!(out, "trigforge-circuit {CIRCUIT_VERSION}")?;
    write!(out, "circuit {}", quote(&circuit.name))?;
    if let Some(hash) = &circuit.source_sha256 {
        write!(out, " sha256 {hash}")?;
    }
    writeln!(out)?;
    for port in &circuit.inputs {
        writeln!(
            out,
            "input {} {{rounding={}, overflow={}}} : {}",
            quote(&port.name),
            port.rounding.name(),
            port.overflow.name(),
            port.ty
        )?;
    }
    for (index, table) in circuit.tables.iter().enumerate() {
        writeln!(out, "table {index} {{f={}}} = {:?}", table.f, table.entries)?;
    }
    for (index, definition) in circuit.definitions.iter().enumerate() {
        write!(out, "%{index} = {}", definition.gate.name())?;
        for (position, wire) in definition.gate.operands().enumerate() {
            let comma = if position == 0 { "" } else { "," };
            write!(out, "{comma} %{}", wire.index())?;
        }
        write_attributes(out, &definition.gate)?;
        writeln!(out, " : {}", definition.format)?;
    }
    for output in &circuit.outputs {
        let wires: Vec<_> = output
            .wires
            .iter()
            .map(|w| format!("%{}", w.index()))
            .collect();
        writeln!(
            out,
            "output {} = [{}] : {}",
            quote(&output.name),
            wires.join(", "),
            output.ty
        )?;
    }
    Ok(())
}

fn write_attributes(out: &mut String, gate: &Gate) -> std::fmt::Result {
    match gate {
        Gate::Input { port, element } => write!(out, " {{port={port}, element={element}}}"),
        Gate::Constant { mantissa, f } => write!(out, " {{mantissa={mantissa}, f={f}}}"),
        Gate::Shift { by, .. } => write!(out, " {{by={by}}}"),
        Gate::Table { table, first, .. } => write!(out, " {{table={table}, first={first}}}"),
        Gate::Requantize {
            to,
            rounding,
            overflow,
            ..
        } => write!(
            out,
            " {{to={to}, rounding={}, overflow={}}}",
            rounding.name(),
            overflow.name()
        ),
        _ => Ok(()),
    }
}
