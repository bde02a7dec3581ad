//! Normalising flows: the density of the background.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::target::target;
use super::{SCORE, check_bits, fixed, total};
use crate::net::layers::Flow;
use crate::net::ops::{
    Function, activation, add, all, concat, dense, function, multiply, noisy, scale, shift, slice,
    squares, sum,
};
use crate::net::{Builder, NetError, Value};

/// Logarithm of the greatest factor of a coupling.
const GREATEST: f32 = 2.0;

/// `method = "flow"`: affine couplings (arXiv:1605.08803) `z_b = x_b exp(s) + t`, where `s` and `t`
/// are computed of the other half `x_a` by a hidden layer, one half after the other. Minimised, and
/// deployed as the score, is minus the logarithm of the density up to a constant,
///
/// ```text
/// 1/2 sum_j z_j^2 - sum s
/// ```
///
/// `s` is at most 2. The columns need the weight 0 or 1: those of 0 are left out. `model.layers`
/// have to be empty: the couplings see the prepared input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowConfig {
    /// Number of couplings; each changes one half.
    pub couplings: usize,
    /// Units of the hidden layer of each.
    pub hidden: usize,
    /// Width of the Gaussian noise that is added to the prepared input while training: values that
    /// occur again and again, such as those of empty slots, have no finite density
    /// (arXiv:1511.01844, section 3.1).
    pub noise: f64,
    /// Which columns take part: 0 or 1; 1 where one is not named.
    #[serde(default)]
    pub weights: BTreeMap<String, f64>,
    /// Bits of each number that flows, signs not counted. They do not learn: a density of rounded
    /// numbers is the higher the coarser they are.
    #[serde(default = "bits")]
    pub score_bits: u32,
}

fn bits() -> u32 {
    10
}

impl FlowConfig {
    pub(super) fn build(&self, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        check_bits("score_bits", self.score_bits)?;
        let wrong = |key, found: String, expected: &str| NetError::Setting {
            layer: "anomaly".to_owned(),
            key,
            found,
            expected: expected.to_owned(),
        };
        let positive = |key, value| match value {
            1..=256 => Ok(()),
            _ => Err(wrong(key, value.to_string(), "1 to 256")),
        };
        positive("couplings", self.couplings)?;
        positive("hidden", self.hidden)?;
        if !(self.noise > 0.0 && self.noise <= 10.0) {
            return Err(wrong(
                "noise",
                self.noise.to_string(),
                "above 0, at most 10",
            ));
        }
        let target = target(builder, flow, &self.weights, &[])?;
        let count = target.weights.len();
        if count < 2 || target.weights.iter().any(|w| *w != 1.0) {
            let expected = "0 or 1, for two numbers at least";
            return Err(wrong("weights", format!("{:?}", self.weights), expected));
        }
        let noise = builder.noise("noise", count);
        let x = noisy(builder, "x", target.value, noise, self.noise as f32);
        // Every other element: neighbours are of one kind.
        let mut halves = [0, 1].map(|first| {
            let elements = (first..count).step_by(2);
            let parts: Vec<Value> = elements
                .map(|at| slice(builder, &format!("x.{at}"), x, at, 1))
                .collect();
            concat(builder, &format!("x.half{first}"), &parts)
        });
        let mut logs = Vec::new();
        for number in 0..self.couplings {
            let name = format!("coupling{}", number + 1);
            let [fixed_half, moved] = match number % 2 {
                0 => halves,
                _ => [halves[1], halves[0]],
            };
            let (next, log) = self.coupling(builder, &name, fixed_half, moved)?;
            halves[1 - number % 2] = next;
            logs.push(log);
        }
        let z = concat(builder, "z", &halves);
        let logs = concat(builder, "logarithms", &logs);

        let half = vec![0.5; count];
        let first = squares(builder, "objective.squares", z, &half);
        let second = all(builder, "objective.logarithms", logs);
        let objective = sum(builder, "objective", first, second, 1.0);
        builder.objective(objective);

        let z = fixed(builder, "score.z", z, self.score_bits, false);
        let squares = multiply(builder, "score.squares", z, z)?;
        let squares = total(builder, "score.length", squares);
        let squares = scale(builder, "score.half", squares, -1);
        let logs = total(builder, "score.logarithms", logs);
        let score = add(builder, "score.sum", squares, logs);
        builder.output(SCORE, score);
        Ok(())
    }

    /// The moved half, and `-s` of each of its elements.
    fn coupling(
        &self,
        builder: &mut Builder,
        name: &str,
        still: Value,
        moved: Value,
    ) -> Result<(Value, Value), NetError> {
        let sub = |what: &str| format!("{name}.{what}");
        let bits = self.score_bits;
        let count = builder.shape(moved)[0];
        let still = fixed(builder, &sub("still"), still, bits, false);
        let moved = fixed(builder, &sub("moved"), moved, bits, false);
        let hidden = dense(builder, &sub("hidden"), still, self.hidden, true)?;
        let hidden = activation(builder, &sub("hidden.out"), hidden, true);
        // fall = GREATEST - s >= 0.
        let fall = dense(builder, &sub("fall"), hidden, count, true)?;
        let fall = shift(builder, &sub("fall.shifted"), fall, vec![GREATEST]);
        let fall = fixed(builder, &sub("fall.out"), fall, bits, true);
        let factor = Function::Fall { top: GREATEST };
        let factor = function(builder, &sub("exp"), fall, factor);
        let factor = fixed(builder, &sub("factor"), factor, bits, false);
        let stretched = multiply(builder, &sub("product"), moved, factor)?;
        let offset = dense(builder, &sub("offset"), hidden, count, true)?;
        let next = add(builder, &sub("sum"), stretched, offset);
        let log = shift(builder, &sub("logarithm"), fall, vec![-GREATEST]);
        Ok((next, log))
    }
}
