//! From learned numbers to outputs in the unit of the target.

use crate::config::Scale;
use crate::net::ops::{Function, activation_of, add, concat, function};
use crate::net::{Builder, Granularity, Value};

/// Most bits of the index of a table, the sign not counted.
const INDEX_BITS: u32 = 15;

/// How outputs are made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    pub(super) scale: Scale,
    /// What the mean is relative to.
    pub(super) base: Option<Value>,
    /// Bits of learned numbers.
    pub(super) bits: u32,
    /// Bits of outputs.
    pub(super) output_bits: u32,
}

impl Output {
    /// A number rounded with one width for all its elements, that begins with `bits`.
    pub(super) fn rounded(
        builder: &mut Builder,
        name: &str,
        value: Value,
        bits: u32,
        positive: bool,
    ) -> Value {
        let before = std::mem::replace(&mut builder.activations.bits, bits);
        let value = activation_of(builder, name, value, positive, Granularity::Tensor);
        builder.activations.bits = before;
        value
    }

    /// A number rounded as the index of a table.
    pub(super) fn index(
        builder: &mut Builder,
        name: &str,
        value: Value,
        bits: u32,
        positive: bool,
    ) -> Value {
        let value = Self::rounded(builder, name, value, bits, positive);
        builder.limit(value, INDEX_BITS);
        value
    }

    /// A learned number, rounded as the index of a table.
    pub(super) fn learned(&self, builder: &mut Builder, name: &str, value: Value) -> Value {
        Self::index(builder, name, value, self.bits, false)
    }

    /// The mean in the form in which it is learned, with what it is relative to.
    fn location(&self, builder: &mut Builder, name: &str, mean: Value) -> Value {
        match self.base {
            Some(base) => add(builder, name, mean, base),
            None => mean,
        }
    }

    /// Adds the output `mean` of a learned mean.
    pub(super) fn mean(&self, builder: &mut Builder, mean: Value) {
        self.quantity(builder, "mean", mean);
    }

    /// Adds an output that has the unit of the target, such as a quantile.
    pub(super) fn quantity(&self, builder: &mut Builder, name: &str, learned: Value) {
        let value = self.location(builder, &format!("{name}.location"), learned);
        let value = match self.scale {
            Scale::Linear => value,
            Scale::Log => self.exponential(builder, name, value),
        };
        builder.output(name, value);
    }

    /// Adds an uncertainty of the logarithm `log`, relative to the mean `mean` with a logarithmic
    /// scale.
    pub(super) fn sigma(&self, builder: &mut Builder, name: &str, log: Value, mean: Value) {
        let log = match self.scale {
            Scale::Linear => log,
            Scale::Log => {
                let at = self.location(builder, &format!("{name}.location"), mean);
                add(builder, &format!("{name}.log"), log, at)
            }
        };
        let value = self.exponential(builder, name, log);
        builder.output(name, value);
    }

    /// `exp` between two roundings.
    fn exponential(&self, builder: &mut Builder, name: &str, log: Value) -> Value {
        let log = self.learned(builder, &format!("{name}.exponent"), log);
        let exp = Function::Exp { top: 0.0 };
        let value = function(builder, &format!("{name}.exp"), log, exp);
        let rounded = format!("{name}.out");
        Self::rounded(builder, &rounded, value, self.output_bits, true)
    }

    /// Says what the loss looks at: learned numbers and, if there is one, what the mean is
    /// relative to.
    pub(super) fn judge(&self, builder: &mut Builder, learned: &[Value]) {
        let all: Vec<Value> = learned.iter().copied().chain(self.base).collect();
        let all = concat(builder, "learned", &all);
        builder.learned(all);
    }
}
