//! Walking a network on burn tensors.

use std::cell::RefCell;
use std::sync::Arc;

use burn::tensor::{DType, Device, Gradients, Tensor, TensorData, activation};

use super::quantise::{portable, quantise};
use super::stack::{Plan, stack};
use super::{
    Mode, Net, Node, NoiseId, ParameterId, Prepared, Quantiser, QuantiserId, Ranges, Value,
};

/// One walk through a network with given parameters.
pub struct Run<'a> {
    prepared: &'a Prepared<'a>,
    /// All parameters, `[1, numbers]`, the weights among them rounded: what stacks use.
    numbers: Tensor<2>,
    /// Those of them as tensors `[1, elements]` that are used outside of stacks.
    leaves: RefCell<Vec<Option<Tensor<2>>>>,
    tracked: bool,
    /// Whether nothing but operations that every backend has is used.
    portable: bool,
    /// What was measured of a batch, for parameters that follow the data.
    measured: RefCell<Vec<(ParameterId, Tensor<2>)>>,
    observed: Option<RefCell<Result<Ranges, String>>>,
    /// Of each noise of the network its numbers; nothing where it is silent.
    noises: Vec<Option<Tensor<2>>>,
}

impl<'a> Run<'a> {
    /// A walk on a device with numbers of a type.
    pub fn new(prepared: &'a Prepared<'a>, device: &Device, dtype: DType) -> Self {
        let net = prepared.net;
        let observed = prepared.observing.then(|| Ok(Ranges::unseen(net)));
        Self {
            prepared,
            numbers: constant(prepared.numbers.clone(), device, dtype),
            leaves: RefCell::new(vec![None; net.parameters.len()]),
            tracked: false,
            portable: false,
            measured: RefCell::new(Vec::new()),
            observed: observed.map(RefCell::new),
            noises: Vec::new(),
        }
    }

    /// The same walk with random numbers, one matrix `[batch, elements]` for each noise of the
    /// network or nothing where it is silent. Without them a network is deterministic.
    #[must_use]
    pub fn with_noise(mut self, noises: Vec<Option<Tensor<2>>>) -> Self {
        self.noises = noises;
        self
    }

    /// The random numbers of a noise, if it is not silent.
    pub fn noise(&self, noise: NoiseId) -> Option<Tensor<2>> {
        self.noises.get(noise.0).cloned().flatten()
    }

    /// The same walk with nothing but operations that every backend of burn has, for devices that
    /// are not the CPU: the results are the same but for the order of sums.
    #[must_use]
    pub fn portable(mut self) -> Self {
        self.portable = true;
        self
    }

    /// The same walk with gradients for all parameters that it uses.
    #[must_use]
    pub fn tracked(mut self) -> Self {
        self.numbers = self.numbers.require_grad();
        self.tracked = true;
        self
    }

    /// The gradients of all parameters in their places: of the weights as they are rounded (see
    /// [`Prepared::through_rounding`]).
    ///
    /// # Errors
    ///
    /// Why the tensor library did not hand them over.
    pub fn gradients(&self, gradients: &mut Gradients) -> Result<Vec<f32>, String> {
        let net = self.prepared.net;
        let mut flat = match self.numbers.grad_remove(gradients) {
            Some(gradient) => gradient.try_to_vec_as().map_err(|e| e.to_string())?,
            None => vec![0f32; net.parameter_count()],
        };
        for (parameter, leaf) in net.parameters.iter().zip(self.leaves.borrow().iter()) {
            let gradient = leaf.as_ref().and_then(|leaf| leaf.grad_remove(gradients));
            if let Some(gradient) = gradient {
                let values: Vec<f32> = gradient.try_to_vec_as().map_err(|e| e.to_string())?;
                for (sum, value) in flat[parameter.range()].iter_mut().zip(values) {
                    *sum += value;
                }
            }
        }
        Ok(flat)
    }

    /// The ranges recorded, or why the tensor library did not hand the values over; `None` for a
    /// walk that records nothing.
    pub fn observed(self) -> Option<Result<Ranges, String>> {
        self.observed.map(RefCell::into_inner)
    }

    /// Whether the network learns from this walk.
    pub fn is_tracked(&self) -> bool {
        self.tracked
    }

    /// Notes what was measured of this batch for a parameter that follows the data.
    pub fn measure(&self, parameter: ParameterId, values: Tensor<2>) {
        self.measured.borrow_mut().push((parameter, values));
    }

    /// What was measured of this batch.
    ///
    /// # Errors
    ///
    /// Why the tensor library did not hand it over.
    pub fn measured(&self) -> Result<Vec<(ParameterId, Vec<f32>)>, String> {
        let measured = self.measured.borrow();
        let numbers = |(parameter, values): &(ParameterId, Tensor<2>)| {
            let values = values.try_to_vec_as().map_err(|e| e.to_string())?;
            Ok((*parameter, values))
        };
        measured.iter().map(numbers).collect()
    }

    /// Whether numbers are rounded.
    pub fn mode(&self) -> Mode {
        self.prepared.mode
    }

    /// The numbers of a parameter, `[1, elements]`; those of a weight are rounded when the walk rounds.
    pub fn parameter(&self, parameter: ParameterId) -> Tensor<2> {
        let leaf = &mut self.leaves.borrow_mut()[parameter.0];
        leaf.get_or_insert_with(|| {
            let range = self.prepared.net.parameters[parameter.0].range();
            let values = self.prepared.numbers[range].to_vec();
            let (device, dtype) = (self.numbers.device(), self.numbers.dtype());
            let leaf = constant(values, &device, dtype);
            if self.tracked {
                leaf.require_grad()
            } else {
                leaf
            }
        })
        .clone()
    }

