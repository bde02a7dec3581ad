//! Walking a network on burn tensors.

use std::cell::RefCell;

use burn::tensor::{DType, Device, Tensor, TensorData, activation};

use super::quantise::{UNBOUNDED, quantise};
use super::{Kind, Net, Node, ParameterId, QuantiserId, Ranges, Value};

/// How numbers are treated on the way forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As they are: quantisers do nothing but cut negative values where they are a ReLU.
    Float,
    /// Rounded to their formats.
    Quantised,
}

/// One walk through a network with given parameters.
pub struct Run<'a> {
    net: &'a Net,
    mode: Mode,
    leaves: &'a [Tensor<1>],
    /// Integer bits and sign of each quantiser.
    formats: Vec<[Tensor<1>; 2]>,
    observed: Option<RefCell<Result<Ranges, String>>>,
}

impl<'a> Run<'a> {
    /// A walk with the parameters as tensors, one for each, and as numbers.
    pub fn new(
        net: &'a Net,
        mode: Mode,
        leaves: &'a [Tensor<1>],
        parameters: &[f32],
        ranges: &Ranges,
    ) -> Self {
        let formats = match mode {
            Mode::Float => Vec::new(),
            Mode::Quantised => formats(net, leaves, parameters, ranges, false),
        };
        Self {
            net,
            mode,
            leaves,
            formats,
            observed: None,
        }
    }

    /// A walk in which no activation saturates and the ranges of all are recorded.
    pub fn observing(net: &'a Net, leaves: &'a [Tensor<1>], parameters: &[f32]) -> Self {
        let ranges = Ranges::unseen(net);
        Self {
            net,
            mode: Mode::Quantised,
            leaves,
            formats: formats(net, leaves, parameters, &ranges, true),
            observed: Some(RefCell::new(Ok(ranges))),
        }
    }

    /// The ranges recorded, or why the tensor library did not hand the values over; `None` for a
    /// walk that records nothing.
    pub fn observed(self) -> Option<Result<Ranges, String>> {
        self.observed.map(RefCell::into_inner)
    }

    /// Whether numbers are rounded.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The numbers of a parameter.
    pub fn parameter(&self, parameter: ParameterId) -> Tensor<1> {
        self.leaves[parameter.0].clone()
    }

    /// The numbers of a weight, rounded when the walk rounds; `[1, elements]`.
    pub fn weight(&self, quantiser: QuantiserId) -> Tensor<2> {
        let this = &self.net.quantisers[quantiser.0];
        let parameter = this.weight.unwrap_or(this.fractional);
        let values = self.parameter(parameter).unsqueeze::<2>();
        match self.mode {
            Mode::Float => values,
            Mode::Quantised => self.rounded(quantiser, values),
        }
    }

    /// An activation, rounded when the walk rounds and cut at 0 if the quantiser is a ReLU.
    pub fn activation(&self, quantiser: QuantiserId, values: Tensor<2>) -> Tensor<2> {
        let positive = self.net.quantisers[quantiser.0].positive;
        if let Some(observed) = &self.observed {
            let mut observed = observed.borrow_mut();
            let failed = match observed.as_mut() {
                Ok(ranges) => observe(self.net, quantiser, &values, ranges).err(),
                Err(_) => None,
            };
            if let Some(reason) = failed {
                *observed = Err(reason);
            }
        }
        match self.mode {
            Mode::Float if positive => activation::relu(values),
            Mode::Float => values,
            Mode::Quantised => self.rounded(quantiser, values),
        }
    }

    fn rounded(&self, quantiser: QuantiserId, values: Tensor<2>) -> Tensor<2> {
        let this = &self.net.quantisers[quantiser.0];
        let [integer, sign] = self.formats[quantiser.0].clone();
        let fractional = self.parameter(this.fractional);
        quantise(values, fractional, integer, sign, this.grouping)
    }
}

