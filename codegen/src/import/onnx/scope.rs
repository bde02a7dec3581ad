//! The tensors of a graph by name while its nodes are translated.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;

use super::Options;
use super::element::Element;
use super::proto::tensor_shape_proto::dimension::Value as Size;
use super::proto::type_proto::Value as TypeValue;
use super::proto::{GraphProto, NodeProto, ValueInfoProto};
use super::tensor::Constant;
use super::{operators, tensor};
use crate::import::{Unsupported, shorten};
use crate::ir::{check_size, element_count};
use crate::real::{Graph, Id, Op, Tensor};

/// A tensor of the file: the node that computes it, and its element type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    pub(super) id: Id,
    pub(super) element: Element,
}

/// What a tensor name of the file stands for.
#[derive(Clone, Copy, Debug)]
enum Binding {
    Known(Value),
    /// Depends on something unsupported, which is reported already.
    Refused,
    /// A result that the translation of its node does not give.
    NotGiven,
}

/// Most elements of all constants together that an import computes.
const MOST_COMPUTED: usize = 1 << 25;

/// Translates the nodes of one graph.
pub(super) struct Scope<'a> {
    file: &'a GraphProto,
    options: &'a Options,
    /// Version of the default operator set.
    pub(super) opset: i64,
    /// The translation so far.
    pub(super) graph: Graph,
    tensors: HashMap<&'a str, Binding>,
    /// Constants of integers that doubles do not hold exactly.
    inexact: HashSet<Id>,
    /// Elements of the constants computed so far.
    computed: usize,
    unsupported: &'a mut Vec<Unsupported>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(
        file: &'a GraphProto,
        options: &'a Options,
        opset: i64,
        unsupported: &'a mut Vec<Unsupported>,
    ) -> Self {
        Self {
            file,
            options,
            opset,
            graph: Graph {
                name: file.name().to_owned(),
                ..Graph::default()
            },
            tensors: HashMap::new(),
            inexact: HashSet::new(),
            computed: 0,
            unsupported,
        }
    }

    pub(super) fn finish(self) -> Graph {
        self.graph
    }

    fn refuse(&mut self, node: &str, operator: &str, reason: impl Into<String>) {
        self.unsupported.push(Unsupported {
            node: node.to_owned(),
            operator: operator.to_owned(),
            reason: reason.into(),
        });
    }

    fn bind(&mut self, name: &'a str, binding: Binding) -> Result<(), String> {
        match self.tensors.insert(name, binding) {
            None => Ok(()),
            Some(_) => Err(format!("the tensor `{}` is defined twice", shorten(name))),
        }
    }

    pub(super) fn sparse_initializers(&mut self) {
        for sparse in &self.file.sparse_initializer {
            let name = sparse.values.as_ref().map_or("", |values| values.name());
            self.refuse(name, "", "sparse initializers are not taken");
        }
    }

    pub(super) fn initializers(&mut self) -> Result<(), String> {
        for initializer in &self.file.initializer {
            let name = initializer.name();
            let binding = match tensor::read(initializer) {
                Ok(constant) => Binding::Known(self.constant_value(name, constant)),
                Err(reason) => {
                    self.refuse(name, "", format!("initializer: {reason}"));
                    Binding::Refused
                }
            };
            self.bind(name, binding)?;
        }
        Ok(())
    }

    /// Graph inputs that no initializer gives a value.
    pub(super) fn inputs(&mut self) -> Result<(), String> {
        for input in &self.file.input {
            if self.tensors.contains_key(input.name()) {
                continue;
            }
            let binding = match self.input(input) {
                Ok(value) => Binding::Known(value),
                Err(reason) => {
                    self.refuse(input.name(), "", format!("input: {reason}"));
                    Binding::Refused
                }
            };
            self.bind(input.name(), binding)?;
        }
        let inputs: HashSet<&str> = self.file.input.iter().map(|input| input.name()).collect();
        for name in self.options.constants.keys() {
            if !inputs.contains(name.as_str()) {
                self.refuse(name, "", "a value is given for it, but it is no input");
            }
        }
        Ok(())
    }

    fn input(&mut self, input: &ValueInfoProto) -> Result<Value, String> {
        let kind = input.r#type.as_ref().and_then(|t| t.value.as_ref());
        let Some(TypeValue::TensorType(stated)) = kind else {
            return Err("it is not a tensor".to_owned());
        };
        let element = Element::of(stated.elem_type())?;
        let shape = || input_shape(stated.shape.as_ref(), self.options.batch);
        let Some(given) = self.options.constants.get(input.name()) else {
            let id = self.graph.input_node(input.name(), shape()?);
            return Ok(Value { id, element });
        };
        let constant = tensor::read(given)?;
        if constant.element != element {
            return Err(format!(
                "it is {element}, the value given for it {}",
                constant.element
            ));
        }
        // A shape with free dimensions is that of the value.
        if shape().is_ok_and(|shape| shape != constant.tensor.shape()) {
            return Err(format!(
                "the value given for it has shape {:?}, not its own",
                constant.tensor.shape()
            ));
        }
        Ok(self.constant_value(input.name(), constant))
    }

    /// Translates a node; what is not supported is noted, `Err` is a broken
    /// rule of ONNX.
    pub(super) fn node(&mut self, node: &'a NodeProto) -> Result<(), String> {
        let name = match node.name() {
            "" => node.output.first().map_or("", String::as_str),
            name => name,
        };
        let mut args = Some(Vec::with_capacity(node.input.len()));
        let mut not_given = None;
        for input in &node.input {
            let value = match self.tensors.get(input.as_str()) {
                _ if input.is_empty() => None,
                Some(Binding::Known(value)) => Some(*value),
                Some(Binding::Refused) => {
                    args = None;
                    None
                }
                Some(Binding::NotGiven) => {
                    not_given = Some(input);
                    None
                }
                None => {
                    return Err(format!(
                        "node `{}` reads the tensor `{}`, which nothing defines",
                        shorten(name),
                        shorten(input)
                    ));
                }
            };
            if let Some(args) = &mut args {
                args.push(value);
            }
        }
        let translated = match (args, not_given) {
            // Operands are unknown: say only what is wrong with the node itself.
            (None, _) => operators::find(node, self.opset).map(|_| None),
            (_, Some(input)) => Err(format!(
                "it reads `{}`, a result that is not taken",
                shorten(input)
            )),
            (Some(args), None) => operators::translate(self, node, name, &args).map(Some),
        };
        let (results, missing) = match translated {
            Ok(Some(results)) => (results, Binding::NotGiven),
            Ok(None) => (Vec::new(), Binding::Refused),
            Err(reason) => {
                self.refuse(name, node.op_type(), reason);
                (Vec::new(), Binding::Refused)
            }
        };
        for (index, output) in node.output.iter().enumerate() {
            if output.is_empty() {
                continue;
            }
            let binding = results.get(index).map_or(missing, |&v| Binding::Known(v));
            self.bind(output, binding)?;
        }
        Ok(())
    }

    pub(super) fn outputs(&mut self) -> Result<(), String> {
        for output in &self.file.output {
            let name = output.name();
            match self.tensors.get(name) {
                Some(Binding::Known(value)) if self.inexact.contains(&value.id) => {
                    self.refuse(name, "", "output: it holds integers beyond 2^53");
                }
                Some(Binding::Known(value)) => {
                    self.graph.outputs.push((name.to_owned(), value.id));
                }
                Some(Binding::Refused) => {}
                Some(Binding::NotGiven) => {
                    self.refuse(name, "", "output: this result of its node is not taken");
                }
                None => {
                    return Err(format!("nothing defines the output `{}`", shorten(name)));
                }
            }
        }
        Ok(())
    }

    /// Adds a constant of the file.
    pub(super) fn constant_value(&mut self, name: &str, constant: Constant) -> Value {
        let id = self.graph.constant_node(name, constant.tensor);
        if !constant.exact {
            self.inexact.insert(id);
        }
        Value {
            id,
            element: constant.element,
        }
    }

    /// Adds a constant of one number.
    pub(super) fn scalar(&mut self, name: &str, value: f64) -> Id {
        let value = Tensor::from_elem(ndarray::IxDyn(&[]), value);
        self.graph.constant_node(name, value)
    }

    /// Adds an operation whose shape follows from its operands. Its value is
    /// computed here if they are constants, since shapes may depend on it.
    pub(super) fn op(&mut self, name: &str, op: Op, args: &[Id]) -> Result<Id, String> {
        let id = self.graph.op_node(name, op, args)?;
        self.settle(id)
    }

    /// Adds a reshape.
    pub(super) fn reshape(&mut self, name: &str, x: Id, shape: Vec<usize>) -> Result<Id, String> {
        if self.graph.node(x).shape == shape {
            return Ok(x);
        }
        let id = self.graph.reshape_node(name, x, shape)?;
        self.settle(id)
    }

    /// Adds a broadcast to a shape.
    pub(super) fn expand(&mut self, name: &str, x: Id, shape: Vec<usize>) -> Result<Id, String> {
        if self.graph.node(x).shape == shape {
            return Ok(x);
        }
        let id = self.graph.expand_node(name, x, shape)?;
        self.settle(id)
    }

    /// Makes constants of all nodes from a position on that have constant values.
    pub(super) fn settle_from(&mut self, position: usize) -> Result<(), String> {
        for position in position..self.graph.nodes.len() {
            self.settle(Id::nth(position))?;
        }
        Ok(())
    }

    /// Makes a constant of a node if it has a constant value.
    fn settle(&mut self, id: Id) -> Result<Id, String> {
        let node = self.graph.node(id);
        if node.args.iter().any(|arg| self.inexact.contains(arg)) {
            if !node.op.moves_only() {
                return Err("it computes with integers beyond 2^53".to_owned());
            }
            self.inexact.insert(id);
        }
        if let Some(tensor) = self.graph.constant_value(id)? {
            self.computed += element_count(tensor.shape());
            if self.computed > MOST_COMPUTED {
                return Err(format!(
                    "constants of more than {MOST_COMPUTED} elements would be computed"
                ));
            }
            self.graph.make_constant(id, tensor);
        }
        Ok(id)
    }

    /// The constant behind an operand.
    pub(super) fn constant(&self, id: Id, what: &str) -> Result<&Tensor, String> {
        self.graph
            .constant(id)
            .ok_or_else(|| format!("{what} must be a constant"))
    }

    /// The shape of a tensor.
    pub(super) fn shape(&self, id: Id) -> Vec<usize> {
        self.graph.node(id).shape.clone()
    }
}

fn input_shape(
    stated: Option<&super::proto::TensorShapeProto>,
    batch: Option<NonZeroUsize>,
) -> Result<Vec<usize>, String> {
    let Some(stated) = stated else {
        return Err("it states no shape".to_owned());
    };
    let several = stated.dim.len() > 1;
    let mut shape: Vec<_> = stated
        .dim
        .iter()
        .enumerate()
        .map(|(axis, dim)| match dim.value {
            Some(Size::DimValue(0)) => Err(format!(
                "dimension {axis} is 0; a tensor without elements is not taken"
            )),
            Some(Size::DimValue(size)) if size > 0 => {
                usize::try_from(size).map_err(|_| format!("dimension {axis} is {size}"))
            }
            // A leading dimension without a number is the batch: one event.
            _ if axis == 0 && several => Ok(1),
            _ => Err(format!("dimension {axis} has no fixed size")),
        })
        .collect::<Result<_, String>>()?;
    if let (true, Some(batch)) = (several, batch) {
        shape[0] = batch.get();
    }
    check_size(&shape)?;
    Ok(shape)
}