    /// The numbers of a weight, rounded when the walk rounds; `[1, elements]`.
    pub fn weight(&self, quantiser: QuantiserId) -> Tensor<2> {
        let this = &self.prepared.net.quantisers[quantiser.0];
        let parameter = this.weight.unwrap_or(this.fractional);
        self.parameter(parameter)
    }

    /// An activation, rounded when the walk rounds and cut at 0 if the quantiser is a ReLU.
    pub fn activation(&self, quantiser: QuantiserId, values: Tensor<2>) -> Tensor<2> {
        let this = &self.prepared.net.quantisers[quantiser.0];
        if let Some(observed) = &self.observed {
            let mut observed = observed.borrow_mut();
            let failed = match observed.as_mut() {
                Ok(ranges) => observe(this, &values, ranges).err(),
                Err(_) => None,
            };
            if let Some(reason) = failed {
                *observed = Err(reason);
            }
        }
        match self.prepared.mode {
            Mode::Float if this.positive => activation::relu(values),
            Mode::Float => values,
            Mode::Quantised => match &self.prepared.rounders[quantiser.0] {
                Some(rounder) if self.portable => {
                    portable::quantise(values, self.parameter(this.fractional), rounder)
                }
                Some(rounder) => quantise(values, self.parameter(this.fractional), rounder.clone()),
                None => values,
            },
        }
    }
}

impl Run<'_> {
    /// A value after a stack.
    fn stack(&self, plan: &Arc<Plan>, value: Tensor<2>) -> Tensor<2> {
        if plan.steps.is_empty() {
            return value;
        }
        let kept = self.tracked.then(Arc::default);
        stack(value, self.numbers.clone(), Arc::clone(plan), kept)
    }
}

/// Numbers as a tensor `[1, numbers]` of the given type.
pub(crate) fn constant(values: Vec<f32>, device: &Device, dtype: DType) -> Tensor<2> {
    let count = values.len();
    let data = TensorData::new(values, [1, count]).convert_dtype(dtype);
    Tensor::from_data(data, (device, dtype))
}

/// Widens the ranges of a quantiser's groups by a batch of values.
fn observe(this: &Quantiser, values: &Tensor<2>, ranges: &mut Ranges) -> Result<(), String> {
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
    /// The results for a batch and behind them, where it is none of them, what the loss looks at;
    /// inputs and results are `[batch, elements]`.
    pub fn forward(&self, run: &Run<'_>, inputs: &[Tensor<2>]) -> Vec<Tensor<2>> {
        let outputs = self.outputs.iter().map(|(_, value)| *value);
        let wanted: Vec<Value> = outputs.chain(self.learned).collect();
        self.walk(run, inputs, &wanted, false)
    }

    /// What the training minimises, `[batch, 1]`; `None` where the network does not say it. The
    /// noise, if there is any, is the last of the inputs.
    pub fn objective(&self, run: &Run<'_>, inputs: &[Tensor<2>]) -> Option<Tensor<2>> {
        self.walk(run, inputs, &[self.objective?], true).pop()
    }

    /// The value of every penalty, and before them what the loss looks at, if that is anything.
    pub fn learning(&self, run: &Run<'_>, inputs: &[Tensor<2>]) -> Vec<Tensor<2>> {
        let first = self.outputs.first().map(|(_, value)| *value);
        let penalties = self.penalties.iter().map(|penalty| penalty.value);
        let wanted: Vec<Value> = self
            .learned
            .or(first)
            .into_iter()
            .chain(penalties)
            .collect();
        self.walk(run, inputs, &wanted, true)
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
        let mut plans = vec![None; self.nodes.len()];
        let stacks = self.stacks(run.mode()).iter().filter(|_| !run.portable);
        for (stack, plan) in stacks.zip(&run.prepared.plans) {
            plans[stack.nodes[0]] = Some((stack, plan));
        }
        let mut walked = vec![false; self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            let Some(op) = node.op.as_ref().filter(|_| taken(node)) else {
                continue;
            };
            if walked[index] {
                continue;
            }
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
            match (plans[index], operands.pop()) {
                (Some((stack, plan)), Some(operand)) => {
                    for node in &stack.nodes {
                        walked[*node] = true;
                    }
                    values[stack.last()] = Some(run.stack(plan, operand));
                }
                (None, last) => {
                    operands.extend(last);
                    values[index] = Some(op.forward(run, node, &operands));
                }
                (Some(_), None) => {}
            }
        }
        let value = |value: &Value| values[value.0].clone();
        wanted.iter().filter_map(value).collect()
    }

    /// Of what [`Net::forward`] gave, what the loss looks at; `None` for a network without results.
    pub fn judged(&self, results: Vec<Tensor<2>>) -> Option<Tensor<2>> {
        let at = match self.learned {
            Some(_) => results.len().checked_sub(1)?,
            None => 0,
        };
        results.into_iter().nth(at)
    }

    /// How often each value is used by the nodes that are taken; wanted ones are used once more.
    pub(super) fn uses(&self, wanted: &[Value], taken: impl Fn(&Node) -> bool) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len()];
        let nodes = self.nodes.iter().filter(|node| taken(node));
        for value in nodes.flat_map(|node| &node.operands).chain(wanted) {
            uses[value.0] += 1;
        }
        uses
    }
}
