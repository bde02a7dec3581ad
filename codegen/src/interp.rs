//! The interpreter: executes a module, and so says what it means.
//!
//! Every kernel, on every target, gives the integers that this one gives. It is
//! written to `docs/ir-spec.md`: numbers are those of section 2, `requantize` of
//! section 3, inputs and outputs of section 4, each operation of its section in
//! `docs/ir-spec/graph.md`.

use thiserror::Error;
use trigforge::Format;

use crate::ir::{Module, NodeId};
use crate::ops::{Op, Values};
use crate::ports::{Execute, Ports, WithPorts};
use crate::real::Dyadic;
use crate::validate::{Info, ValidateError, validate};

/// An event that does not fit the module's inputs.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum EventError {
    /// The number of input tensors differs.
    #[error("{found} input tensors, the model has {expected}")]
    Inputs {
        /// The model's.
        expected: usize,
        /// Those given.
        found: usize,
    },
    /// An input tensor has another number of elements.
    #[error("input `{}` has {found} elements, the model's has {expected}", name.escape_debug())]
    Length {
        /// The input's name.
        name: String,
        /// The model's.
        expected: usize,
        /// Those given.
        found: usize,
    },
    /// A real value is not finite.
    #[error("input `{}`, element {index}: {value} is not a finite number", name.escape_debug())]
    NotFinite {
        /// The input's name.
        name: String,
        /// Position in C order.
        index: usize,
        /// The value.
        value: f64,
    },
    /// A mantissa lies outside of its format.
    #[error("input `{}`, element {index}: mantissa {mantissa} is outside of {format}", name.escape_debug())]
    OutOfFormat {
        /// The input's name.
        name: String,
        /// Position in C order.
        index: usize,
        /// The mantissa.
        mantissa: i64,
        /// The format of the element.
        format: Format,
    },
}

/// Real values as mantissas, and how many of them the input format cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// One mantissa per element, in C order.
    pub mantissas: Vec<i64>,
    /// Elements whose rounded value lies outside of the format.
    pub saturated: Vec<bool>,
}

/// Executes a valid module, one event at a time.
#[derive(Debug)]
pub struct Interpreter<'m> {
    module: &'m Module,
    info: Info,
    ports: Ports,
}

impl<'m> Interpreter<'m> {
    /// Validates the module and makes an interpreter for it.
    ///
    /// # Errors
    ///
    /// The rule that the module breaks.
    pub fn new(module: &'m Module) -> Result<Self, ValidateError> {
        let info = validate(module)?;
        Ok(Self {
            module,
            info,
            ports: module.ports(),
        })
    }

    /// The module that is executed.
    pub fn module(&self) -> &'m Module {
        self.module
    }

    /// What validation found.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// Brings real values of one input into its formats.
    ///
    /// `input` counts the module's inputs from 0.
    ///
    /// # Errors
    ///
    /// A wrong number of elements, or one that is not finite.
    pub fn encode(&self, input: usize, values: &[f64]) -> Result<Encoded, EventError> {
        self.ports.encode(input, values)
    }

    /// Executes one event: the mantissas of each input in, of each output out.
    ///
    /// # Errors
    ///
    /// A wrong number of inputs or elements. Mantissas outside of a format are
    /// taken as a port takes them (see [`crate::ops`], `input`); use
    /// [`check`](Self::check) first where that is a mistake.
    pub fn run(&self, inputs: &[&[i64]]) -> Result<Vec<Vec<i64>>, EventError> {
        let results = self.run_all(inputs)?;
        let outputs = self.module.outputs().iter();
        Ok(outputs.map(|o| results[o.node.index()].clone()).collect())
    }

    /// Executes one event: the mantissas of every node, in order.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn run_all(&self, inputs: &[&[i64]]) -> Result<Vec<Vec<i64>>, EventError> {
        self.ports.check_event(inputs)?;
        let mut given = inputs.iter();
        let mut results: Vec<Vec<i64>> = Vec::with_capacity(self.module.nodes().len());
        for node in self.module.nodes() {
            let args: Vec<_> = match node.op {
                Op::Input(_) => given
                    .next()
                    .map(|mantissas| Values {
                        ty: &node.ty,
                        mantissas,
                    })
                    .into_iter()
                    .collect(),
                _ => node
                    .args
                    .iter()
                    .map(|&id| Values {
                        ty: &self.module.node(id).ty,
                        mantissas: &results[id.index()],
                    })
                    .collect(),
            };
            let result = node.op.as_operation().evaluate(&args, &node.ty);
            results.push(result);
        }
        Ok(results)
    }

    /// Which elements of a `requantize` node were outside of its format, given
    /// the mantissas of every node; none for other nodes.
    pub fn saturated(&self, id: NodeId, results: &[Vec<i64>]) -> Vec<bool> {
        let node = self.module.node(id);
        let Op::Requantize(modes) = node.op else {
            return Vec::new();
        };
        let operand = node.args[0];
        let from = self.module.node(operand).ty.element_formats();
        results[operand.index()]
            .iter()
            .zip(from)
            .zip(node.ty.element_formats())
            .map(|((&m, from), to)| {
                let value = Dyadic { m, f: from.f() };
                value.requantize(to, modes.rounding, modes.overflow).1
            })
            .collect()
    }

    /// Refuses mantissas of an input that lie outside of its formats.
    ///
    /// # Errors
    ///
    /// The first such element, or a wrong number of elements.
    pub fn check(&self, input: usize, mantissas: &[i64]) -> Result<(), EventError> {
        self.ports.check(input, mantissas)
    }

    /// The real values of an output's mantissas.
    ///
    /// Exact as long as a mantissa has at most 53 significant bits.
    pub fn decode(&self, output: usize, mantissas: &[i64]) -> Vec<f64> {
        self.ports.decode(output, mantissas)
    }
}

impl Execute for Interpreter<'_> {
    fn ports(&self) -> &Ports {
        &self.ports
    }

    fn run(&self, inputs: &[&[i64]]) -> Result<Vec<Vec<i64>>, EventError> {
        Interpreter::run(self, inputs)
    }
}
