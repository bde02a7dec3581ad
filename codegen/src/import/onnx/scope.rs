//! The tensors of a graph by name while its nodes are translated.

use std::collections::HashMap;

use super::proto::tensor_proto::DataType;
use super::proto::tensor_shape_proto::dimension::Value;
use super::proto::type_proto::Value as TypeValue;
use super::proto::{GraphProto, NodeProto, TensorProto, ValueInfoProto};
use super::{operators, tensor};
use crate::import::{Unsupported, shorten};
use crate::ir::check_size;
use crate::real::{Graph, Id, Op, Tensor};

/// What a tensor name of the file stands for.
#[derive(Clone, Copy, Debug)]
enum Binding {
    Known(Id),
    /// Depends on something unsupported, which is reported already.
    Refused,
}

/// Translates the nodes of one graph.
pub(super) struct Scope<'a> {
    file: &'a GraphProto,
    /// Version of the default operator set.
    pub(super) opset: i64,
    /// The translation so far.
    pub(super) graph: Graph,
    tensors: HashMap<&'a str, Binding>,
    /// Element types of constants.
    types: HashMap<Id, DataType>,
    unsupported: &'a mut Vec<Unsupported>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(
        file: &'a GraphProto,
        opset: i64,
        unsupported: &'a mut Vec<Unsupported>,
    ) -> Self {
        Self {
            file,
            opset,
            graph: Graph {
                name: file.name().to_owned(),
                ..Graph::default()
            },
            tensors: HashMap::new(),
            types: HashMap::new(),
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
                Ok(tensor) => {
                    let id = self.graph.constant_node(name, tensor);
                    self.note_type(id, initializer);
                    Binding::Known(id)
                }
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
            let binding = match input_shape(input) {
                Ok(shape) => Binding::Known(self.graph.input_node(input.name(), shape)),
                Err(reason) => {
                    self.refuse(input.name(), "", format!("input: {reason}"));
                    Binding::Refused
                }
            };
            self.bind(input.name(), binding)?;
        }
        Ok(())
    }

    /// Translates a node; what is not supported is noted, `Err` is a broken
    /// rule of ONNX.
    pub(super) fn node(&mut self, node: &'a NodeProto) -> Result<(), String> {
        let name = match node.name() {
            "" => node.output.first().map_or("", String::as_str),
            name => name,
        };
        for input in node.input.iter().filter(|input| !input.is_empty()) {
            if !self.tensors.contains_key(input.as_str()) {
                return Err(format!(
                    "node `{}` reads the tensor `{}`, which nothing defines",
                    shorten(name),
                    shorten(input)
                ));
            }
        }
        let args: Option<Vec<Option<Id>>> = node
            .input
            .iter()
            .map(|input| match self.tensors.get(input.as_str()) {
                None => Some(None),
                Some(Binding::Known(id)) => Some(Some(*id)),
                Some(Binding::Refused) => None,
            })
            .collect();
        let translated = match args {
            // Operands are unknown: say only what is wrong with the node itself.
            None => match operators::is_known(node) {
                Ok(()) => None,
                Err(reason) => Some(Err(reason)),
            },
            Some(args) => Some(operators::translate(self, node, name, &args)),
        };
        let binding = match translated {
            Some(Ok(id)) => Binding::Known(id),
            Some(Err(reason)) => {
                self.refuse(name, node.op_type(), reason);
                Binding::Refused
            }
            None => Binding::Refused,
        };
        for (index, output) in node
            .output
            .iter()
            .enumerate()
            .filter(|(_, o)| !o.is_empty())
        {
            // Further outputs of a node are refused where something reads them.
            self.bind(
                output,
                if index == 0 {
                    binding
                } else {
                    Binding::Refused
                },
            )?;
        }
        Ok(())
    }

    pub(super) fn outputs(&mut self) -> Result<(), String> {
        for output in &self.file.output {
            let name = output.name();
            match self.tensors.get(name) {
                Some(Binding::Known(id)) => self.graph.outputs.push((name.to_owned(), *id)),
                Some(Binding::Refused) => {
                    if self.unsupported.is_empty() {
                        self.refuse(name, "", "output: it is not the first output of its node");
                    }
                }
                None => {
                    return Err(format!("nothing defines the output `{}`", shorten(name)));
                }
            }
        }
        Ok(())
    }

    /// Adds an operation whose shape follows from its operands.
    pub(super) fn op(&mut self, name: &str, op: Op, args: &[Id]) -> Result<Id, String> {
        self.graph.op_node(name, op, args)
    }

    /// Notes the element type of a constant of the file.
    pub(super) fn note_type(&mut self, id: Id, tensor: &TensorProto) {
        if let Ok(kind) = DataType::try_from(tensor.data_type()) {
            self.types.insert(id, kind);
        }
    }

    /// The element type of a constant of the file.
    pub(super) fn element_type(&self, id: Id) -> Option<DataType> {
        self.types.get(&id).copied()
    }

    /// The constant behind an operand.
    pub(super) fn constant(&self, id: Id, what: &str) -> Result<&Tensor, String> {
        self.graph
            .constant(id)
            .ok_or_else(|| format!("{what} must be a constant"))
    }
}

fn input_shape(input: &ValueInfoProto) -> Result<Vec<usize>, String> {
    let kind = input.r#type.as_ref().and_then(|t| t.value.as_ref());
    let Some(TypeValue::TensorType(tensor)) = kind else {
        return Err("it is not a tensor".to_owned());
    };
    if tensor.elem_type() != super::proto::tensor_proto::DataType::Float as i32 {
        return Err("its elements are not FLOAT".to_owned());
    }
    let Some(stated) = &tensor.shape else {
        return Err("it states no shape".to_owned());
    };
    let shape: Vec<_> = stated
        .dim
        .iter()
        .enumerate()
        .map(|(axis, dim)| match dim.value {
            Some(Value::DimValue(size)) if size > 0 => {
                usize::try_from(size).map_err(|_| format!("dimension {axis} is {size}"))
            }
            // A leading dimension without a number is the batch: one event.
            _ if axis == 0 && stated.dim.len() > 1 => Ok(1),
            _ => Err(format!("dimension {axis} has no fixed size")),
        })
        .collect::<Result<_, String>>()?;
    check_size(&shape)?;
    Ok(shape)
}
