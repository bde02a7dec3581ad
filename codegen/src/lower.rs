//! From the graph level to the circuit level, node by node.
//!
//! Each operation writes itself as gates ([`crate::ops::Operation::lower`]);
//! here its wires are aligned to the formats of its result, and it is checked
//! that no wire can leave them.

use std::ops::Range;

use thiserror::Error;

use crate::adders::Options;
use crate::circuit::{Builder, Circuit, MOST_WIRES, Wire};
use crate::ir::{Module, Node};
use crate::ops::{Op, Wires};
use crate::validate::{ValidateError, validate};

/// A module that has no circuit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LowerError {
    /// The module breaks a rule.
    #[error(transparent)]
    Invalid(#[from] ValidateError),
    /// The model unrolls to too many wires.
    #[error(
        "node %{index} `{}` ({operation}): the model is too large to unroll, the circuit would \
         have more than {most_wires} wires",
        name.escape_debug()
    )]
    TooLarge {
        /// Position in the module.
        index: usize,
        /// The node's name.
        name: String,
        /// The operation's name.
        operation: &'static str,
        /// As many as it may have.
        most_wires: usize,
    },
    /// A node has no gates.
    #[error("node %{index} `{}` ({operation}): {reason}", name.escape_debug())]
    Node {
        /// Position in the module.
        index: usize,
        /// The node's name.
        name: String,
        /// The operation's name.
        operation: &'static str,
        /// Why.
        reason: String,
    },
    /// An output cannot be declared.
    #[error("the circuit cannot be completed: {reason}")]
    Output {
        /// Why.
        reason: String,
    },
}

/// The wires that a node of a module became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The node's name; any text, not unique.
    pub name: String,
    /// The operation's name.
    pub operation: &'static str,
    /// The gates that were made for it, as positions in the circuit.
    pub gates: Range<usize>,
    /// The wire of each element of its result, in C order; `None` for one that
    /// no output needs.
    pub results: Vec<Option<Wire>>,
}

/// A circuit, and which of its gates each node became.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered {
    /// The circuit.
    pub circuit: Circuit,
    /// The nodes in order; their gates follow each other without a gap.
    pub layers: Vec<Layer>,
}

/// Writes a module as a circuit that gives the same integers.
///
/// # Errors
///
/// A module that is not valid, one that unrolls to more than
/// [`MOST_WIRES`] wires, or the node that needs more than 64 bits in a gate.
pub fn lower(module: &Module) -> Result<Circuit, LowerError> {
    lower_within(module, MOST_WIRES)
}

/// As [`lower`], with fewer wires at most; gates that no output needs count
/// while they are made.
///
/// # Errors
///
/// As [`lower`].
pub fn lower_within(module: &Module, most_wires: usize) -> Result<Circuit, LowerError> {
    layers_within(module, most_wires, None).map(|lowered| lowered.circuit)
}

/// As [`lower`], and says which gates each node became.
///
/// # Errors
///
/// As [`lower`].
pub fn lower_layers(module: &Module) -> Result<Lowered, LowerError> {
    layers_within(module, MOST_WIRES, None)
}

/// As [`lower_layers`], with the adders of products sought in another way.
///
/// # Errors
///
/// As [`lower`].
pub fn lower_layers_seeking(module: &Module, options: Options) -> Result<Lowered, LowerError> {
    layers_within(module, MOST_WIRES, Some(options))
}

fn layers_within(
    module: &Module,
    most_wires: usize,
    adders: Option<Options>,
) -> Result<Lowered, LowerError> {
    validate(module)?;
    let mut circuit = Builder::within(module.name.clone(), most_wires);
    if let Some(options) = adders {
        circuit.seek_adders(options);
    }
    let mut wires: Vec<Vec<Wire>> = Vec::with_capacity(module.nodes().len());
    let mut ends = Vec::with_capacity(module.nodes().len());
    for (index, node) in module.nodes().iter().enumerate() {
        let lowered = lower_node(module, node, &wires, &mut circuit).map_err(|reason| {
            let (name, operation) = (node.name.clone(), node.op.as_operation().name());
            match circuit.is_full() {
                true => LowerError::TooLarge {
                    index,
                    name,
                    operation,
                    most_wires,
                },
                false => LowerError::Node {
                    index,
                    name,
                    operation,
                    reason,
                },
            }
        })?;
        wires.push(lowered);
        ends.push(circuit.wires());
    }
    let outside = |reason| LowerError::Output { reason };
    for output in module.outputs() {
        let ty = module.node(output.node).ty.clone();
        circuit
            .output(output.name.clone(), ty, &wires[output.node.index()])
            .map_err(outside)?;
    }
    let (mut circuit, map) = circuit.finish_mapped().map_err(outside)?;
    circuit.source_sha256 = module.source_sha256.clone();
    let mut layers = Vec::with_capacity(wires.len());
    let (mut seen, mut gates) = (0, 0);
    for ((node, wires), end) in module.nodes().iter().zip(wires).zip(ends) {
        let first = gates;
        gates += map[seen..end].iter().flatten().count();
        seen = end;
        layers.push(Layer {
            name: node.name.clone(),
            operation: node.op.as_operation().name(),
            gates: first..gates,
            results: wires.iter().map(|wire| map[wire.index()]).collect(),
        });
    }
    Ok(Lowered { circuit, layers })
}

fn lower_node(
    module: &Module,
    node: &Node,
    wires: &[Vec<Wire>],
    circuit: &mut Builder,
) -> Result<Vec<Wire>, String> {
    let port = match &node.op {
        Op::Input(modes) => circuit.input(
            node.name.clone(),
            node.ty.clone(),
            modes.rounding,
            modes.overflow,
        )?,
        _ => Vec::new(),
    };
    let args: Vec<_> = match &node.op {
        Op::Input(_) => vec![Wires {
            ty: &node.ty,
            wires: &port,
            constant: None,
        }],
        _ => node
            .args
            .iter()
            .map(|&id| {
                let operand = module.node(id);
                Wires {
                    ty: &operand.ty,
                    wires: &wires[id.index()],
                    constant: match &operand.op {
                        Op::Constant(constant) => Some(&constant.mantissas),
                        _ => None,
                    },
                }
            })
            .collect(),
    };
    let lowered = node.op.as_operation().lower(&args, &node.ty, circuit)?;
    circuit.fit(&node.ty, &lowered)
}
