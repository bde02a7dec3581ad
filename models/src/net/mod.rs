//! Networks as graphs of primitives on event-shaped values.
//!
//! A [`Net`] is built once from the configuration (see [`layers`]) and then walked three ways:
//! forward on burn tensors (training, float or quantised), into QONNX (see [`crate::export`]), and
//! over its products for its cost in effective bit operations. Each primitive is one file in
//! [`ops`] that knows all three.
//!
//! A value has a shape per event, such as `[particles, features]`; in memory it is a matrix
//! `[batch, elements]`. Numbers that a network learns are its [`Parameter`]s, all in one flat
//! vector; the format of every number belongs to a [`Quantiser`].

pub mod anomaly;
mod builder;
pub mod contrastive;
pub(crate) mod cost;
mod error;
pub(crate) mod forward;
pub(crate) mod head;
pub mod latent;
pub mod layers;
pub(crate) mod noise;
mod normalisation;
pub mod ops;
mod penalty;
mod posterior;
mod prepared;
pub mod quantise;
mod quantiser;
mod ranges;
mod stack;

use std::fmt::Debug;

use burn::tensor::Tensor;

pub use builder::{Builder, Widths};
pub use cost::{Cost, Products};
pub use error::NetError;
pub use forward::Run;
pub use noise::{Noise, NoiseId};
pub use normalisation::Normalisation;
pub use penalty::{Penalty, PenaltyKind};
pub use posterior::{Posterior, Sample};
pub use prepared::{Mode, Prepared};
pub use quantiser::{Format, Granularity, Kind, Quantiser, QuantiserId};
pub use ranges::Ranges;

use crate::export::OnnxGraph;

/// Number of a value in a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(pub(crate) usize);

/// Number of a parameter in a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParameterId(pub(crate) usize);

impl ParameterId {
    /// Its place among all parameters of the network.
    pub fn number(self) -> usize {
        self.0
    }
}

/// What a parameter is, for the optimiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A weight: decays.
    Weight,
    /// A bias: does not decay.
    Bias,
    /// Fractional bits of a quantiser: have their own learning rate.
    Bits,
    /// Fractional bits that stay what they begin with.
    Fixed,
    /// Any other learned number, such as a metric: does not decay.
    Free,
    /// Mean or variance of past batches: follows the data and is not learned itself.
    Running,
    /// A weight drawn from a distribution: follows it and is not learned itself.
    Drawn,
    /// A bias drawn from a distribution.
    DrawnBias,
}

/// How the numbers of a parameter begin.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// Uniform in `+-sqrt(6 / fan_in)` (He, arXiv:1502.01852).
    He {
        /// Products in each sum that the weights enter.
        fan_in: usize,
    },
    /// All the same.
    Constant(f32),
    /// These.
    Values(Vec<f32>),
}

/// Numbers that are learned.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Name, unique in the network.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// What they are.
    pub role: Role,
    /// How they begin.
    pub start: Start,
    /// Where they begin in the flat vector of all parameters.
    pub offset: usize,
    /// Whether the exported graph has them; else only the training does.
    pub deployed: bool,
}

impl Parameter {
    /// How many numbers.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their places in the flat vector.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.len()
    }
}

/// One step of a network: forward, export and cost of one kind of node.
pub trait Primitive: Debug + Send + Sync {
    /// The result for a batch; operands and result are `[batch, elements]`.
    fn forward(&self, run: &Run<'_>, node: &Node, operands: &[Tensor<2>]) -> Tensor<2>;

    /// What it does as a step of a stack, if it can be one: a primitive of one operand that
    /// is a dense layer or a rounding.
    fn step(&self) -> Option<stack::Step> {
        None
    }

    /// Its weights and their bias, if it is a product with learned numbers and a sum with others,
    /// one for each channel.
    fn affine(&self) -> Option<(QuantiserId, Option<QuantiserId>)> {
        None
    }

    /// Writes the nodes that compute it and returns the name of the result.
    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String;
}

/// One value of a network and what computes it.
#[derive(Debug)]
pub struct Node {
    /// Name, unique in the network.
    pub name: String,
    /// Shape of the value for one event.
    pub shape: Vec<usize>,
    /// Shapes of the operands for one event.
    pub operand_shapes: Vec<Vec<usize>>,
    /// The operands.
    pub operands: Vec<Value>,
    /// What computes it; `None` for an input.
    pub op: Option<Box<dyn Primitive>>,
    /// For each element the width it was rounded to: a number over all quantisers. `None` for a
    /// value that is not directly a rounded one.
    pub widths: Option<Vec<u32>>,
    /// Whether the exported graph has it; else only the training does.
    pub deployed: bool,
}

impl Node {
    /// Elements of the value.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A network.
#[derive(Debug)]
pub struct Net {
    /// Name; becomes the name of the exported graph.
    pub name: String,
    /// All values; each node's operands stand before it.
    pub nodes: Vec<Node>,
    /// The inputs, in the order in which they are given.
    pub inputs: Vec<Value>,
    /// The last input, if it is noise that only the training gives.
    pub noise: Option<Value>,
    /// Name and value of each result.
    pub outputs: Vec<(String, Value)>,
    /// What the training minimises, one number for each event, where the network itself says it.
    pub objective: Option<Value>,
    /// What the training minimises beside the loss of the results.
    pub penalties: Vec<Penalty>,
    /// Whether there is no other loss than the penalties.
    pub penalties_alone: bool,
    /// What is learned.
    pub parameters: Vec<Parameter>,
    /// Formats.
    pub quantisers: Vec<Quantiser>,
    /// Products of rounded numbers.
    pub products: Vec<Products>,
    /// Chains of nodes that are walked at once: in floating point, and while numbers are rounded.
    stacks: [Vec<stack::Stack>; 2],
    /// What the loss looks at, where that is not the first result.
    pub learned: Option<Value>,
    /// Random numbers that a training step feeds in.
    pub noises: Vec<Noise>,
    /// Distributions of weights.
    pub posteriors: Vec<Posterior>,
    /// Layers whose results are normalised in floating point.
    pub normalisations: Vec<Normalisation>,
}

impl Net {
    /// How many numbers are learned.
    pub fn parameter_count(&self) -> usize {
        self.parameters.last().map_or(0, |p| p.range().end)
    }

    /// The chains of nodes that a walk takes at once.
    fn stacks(&self, mode: Mode) -> &[stack::Stack] {
        match mode {
            Mode::Float => &self.stacks[0],
            Mode::Quantised => &self.stacks[1],
        }
    }

    /// Whether more is minimised than the loss of the results, or something else.
    pub fn says_loss(&self) -> bool {
        self.objective.is_some() || !self.penalties.is_empty()
    }

    /// How many widths the quantisers have.
    pub fn width_count(&self) -> usize {
        self.quantisers.last().map_or(0, |q| q.widths().end)
    }
}
