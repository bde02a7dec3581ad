//! The textual form of a module; [`super::parse`] reads it back.

use std::fmt::Write;

use crate::ir::{IR_VERSION, Module};
use crate::text::quote;

/// Writes a module in its textual form.
///
/// The grammar is section 5 of `docs/ir-spec.md`.
pub fn print(module: &Module) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_module(&mut text, module);
    text
}

fn write_module(out: &mut String, module: &Module) -> std::fmt::Result {
    writeln!(out, "trigforge-ir {IR_VERSION}")?;
    write!(out, "module {}", quote(&module.name))?;
    if let Some(hash) = &module.source_sha256 {
        write!(out, " sha256 {hash}")?;
    }
    writeln!(out)?;
    for (index, node) in module.nodes().iter().enumerate() {
        let operation = node.op.as_operation();
        write!(out, "%{index} {} = {}", quote(&node.name), operation.name())?;
        for (position, id) in node.args.iter().enumerate() {
            let comma = if position == 0 { "" } else { "," };
            write!(out, "{comma} %{}", id.index())?;
        }
        let attributes = operation.attributes();
        if !attributes.is_empty() {
            let list: Vec<_> = attributes
                .iter()
                .map(|attribute| format!("{}={}", attribute.name, attribute.value))
                .collect();
            write!(out, " {{{}}}", list.join(", "))?;
        }
        writeln!(out, " : {}", node.ty)?;
    }
    for output in module.outputs() {
        writeln!(
            out,
            "output {} = %{}",
            quote(&output.name),
            output.node.index()
        )?;
    }
    Ok(())
}
