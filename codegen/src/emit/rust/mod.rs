//! Static Rust kernels: a `no_std` crate, or one file, without dependencies.
//!
//! `infer` takes and returns arrays of mantissas. It allocates nothing, uses
//! no floating point, cannot panic, holds no unsafe code, and executes the same
//! instructions for every event; `cargo xtask test` checks this on the compiled
//! kernel of the shipped model.

mod align;
mod chain;
mod container;
mod plan;
mod rounding;
mod steps;
mod tables;

use std::collections::HashMap;
use std::path::PathBuf;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use trigforge::kernel::SOURCES;

use self::container::Container;
use self::plan::plan;
use self::steps::{Buffer, Steps};
use super::names::{comment, identifier_tail};
use super::{Kernel, Unsupported};
use crate::ir::{IR_VERSION, Module, Node};
use crate::validate::Info;

/// How a kernel is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Everything in `kernel.rs` instead of a crate.
    pub single_file: bool,
}

/// One array that goes into or comes out of a kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Name of the field or parameter.
    pub field: String,
    /// Number of elements.
    pub len: usize,
    /// Bits of the signed integer that holds each.
    pub bits: u32,
}

/// The arrays that a kernel takes and returns, in the model's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Parameters of `infer`.
    pub inputs: Vec<Port>,
    /// What it returns: an array, or a struct of arrays if there are several.
    pub outputs: Vec<Port>,
}

impl Interface {
    /// The interface of a module's kernel.
    pub fn of(module: &Module) -> Self {
        let port = |prefix: &str, index: usize, name: &str, node: &Node| Port {
            field: match identifier_tail(name).as_str() {
                "" => format!("{prefix}{index}"),
                tail => format!("{prefix}{index}_{tail}"),
            },
            len: node.ty.len(),
            bits: Container::of_formats(node.ty.formats.entries()).bits(),
        };
        let inputs = module.inputs().enumerate();
        let outputs = module.outputs().iter().enumerate();
        Self {
            inputs: inputs
                .map(|(index, (_, node))| port("x", index, &node.name, node))
                .collect(),
            outputs: outputs
                .map(|(index, output)| port("y", index, &output.name, module.node(output.node)))
                .collect(),
        }
    }
}

