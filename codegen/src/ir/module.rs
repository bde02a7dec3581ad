//! The module: nodes in order of evaluation, each defining one tensor.

use crate::ir::TensorType;
use crate::ops::Op;

/// Version of the textual form and of the semantics behind it, which are
/// written down in `docs/ir-spec.md`.
pub const IR_VERSION: &str = "0.2";

/// The versions whose texts are read: each only adds to those before it.
pub const IR_VERSIONS: &[&str] = &["0.1", IR_VERSION];

/// Names a node of one module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) usize);

impl NodeId {
    /// Position in [`Module::nodes`].
    pub const fn index(self) -> usize {
        self.0
    }
}

/// One operation and the tensor that it defines.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The name that the model's author gave it; any text, not unique.
    pub name: String,
    /// The operation.
    pub op: Op,
    /// Operands, all defined by earlier nodes.
    pub args: Vec<NodeId>,
    /// Shape and formats of the result.
    pub ty: TensorType,
}

/// A named result of the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The name in the model.
    pub name: String,
    /// The node whose tensor it is.
    pub node: NodeId,
}

/// A model as integer tensor operations.
///
/// Nodes stand in order of evaluation (every operand is defined before it is
/// used), so a module cannot hold a cycle.
///
/// ```
/// let module = trigforge_codegen::ir::parse(r#"
/// trigforge-ir 0.2
/// module "double"
/// %0 "x" = input {rounding=RND_CONV, overflow=SAT} : [2] fix(1,3,4)
/// %1 "y" = add %0, %0
/// output "y" = %1
/// "#)?;
/// assert_eq!(module.nodes().len(), 2);
/// assert_eq!(module.nodes()[1].ty.to_string(), "[2] fix(1,4,4)");
/// # Ok::<(), trigforge_codegen::ir::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Module {
    /// The model's name; any text.
    pub name: String,
    /// SHA-256 of the file that the module was imported from, in hex, if any.
    pub source_sha256: Option<String>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) outputs: Vec<Output>,
}

impl Module {
    /// An empty module.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// All nodes in order of evaluation.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node of an id of this module.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// The outputs, in the model's order.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// Ids of all nodes in order of evaluation.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len()).map(NodeId)
    }

    /// The inputs, in the model's order.
    pub fn inputs(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.ids()
            .map(|id| (id, self.node(id)))
            .filter(|(_, node)| matches!(node.op, Op::Input(_)))
    }

    /// How many operands and outputs refer to each node.
    pub fn use_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.nodes.len()];
        let args = self.nodes.iter().flat_map(|node| node.args.iter());
        for id in args.chain(self.outputs.iter().map(|output| &output.node)) {
            counts[id.0] += 1;
        }
        counts
    }

    /// Declares an output.
    pub fn add_output(&mut self, name: impl Into<String>, node: NodeId) {
        self.outputs.push(Output {
            name: name.into(),
            node,
        });
    }

    /// Appends a node whose type is known.
    pub(crate) fn push(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() - 1)
    }
}
