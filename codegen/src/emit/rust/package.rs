//! The crate, or the one file, around a kernel's function.

use std::path::PathBuf;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use trigforge::kernel::SOURCES;

use super::{Interface, Options, Port, chain};
use crate::emit::Kernel;
use crate::emit::names::comment;
use crate::ir::TensorType;
use crate::ports::Ports;

/// The name of the type of one of several arrays.
pub(super) fn alias(base: &str, index: usize, count: usize) -> Ident {
    match count {
        1 => format_ident!("{base}"),
        _ => format_ident!("{base}{index}"),
    }
}

/// Types and formats of inputs and outputs.
pub(super) fn constants(ports: &Ports, interface: &Interface) -> TokenStream {
    let mut code = TokenStream::new();
    let describe = |what: &str, name: &str, ty: &TensorType| {
        format!(
            " {what} `{}`, shape {:?}, in C order.",
            comment(name),
            ty.shape
        )
    };
    for (index, (input, port)) in ports.inputs.iter().zip(&interface.inputs).enumerate() {
        let ty = alias("Input", index, interface.inputs.len());
        let doc = describe("Input", &input.name, &input.ty);
        code.extend(array(&ty, &doc, port));
        code.extend(formats(&ty, &doc, &input.ty));
    }
    let outputs = &ports.outputs;
    for (index, (output, port)) in outputs.iter().zip(&interface.outputs).enumerate() {
        let ty = alias("Output", index, outputs.len());
        let doc = describe("Output", &output.name, &output.ty);
        code.extend(array(&ty, &doc, port));
        code.extend(formats(&ty, &doc, &output.ty));
    }
    if outputs.len() > 1 {
        let fields = outputs.iter().zip(&interface.outputs).enumerate();
        let fields = fields.map(|(index, (output, port))| {
            let doc = describe("Output", &output.name, &output.ty);
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

fn formats(name: &Ident, doc: &str, ty: &TensorType) -> TokenStream {
    let constant = format_ident!("{}_FORMATS", name.to_string().to_uppercase());
    let doc = format!(" Formats of the elements.{doc}");
    let all = ty.element_formats();
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
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'a> {
    pub name: &'a str,
    pub source_sha256: Option<&'a str>,
    /// The level and version that the kernel was written from.
    pub level: &'a str,
    /// The work of one event, a sentence.
    pub work: &'a str,
}

pub(super) fn header(about: About<'_>, ports: &Ports) -> String {
    let mut lines = vec![
        format!("Kernel of the model `{}`.", comment(about.name)),
        String::new(),
        format!(
            "Emitted by trigforge {} ({}); not edited by hand.",
            env!("CARGO_PKG_VERSION"),
            about.level
        ),
        format!(
            "Model file SHA-256: {}.",
            about.source_sha256.map_or("none".to_owned(), comment)
        ),
        about.work.to_owned(),
        String::new(),
        "No allocation, no floating point, no panic; the same instructions for every event."
            .to_owned(),
        "No unsafe code, but for a vector instruction in `runtime::simd` where the target has it."
            .to_owned(),
        String::new(),
        "| value | type |".to_owned(),
        "|---|---|".to_owned(),
    ];
    let widths = |ty: &TensorType| {
        let entries = ty.formats.entries();
        match chain::shared(entries) {
            Some(format) => format!("{:?} {format}", ty.shape),
            None => format!(
                "{:?} {} formats of up to {} bits",
                ty.shape,
                entries.len(),
                ty.formats.max_width()
            ),
        }
    };
    for input in &ports.inputs {
        lines.push(format!(
            "| input `{}` | {} |",
            comment(&input.name),
            widths(&input.ty)
        ));
    }
    for output in &ports.outputs {
        lines.push(format!(
            "| output `{}` | {} |",
            comment(&output.name),
            widths(&output.ty)
        ));
    }
    let lines = lines
        .iter()
        .map(|line| format!("//! {line}").trim_end().to_owned() + "\n");
    lines.collect()
}

/// Formats code that consists of items.
pub(super) fn pretty(code: &TokenStream) -> String {
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

/// Where `unsafe` may stand: in `simd`, which only some targets have.
const UNSAFE: &str = "#![deny(unsafe_code)]\n\
                      #![cfg_attr(not(target_feature = \"avx512vnni\"), forbid(unsafe_code))]";

const RUNTIME_USES: &str = "\
#[allow(unused_imports)]
use runtime::{
    bytes::{Value, bytes_into},
    conv::conv_into,
    dense::{dense_into, scratch},
    elements::{at, fill, fix, lookup, port},
    format::Format,
    mantissa::Mantissa,
    matmul::matmul_into,
    movement::{at_or, place},
    order::{below, blend, equal, less, less_equal, masks, not_above, select, sign, sign_place},
    relu::relu,
    requantize::{Overflow, Rounding, requantize_in},
    trees::{add_from, features, walk_linked, walk_whole},
    top_k::top_k,
    window::{channels_last, pad, window_dot, window_max, window_sum},
};
#[allow(unused_imports)]
use tables::*;
";

const TABLES_USES: &str = "\
//! Tables of the kernel.

#[allow(unused_imports)]
use super::runtime::{
    bytes::{Byte, GROUP, byte_bias, byte_columns, bytes, groups},
    dense::{columns, interleave, pairs},
    elements::fix,
    format::Format,
};
";

const RUNTIME_DOC: &str = "//! The part of trigforge's core that the kernel stands on.";

pub(super) fn assemble(header: &str, code: &str, tables: &str, options: Options) -> Kernel {
    if options.single_file {
        return Kernel {
            files: vec![(
                PathBuf::from("kernel.rs"),
                single_file(header, code, tables),
            )],
        };
    }
    let root = format!(
        "{header}\n#![no_std]\n{UNSAFE}\n\nmod runtime;\nmod tables;\n\n\
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
        "{header}\n#![no_std]\n{UNSAFE}\n\npub use runtime::format;\n\
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
