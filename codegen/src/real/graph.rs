//! The graph of real-valued operations, with static shapes.

use ndarray::ArrayD;

use super::{Op, ops};
use crate::ir::{broadcast_shape, check_size, element_count};

/// A tensor of real numbers.
pub type Tensor = ArrayD<f64>;

/// Names a node of one graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub(crate) usize);

impl Id {
    /// The id of a node by its position.
    pub(crate) fn nth(position: usize) -> Self {
        Self(position)
    }
}

/// One operation and its result's shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The name in the file; any text.
    pub name: String,
    /// The operation.
    pub op: Op,
    /// Operands, all earlier nodes.
    pub args: Vec<Id>,
    /// Shape of the result.
    pub shape: Vec<usize>,
}

/// A model of real-valued operations, in order of evaluation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// The model's name.
    pub name: String,
    /// SHA-256 of the file, in hex.
    pub source_sha256: String,
    /// Nodes in order of evaluation.
    pub nodes: Vec<Node>,
    /// Names and nodes of the outputs.
    pub outputs: Vec<(String, Id)>,
}

impl Graph {
    /// The node of an id.
    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id.0]
    }

    /// The constant of a node, if it is one.
    pub fn constant(&self, id: Id) -> Option<&Tensor> {
        match &self.node(id).op {
            Op::Constant(tensor) => Some(tensor),
            _ => None,
        }
    }

    /// Ids in order of evaluation.
    pub fn ids(&self) -> impl Iterator<Item = Id> + use<> {
        (0..self.nodes.len()).map(Id)
    }

    /// The inputs, in the model's order.
    pub fn inputs(&self) -> impl Iterator<Item = (Id, &Node)> {
        self.ids()
            .map(|id| (id, self.node(id)))
            .filter(|(_, node)| matches!(node.op, Op::Input))
    }

    /// Adds a constant.
    pub fn constant_node(&mut self, name: impl Into<String>, tensor: Tensor) -> Id {
        self.nodes.push(Node {
            name: name.into(),
            shape: tensor.shape().to_vec(),
            op: Op::Constant(tensor),
            args: Vec::new(),
        });
        Id(self.nodes.len() - 1)
    }

    /// Adds an input of a shape.
    pub fn input_node(&mut self, name: impl Into<String>, shape: Vec<usize>) -> Id {
        self.nodes.push(Node {
            name: name.into(),
            op: Op::Input,
            args: Vec::new(),
            shape,
        });
        Id(self.nodes.len() - 1)
    }

    /// Adds a reshape.
    ///
    /// # Errors
    ///
    /// The number of elements differs.
    pub fn reshape_node(
        &mut self,
        name: impl Into<String>,
        arg: Id,
        shape: Vec<usize>,
    ) -> Result<Id, String> {
        let from = &self.node(arg).shape;
        if element_count(from) != element_count(&shape) {
            return Err(format!("cannot reshape {from:?} to {shape:?}"));
        }
        self.nodes.push(Node {
            name: name.into(),
            op: Op::Reshape,
            args: vec![arg],
            shape,
        });
        Ok(Id(self.nodes.len() - 1))
    }

    /// Adds a broadcast to a shape.
    ///
    /// # Errors
    ///
    /// The operand does not broadcast to that shape.
    pub fn expand_node(
        &mut self,
        name: impl Into<String>,
        arg: Id,
        shape: Vec<usize>,
    ) -> Result<Id, String> {
        let from = &self.node(arg).shape;
        if broadcast_shape(from, &shape).as_ref() != Some(&shape) {
            return Err(format!("{from:?} does not broadcast to {shape:?}"));
        }
        check_size(&shape)?;
        self.nodes.push(Node {
            name: name.into(),
            op: Op::Expand,
            args: vec![arg],
            shape,
        });
        Ok(Id(self.nodes.len() - 1))
    }

    /// Adds an operation whose shape follows from its operands.
    ///
    /// # Errors
    ///
    /// Says why the operands' shapes do not fit.
    pub fn op_node(&mut self, name: impl Into<String>, op: Op, args: &[Id]) -> Result<Id, String> {
        let shapes: Vec<_> = args
            .iter()
            .map(|&id| self.node(id).shape.as_slice())
            .collect();
        let shape = ops::shape(&op, &shapes)?;
        check_size(&shape)?;
        self.nodes.push(Node {
            name: name.into(),
            op,
            args: args.to_vec(),
            shape,
        });
        Ok(Id(self.nodes.len() - 1))
    }

    /// The value of a node whose operands are constants; `None` if they are not,
    /// or if the operation stays in the graph.
    ///
    /// # Errors
    ///
    /// A value that is not finite, or an operand that is not taken.
    pub(crate) fn constant_value(&self, id: Id) -> Result<Option<Tensor>, String> {
        let node = self.node(id);
        let args: Option<Vec<_>> = node.args.iter().map(|&arg| self.constant(arg)).collect();
        let Some(args) = args.filter(|_| node.op.is_foldable()) else {
            return Ok(None);
        };
        let value = ops::evaluate(&node.op, &args, &node.shape)?;
        match value.iter().find(|value| !value.is_finite()) {
            None => Ok(Some(value)),
            Some(value) => Err(format!(
                "its operands are constants, and it gives {value}, which is not a finite number"
            )),
        }
    }

    /// Replaces the operation of a node by its value.
    pub(crate) fn make_constant(&mut self, id: Id, value: Tensor) {
        let node = &mut self.nodes[id.0];
        node.args.clear();
        node.op = Op::Constant(value);
    }

    /// How many operands and outputs refer to each node.
    pub fn use_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.nodes.len()];
        let args = self.nodes.iter().flat_map(|node| node.args.iter());
        for id in args.chain(self.outputs.iter().map(|(_, id)| id)) {
            counts[id.0] += 1;
        }
        counts
    }
}
