//! Static Rust kernels: a `no_std` crate, or one file, without dependencies.
//!
//! `infer` takes and returns arrays of mantissas. It allocates nothing, uses
//! no floating point, cannot panic, holds no unsafe code but for one vector
//! instruction on targets that have it, and executes the same instructions for every event; `cargo xtask test` checks this on the compiled
//! kernel of the shipped model.

mod align;
mod chain;
mod container;
mod package;
mod plan;
mod rounding;
mod steps;
mod straight;
mod tables;

pub use straight::emit_circuit;

use std::collections::HashMap;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use self::container::Container;
use self::package::{About, alias, assemble, constants, header, pretty};
use self::plan::plan;
use self::steps::{Buffer, Steps};
use super::names::identifier_tail;
use super::{Kernel, Unsupported};
use crate::ir::{IR_VERSION, Module, TensorType};
use crate::ports::WithPorts;
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
    /// The interface of a model's kernel.
    pub fn of(model: &impl WithPorts) -> Self {
        let port = |prefix: &str, index: usize, name: &str, ty: &TensorType| Port {
            field: match identifier_tail(name).as_str() {
                "" => format!("{prefix}{index}"),
                tail => format!("{prefix}{index}_{tail}"),
            },
            len: ty.len(),
            bits: Container::of_formats(ty.formats.entries()).bits(),
        };
        let ports = model.ports();
        let inputs = ports.inputs.iter().enumerate();
        let outputs = ports.outputs.iter().enumerate();
        Self {
            inputs: inputs
                .map(|(index, input)| port("x", index, &input.name, &input.ty))
                .collect(),
            outputs: outputs
                .map(|(index, output)| port("y", index, &output.name, &output.ty))
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
    let ports = module.ports();
    let constants = constants(&ports, &interface);
    let tables = steps.tables.finish();
    let code = pretty(&quote! { #constants #infer });
    let costs = info.costs(module);
    let macs: u64 = costs.iter().map(|cost| cost.macs).sum();
    let ebops: u64 = costs.iter().map(|cost| cost.ebops).sum();
    let about = About {
        name: &module.name,
        source_sha256: module.source_sha256.as_deref(),
        level: &format!("IR {IR_VERSION}"),
        work: &format!("Per event: {macs} multiply-accumulates, {ebops} effective bit operations."),
    };
    Ok(assemble(&header(about, &ports), &code, &tables, options))
}

/// What the function's documentation says.
const DOCS: [&str; 9] = [
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
    let docs = DOCS;
    quote! {
        #(#[doc = #docs])*
        #[must_use]
        pub fn infer(#(#parameters),*) -> Output {
            #body
            #result
        }
    }
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
