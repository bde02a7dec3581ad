//! The circuit level: scalar operations in single assignment.
//!
//! A circuit is a flat list of gates, each defining one wire from wires before
//! it. Fully unrolled hardware and straight-line code are emitted from it. The
//! meaning of each gate is written in `docs/ir-spec/circuit.md`; [`Builder`]
//! makes circuits, [`crate::lower`] makes them from modules.

mod affine;
mod build;
mod combination;
mod compose;
mod cost;
mod derive;
mod gate;
mod interp;
mod linear;
mod parse;
mod print;
mod product;
mod rounding;
mod simplify;
mod square;
mod validate;

pub use build::{Builder, MOST_WIRES};
pub use cost::{Cost, cost};
pub use gate::{Gate, Table, Wire};
pub use interp::Interpreter;
pub use parse::parse;
pub use print::print;
pub use product::Sum;
pub use rounding::{Merged, merge_roundings};
pub use simplify::{Simplified, simplify};
pub use validate::{CircuitError, Info, validate};

use trigforge::Format;

use crate::ir::TensorType;
use crate::ports::{self, Input, Ports, WithPorts};

/// Version of the textual form and of the semantics behind it.
pub const CIRCUIT_VERSION: &str = "0.1";

/// A tensor that leaves a circuit.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputPort {
    /// The name in the model; any text, unique among the outputs.
    pub name: String,
    /// Shape and formats.
    pub ty: TensorType,
    /// The wire of each element, in C order, with the element's fractional bits.
    pub wires: Vec<Wire>,
}

/// A gate and the format of the wire that it defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The operation.
    pub gate: Gate,
    /// The narrowest format that holds every mantissa the wire can take.
    pub format: Format,
}

/// A model as scalar operations in order of evaluation.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Circuit {
    /// The model's name; any text.
    pub name: String,
    /// SHA-256 of the file that the circuit was imported from, in hex, if any.
    pub source_sha256: Option<String>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) tables: Vec<Table>,
    pub(crate) definitions: Vec<Definition>,
    pub(crate) outputs: Vec<OutputPort>,
}

impl Circuit {
    /// The tensors that enter, in the model's order.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The tables that gates refer to.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Every gate with the format of its wire, in order of evaluation.
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// The tensors that leave, in the model's order.
    pub fn outputs(&self) -> &[OutputPort] {
        &self.outputs
    }

    /// Bits of the carry chain of `a + b`, whose result has `width`: below the
    /// lowest bit of the coarser one, those of the other pass; none if one ends
    /// there, and both merely stand side by side.
    pub(crate) fn chain(&self, a: Wire, b: Wire, width: u32) -> u32 {
        let [a, b] = [a, b].map(|wire| self.definition(wire).format);
        let (coarse, fine) = if a.f() < b.f() { (a, b) } else { (b, a) };
        let below = fine.f().abs_diff(coarse.f());
        match !fine.k() && fine.width() <= below {
            true => 0,
            false => width.saturating_sub(below).max(1),
        }
    }

    /// The gate and format of a wire of this circuit.
    pub fn definition(&self, wire: Wire) -> &Definition {
        &self.definitions[wire.index()]
    }
}

impl WithPorts for Circuit {
    fn ports(&self) -> Ports {
        Ports {
            inputs: self.inputs.clone(),
            outputs: self
                .outputs
                .iter()
                .map(|output| ports::Output {
                    name: output.name.clone(),
                    ty: output.ty.clone(),
                })
                .collect(),
        }
    }
}
