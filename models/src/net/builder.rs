//! Building a network node by node.

use std::collections::HashSet;

use super::quantise::Grouping;
use super::{
    Granularity, Kind, Mode, Net, NetError, Node, Noise, NoiseId, Normalisation, Parameter,
    ParameterId, Penalty, Posterior, Primitive, Products, Quantiser, QuantiserId, Role, Start,
    Value, stack,
};

/// How numbers are rounded while the network is built.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Widths {
    /// Which numbers share a width.
    pub granularity: Granularity,
    /// Bits that they begin with, or keep; the sign is not counted.
    pub bits: u32,
}

/// A network under construction.
#[derive(Debug)]
pub struct Builder {
    net: Net,
    names: HashSet<String>,
    /// How weights are rounded where a layer does not say otherwise.
    pub weights: Widths,
    /// How activations are rounded where a layer does not say otherwise.
    pub activations: Widths,
    /// Whether each slot of a list of particles has widths of its own where every element has one.
    /// Else those of a feature are the same in all slots, so that particles can change places.
    pub per_slot: bool,
    /// Whether what is added from here on belongs to the exported graph. What does not is there for
    /// the training alone and costs nothing.
    pub deployed: bool,
    /// Whether the widths of what is added from here on stay what they begin with.
    pub fixed: bool,
}

impl Builder {
    /// Starts a network.
    pub fn new(name: &str, weights: Widths, activations: Widths) -> Self {
        Self {
            net: Net {
                name: name.to_owned(),
                nodes: Vec::new(),
                inputs: Vec::new(),
                noise: None,
                outputs: Vec::new(),
                objective: None,
                penalties: Vec::new(),
                penalties_alone: false,
                parameters: Vec::new(),
                quantisers: Vec::new(),
                products: Vec::new(),
                stacks: [Vec::new(), Vec::new()],
                learned: None,
                noises: Vec::new(),
                posteriors: Vec::new(),
                normalisations: Vec::new(),
            },
            names: HashSet::new(),
            weights,
            activations,
            per_slot: false,
            deployed: true,
            fixed: false,
        }
    }

    /// A name that no node, parameter or quantiser has yet: `name`, or `name_2` and so on.
    fn fresh(&mut self, name: &str) -> String {
        let mut found = name.to_owned();
        let mut number = 2;
        while !self.names.insert(found.clone()) {
            found = format!("{name}_{number}");
            number += 1;
        }
        found
    }

    /// Adds an input of the given shape per event.
    pub fn input(&mut self, name: &str, shape: &[usize]) -> Value {
        let value = self.node(name, None, &[], shape, None);
        self.net.inputs.push(value);
        value
    }

    /// Adds a node of the given shape per event.
    pub fn push(
        &mut self,
        name: &str,
        op: impl Primitive + 'static,
        operands: &[Value],
        shape: &[usize],
    ) -> Value {
        self.node(name, Some(Box::new(op)), operands, shape, None)
    }

    /// Adds a node whose elements are elements of its operands, in other places: `widths` says
    /// which width each keeps.
    pub fn push_moved(
        &mut self,
        name: &str,
        op: impl Primitive + 'static,
        operands: &[Value],
        shape: &[usize],
        widths: Option<Vec<u32>>,
    ) -> Value {
        self.node(name, Some(Box::new(op)), operands, shape, widths)
    }

    fn node(
        &mut self,
        name: &str,
        op: Option<Box<dyn Primitive>>,
        operands: &[Value],
        shape: &[usize],
        widths: Option<Vec<u32>>,
    ) -> Value {
        let name = self.fresh(name);
        let operand_shapes = operands.iter().map(|v| self.shape(*v).to_vec()).collect();
        self.net.nodes.push(Node {
            name,
            shape: shape.to_vec(),
            operand_shapes,
            operands: operands.to_vec(),
            op,
            widths,
            deployed: self.deployed,
        });
        Value(self.net.nodes.len() - 1)
    }