/// Emits a kernel of a valid module.
///
/// # Errors
///
/// The first node that has no Rust kernel.
pub fn emit(module: &Module, info: &Info, options: Options) -> Result<Kernel, Unsupported> {
    let interface = Interface::of(module);
    let mut inputs = HashMap::new();
    for ((id, node), port) in module.inputs().zip(&interface.inputs) {
        let buffer = Buffer {
            name: format_ident!("{}", port.field),
            container: Container::of_formats(node.ty.formats.entries()),
        };
        inputs.insert(id, buffer);
    }
    let mut steps = Steps::new(module, &info.ranges, inputs);
    for step in plan(module) {
        steps.step(&step)?;
    }
    let infer = infer(module, &interface, &steps);
    let constants = constants(module, &interface);
    let tables = steps.tables.finish();
    let code = pretty(&quote! { #constants #infer });
    Ok(assemble(&header(module, info), &code, &tables, options))
}

/// The function itself.
fn infer(module: &Module, interface: &Interface, steps: &Steps<'_>) -> TokenStream {
    let body = &steps.body;
    let parameters = interface.inputs.iter().enumerate().map(|(index, port)| {
        let name = format_ident!("{}", port.field);
        let ty = alias("Input", index, interface.inputs.len());
        quote! { #name: &#ty }
    });
    let value = |output: &crate::ir::Output, port: &Port| {
        // Every output is stored, by the plan.
        let stored = steps.buffer(output.node);
        let name = stored.map_or_else(|| format_ident!("missing"), |buffer| buffer.name.clone());
        let ty = format_ident!("i{}", port.bits);
        match stored.is_some_and(|buffer| buffer.container.bits() == port.bits) {
            true => quote! { #name },
            false => quote! { fill(|j| at(&#name, j).cast::<#ty>()) },
        }
    };
    let pairs: Vec<_> = module.outputs().iter().zip(&interface.outputs).collect();
    let result = match pairs.as_slice() {
        [(output, port)] => value(output, port),
        several => {
            let fields = several.iter().map(|(output, port)| {
                let field = format_ident!("{}", port.field);
                let value = value(output, port);
                quote! { #field: #value }
            });
            quote! { Output { #(#fields),* } }
        }
    };
    let docs = [
        " Computes the outputs for one event.",
        "",
        " Mantissas in, mantissas out: an element `m` of format `fix(k, i, f)` stands",
        " for `m * 2^-f`. Of an input, the low bits that its format has are taken, as a",
        " port of that width would.",
        "",
        " # Panics",
        "",
        " Never.",
    ];
    quote! {
        #(#[doc = #docs])*
        #[must_use]
        pub fn infer(#(#parameters),*) -> Output {
            #body
            #result
        }
    }
}

/// The name of the type of one of several arrays.
fn alias(base: &str, index: usize, count: usize) -> Ident {
    match count {
        1 => format_ident!("{base}"),
        _ => format_ident!("{base}{index}"),
    }
}

/// Types and formats of inputs and outputs.
fn constants(module: &Module, interface: &Interface) -> TokenStream {
    let mut code = TokenStream::new();
    let describe = |what: &str, name: &str, node: &Node| {
        format!(
            " {what} `{}`, shape {:?}, in C order.",
            comment(name),
            node.ty.shape
        )
    };
    for (index, ((_, node), port)) in module.inputs().zip(&interface.inputs).enumerate() {
        let ty = alias("Input", index, interface.inputs.len());
        let doc = describe("Input", &node.name, node);
        code.extend(array(&ty, &doc, port));
        code.extend(formats(&ty, &doc, node));
    }
    let outputs = module.outputs();
    for (index, (output, port)) in outputs.iter().zip(&interface.outputs).enumerate() {
        let node = module.node(output.node);
        let ty = alias("Output", index, outputs.len());
        let doc = describe("Output", &output.name, node);
        code.extend(array(&ty, &doc, port));
        code.extend(formats(&ty, &doc, node));
    }
    if outputs.len() > 1 {
        let fields = outputs.iter().zip(&interface.outputs).enumerate();
        let fields = fields.map(|(index, (output, port))| {
            let doc = describe("Output", &output.name, module.node(output.node));
            let field = format_ident!("{}", port.field);
            let ty = alias("Output", index, outputs.len());
            quote! { #[doc = #doc] pub #field: #ty }
        });
        code.extend(quote! {
            /// All outputs of an event.
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct Output { #(#fields),* }
        });
    }
    code
}

fn array(name: &Ident, doc: &str, port: &Port) -> TokenStream {
    let element = format_ident!("i{}", port.bits);
    let len = Literal::usize_unsuffixed(port.len);
    quote! {
        #[doc = #doc]
        pub type #name = [#element; #len];
    }
}

fn formats(name: &Ident, doc: &str, node: &Node) -> TokenStream {
    let constant = format_ident!("{}_FORMATS", name.to_string().to_uppercase());
    let doc = format!(" Formats of the elements.{doc}");
    let all = node.ty.element_formats();
    let len = Literal::usize_unsuffixed(all.len());
    let value = match chain::shared(&all) {
        Some(&format) => {
            let format = chain::fix(format);
            quote! { [#format; #len] }
        }
        None => {
            let all = all.iter().map(|&format| chain::fix(format));
            quote! { [#(#all),*] }
        }
    };
    quote! {
        #[doc = #doc]
        pub const #constant: [Format; #len] = #value;
    }
}

/// What a reader of the kernel must know first.
fn header(module: &Module, info: &Info) -> String {
    let costs = info.costs(module);
    let macs: u64 = costs.iter().map(|cost| cost.macs).sum();
    let ebops: u64 = costs.iter().map(|cost| cost.ebops).sum();
    let mut lines = vec![
        format!("Kernel of the model `{}`.", comment(&module.name)),
        String::new(),
        format!(
            "Emitted by trigforge {} (IR {IR_VERSION}); not edited by hand.",
            env!("CARGO_PKG_VERSION")
        ),
        format!(
            "Model file SHA-256: {}.",
            module
                .source_sha256
                .as_deref()
                .map_or("none".to_owned(), comment)
        ),
        format!("Per event: {macs} multiply-accumulates, {ebops} effective bit operations."),
        String::new(),
        "No allocation, no floating point, no panic, no unsafe code; the same".to_owned(),
        "instructions for every event.".to_owned(),
        String::new(),
        "| value | type |".to_owned(),
        "|---|---|".to_owned(),
    ];
    let widths = |node: &Node| {
        let entries = node.ty.formats.entries();
        match chain::shared(entries) {
            Some(format) => format!("{:?} {format}", node.ty.shape),
            None => format!(
                "{:?} {} formats of up to {} bits",
                node.ty.shape,
                entries.len(),
                node.ty.formats.max_width()
            ),
        }
    };
    for (_, node) in module.inputs() {
        lines.push(format!(
            "| input `{}` | {} |",
            comment(&node.name),
            widths(node)
        ));
    }
    for output in module.outputs() {
        let node = module.node(output.node);
        lines.push(format!(
            "| output `{}` | {} |",
            comment(&output.name),
            widths(node)
        ));
    }
    let lines = lines
        .iter()
        .map(|line| format!("//! {line}").trim_end().to_owned() + "\n");
    lines.collect()
}

/// Formats code that consists of items.
fn pretty(code: &TokenStream) -> String {
    match syn::parse2::<syn::File>(code.clone()) {
        Ok(file) => spaced(&prettyplease::unparse(&file)),
        // Only a fault of this emitter; the compiler of the kernel will say so.
        Err(_) => code.to_string(),
    }
}

/// A blank line in front of each documented item.
fn spaced(code: &str) -> String {
    let mut text = String::with_capacity(code.len());
    let mut before = "///";
    for line in code.lines() {
        if line.starts_with("///") && !before.starts_with("///") {
            text.push('\n');
        }
        text.push_str(line);
        text.push('\n');
        before = line;
    }
    text
}

const RUNTIME_USES: &str = "\
#[allow(unused_imports)]
use runtime::{
    conv::conv_into,
    dense::{dense_into, scratch},
    elements::{at, fill, fix, lookup, port},
    format::Format,
    mantissa::Mantissa,
    matmul::matmul_into,
    movement::{at_or, place},
    order::{equal, less, less_equal, select, sign},
    relu::relu,
    requantize::{Overflow, Rounding, requantize_in},
    trees::{add_from, features, walk_linked, walk_whole},
    top_k::top_k,
    window::{pad, window_dot, window_max, window_sum},
};
#[allow(unused_imports)]
use tables::*;
";

const TABLES_USES: &str = "\
//! Tables of the kernel.

#[allow(unused_imports)]
use super::runtime::{
    dense::{columns, interleave, pairs},
    elements::fix,
    format::Format,
};
";

const RUNTIME_DOC: &str = "//! The part of trigforge's core that the kernel stands on.";

fn assemble(header: &str, code: &str, tables: &str, options: Options) -> Kernel {
    if options.single_file {
        return Kernel {
            files: vec![(
                PathBuf::from("kernel.rs"),
                single_file(header, code, tables),
            )],
        };
    }
    let root = format!(
        "{header}\n#![no_std]\n#![forbid(unsafe_code)]\n\nmod runtime;\nmod tables;\n\n\
         pub use runtime::format;\n{RUNTIME_USES}\n{code}"
    );
    let mut runtime = format!("{RUNTIME_DOC}\n#![allow(dead_code)]\n\n");
    for (name, _) in &SOURCES {
        runtime.push_str(&format!("pub mod {name};\n"));
    }
    let manifest = format!(
        "[package]\nname = \"kernel\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         description = \"Emitted by trigforge {}\"\npublish = false\n\n[workspace]\n\n\
         [profile.release]\nopt-level = 3\npanic = \"abort\"\n",
        env!("CARGO_PKG_VERSION")
    );
    let mut files = vec![
        (PathBuf::from("Cargo.toml"), manifest),
        (PathBuf::from("src/lib.rs"), root),
        (
            PathBuf::from("src/tables.rs"),
            format!("{TABLES_USES}{tables}"),
        ),
        (PathBuf::from("src/runtime/mod.rs"), runtime),
    ];
    for (name, text) in &SOURCES {
        let path = PathBuf::from(format!("src/runtime/{name}.rs"));
        files.push((path, (*text).to_owned()));
    }
    Kernel { files }
}

fn single_file(header: &str, code: &str, tables: &str) -> String {
    let mut text = format!(
        "{header}\n#![no_std]\n#![forbid(unsafe_code)]\n\npub use runtime::format;\n\
         {RUNTIME_USES}\n{code}\nmod tables {{\n{}}}\n\nmod runtime {{\n{}\n    #![allow(dead_code)]\n",
        indent(&format!("{TABLES_USES}{tables}")),
        indent(RUNTIME_DOC),
    );
    for (name, file) in &SOURCES {
        text.push_str(&format!(
            "\n    pub mod {name} {{\n{}    }}\n",
            indent(&indent(file))
        ));
    }
    text.push_str("}\n");
    text
}

fn indent(text: &str) -> String {
    text.lines()
        .map(|line| match line {
            "" => "\n".to_owned(),
            line => format!("    {line}\n"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::parse;
    use crate::validate::validate;

    #[test]
    fn the_same_module_gives_the_same_bytes() -> Result<(), Box<dyn std::error::Error>> {
        let module = parse(
            r#"
            trigforge-ir 0.1
            module "small"
            %0 "x" = input {rounding=RND_CONV, overflow=SAT} : [1, 2] fix(1,3,4)
            %1 "w" = const {mantissas=[1, -2, 3, 4]} : [2, 2] fix(1,2,1)
            %2 "y" = dense %0, %1
            output "y" = %2
            "#,
        )?;
        let info = validate(&module)?;
        let once = emit(&module, &info, Options::default())?;
        assert_eq!(once, emit(&module, &info, Options::default())?);
        let root = &once.files[1].1;
        assert!(root.contains("pub type Input = [i8; 2];"), "{root}");
        assert!(
            root.contains("pub fn infer(x0_x: &Input) -> Output"),
            "{root}"
        );
        Ok(())
    }
}
