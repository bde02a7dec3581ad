//! Attention over particles, full or linear.

mod pairs;

use serde::{Deserialize, Serialize};

pub use pairs::PairConfig;

use super::pool::{one_over, particles};
use super::{Flow, Layer};
use crate::net::ops::{
    Function, Reduction, activation, activation_of, add, choose, dense, function, masked, multiply,
    product, reduce, reshape, scale, shift, subtract, transpose,
};
use crate::net::{Builder, Granularity, NetError, Value};

/// Exponents this much below the greatest of their row count as 0, which gives `exp(-TOP)`, less
/// than one in two thousand. Just below 8, so that three integer bits hold it.
const TOP: f32 = 7.75;

/// The score of an empty slot, far below all others.
const FAR: f32 = -128.0;

/// How the weights of the particles are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttentionKind {
    /// Softmax of all pairs of queries and keys (arXiv:1706.03762).
    #[default]
    Full,
    /// `q (k^T v) / (q sum(k) + 1)` with queries and keys cut at 0: its cost grows with the number
    /// of particles, not with its square (arXiv:2006.16236; the 1 keeps the quotient finite).
    Linear,
}

/// `type = "attention"`: every particle looks at all others. `[particles, features]` becomes
/// `[particles, heads * key]`. Empty slots are not looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttentionConfig {
    /// How many heads.
    pub heads: usize,
    /// Numbers in each query, key and value of a head.
    pub key: usize,
    /// How the weights of the particles are made.
    #[serde(default)]
    pub kind: AttentionKind,
    /// Features of pairs that a learned layer adds to the scores, as in the Particle Transformer
    /// (arXiv:2202.03772); full attention alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairwise: Vec<PairConfig>,
}

impl AttentionConfig {
    fn check(&self, name: &str) -> Result<(), NetError> {
        let within = |key, found: usize, most: usize| {
            if (1..=most).contains(&found) {
                return Ok(());
            }
            Err(NetError::Setting {
                layer: name.to_owned(),
                key,
                found: found.to_string(),
                expected: format!("1 to {most}"),
            })
        };
        within("heads", self.heads, 256)?;
        within("key", self.key, 256)?;
        if self.kind == AttentionKind::Linear && !self.pairwise.is_empty() {
            return Err(NetError::Setting {
                layer: name.to_owned(),
                key: "pairwise",
                found: format!("{} features", self.pairwise.len()),
                expected: "none: linear attention has no scores of pairs".to_owned(),
            });
        }
        Ok(())
    }
}

impl Layer for AttentionConfig {
    fn build(&self, name: &str, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        let [slots, _] = particles(name, builder, flow)?;
        self.check(name)?;
        let mut heads = Heads {
            name,
            builder,
            slots,
            heads: self.heads,
            size: self.key,
        };
        let (sum, share) = match self.kind {
            AttentionKind::Full => heads.full(self, flow)?,
            AttentionKind::Linear => heads.linear(flow)?,
        };
        flow.value = heads.result(sum, share)?;
        Ok(())
    }
}

/// What all parts of the layer need.
struct Heads<'a> {
    name: &'a str,
    builder: &'a mut Builder,
    slots: usize,
    heads: usize,
    size: usize,
}