    /// Shape of a value for one event.
    pub fn shape(&self, value: Value) -> &[usize] {
        &self.net.nodes[value.0].shape
    }

    /// Name of the node that computes a value.
    pub fn name(&self, value: Value) -> &str {
        &self.net.nodes[value.0].name
    }

    /// The width of each element of a value, if it was rounded.
    pub fn widths(&self, value: Value) -> Option<&[u32]> {
        self.net.nodes[value.0].widths.as_deref()
    }

    /// Whether a value was rounded and is nowhere negative.
    pub fn is_positive(&self, value: Value) -> bool {
        let positive = |width: &u32| {
            let mut quantisers = self.net.quantisers.iter();
            let of_width = quantisers.find(|q| q.widths().contains(&(*width as usize)));
            of_width.is_some_and(|quantiser| quantiser.positive)
        };
        self.widths(value).is_some_and(|w| w.iter().all(positive))
    }

    /// The width of each element of a value that enters a product in node `node`.
    ///
    /// # Errors
    ///
    /// A value that was not rounded.
    pub fn product_widths(&self, node: &str, value: Value) -> Result<&[u32], NetError> {
        self.widths(value).ok_or_else(|| NetError::NoWidth {
            node: node.to_owned(),
            operand: self.name(value).to_owned(),
        })
    }

    /// Adds learned numbers.
    pub fn parameter(
        &mut self,
        name: &str,
        shape: &[usize],
        role: Role,
        start: Start,
    ) -> ParameterId {
        let name = self.fresh(name);
        let offset = self.net.parameter_count();
        self.net.parameters.push(Parameter {
            name,
            shape: shape.to_vec(),
            role,
            start,
            offset,
            deployed: self.deployed,
        });
        ParameterId(self.net.parameters.len() - 1)
    }

    /// Adds learned numbers with a quantiser of their own. `shape` is the shape as the product
    /// sees it; the last axis is the channel.
    pub fn weight(
        &mut self,
        name: &str,
        shape: &[usize],
        start: Start,
        role: Role,
        widths: Widths,
    ) -> QuantiserId {
        let parameter = self.parameter(name, shape, role, start);
        let name = self.net.parameters[parameter.0].name.clone();
        let grouping = last_axis(shape, widths.granularity);
        let kind = if matches!(role, Role::Bias | Role::DrawnBias) {
            Kind::Bias
        } else {
            Kind::Weight
        };
        self.quantiser(&name, kind, shape, grouping, widths.bits, Some(parameter))
    }

    /// The parameter that a weight's quantiser rounds.
    pub fn parameter_of(&self, quantiser: QuantiserId) -> ParameterId {
        let quantiser = &self.net.quantisers[quantiser.0];
        quantiser.weight.unwrap_or(quantiser.fractional)
    }

    /// The groups of each element of a quantiser, as numbers over the whole network.
    pub fn widths_of(&self, quantiser: QuantiserId) -> Vec<u32> {
        let quantiser = &self.net.quantisers[quantiser.0];
        let group = |element| (quantiser.first + quantiser.grouping.of(element)) as u32;
        (0..quantiser.elements()).map(group).collect()
    }

    /// Adds a quantiser for values of the given shape.
    pub(super) fn quantiser(
        &mut self,
        name: &str,
        kind: Kind,
        shape: &[usize],
        grouping: Grouping,
        bits: u32,
        weight: Option<ParameterId>,
    ) -> QuantiserId {
        let fractional = self.parameter(
            &format!("{name}.bits"),
            &[grouping.groups],
            if self.fixed { Role::Fixed } else { Role::Bits },
            Start::Constant(0.0),
        );
        let first = self.net.width_count();
        self.net.quantisers.push(Quantiser {
            name: name.to_owned(),
            kind,
            shape: shape.to_vec(),
            grouping,
            fractional,
            weight,
            first,
            positive: false,
            bits,
            deployed: self.deployed,
            most: None,
        });
        QuantiserId(self.net.quantisers.len() - 1)
    }

