//! Which nodes of a network form stacks, and what their steps are.

use std::ops::Range;
use std::sync::Arc;

use crate::net::quantise::Rounder;
use crate::net::{Mode, Net, Node, QuantiserId, Value};

/// Columns of the matrix of a dense layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    /// Numbers in a row before it.
    pub inputs: usize,
    /// Numbers in a row after it.
    pub outputs: usize,
}

/// What a primitive does, if it can be part of a stack.
#[derive(Debug, Clone)]
pub enum Step {
    /// The product of each row with a matrix, and the sum with a bias.
    Dense {
        /// The matrix.
        weight: QuantiserId,
        /// The bias.
        bias: Option<QuantiserId>,
        /// Its shape.
        columns: Columns,
    },
    /// Rounding, with a ReLU or not.
    Round(QuantiserId),
    /// Nothing while numbers are rounded; in floating point no part of a stack.
    Pass,
}

/// A chain of nodes, each with one operand and, but for the last one, used by the next alone;
/// all are deployed or none is.
#[derive(Debug)]
pub struct Stack {
    /// Positions of its nodes; at least one.
    pub nodes: Vec<usize>,
    /// What they do.
    pub steps: Vec<Step>,
}

impl Stack {
    /// Position of its last node.
    pub fn last(&self) -> usize {
        self.nodes[self.nodes.len() - 1]
    }
}

/// All stacks of a network for walks of this kind, as long as they can be.
pub fn find(net: &Net, mode: Mode) -> Vec<Stack> {
    let outputs = net.outputs.iter().map(|(_, value)| *value);
    let penalties = net.penalties.iter().map(|penalty| penalty.value);
    let wanted: Vec<Value> = outputs.chain(net.objective).chain(penalties).collect();
    let uses = net.uses(&wanted, |_| true);
    let taken = |step: &Step| mode == Mode::Quantised || !matches!(step, Step::Pass);
    let step = |node: &Node| node.op.as_ref()?.step().filter(taken);
    let mut stacks: Vec<Stack> = Vec::new();
    for (index, node) in net.nodes.iter().enumerate() {
        let Some(step) = step(node) else { continue };
        let before = node.operands.first().map(|operand| operand.0);
        let longer = |stack: &&mut Stack| {
            let last = stack.last();
            let same = net.nodes[last].deployed == node.deployed;
            Some(last) == before && uses[last] == 1 && same
        };
        match stacks.iter_mut().find(longer) {
            Some(stack) => {
                stack.nodes.push(index);
                stack.steps.push(step);
            }
            None => stacks.push(Stack {
                nodes: vec![index],
                steps: vec![step],
            }),
        }
    }
    stacks
}

/// A step with where its numbers are among those of the network.
#[derive(Debug)]
pub enum Ready {
    /// See [`Step::Dense`].
    Dense {
        /// The matrix.
        weight: Range<usize>,
        /// The bias.
        bias: Option<Range<usize>>,
        /// Shape of the matrix.
        columns: Columns,
    },
    /// Rounding with these formats; the gradient of their fractional bits goes there.
    Round(Arc<Rounder>, Range<usize>),
    /// Negative values become 0.
    Relu,
}

/// A stack with the formats and the kind of numbers of a walk.
#[derive(Debug)]
pub struct Plan {
    /// Its steps.
    pub steps: Vec<Ready>,
    /// Elements of an event before it.
    pub elements: usize,
}

impl Plan {
    /// A stack of a network whose activations are rounded as `rounders` say, one for each
    /// quantiser; in floating point there are none.
    pub fn new(net: &Net, stack: &Stack, rounders: &[Option<Arc<Rounder>>]) -> Self {
        let numbers = |quantiser: QuantiserId| {
            let this = &net.quantisers[quantiser.0];
            net.parameters[this.weight.unwrap_or(this.fractional).0].range()
        };
        let ready = |step: &Step| match step {
            Step::Pass => None,
            Step::Dense {
                weight,
                bias,
                columns,
            } => Some(Ready::Dense {
                weight: numbers(*weight),
                bias: bias.map(numbers),
                columns: *columns,
            }),
            Step::Round(quantiser) => match rounders.get(quantiser.0) {
                Some(Some(rounder)) => Some(Ready::Round(Arc::clone(rounder), numbers(*quantiser))),
                _ => net.quantisers[quantiser.0].positive.then_some(Ready::Relu),
            },
        };
        let before = net.nodes[stack.nodes[0]].operands.first();
        Self {
            steps: stack.steps.iter().filter_map(ready).collect(),
            elements: before.map_or(0, |value| net.nodes[value.0].elements()),
        }
    }
}
