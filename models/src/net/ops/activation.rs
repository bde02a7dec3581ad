//! Rounding of a value to trained widths.

use burn::tensor::Tensor;

use crate::export::OnnxGraph;
use crate::net::builder::{first_axis, last_axis};
use crate::net::quantise::Grouping;
use crate::net::stack::Step;
use crate::net::{Builder, Granularity, Kind, Node, Primitive, QuantiserId, Run, Value};

/// Rounds its operand; with a ReLU, cuts it at 0 before.
#[derive(Debug)]
pub struct Activation {
    quantiser: QuantiserId,
}

impl Primitive for Activation {
    fn forward(&self, run: &Run<'_>, _node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        run.activation(self.quantiser, operands[0].clone())
    }

    fn step(&self) -> Option<Step> {
        Some(Step::Round(self.quantiser))
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        graph.activation(self.quantiser, &node.name, &operands[0], &node.shape)
    }
}

/// Rounds a value whose last axis is the channel. With `relu`, negative values become 0. All slots
/// of a list share the widths of a feature unless [`Builder::per_slot`] is set.
pub fn activation(builder: &mut Builder, name: &str, value: Value, relu: bool) -> Value {
    let granularity = match builder.activations.granularity {
        Granularity::Element if builder.shape(value).len() > 1 && !builder.per_slot => {
            Granularity::Channel
        }
        other => other,
    };
    activation_of(builder, name, value, relu, granularity)
}

/// Rounds a value whose last axis is the channel with the given granularity. With `relu`, negative
/// values become 0.
pub fn activation_of(
    builder: &mut Builder,
    name: &str,
    value: Value,
    relu: bool,
    granularity: Granularity,
) -> Value {
    let grouping = last_axis(builder.shape(value), granularity);
    rounded(builder, name, value, relu, grouping)
}

/// Rounds an image `[channels, ...]`. With `relu`, negative values become 0.
pub fn image_activation(builder: &mut Builder, name: &str, value: Value, relu: bool) -> Value {
    let shape = builder.shape(value).to_vec();
    let grouping = first_axis(&shape, builder.activations.granularity);
    rounded(builder, name, value, relu, grouping)
}

fn rounded(
    builder: &mut Builder,
    name: &str,
    value: Value,
    relu: bool,
    grouping: Grouping,
) -> Value {
    let shape = builder.shape(value).to_vec();
    let bits = builder.activations.bits;
    let quantiser = builder.quantiser(name, Kind::Activation, &shape, grouping, bits, None);
    if relu {
        builder.positive(quantiser);
    }
    let widths = Some(builder.widths_of(quantiser));
    builder.push_moved(name, Activation { quantiser }, &[value], &shape, widths)
}