    /// Marks a quantiser as one that cuts negative values.
    pub(super) fn positive(&mut self, quantiser: QuantiserId) {
        self.net.quantisers[quantiser.0].positive = true;
    }

    /// Gives the quantiser of a rounded value most bits, the sign not counted.
    pub(super) fn limit(&mut self, value: Value, most: u32) {
        let width = self.widths(value).and_then(|w| w.first().copied());
        let mut quantisers = self.net.quantisers.iter_mut();
        let own = quantisers.find(|q| width.is_some_and(|w| q.widths().contains(&(w as usize))));
        if let Some(quantiser) = own {
            quantiser.most = Some(most);
        }
    }

    /// Adds products to the cost, if they are deployed.
    pub fn products(&mut self, products: Products) {
        if self.deployed {
            self.net.products.push(products);
        }
    }

    /// Adds noise of the given size, a standard normal number for each element, that only the
    /// training gives. A network has one, behind all other inputs.
    pub fn noise(&mut self, name: &str, size: usize) -> Value {
        let before = std::mem::replace(&mut self.deployed, false);
        let value = self.input(name, &[size]);
        self.deployed = before;
        self.net.noise = Some(value);
        value
    }

    /// Says what the training minimises: a value of one number for each event.
    pub fn objective(&mut self, value: Value) {
        self.net.objective = Some(value);
    }

    /// Adds a term to what the training minimises.
    pub fn penalty(&mut self, penalty: Penalty) {
        self.net.penalties.push(penalty);
    }

    /// Says that the training minimises the penalties and no loss of the results.
    pub fn penalties_alone(&mut self) {
        self.net.penalties_alone = true;
    }

    /// Names a result.
    pub fn output(&mut self, name: &str, value: Value) {
        self.net.outputs.push((name.to_owned(), value));
    }

    /// Says what the loss looks at.
    pub fn learned(&mut self, value: Value) {
        self.net.learned = Some(value);
    }

    /// Adds random numbers that a training step feeds in.
    pub fn random(&mut self, noise: Noise) -> NoiseId {
        self.net.noises.push(noise);
        NoiseId(self.net.noises.len() - 1)
    }

    /// Adds a distribution of weights.
    pub fn posterior(&mut self, posterior: Posterior) {
        self.net.posteriors.push(posterior);
    }

    /// Adds a layer whose results are normalised.
    pub fn normalisation(&mut self, normalisation: Normalisation) {
        self.net.normalisations.push(normalisation);
    }

    /// Weights and bias of what computes a value, if that is a product and a sum.
    pub fn affine(&self, value: Value) -> Option<(QuantiserId, Option<QuantiserId>)> {
        self.net.nodes[value.0].op.as_ref()?.affine()
    }

    /// The network.
    pub fn finish(self) -> Net {
        let mut net = self.net;
        net.stacks = [Mode::Float, Mode::Quantised].map(|mode| stack::find(&net, mode));
        net
    }
}

/// Groups of a tensor whose last axis is the channel.
pub(super) fn last_axis(shape: &[usize], granularity: Granularity) -> Grouping {
    let elements: usize = shape.iter().product();
    match granularity {
        Granularity::Tensor => Grouping {
            inner: elements.max(1),
            groups: 1,
        },
        Granularity::Channel => Grouping {
            inner: 1,
            groups: shape.last().copied().unwrap_or(1),
        },
        Granularity::Element => Grouping {
            inner: 1,
            groups: elements,
        },
    }
}

/// Groups of a tensor whose first axis is the channel, as images have it.
pub(super) fn first_axis(shape: &[usize], granularity: Granularity) -> Grouping {
    let elements: usize = shape.iter().product();
    match granularity {
        Granularity::Channel => {
            let groups = shape.first().copied().unwrap_or(1);
            Grouping {
                inner: elements / groups.max(1),
                groups,
            }
        }
        other => last_axis(shape, other),
    }
}