impl Heads<'_> {
    fn sub(&self, what: &str) -> String {
        format!("{}.{what}", self.name)
    }

    /// A learned layer on every particle, `[slots, heads * size]`, rounded.
    fn layer(&mut self, what: &str, x: Value, relu: bool) -> Result<Value, NetError> {
        let units = self.heads * self.size;
        let name = self.sub(what);
        let y = dense(self.builder, &name, x, units, true)?;
        Ok(activation(
            self.builder,
            &self.sub(&format!("{what}.out")),
            y,
            relu,
        ))
    }

    /// `[slots, heads * size]` with the axes `[slots, heads, size]` in another order.
    fn split(&mut self, what: &str, x: Value, order: [usize; 3]) -> Value {
        let shape = [self.slots, self.heads, self.size];
        let name = self.sub(&format!("{what}.heads"));
        let x = reshape(self.builder, &name, x, &shape);
        transpose(self.builder, &self.sub(&format!("{what}.split")), x, &order)
    }

    /// Rounded with one width for all, so that a function of it is one table.
    fn rounded(&mut self, what: &str, x: Value) -> Value {
        let name = self.sub(what);
        activation_of(self.builder, &name, x, false, Granularity::Tensor)
    }

    /// Sums over the particles, `[heads, slots, size]`, and what to multiply them with,
    /// `[heads, slots, 1]`.
    fn full(&mut self, config: &AttentionConfig, flow: &Flow) -> Result<(Value, Value), NetError> {
        let x = flow.value;
        let query = self.layer("query", x, false)?;
        let key = self.layer("key", x, false)?;
        let value = self.layer("value", x, false)?;
        let query = self.split("query", query, [1, 0, 2]);
        let key = self.split("key", key, [1, 2, 0]);
        let value = self.split("value", value, [1, 0, 2]);
        let scores = product(self.builder, &self.sub("products"), query, key)?;
        // The power of two nearest to 1 / sqrt(size).
        let exponent = -((self.size as f64).log2() / 2.0).round() as i32;
        let mut scores = scale(self.builder, &self.sub("scores"), scores, exponent);
        if !config.pairwise.is_empty() {
            let bias = pairs::bias(self.name, self.builder, flow, &config.pairwise, self.heads)?;
            scores = add(self.builder, &self.sub("biased"), scores, bias);
        }
        let present = flow.mask.map(|mask| {
            let name = self.sub("present");
            reshape(self.builder, &name, mask, &[1, 1, self.slots])
        });
        if let Some(present) = present {
            let name = self.sub("candidates");
            scores = choose(self.builder, &name, scores, present, FAR);
        }
        // exp(score - greatest), which is at most 1.
        let name = self.sub("greatest");
        let most = reduce(self.builder, &name, scores, 2, Reduction::Max, true);
        let below = subtract(self.builder, &self.sub("below"), scores, most);
        let lifted = shift(self.builder, &self.sub("lifted"), below, vec![TOP]);
        let name = self.sub("exponent");
        let lifted = activation_of(self.builder, &name, lifted, true, Granularity::Tensor);
        let name = self.sub("exp");
        let weights = function(self.builder, &name, lifted, Function::Exp { top: TOP });
        let mut weights = self.rounded("weights", weights);
        if let Some(present) = present {
            weights = masked(self.builder, &self.sub("weights.kept"), weights, present);
        }
        let name = self.sub("total");
        let total = reduce(self.builder, &name, weights, 2, Reduction::Sum, true);
        let total = self.rounded("total.out", total);
        // The greatest weight of a row that has particles is 1.
        let reciprocal = Function::Reciprocal { least: 1.0 };
        let share = function(self.builder, &self.sub("share"), total, reciprocal);
        let share = self.rounded("share.out", share);
        let sum = product(self.builder, &self.sub("sum"), weights, value)?;
        Ok((sum, share))
    }

    /// As [`Heads::full`], keys and values multiplied first.
    fn linear(&mut self, flow: &Flow) -> Result<(Value, Value), NetError> {
        let x = flow.value;
        let query = self.layer("query", x, true)?;
        let mut key = self.layer("key", x, true)?;
        let value = self.layer("value", x, false)?;
        if let Some(mask) = flow.mask {
            key = masked(self.builder, &self.sub("key.kept"), key, mask);
        }
        let query = self.split("query", query, [1, 0, 2]);
        let key = self.split("key", key, [1, 2, 0]);
        let value = self.split("value", value, [1, 0, 2]);
        // Sums over particles as means, so that they stay of the size of one.
        let mean = one_over(self.slots);
        let granularity = self.builder.activations.granularity;
        let context = product(self.builder, &self.sub("products"), key, value)?;
        let context = scale(self.builder, &self.sub("context"), context, mean);
        let name = self.sub("context.out");
        let context = activation_of(self.builder, &name, context, false, granularity);
        let name = self.sub("keys.sum");
        let total = reduce(self.builder, &name, key, 2, Reduction::Sum, true);
        let total = scale(self.builder, &self.sub("keys"), total, mean);
        let name = self.sub("keys.out");
        let total = activation_of(self.builder, &name, total, false, granularity);
        let sum = product(self.builder, &self.sub("sum"), query, context)?;
        let weight = product(self.builder, &self.sub("weight"), query, total)?;
        let weight = self.rounded("weight.out", weight);
        let name = self.sub("share");
        let share = function(self.builder, &name, weight, Function::ReciprocalOfNext);
        Ok((sum, self.rounded("share.out", share)))
    }

    /// `[slots, heads * size]` of sums `[heads, slots, size]` and their factors.
    fn result(&mut self, sum: Value, share: Value) -> Result<Value, NetError> {
        let [slots, heads, size] = [self.slots, self.heads, self.size];
        let sum = transpose(self.builder, &self.sub("sum.slots"), sum, &[1, 0, 2]);
        let sum = reshape(
            self.builder,
            &self.sub("sum.flat"),
            sum,
            &[slots, heads * size],
        );
        let sum = activation(self.builder, &self.sub("sum.out"), sum, false);
        let shape = [slots, heads, size];
        let sum = reshape(self.builder, &self.sub("sum.heads"), sum, &shape);
        let share = transpose(self.builder, &self.sub("share.slots"), share, &[1, 0, 2]);
        let mean = multiply(self.builder, &self.sub("mean"), sum, share)?;
        let mean = reshape(
            self.builder,
            &self.sub("mean.flat"),
            mean,
            &[slots, heads * size],
        );
        Ok(activation(self.builder, &self.sub("out"), mean, false))
    }
}
