//! Product with a learned matrix along the last axis, and a bias.

use burn::tensor::Tensor;

use crate::export::OnnxGraph;
use crate::net::stack::{Columns, Step};
use crate::net::{
    Builder, NetError, Node, Primitive, Products, QuantiserId, Role, Run, Start, Value, Widths,
};

/// `y[..., g] = sum_f x[..., f] * weight[f, g] + bias[g]`.
#[derive(Debug)]
pub struct Dense {
    weight: QuantiserId,
    bias: Option<QuantiserId>,
    inputs: usize,
    outputs: usize,
}

impl Primitive for Dense {
    fn forward(&self, run: &Run<'_>, node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        let [batch, elements] = operands[0].dims();
        let rows = batch * elements / self.inputs;
        let x = operands[0].clone().reshape([rows, self.inputs]);
        let weight = run.weight(self.weight).reshape([self.inputs, self.outputs]);
        let mut y = x.matmul(weight);
        if let Some(bias) = self.bias {
            y = y + run.weight(bias);
        }
        y.reshape([batch, node.elements()])
    }

    fn step(&self) -> Option<Step> {
        Some(Step::Dense {
            weight: self.weight,
            bias: self.bias,
            columns: Columns {
                inputs: self.inputs,
                outputs: self.outputs,
            },
        })
    }

    fn affine(&self) -> Option<(QuantiserId, Option<QuantiserId>)> {
        Some((self.weight, self.bias))
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        let weight = graph.weight(self.weight);
        let Some(bias) = self.bias else {
            return graph.node("MatMul", &node.name, &[&operands[0], &weight], &node.shape);
        };
        let name = format!("{}.product", node.name);
        let product = graph.node("MatMul", &name, &[&operands[0], &weight], &node.shape);
        let bias = graph.weight(bias);
        graph.node("Add", &node.name, &[&product, &bias], &node.shape)
    }
}

/// Adds a dense layer with `units` outputs to a rounded value; the last axis of its shape becomes
/// `units`.
///
/// # Errors
///
/// A value that was not rounded.
pub fn dense(
    builder: &mut Builder,
    name: &str,
    value: Value,
    units: usize,
    bias: bool,
) -> Result<Value, NetError> {
    let widths = builder.weights;
    let inputs = builder.shape(value).last().copied().unwrap_or(1);
    let weight = builder.weight(
        &format!("{name}.weight"),
        &[inputs, units],
        Start::He { fan_in: inputs },
        Role::Weight,
        widths,
    );
    let bias = bias.then(|| bias_of(builder, name, units, widths));
    product(builder, name, value, weight, units, bias)
}

/// Multiplies the last axis of a rounded value by a learned matrix of `units` columns and adds a
/// bias.
///
/// # Errors
///
/// A value that was not rounded.
pub(super) fn product(
    builder: &mut Builder,
    name: &str,
    value: Value,
    weight: QuantiserId,
    units: usize,
    bias: Option<QuantiserId>,
) -> Result<Value, NetError> {
    let (op, shape) = prepared(builder, name, value, weight, units, bias)?;
    Ok(builder.push(name, op, &[value], &shape))
}

/// Counts the products of a dense layer; gives its operation and the shape of its result.
///
/// # Errors
///
/// A value that was not rounded.
pub(super) fn prepared(
    builder: &mut Builder,
    name: &str,
    value: Value,
    weight: QuantiserId,
    units: usize,
    bias: Option<QuantiserId>,
) -> Result<(Dense, Vec<usize>), NetError> {
    let mut shape = builder.shape(value).to_vec();
    let inputs = shape.last().copied().unwrap_or(1);
    let of_weight = builder.widths_of(weight);
    let of_value = builder.product_widths(name, value)?;
    let pairs = of_value.iter().enumerate().flat_map(|(element, width)| {
        let row = (element % inputs) * units;
        of_weight[row..row + units].iter().map(|w| (*width, *w))
    });
    let products = Products::new(name, pairs);
    builder.products(products);
    if let Some(last) = shape.last_mut() {
        *last = units;
    }
    let op = Dense {
        weight,
        bias,
        inputs,
        outputs: units,
    };
    Ok((op, shape))
}

/// The bias of a layer: begins at 0; as fine as the weights.
pub(super) fn bias_of(
    builder: &mut Builder,
    name: &str,
    units: usize,
    widths: Widths,
) -> QuantiserId {
    let zero = Start::Constant(0.0);
    builder.weight(&format!("{name}.bias"), &[units], zero, Role::Bias, widths)
}
