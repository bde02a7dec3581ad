//! Static tables of a kernel: weights, biases, per-element constants.

use std::collections::HashMap;
use std::fmt::Write;

use proc_macro2::Ident;
use quote::format_ident;
use trigforge::Format;

use super::container::Container;
use crate::emit::names::{comment, identifier_tail};
use crate::ir::{Module, NodeId};

/// What a table is to a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label<'a> {
    /// A noun, such as `weights`.
    what: &'static str,
    index: usize,
    name: &'a str,
}

impl<'a> Label<'a> {
    pub(super) fn new(what: &'static str, module: &'a Module, id: NodeId) -> Self {
        Self {
            what,
            index: id.index(),
            name: &module.node(id).name,
        }
    }

    fn identifier(&self) -> String {
        let tail = identifier_tail(self.name);
        let separator = if tail.is_empty() { "" } else { "_" };
        format!("{}{}{separator}{tail}", self.what, self.index).to_uppercase()
    }

    fn doc(&self) -> String {
        format!(
            "The {} of node {}, `{}`.",
            self.what,
            self.index,
            comment(self.name)
        )
    }
}

/// Collects tables and writes them as statics; equal tables share one.
#[derive(Debug, Default)]
pub(super) struct Tables {
    text: String,
    /// Tables by type and content.
    known: HashMap<String, Ident>,
    /// How often an identifier was wanted.
    names: HashMap<String, usize>,
}

/// Columns at which lines of numbers are broken.
const LINE: usize = 96;

impl Tables {
    /// A table of integers.
    pub(super) fn integers(
        &mut self,
        label: Label<'_>,
        container: Container,
        values: &[i64],
    ) -> Ident {
        let items = values.iter().map(i64::to_string);
        let kind = format!("[{}; {}]", container.ident(), values.len());
        self.add(label, &kind, &list(items))
    }

    /// A table of shifts.
    pub(super) fn shifts(&mut self, label: Label<'_>, values: &[i32]) -> Ident {
        let kind = format!("[i32; {}]", values.len());
        self.add(label, &kind, &list(values.iter().map(i32::to_string)))
    }

    /// A table of indices.
    pub(super) fn indices(&mut self, label: Label<'_>, values: &[usize]) -> Ident {
        let kind = format!("[usize; {}]", values.len());
        self.add(label, &kind, &list(values.iter().map(usize::to_string)))
    }

    /// A table of formats.
    pub(super) fn formats(&mut self, label: Label<'_>, values: &[Format]) -> Ident {
        let items = values
            .iter()
            .map(|format| format!("fix({}, {}, {})", format.k(), format.i(), format.f()));
        let kind = format!("[Format; {}]", values.len());
        self.add(label, &kind, &list(items))
    }

    /// A weight matrix, laid out for the dense kernel by the compiler.
    ///
    /// `weights` is `[inputs][outputs]`.
    pub(super) fn matrix(
        &mut self,
        label: Label<'_>,
        container: Container,
        weights: &[i64],
        outputs: usize,
    ) -> Ident {
        let inputs = weights.len() / outputs;
        let ty = container.ident();
        let rows = rows(weights, outputs);
        let kind = format!("[[[{ty}; 2]; columns({outputs})]; pairs({inputs})]");
        let value = format!("interleave::<{ty}, {inputs}, {outputs}, _, _>({rows}, 0)");
        self.add(label, &kind, &value)
    }

    /// A matrix of 8-bit weights, laid out for [`trigforge::kernel::bytes`] by the compiler.
    ///
    /// `weights` is `[inputs][outputs]`.
    pub(super) fn bytes(&mut self, label: Label<'_>, weights: &[i64], outputs: usize) -> Ident {
        let inputs = weights.len() / outputs;
        let rows = rows(weights, outputs);
        let kind = format!("[[[Byte; GROUP]; byte_columns({outputs})]; groups({inputs})]");
        let value = format!("bytes::<{inputs}, {outputs}, _, _>({rows})");
        self.add(label, &kind, &value)
    }

    /// The bias that goes with a matrix of 8-bit weights and signed values.
    pub(super) fn byte_bias(&mut self, label: Label<'_>, matrix: &Ident, bias: &[i64]) -> Ident {
        let kind = format!("[i32; {}]", bias.len());
        let bias = list(bias.iter().map(i64::to_string));
        let value = format!("byte_bias::<true, _, _, _>(&{matrix}, {bias})");
        self.add(label, &kind, &value)
    }

    /// A table of a type, with its value as it is written.
    pub(super) fn add(&mut self, label: Label<'_>, kind: &str, value: &str) -> Ident {
        let content = format!("{kind} = {value}");
        if let Some(known) = self.known.get(&content) {
            return known.clone();
        }
        let identifier = label.identifier();
        let wanted = self.names.entry(identifier.clone()).or_default();
        let name = match *wanted {
            0 => format_ident!("{identifier}"),
            again => format_ident!("{identifier}_{again}"),
        };
        *wanted += 1;
        let doc = label.doc();
        let _ = writeln!(
            self.text,
            "\n/// {doc}\npub(crate) static {name}: {content};"
        );
        self.known.insert(content, name.clone());
        name
    }

    /// The statics, to stand in a module of their own.
    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// A matrix `[inputs][outputs]` as it is written, one row for each output.
fn rows(weights: &[i64], outputs: usize) -> String {
    let mut rows = String::from("&[\n");
    for output in 0..outputs {
        let row = weights
            .iter()
            .skip(output)
            .step_by(outputs)
            .map(i64::to_string);
        // Writing to a String cannot fail.
        let _ = writeln!(rows, "        {},", list(row).replace("\n", "\n        "));
    }
    rows.push_str("    ]");
    rows
}

/// A bracketed list, broken into lines.
pub(super) fn list(items: impl Iterator<Item = String>) -> String {
    let mut text = String::from("[");
    let mut line = 0;
    let mut first = true;
    for item in items {
        if !first {
            text.push(',');
            line += 1;
            if line + item.len() > LINE {
                text.push_str("\n    ");
                line = 4;
            } else {
                text.push(' ');
                line += 1;
            }
        }
        line += item.len();
        text.push_str(&item);
        first = false;
    }
    text.push(']');
    text
}
