//! Which nodes are computed together.
//!
//! A node that needs one computed value per element, and is the only one that
//! uses it, is computed while that value is still in a register.

use crate::ir::{Module, Node, NodeId, element_count};
use crate::ops::Op;

/// Where the elements of a step come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// The node computes them.
    Computed(NodeId),
    /// The node's value was stored by an earlier step.
    Stored(NodeId),
}

impl Head {
    /// The node whose elements the step starts from.
    pub(super) fn id(self) -> NodeId {
        match self {
            Self::Computed(id) | Self::Stored(id) => id,
        }
    }
}

/// One value that is stored, and the nodes applied to it on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// What makes each element.
    pub(super) head: Head,
    /// Nodes applied to each element, in order.
    pub(super) chain: Vec<NodeId>,
}

impl Step {
    /// The node whose value is stored.
    pub(super) fn result(&self) -> NodeId {
        self.chain.last().copied().unwrap_or(self.head.id())
    }
}

/// The operand of a node that may be applied element by element to a value on
/// its way: the only one that is not a constant, with the result's elements.
pub(super) fn applied_to(module: &Module, node: &Node) -> Option<NodeId> {
    let computed: Vec<_> = node
        .args
        .iter()
        .filter(|&&id| !matches!(module.node(id).op, Op::Constant(_)))
        .collect();
    let elementwise = matches!(
        node.op,
        Op::Add(_)
            | Op::Sub(_)
            | Op::Mul(_)
            | Op::Min(_)
            | Op::Max(_)
            | Op::Less(_)
            | Op::LessEqual(_)
            | Op::Equal(_)
            | Op::Select(_)
            | Op::Abs(_)
            | Op::Sign(_)
            | Op::Relu(_)
            | Op::Square(_)
            | Op::Requantize(_)
            | Op::Table(_)
            | Op::Reshape(_)
    );
    match computed.as_slice() {
        [x] if elementwise && module.node(**x).ty.len() == element_count(&node.ty.shape) => {
            Some(**x)
        }
        _ => None,
    }
}

/// The steps of a module in order; constants are none.
pub(super) fn plan(module: &Module) -> Vec<Step> {
    let uses = module.use_counts();
    let mut steps: Vec<Step> = Vec::new();
    let mut step_of: Vec<Option<usize>> = vec![None; module.nodes().len()];
    for id in module.ids() {
        let node = module.node(id);
        if matches!(node.op, Op::Constant(_)) {
            continue;
        }
        let joins = applied_to(module, node)
            .filter(|x| uses[x.index()] == 1)
            .and_then(|x| step_of[x.index()]);
        step_of[id.index()] = match joins {
            Some(step) => {
                steps[step].chain.push(id);
                Some(step)
            }
            None => {
                let (head, chain) = match applied_to(module, node) {
                    // A value used elsewhere too is loaded, then the node applied.
                    Some(x) => (Head::Stored(x), vec![id]),
                    None => (Head::Computed(id), Vec::new()),
                };
                steps.push(Step { head, chain });
                Some(steps.len() - 1)
            }
        };
    }
    steps
}
