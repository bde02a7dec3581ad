//! A mixture of Gaussians with the mean and quantiles as outputs.
//!
//! Learned are the means of all components, the logarithms of their sigmas and the logits of their
//! shares; behind them three quantiles, which learn from the target by themselves (pinball loss).
//!
//! The shares are `exp(z - max z)` over their sum, as in an attention layer.

use super::{Head, Output};
use crate::net::ops::{
    Function, Reduction, concat, dense, function, multiply, reduce, shift, subtract,
};
use crate::net::{NetError, Value};

/// Names and probabilities of the quantiles: the median and the ends of the central 68.27 %.
pub(crate) const QUANTILES: [(&str, f64); 3] = [
    ("quantile_16", 0.158_655_253_931_457),
    ("quantile_50", 0.5),
    ("quantile_84", 0.841_344_746_068_543),
];

/// Bits of the shares.
const SHARE_BITS: u32 = 10;

/// Logits further below the greatest count as this far.
const TOP: f32 = 7.75;

impl Head<'_> {
    pub(super) fn mixture(&mut self, x: Value, components: usize) -> Result<(), NetError> {
        let means = self.numbers("component_means", x, components)?;
        let sigmas = self.numbers("component_log_sigmas", x, components)?;
        let logits = self.numbers("component_logits", x, components)?;
        let builder = &mut *self.builder;

        // exp(z - max z), 0 from TOP below the greatest on.
        let most = reduce(builder, "shares.most", logits, 0, Reduction::Max, true);
        let below = subtract(builder, "shares.below", logits, most);
        let lifted = shift(builder, "shares.lifted", below, vec![TOP]);
        let lifted = Output::index(builder, "shares.exponent", lifted, SHARE_BITS, true);
        let exp = Function::Exp { top: TOP };
        let weights = function(builder, "shares.exp", lifted, exp);
        let weights = Output::rounded(builder, "shares", weights, SHARE_BITS, true);
        let total = reduce(builder, "shares.total", weights, 0, Reduction::Sum, true);
        let total = Output::index(builder, "shares.total.out", total, SHARE_BITS + 2, true);
        let reciprocal = Function::Reciprocal { least: 1.0 };
        let share = function(builder, "shares.reciprocal", total, reciprocal);
        let share = Output::rounded(builder, "shares.reciprocal.out", share, SHARE_BITS, true);
        let products = multiply(builder, "mixture.products", weights, means)?;
        let sum = reduce(builder, "mixture.sum", products, 0, Reduction::Sum, true);
        let sum = self.output.learned(builder, "mixture.sum.out", sum);
        let mean = multiply(builder, "mixture.mean", sum, share)?;

        let mut quantiles = Vec::with_capacity(QUANTILES.len());
        for (name, _) in QUANTILES {
            quantiles.push(self.number(&format!("{name}.raw"), x)?);
        }
        self.output.mean(self.builder, mean);
        for ((name, _), value) in QUANTILES.iter().zip(&quantiles) {
            self.output.quantity(self.builder, name, *value);
        }
        let quantiles = concat(self.builder, "quantiles", &quantiles);
        self.output
            .judge(self.builder, &[means, sigmas, logits, quantiles]);
        Ok(())
    }

    /// Several learned numbers, rounded with one width.
    fn numbers(&mut self, name: &str, x: Value, count: usize) -> Result<Value, NetError> {
        let sum = dense(self.builder, name, x, count, true)?;
        Ok(self
            .output
            .learned(self.builder, &format!("{name}.out"), sum))
    }
}
