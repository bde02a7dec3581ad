//! Nearest neighbours in a list of particles.

use burn::tensor::Tensor;

use super::choose::{choose, shift};
use super::elementwise::{add, multiply, scale, subtract};
use super::product::product;
use super::reduce::{Reduction, reduce};
use super::shape::{reshape, transpose};
use crate::export::{OnnxGraph, attribute};
use crate::net::forward::constant;
use crate::net::{Builder, NetError, Node, Primitive, Run, Value};

/// Squared distance to an empty slot: farther than particles can be.
const FAR: f32 = 16384.0;

/// Squared distances of all pairs of particles, `[slots, slots]`, of rounded coordinates
/// `[slots, coordinates]`: `x.x + y.y - 2 x.y`.
///
/// # Errors
///
/// Coordinates that were not rounded.
pub fn distances(builder: &mut Builder, name: &str, value: Value) -> Result<Value, NetError> {
    let square = multiply(builder, &format!("{name}.square"), value, value)?;
    let norm = reduce(
        builder,
        &format!("{name}.norm"),
        square,
        1,
        Reduction::Sum,
        true,
    );
    let turned = transpose(builder, &format!("{name}.turned"), value, &[1, 0]);
    let products = product(builder, &format!("{name}.products"), value, turned)?;
    let twice = scale(builder, &format!("{name}.twice"), products, 1);
    let other = transpose(builder, &format!("{name}.norms"), norm, &[1, 0]);
    let both = add(builder, &format!("{name}.both"), norm, other);
    Ok(subtract(builder, name, both, twice))
}

/// Places of the least numbers of each row; of equal ones the first.
#[derive(Debug)]
struct Nearest {
    k: usize,
}

impl Primitive for Nearest {
    fn forward(&self, _run: &Run<'_>, node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        let x = operands[0].clone();
        let [batch, _] = x.dims();
        let slots = node.shape[0];
        let distances: Vec<f64> = x.try_to_vec_as().unwrap_or_default();
        let mut places = Vec::with_capacity(batch * slots * self.k);
        let mut order: Vec<usize> = Vec::with_capacity(slots);
        for row in distances.chunks_exact(slots) {
            order.clear();
            order.extend(0..slots);
            order.sort_by(|a, b| row[*a].total_cmp(&row[*b]).then(a.cmp(b)));
            places.extend(order[..self.k].iter().map(|place| *place as f32));
        }
        constant(places, &x.device(), x.dtype()).reshape([batch, slots * self.k])
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        let count = graph.integers(&format!("{}.count", node.name), &[self.k as i64]);
        let least = format!("{}.distances", node.name);
        let attributes = vec![
            attribute::integer("axis", -1),
            attribute::integer("largest", 0),
        ];
        let outputs = [least.as_str(), node.name.as_str()];
        graph.untyped_node("TopK", &outputs, &[&operands[0], &count], attributes);
        node.name.clone()
    }
}

/// The places of the `k` nearest other particles of each particle, `[slots, k]`, from distances
/// `[slots, slots]`. Empty slots come behind all particles, a particle itself behind them. Of
/// equally near ones the first slots are taken. Has no gradient.
pub fn nearest(
    builder: &mut Builder,
    name: &str,
    distances: Value,
    mask: Option<Value>,
    k: usize,
) -> Value {
    let slots = builder.shape(distances)[0];
    let mut value = distances;
    if let Some(mask) = mask {
        let row = reshape(builder, &format!("{name}.present"), mask, &[1, slots]);
        value = choose(builder, &format!("{name}.filled"), value, row, FAR);
    }
    let own = |at: usize| {
        if at / slots == at % slots {
            2.0 * FAR
        } else {
            0.0
        }
    };
    let own = (0..slots * slots).map(own).collect();
    let others = shift(builder, &format!("{name}.others"), value, own);
    builder.push(name, Nearest { k }, &[others], &[slots, k])
}

/// Particles at places that were computed.
#[derive(Debug)]
struct Gather;

impl Primitive for Gather {
    fn forward(&self, _run: &Run<'_>, node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        let [slots, features] = [node.operand_shapes[0][0], node.operand_shapes[0][1]];
        let x = operands[0].clone();
        let [batch, _] = x.dims();
        let [_, count] = operands[1].dims();
        let places = operands[1].clone().int().reshape([batch, count, 1]);
        let places = places.expand([batch, count, features]);
        let taken = x.reshape([batch, slots, features]).gather(1, places);
        taken.reshape([batch, node.elements()])
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        let axis = graph.integers(&format!("{}.axis", node.name), &[3]);
        let places = format!("{}.places", node.name);
        graph.untyped_node("Unsqueeze", &[&places], &[&operands[1], &axis], Vec::new());
        let batch = vec![attribute::integer("batch_dims", 1)];
        let inputs = [operands[0].as_str(), &places];
        graph.node_with("GatherND", &node.name, &inputs, &node.shape, batch)
    }
}

/// The features of neighbours, `[slots, k, features]`, of a value `[slots, features]` and places
/// `[slots, k]`. They keep their widths where those are the same in all slots.
pub fn gather(builder: &mut Builder, name: &str, value: Value, places: Value) -> Value {
    let features = builder.shape(value)[1];
    let [slots, k] = [builder.shape(places)[0], builder.shape(places)[1]];
    let common = builder.widths(value).and_then(|widths| {
        let first = &widths[..features];
        let same = widths.chunks_exact(features).all(|slot| slot == first);
        same.then(|| first.repeat(slots * k))
    });
    let shape = [slots, k, features];
    builder.push_moved(name, Gather, &[value, places], &shape, common)
}
