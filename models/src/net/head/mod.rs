//! Heads of a regression with uncertainties: from the last layer to `mean`, `sigma_syst`,
//! `sigma_stat` or quantiles, all in the unit of the target.
//!
//! The network learns a mean `m` and logarithms of uncertainties. With a linear scale the outputs are
//!
//! ```text
//! mean = b + m            sigma = exp(l)
//! ```
//!
//! and with a logarithmic one, `l` then being that of a relative uncertainty,
//!
//! ```text
//! mean = exp(b + m)       sigma = exp(b + m + l)
//! ```
//!
//! where `b` is the column that the mean is relative to, or 0. Every learned number is rounded, and
//! every exponential is one table between two roundings. What the loss looks at is the vector of
//! all learned numbers in the order of [`Learned`].

mod evidential;
mod members;
mod mixture;
mod output;
#[cfg(test)]
mod tests;

use super::ops::dense;
use super::{Builder, NetError, Value};
use crate::config::{Config, HeadConfig, Method, Scale};
use crate::inputs::{InputTransform, Steps};
use crate::net::layers::Flow;
use crate::net::ops::{scale, shift, slice};
pub(crate) use mixture::QUANTILES;
use output::Output;

/// Where the numbers that the loss looks at stand in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Learned {
    /// Numbers of the method, in groups: see the method's file.
    pub(crate) groups: usize,
    /// Numbers in each group.
    pub(crate) size: usize,
    /// Whether the number that the mean is relative to stands behind them.
    pub(crate) relative: bool,
}

impl Learned {
    /// The numbers of a head.
    pub(crate) fn of(head: &HeadConfig) -> Self {
        let (groups, size) = match &head.method {
            Method::Gaussian => (2, 1),
            Method::Mixture { components } => (3, *components),
            Method::Evidential { .. } => (4, 1),
            Method::Ensemble { members, .. } | Method::Bayesian { members, .. } => (2, *members),
        };
        Self {
            groups,
            size,
            relative: head.relative_to.is_some(),
        }
    }
}

/// What every method needs.
struct Head<'a> {
    config: &'a HeadConfig,
    builder: &'a mut Builder,
    output: Output,
}

/// Builds the head of a configuration on what flows out of its layers; `given` are the first
/// input's numbers before they are rounded to trained widths.
pub(super) fn build(
    config: &Config,
    head: &HeadConfig,
    builder: &mut Builder,
    flow: Flow,
    inputs: &[InputTransform],
    given: Value,
) -> Result<(), NetError> {
    let base = match &head.relative_to {
        Some(column) => Some(base(head, builder, inputs, given, column)?),
        None => None,
    };
    let output = Output {
        scale: head.scale,
        base,
        bits: head.bits,
        output_bits: head.output_bits,
    };
    let mut head = Head {
        config: head,
        builder,
        output,
    };
    match &head.config.method {
        Method::Gaussian => head.gaussian(flow.value),
        Method::Mixture { components } => head.mixture(flow.value, *components),
        Method::Evidential { .. } => head.evidential(flow.value),
        Method::Ensemble {
            members, layers, ..
        } => head.ensemble(&flow, *members, layers),
        Method::Bayesian {
            members,
            prior,
            spread,
            units,
        } => {
            let draws = super::ops::Draws {
                members: *members,
                prior: *prior,
                spread: *spread,
                seed: config.train.seed,
            };
            head.bayesian(flow.value, units, &draws)
        }
    }
}

impl Head<'_> {
    /// One learned number of the last layer, rounded.
    fn number(&mut self, name: &str, x: Value) -> Result<Value, NetError> {
        let sum = dense(self.builder, name, x, 1, true)?;
        let rounded = format!("{name}.out");
        Ok(self.output.learned(self.builder, &rounded, sum))
    }

    /// A Gaussian likelihood; learned are the mean and the logarithm of sigma.
    fn gaussian(&mut self, x: Value) -> Result<(), NetError> {
        let mean = self.number("mean_raw", x)?;
        let sigma = self.number("log_sigma", x)?;
        self.output.mean(self.builder, mean);
        self.output.sigma(self.builder, "sigma_syst", sigma, mean);
        self.output.judge(self.builder, &[mean, sigma]);
        Ok(())
    }
}

/// The number that the mean is relative to, on the grid of the column: its logarithm with a
/// logarithmic scale.
fn base(
    head: &HeadConfig,
    builder: &mut Builder,
    inputs: &[InputTransform],
    given: Value,
    column: &str,
) -> Result<Value, NetError> {
    let log = head.scale == Scale::Log;
    let wrong = || NetError::Setting {
        layer: "head".to_owned(),
        key: "relative_to",
        found: format!("'{column}'"),
        expected: format!(
            "a column of the first input that is no list, {} `log = true` in its transform",
            if log { "with" } else { "without" }
        ),
    };
    let first = inputs.first().filter(|input| input.shape.len() == 1);
    let columns = first
        .map(|input| input.output_columns())
        .unwrap_or_default();
    let at = columns.iter().position(|c| c == column).ok_or_else(wrong)?;
    let steps = first.and_then(|input| {
        let mut columns = input.columns.iter();
        columns.find(|c| c.name == column).map(|c| &c.steps)
    });
    let Some(Steps::Number {
        log: found,
        offset,
        scale_exponent,
        ..
    }) = steps
    else {
        return Err(wrong());
    };
    if *found != log {
        return Err(wrong());
    }
    let one = slice(builder, "base.column", given, at, 1);
    let one = scale(builder, "base.scaled", one, -scale_exponent);
    Ok(shift(builder, "base", one, vec![*offset]))
}
