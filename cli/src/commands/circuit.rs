//! What a circuit is, for `trigforge inspect`.

use std::collections::BTreeMap;

use miette::{IntoDiagnostic, Result};
use serde::Serialize;
use trigforge_codegen::circuit::{Circuit, cost, validate};
use trigforge_codegen::import::shorten;
use trigforge_codegen::ir::TensorType;

use super::print_json;

#[derive(Debug, Serialize)]
struct PortRow {
    name: String,
    shape: Vec<usize>,
    bits: u64,
    widest: u32,
}

#[derive(Debug, Serialize)]
struct Summary {
    name: String,
    sha256: Option<String>,
    inputs: Vec<PortRow>,
    outputs: Vec<PortRow>,
    gates: BTreeMap<&'static str, u64>,
    adders: u64,
    carry_bits: u64,
    product_bits: u64,
    table_bits: u64,
    depth: u32,
}

/// Prints the ports of a circuit and counts its gates.
pub fn inspect(circuit: &Circuit, json: bool) -> Result<()> {
    validate(circuit).into_diagnostic()?;
    let cost = cost(circuit);
    let summary = Summary {
        name: circuit.name.clone(),
        sha256: circuit.source_sha256.clone(),
        inputs: circuit
            .inputs()
            .iter()
            .map(|port| row(&port.name, &port.ty))
            .collect(),
        outputs: circuit
            .outputs()
            .iter()
            .map(|port| row(&port.name, &port.ty))
            .collect(),
        gates: cost.gates,
        adders: cost.adders,
        carry_bits: cost.carry_bits,
        product_bits: cost.product_bits,
        table_bits: cost.table_bits,
        depth: cost.depth,
    };
    if json {
        return print_json(&summary);
    }
    println!("circuit `{}`", shorten(&summary.name));
    if let Some(hash) = &summary.sha256 {
        println!("file SHA-256 {hash}");
    }
    println!();
    for (what, rows) in [("input", &summary.inputs), ("output", &summary.outputs)] {
        for row in rows {
            println!(
                "{what:<8} {:<28} {:<12} {} bits, at most {} each",
                shorten(&row.name),
                format!("{:?}", row.shape),
                row.bits,
                row.widest
            );
        }
    }
    println!();
    for (gate, count) in &summary.gates {
        println!("{gate:<12} {count:>8}");
    }
    println!();
    println!(
        "{} gates, {} adders of {} bits, {} in a row at most",
        summary.gates.values().sum::<u64>(),
        summary.adders,
        summary.carry_bits,
        summary.depth
    );
    Ok(())
}

fn row(name: &str, ty: &TensorType) -> PortRow {
    let formats = ty.element_formats();
    PortRow {
        name: name.to_owned(),
        shape: ty.shape.clone(),
        bits: formats.iter().map(|format| u64::from(format.width())).sum(),
        widest: ty.formats.max_width(),
    }
}