/// Integer bits and signs as the rounding operation takes them.
fn formats(
    net: &Net,
    leaves: &[Tensor<1>],
    parameters: &[f32],
    ranges: &Ranges,
    unbounded: bool,
) -> Vec<[Tensor<1>; 2]> {
    let Some(leaf) = leaves.first() else {
        return Vec::new();
    };
    let (device, dtype) = (leaf.device(), leaf.dtype());
    let tensor = |values: Vec<f32>| constant(values, &device, dtype);
    let quantiser = |(index, quantiser): (usize, &super::Quantiser)| {
        let groups = quantiser.grouping.groups;
        let integer = if unbounded {
            vec![UNBOUNDED; groups]
        } else {
            let bits = &parameters[net.parameters[quantiser.fractional.0].range()];
            ranges.integer(net, index, bits)
        };
        let signed = match quantiser.kind {
            Kind::Activation if quantiser.positive => false,
            Kind::Activation => unbounded || quantiser.widths().any(|w| ranges.low[w] < 0.0),
            Kind::Weight | Kind::Bias => true,
        };
        let sign = vec![if signed { 1.0 } else { 0.0 }; groups];
        [tensor(integer), tensor(sign)]
    };
    net.quantisers.iter().enumerate().map(quantiser).collect()
}

/// Numbers as a tensor of the given type.
pub(crate) fn constant(values: Vec<f32>, device: &Device, dtype: DType) -> Tensor<1> {
    let count = values.len();
    let data = TensorData::new(values, [count]).convert_dtype(dtype);
    Tensor::from_data(data, (device, dtype))
}

/// Widens the ranges of a quantiser's groups by a batch of values.
fn observe(
    net: &Net,
    quantiser: QuantiserId,
    values: &Tensor<2>,
    ranges: &mut Ranges,
) -> Result<(), String> {
    let this = &net.quantisers[quantiser.0];
    let columns = this.elements().max(1);
    let values: Vec<f32> = values.try_to_vec_as().map_err(|e| e.to_string())?;
    // By element first: that loop is one of vector instructions.
    let mut low = vec![0f32; columns];
    let mut high = vec![0f32; columns];
    for row in values.chunks_exact(columns) {
        for ((low, high), value) in low.iter_mut().zip(&mut high).zip(row) {
            *low = low.min(*value);
            *high = high.max(*value);
        }
    }
    for (element, (low, high)) in low.iter().zip(&high).enumerate() {
        let group = this.first + this.grouping.of(element);
        ranges.widen(group, *low);
        ranges.widen(group, *high);
    }
    Ok(())
}

impl Net {
    /// The results for a batch; inputs and results are `[batch, elements]`.
    pub fn forward(&self, run: &Run<'_>, inputs: &[Tensor<2>]) -> Vec<Tensor<2>> {
        let outputs: Vec<Value> = self.outputs.iter().map(|(_, value)| *value).collect();
        self.walk(run, inputs, &outputs, false)
    }

    /// What the training minimises, `[batch, 1]`; `None` where the network does not say it. The
    /// noise, if there is any, is the last of the inputs.
    pub fn objective(&self, run: &Run<'_>, inputs: &[Tensor<2>]) -> Option<Tensor<2>> {
        self.walk(run, inputs, &[self.objective?], true).pop()
    }

    /// The wanted values; with `whole`, of the network with what only the training needs.
    fn walk(
        &self,
        run: &Run<'_>,
        inputs: &[Tensor<2>],
        wanted: &[Value],
        whole: bool,
    ) -> Vec<Tensor<2>> {
        let taken = |node: &Node| whole || node.deployed;
        let mut left = self.uses(wanted, taken);
        let mut values: Vec<Option<Tensor<2>>> = vec![None; self.nodes.len()];
        for (value, tensor) in self.inputs.iter().zip(inputs) {
            values[value.0] = Some(tensor.clone());
        }
        for (index, node) in self.nodes.iter().enumerate() {
            let Some(op) = node.op.as_ref().filter(|_| taken(node)) else {
                continue;
            };
            let mut operands = Vec::with_capacity(node.operands.len());
            for operand in &node.operands {
                left[operand.0] -= 1;
                // The last use takes the tensor, so that its memory can be reused.
                let tensor = if left[operand.0] == 0 {
                    values[operand.0].take()
                } else {
                    values[operand.0].clone()
                };
                operands.extend(tensor);
            }
            values[index] = Some(op.forward(run, node, &operands));
        }
        let value = |value: &Value| values[value.0].clone();
        wanted.iter().filter_map(value).collect()
    }

    /// How often each value is used by the nodes that are taken; wanted ones are used once more.
    fn uses(&self, wanted: &[Value], taken: impl Fn(&Node) -> bool) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len()];
        let nodes = self.nodes.iter().filter(|node| taken(node));
        for value in nodes.flat_map(|node| &node.operands).chain(wanted) {
            uses[value.0] += 1;
        }
        uses
    }
}
