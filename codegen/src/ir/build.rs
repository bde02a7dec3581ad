//! Building a module node by node, each checked and typed as it is added.

use thiserror::Error;

use crate::ir::{Interval, Module, Node, NodeId, Output, TensorType, check_size, check_together};
use crate::ops::{Attributes, Derived, Op, Operand};

/// A node that breaks a rule of its operation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("node %{index} `{}` ({operation}): {reason}", name.escape_debug())]
pub struct NodeError {
    /// Position in the module.
    pub index: usize,
    /// The node's name.
    pub name: String,
    /// The operation's name.
    pub operation: &'static str,
    /// What is wrong.
    pub reason: String,
}

/// Builds a [`Module`] whose nodes are all valid.
#[derive(Debug, Default)]
pub struct Builder {
    module: Module,
    ranges: Vec<Vec<Interval>>,
    /// Of all tensors so far.
    elements: usize,
}

impl Builder {
    /// Starts an empty module.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            module: Module::new(name),
            ranges: Vec::new(),
            elements: 0,
        }
    }

    /// Adds a node; `declared` states its type where the operation needs it.
    ///
    /// # Errors
    ///
    /// Says which rule of the operation the node breaks.
    pub fn node(
        &mut self,
        name: impl Into<String>,
        op: impl Into<Op>,
        args: &[NodeId],
        declared: Option<TensorType>,
    ) -> Result<NodeId, NodeError> {
        let (name, op) = (name.into(), op.into());
        let fault = |reason| NodeError {
            index: self.module.nodes().len(),
            name: name.clone(),
            operation: op.as_operation().name(),
            reason,
        };
        let derived = derive(&self.module, &self.ranges, &op, args, declared.as_ref());
        let Derived { ty, range } = derived.map_err(fault)?;
        let elements = self.elements + ty.len();
        check_together(elements).map_err(fault)?;
        self.elements = elements;
        self.ranges.push(range);
        Ok(self.module.push(Node {
            name,
            op,
            args: args.to_vec(),
            ty,
        }))
    }

    /// Adds a node from its textual parts.
    pub(super) fn node_from_text(
        &mut self,
        name: String,
        operation: &str,
        mut attributes: Attributes,
        args: &[NodeId],
        declared: Option<TensorType>,
    ) -> Result<NodeId, String> {
        let op = Op::from_attributes(operation, &mut attributes)?;
        attributes.finish()?;
        self.node(name, op, args, declared)
            .map_err(|error| error.reason)
    }

    /// Declares an output.
    pub fn output(&mut self, name: impl Into<String>, node: NodeId) {
        self.module.add_output(name, node);
    }

    /// The outputs so far.
    pub(super) fn outputs(&self) -> &[Output] {
        self.module.outputs()
    }

    /// The type of a node that was added.
    pub fn ty(&self, id: NodeId) -> &TensorType {
        &self.module.node(id).ty
    }

    /// The range of every element of a node that was added.
    pub fn range(&self, id: NodeId) -> &[Interval] {
        &self.ranges[id.index()]
    }

    /// The module that was built.
    pub fn finish(self) -> Module {
        self.module
    }
}

/// Derives a node's type from the nodes before it.
pub(crate) fn derive(
    module: &Module,
    ranges: &[Vec<Interval>],
    op: &Op,
    args: &[NodeId],
    declared: Option<&TensorType>,
) -> Result<Derived, String> {
    if let Some(undefined) = args.iter().find(|id| id.index() >= ranges.len()) {
        return Err(format!("operand %{} is not defined yet", undefined.index()));
    }
    let derived = op
        .as_operation()
        .derive(&operands(module, ranges, args), declared)?;
    check_size(&derived.ty.shape)?;
    if derived.ty.is_empty() {
        return Err(format!("shape {:?} has no element", derived.ty.shape));
    }
    Ok(derived)
}

/// What is known of the operands of a node.
pub(crate) fn operands<'a>(
    module: &'a Module,
    ranges: &'a [Vec<Interval>],
    args: &[NodeId],
) -> Vec<Operand<'a>> {
    args.iter()
        .map(|&id| {
            let node = module.node(id);
            Operand {
                ty: &node.ty,
                range: &ranges[id.index()],
                constant: match &node.op {
                    Op::Constant(constant) => Some(&constant.mantissas),
                    _ => None,
                },
            }
        })
        .collect()
}
