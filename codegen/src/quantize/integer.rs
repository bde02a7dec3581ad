//! Writes a graph whose values have formats as an integer module.
//!
//! A value is carried as integers and a real factor of theirs (`scale`); each
//! family of operations has a file beside this one.

use std::collections::HashMap;

use trigforge::{Overflow, Rounding};

use crate::import::Unsupported;
use crate::ir::{Builder, Formats, Module, NodeId, TensorType, prune};
use crate::ops::{self, Constant, Input, Values};
use crate::real::{Graph, Id, Node, Op, Quantizer, Tensor};

use super::composed;
use super::constant;
use super::notes::Note;
use super::scale::Carried;

/// What a real node became.
#[derive(Clone, Debug)]
enum Lowered {
    Integer(Carried),
    /// An input or a float constant, whose format the use decides.
    Pending,
    /// Part of a table behind it.
    Inside,
    /// Refused, or dependent on what was.
    Refused,
}

/// Writes the integer module of a graph.
///
/// # Errors
///
/// Every value without an integer form, by name.
pub fn to_integer(graph: &Graph) -> Result<Module, Vec<Unsupported>> {
    to_integer_noted(graph).map(|(module, _)| module)
}

/// Writes the integer module of a graph, and says what is not exact in it.
///
/// # Errors
///
/// Every value without an integer form, by name.
pub fn to_integer_noted(graph: &Graph) -> Result<(Module, Vec<Note>), Vec<Unsupported>> {
    let mut writer = Writer {
        graph,
        users: users(graph),
        builder: Builder::new(graph.name.clone()),
        constants: Vec::new(),
        lowered: vec![Lowered::Pending; graph.nodes.len()],
        refused: Vec::new(),
        notes: Vec::new(),
        roots: composed::roots(graph),
        inside: vec![None; graph.nodes.len()],
        contractions: HashMap::new(),
    };
    // Inputs come first, in the model's order.
    for (id, node) in graph.inputs() {
        writer.lowered[id.0] = match writer.input(id, node) {
            Ok(input) => Lowered::Integer(Carried::plain(input)),
            Err(reason) => writer.refuse(node, reason),
        };
    }
    for id in graph.ids() {
        let node = graph.node(id);
        let refused = node
            .args
            .iter()
            .any(|arg| matches!(writer.lowered[arg.0], Lowered::Refused));
        writer.lowered[id.0] = match node.op {
            Op::Input => continue,
            Op::Constant(_) => Lowered::Pending,
            _ if refused => Lowered::Refused,
            _ if writer.is_inside(id) => Lowered::Inside,
            _ => match writer.node(id, node) {
                Ok(integer) => Lowered::Integer(integer),
                Err(reason) => writer.refuse(node, reason),
            },
        };
    }
    for (name, id) in &graph.outputs {
        match writer.output(name, *id) {
            Ok(node) => writer.builder.output(name, node),
            Err(reason) if reason.is_empty() => {}
            Err(reason) => {
                writer.refuse(graph.node(*id), reason);
            }
        }
    }
    if !writer.refused.is_empty() {
        return Err(writer.refused);
    }
    let mut module = prune(&writer.builder.finish());
    module.source_sha256 = Some(graph.source_sha256.clone()).filter(|hash| !hash.is_empty());
    Ok((module, writer.notes))
}

/// The nodes that take each node.
fn users(graph: &Graph) -> Vec<Vec<Id>> {
    let mut users = vec![Vec::new(); graph.nodes.len()];
    for id in graph.ids() {
        for arg in &graph.node(id).args {
            users[arg.0].push(id);
        }
    }
    users
}

pub(super) struct Writer<'a> {
    pub(super) graph: &'a Graph,
    /// The nodes that take each node; outputs are not among them.
    pub(super) users: Vec<Vec<Id>>,
    pub(super) builder: Builder,
    /// Mantissas of the constants in the module.
    constants: Vec<(NodeId, Constant)>,
    lowered: Vec<Lowered>,
    refused: Vec<Unsupported>,
    notes: Vec<Note>,
    /// For each node, the value that it follows from element by element.
    pub(super) roots: Vec<Id>,
    /// Whether a node only stands in chains that become tables, once known.
    pub(super) inside: Vec<Option<bool>>,
    /// Products with weights, to which a constant can be added.
    pub(super) contractions: HashMap<NodeId, (ops::Op, [NodeId; 2])>,
}

