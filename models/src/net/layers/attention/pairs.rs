//! Features of pairs of particles as a bias on the scores.

use serde::{Deserialize, Serialize};

use crate::net::layers::Flow;
use crate::net::ops::{
    Function, activation, activation_of, concat, dense, distances, function, least, reshape, slice,
    transpose,
};
use crate::net::{Builder, Granularity, NetError, Value};

/// Least squared distance whose logarithm is taken, in squared units of the network's input.
const LEAST_DISTANCE: f32 = 1.0 / 256.0;

/// One feature of a pair of particles, of columns of the input as the network sees them. With the
/// logarithm of pT as a column these are the ingredients of the Particle Transformer's
/// `ln k_T = ln(min(pT_i, pT_j) distance)` (arXiv:2202.03772, equation 3); the layer that adds
/// them up is learned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairConfig {
    /// Logarithm of the squared distance in these columns.
    Distance(Vec<String>),
    /// The lesser of the two numbers of this column.
    Least(String),
}

/// The bias `[heads, slots, slots]`: a learned layer on the features of each pair.
pub(super) fn bias(
    name: &str,
    builder: &mut Builder,
    flow: &Flow,
    features: &[PairConfig],
    heads: usize,
) -> Result<Value, NetError> {
    let slots = builder.shape(flow.value)[0];
    let mut parts = Vec::with_capacity(features.len());
    for (index, feature) in features.iter().enumerate() {
        let name = format!("{name}.pair{}", index + 1);
        let pairs = match feature {
            PairConfig::Distance(columns) => distance(&name, builder, flow, columns)?,
            PairConfig::Least(column) => {
                let one = [column.clone()];
                let here = columns_of(&name, builder, flow, &one)?;
                let there = transpose(builder, &format!("{name}.turned"), here, &[1, 0]);
                least(builder, &name, here, there)
            }
        };
        let out = format!("{name}.out");
        let pairs = activation_of(builder, &out, pairs, false, Granularity::Tensor);
        let shape = [slots, slots, 1];
        parts.push(reshape(builder, &format!("{name}.column"), pairs, &shape));
    }
    let pairs = match parts.as_slice() {
        [one] => *one,
        _ => concat(builder, &format!("{name}.pairs"), &parts),
    };
    let bias = dense(builder, &format!("{name}.bias"), pairs, heads, true)?;
    let bias = activation(builder, &format!("{name}.bias.out"), bias, false);
    let name = format!("{name}.bias.heads");
    Ok(transpose(builder, &name, bias, &[2, 0, 1]))
}

/// Logarithm of the squared distance in some columns.
fn distance(
    name: &str,
    builder: &mut Builder,
    flow: &Flow,
    columns: &[String],
) -> Result<Value, NetError> {
    let space = columns_of(name, builder, flow, columns)?;
    let squared = distances(builder, &format!("{name}.squared"), space)?;
    let out = format!("{name}.squared.out");
    let squared = activation_of(builder, &out, squared, false, Granularity::Tensor);
    let log = Function::Log {
        least: LEAST_DISTANCE,
    };
    Ok(function(builder, name, squared, log))
}

/// Some columns of the input that has them all, `[slots, columns]`.
fn columns_of(
    name: &str,
    builder: &mut Builder,
    flow: &Flow,
    columns: &[String],
) -> Result<Value, NetError> {
    let slots = builder.shape(flow.value)[0];
    let found = flow.inputs.iter().find_map(|input| {
        let place = |column| input.columns.iter().position(|own| own == column);
        let places: Option<Vec<usize>> = columns.iter().map(place).collect();
        let list = matches!(builder.shape(input.value), &[own, _] if own == slots);
        places.filter(|_| list).map(|places| (input.value, places))
    });
    let (input, places) = found.filter(|_| !columns.is_empty()).ok_or_else(|| {
        let names: Vec<String> = flow.inputs.iter().flat_map(|i| i.columns.clone()).collect();
        NetError::Setting {
            layer: name.to_owned(),
            key: "pairwise",
            found: format!("{columns:?}"),
            expected: format!(
                "columns of a list of {slots} particles, of: {}",
                names.join(", ")
            ),
        }
    })?;
    let mut parts = Vec::with_capacity(places.len());
    for (place, column) in places.into_iter().zip(columns) {
        parts.push(slice(builder, &format!("{name}.{column}"), input, place, 1));
    }
    Ok(match parts.as_slice() {
        [one] => *one,
        _ => concat(builder, &format!("{name}.columns"), &parts),
    })
}
