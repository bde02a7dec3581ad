//! Autoencoders: what a bottleneck does not let through.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::target::{Target, target};
use super::{SCORE, check_bits, defaults, fixed, total};
use crate::net::layers::{Flow, LayerConfig, stack};
use crate::net::ops::{
    Function, concat, dense, factors, function, multiply, reshape, slice, squares, subtract,
};
use crate::net::{Builder, NetError, Value};

/// `method = "autoencoder"`: `model.layers` are the encoder and end with the bottleneck, `decoder`
/// follows, and a dense layer gives one number `r_j` for each of the inputs `x_j`. Minimised, and
/// deployed as the score, is `sum_j w_j (r_j - x_j)^2` (arXiv:1808.08979, arXiv:1808.08992); the
/// score may hold `w_j |r_j - x_j|` instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoencoderConfig {
    /// The layers behind the bottleneck.
    pub decoder: Vec<LayerConfig>,
    /// The weight `w` of each column: 0 or a power of two; 1 where it is not named.
    #[serde(default)]
    pub weights: BTreeMap<String, f64>,
    /// Columns whose differences count by their magnitude in the score.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absolute: Vec<String>,
    /// Bits of each input and each difference in the score, signs not counted.
    #[serde(default = "defaults::score_bits")]
    pub score_bits: u32,
}

impl AutoencoderConfig {
    pub(super) fn build(&self, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        check_bits("score_bits", self.score_bits)?;
        let target = target(builder, flow, &self.weights, &self.absolute)?;
        let given = decode(builder, flow, &self.decoder, &target)?;
        let objective = distance(builder, given, &target, 1.0);
        builder.objective(objective);
        let score = reconstruction(builder, given, &target, self.score_bits)?;
        builder.output(SCORE, score);
        Ok(())
    }
}

/// The reconstruction of the target from what flows.
pub(in crate::net) fn decode(
    builder: &mut Builder,
    flow: &mut Flow,
    layers: &[LayerConfig],
    target: &Target,
) -> Result<Value, NetError> {
    stack(layers, "decoder.", builder, flow)?;
    let numbers: usize = builder.shape(flow.value).iter().product();
    let flat = reshape(builder, "decoder.flat", flow.value, &[numbers]);
    let outputs = target.weights.len();
    dense(builder, "reconstruction", flat, outputs, true)
}

/// `factor sum_j w_j (r_j - x_j)^2` for the objective: of numbers before any rounding of the score.
pub(in crate::net) fn distance(
    builder: &mut Builder,
    given: Value,
    target: &Target,
    factor: f32,
) -> Value {
    let before = std::mem::replace(&mut builder.deployed, false);
    let difference = subtract(builder, "objective.difference", given, target.value);
    let weights: Vec<f32> = target.weights.iter().map(|w| factor * w).collect();
    let value = squares(builder, "objective.distance", difference, &weights);
    builder.deployed = before;
    value
}

/// The score `sum_j w_j (r_j - x_j)^2`, or `w_j |r_j - x_j|` of some numbers, of rounded numbers.
pub(super) fn reconstruction(
    builder: &mut Builder,
    given: Value,
    target: &Target,
    bits: u32,
) -> Result<Value, NetError> {
    let wanted = fixed(builder, "score.target", target.value, bits, false);
    let difference = subtract(builder, "score.difference", given, wanted);
    let difference = fixed(builder, "score.rounded", difference, bits, false);
    if !target.absolute.contains(&true) {
        let squares = multiply(builder, "score.squares", difference, difference)?;
        let weighted = factors(builder, "score.weighted", squares, target.weights.clone());
        return Ok(total(builder, "score.sum", weighted));
    }
    let mut sums = Vec::with_capacity(2);
    for (absolute, kind) in [(true, "magnitudes"), (false, "squares")] {
        let name = |what: &str| format!("score.{kind}{what}");
        let Some((x, weights)) = some(builder, &name(""), difference, target, absolute) else {
            continue;
        };
        let sizes = match absolute {
            true => {
                let magnitudes = function(builder, &name(".each"), x, Function::Magnitude);
                fixed(builder, &name(".out"), magnitudes, bits, true)
            }
            false => multiply(builder, &name(".each"), x, x)?,
        };
        let weighted = factors(builder, &name(".weighted"), sizes, weights);
        sums.push(total(builder, &name(".sum"), weighted));
    }
    let both = concat(builder, "score.parts", &sums);
    Ok(total(builder, "score.sum", both))
}

/// The differences that count by their magnitude, or those that do not, with their weights.
fn some(
    builder: &mut Builder,
    name: &str,
    difference: Value,
    target: &Target,
    absolute: bool,
) -> Option<(Value, Vec<f32>)> {
    let chosen = |at: &usize| target.absolute[*at] == absolute;
    let numbers: Vec<usize> = (0..target.weights.len()).filter(chosen).collect();
    let follow = |before: &usize, after: &usize| before + 1 == *after;
    let runs = numbers.chunk_by(follow).map(|run| {
        let part = format!("{name}.{}", run[0]);
        slice(builder, &part, difference, run[0], run.len())
    });
    let runs: Vec<Value> = runs.collect();
    let weights = numbers.iter().map(|at| target.weights[*at]).collect();
    match runs[..] {
        [] => None,
        [one] => Some((one, weights)),
        _ => Some((concat(builder, name, &runs), weights)),
    }
}