impl Writer<'_> {
    fn refuse(&mut self, node: &Node, reason: String) -> Lowered {
        if !reason.is_empty() {
            self.refused.push(Unsupported {
                node: node.name.clone(),
                operator: node.op.name().to_owned(),
                reason,
            });
        }
        Lowered::Refused
    }

    /// Notes what is not exact at a node.
    pub(super) fn note(&mut self, node: &str, text: String) {
        self.notes.push(Note {
            node: node.to_owned(),
            text,
        });
    }

    pub(super) fn is_output(&self, id: Id) -> bool {
        self.graph.outputs.iter().any(|(_, output)| *output == id)
    }

    /// An input takes the format of the quantisers behind it.
    fn input(&mut self, id: Id, node: &Node) -> Result<NodeId, String> {
        let users = self.users[id.0]
            .iter()
            .map(|&user| &self.graph.node(user).op);
        let mut formats: Vec<&Quantizer> = Vec::new();
        let mut scaled = Vec::new();
        let mut other = self.is_output(id) || self.users[id.0].is_empty();
        for op in users {
            match op {
                Op::Quantize(quantizer) => formats.push(quantizer),
                Op::ScaledQuantize(quantizer) => scaled.push(quantizer),
                _ => other = true,
            }
        }
        let (op, format) = match (formats.first(), other) {
            (Some(first), false) if scaled.is_empty() && formats.iter().all(|q| q == first) => (
                Input {
                    rounding: first.rounding,
                    overflow: first.overflow,
                },
                first.formats.clone(),
            ),
            (None, false) => {
                let format = self.input_format(&scaled);
                let format = format.ok_or("the scales of its quantisers differ too much")?;
                self.note(
                    &node.name,
                    format!(
                        "is taken in {format}, finer than its quantiser; a value that lies within \
                         2^-({}) of where that rounds may round to the other side",
                        format.f() + 1
                    ),
                );
                (
                    Input {
                        rounding: Rounding::RndConv,
                        overflow: Overflow::Sat,
                    },
                    Formats::Uniform(format),
                )
            }
            _ => {
                return Err(
                    "an input must go through one quantiser, which states its format; \
                     or give calibration events (--calib FILE --width W)"
                        .to_owned(),
                );
            }
        };
        let ty = TensorType {
            shape: node.shape.clone(),
            formats: format,
        };
        self.add(&node.name, op, &[], Some(ty))
    }

    /// Adds a node, folding operations on constants.
    pub(super) fn add(
        &mut self,
        name: &str,
        op: impl Into<ops::Op>,
        args: &[NodeId],
        ty: Option<TensorType>,
    ) -> Result<NodeId, String> {
        let op = op.into();
        let known: Option<Vec<_>> = args
            .iter()
            .map(|id| self.constant_of(*id).cloned())
            .collect();
        let id = self
            .builder
            .node(name, op.clone(), args, ty)
            .map_err(|error| error.reason)?;
        match known {
            Some(known) if !args.is_empty() => {
                let result = self.builder.ty(id).clone();
                let types: Vec<_> = args.iter().map(|id| self.builder.ty(*id).clone()).collect();
                let values: Vec<_> = known
                    .iter()
                    .zip(&types)
                    .map(|(constant, ty)| Values {
                        ty,
                        mantissas: &constant.mantissas,
                    })
                    .collect();
                let mantissas = op.as_operation().evaluate(&values, &result);
                self.add_constant(name, Constant { mantissas }, result)
            }
            _ => Ok(id),
        }
    }

    pub(super) fn add_constant(
        &mut self,
        name: &str,
        constant: Constant,
        ty: TensorType,
    ) -> Result<NodeId, String> {
        let node = self.builder.node(name, constant.clone(), &[], Some(ty));
        let id = node.map_err(|error| error.reason)?;
        self.constants.push((id, constant));
        Ok(id)
    }

    pub(super) fn constant_of(&self, id: NodeId) -> Option<&Constant> {
        let position = self
            .constants
            .binary_search_by_key(&id, |(id, _)| *id)
            .ok()?;
        Some(&self.constants[position].1)
    }

    /// The integers of an operand; an empty reason if it was refused.
    ///
    /// `per_element` gives the elements of a constant formats of their own.
    pub(super) fn operand(&mut self, id: Id, per_element: bool) -> Result<Carried, String> {
        match &self.lowered[id.0] {
            Lowered::Integer(value) => Ok(value.clone()),
            Lowered::Refused => Err(String::new()),
            Lowered::Inside => Err("internal error: it is part of a table".to_owned()),
            Lowered::Pending => {
                let node = self.graph.node(id);
                let Op::Constant(tensor) = &node.op else {
                    return Err(format!("operand `{}` has no format", node.name));
                };
                let (constant, ty) = constant::exact(tensor, per_element)
                    .map_err(|reason| format!("operand `{}` is {reason}", node.name))?;
                self.add_constant(&node.name, constant, ty)
                    .map(Carried::plain)
            }
        }
    }

    /// What a node became, if it has become integers.
    pub(super) fn integer(&self, id: Id) -> Option<&Carried> {
        match &self.lowered[id.0] {
            Lowered::Integer(value) => Some(value),
            _ => None,
        }
    }

    /// An operand as a node that is the value itself.
    pub(super) fn plain_operand(&mut self, id: Id) -> Result<NodeId, String> {
        let value = self.operand(id, false)?;
        let name = self.graph.node(id).name.clone();
        self.plain(&name, &value)
    }

    /// A float constant whose format its use decides.
    pub(super) fn float(&self, id: Id) -> Option<&'_ Tensor> {
        match self.lowered[id.0] {
            Lowered::Pending => self.graph.constant(id),
            _ => None,
        }
    }

    fn output(&mut self, name: &str, id: Id) -> Result<NodeId, String> {
        let value = self.operand(id, false)?;
        self.plain(name, &value)
    }

    fn node(&mut self, id: Id, node: &Node) -> Result<Carried, String> {
        match &node.op {
            Op::Input | Op::Constant(_) => Err("it has no operands".to_owned()),
            Op::Quantize(quantizer) => self.quantize(id, node, quantizer),
            Op::ScaledQuantize(quantizer) => self.scaled_quantize(id, node, quantizer),
            Op::MatMul => self.matmul(node),
            Op::Conv { .. } => self.conv(node),
            Op::Add | Op::Sub => self.sum(node),
            Op::Mul => self.product(node),
            Op::Div => self.quotient(node),
            Op::Pow => self.power(node),
            Op::Min | Op::Max => self.extreme(node),
            Op::Less | Op::LessEqual | Op::Equal => self.comparison(node),
            Op::Where => self.choice(node),
            Op::Relu => {
                let x = self.operand(node.args[0], false)?;
                let result = self.add(&node.name, ops::Relu, &[x.node], None)?;
                Ok(Carried { node: result, ..x })
            }
            Op::Unary(function) => self.unary(node, *function),
            Op::Softmax { axis } => self.softmax(node, *axis),
            Op::Reduce { kind, axis } => self.reduce(node, *kind, *axis),
            Op::Pool { .. } => self.pool(node),
            Op::Arg { .. } | Op::TopK { .. } => self.ranked(node),
            Op::Concat { axis } => self.concat(node, *axis),
            Op::Lookup => self.lookup(node),
            Op::Trees(forest) => self.trees(node, forest),
            Op::Reshape
            | Op::Transpose { .. }
            | Op::Slice { .. }
            | Op::Pad { .. }
            | Op::Gather { .. }
            | Op::Expand => self.moved(node),
        }
    }
}
