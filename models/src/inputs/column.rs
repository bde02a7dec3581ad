//! The transform of one column.

use serde::{Deserialize, Serialize};

use super::InputOptions;
use crate::data::{ColumnSummary, Transform};
use crate::net::Format;

/// Fractional bits of a logarithm: its step is 2^-8, four parts in a thousand of the number.
pub const LOG_STEP: i32 = 8;

/// What is done to a number after the raw grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Steps {
    /// Clip, logarithm, shift, scale.
    Number {
        /// Bounds on the raw grid.
        clip: Option<[f32; 2]>,
        /// Whether the logarithm is taken, after clipping.
        log: bool,
        /// What is subtracted, on the grid of the number.
        offset: f32,
        /// The difference is multiplied by two to this power.
        scale_exponent: i32,
    },
    /// One element for each value: 1 where the column equals it.
    OneHot(Vec<f32>),
}

/// Raw grid and further steps of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnTransform {
    /// Name of the column.
    pub name: String,
    /// The raw grid in physical units.
    pub raw: Format,
    /// What follows.
    pub steps: Steps,
}

impl ColumnTransform {
    /// Chooses grid, offset and scale.
    pub(super) fn fit(
        name: &str,
        summary: &ColumnSummary,
        transform: &Transform,
        options: &InputOptions,
    ) -> Self {
        if let Some(values) = &transform.one_hot {
            let most = values.iter().map(|v| v.unsigned_abs()).max().unwrap_or(1);
            return Self {
                name: name.to_owned(),
                raw: Format {
                    signed: true,
                    integer: Format::integer_bits(most as f64 + 1.0, 0),
                    fractional: 0,
                },
                steps: Steps::OneHot(values.iter().map(|v| *v as f32).collect()),
            };
        }
        let (mut low, mut high) = (
            f64::from(summary.quantile(options.tail)),
            f64::from(summary.quantile(1.0 - options.tail)),
        );
        if let Some([least, most]) = transform.clip {
            (low, high) = (low.max(least), high.min(most).max(low.max(least)));
        }
        let raw = covering(transform.bits.unwrap_or(options.raw_bits), low, high);
        let on_grid = |value: f64| round(value, &raw);
        let step = f64::from(-raw.fractional).exp2();
        let clip = match (transform.clip, transform.log) {
            (Some([least, most]), false) => Some([on_grid(least), on_grid(most)]),
            // A logarithm needs an argument of at least one step.
            (Some([least, most]), true) => Some([on_grid(least).max(step), on_grid(most)]),
            (None, true) => Some([step, on_grid(f64::INFINITY)]),
            (None, false) => None,
        };
        let grid = if transform.log { log_format() } else { raw };
        let (mean, spread) = match transform.unit {
            Some(unit) => (0.0, unit),
            None if transform.log => log_moments(summary, clip),
            None => (summary.mean, summary.std),
        };
        Self {
            name: name.to_owned(),
            raw,
            steps: Steps::Number {
                clip: clip.map(|bounds| bounds.map(|v| v as f32)),
                log: transform.log,
                offset: round(mean, &grid) as f32,
                scale_exponent: -(spread
                    .max(f64::MIN_POSITIVE)
                    .log2()
                    .round()
                    .clamp(-30.0, 30.0) as i32),
            },
        }
    }

    /// How many numbers it becomes.
    pub fn outputs(&self) -> usize {
        match &self.steps {
            Steps::Number { .. } => 1,
            Steps::OneHot(values) => values.len(),
        }
    }

    /// The value on the raw grid.
    pub fn raw(&self, value: f32) -> f32 {
        round(f64::from(value), &self.raw) as f32
    }

    /// Appends what the column becomes.
    pub(super) fn append(&self, value: f32, exact: bool, out: &mut Vec<f32>) {
        match &self.steps {
            Steps::Number { .. } => out.push(self.number(value, exact)),
            Steps::OneHot(values) => {
                let raw = self.raw(value);
                out.extend(values.iter().map(|v| f32::from(u8::from(raw == *v))));
            }
        }
    }

    /// What one number becomes.
    pub(super) fn number(&self, value: f32, exact: bool) -> f32 {
        let Steps::Number {
            clip,
            log,
            offset,
            scale_exponent,
        } = &self.steps
        else {
            return value;
        };
        let mut value = f64::from(if exact { self.raw(value) } else { value });
        if let Some([least, most]) = clip {
            value = value.clamp(f64::from(*least), f64::from(*most));
        }
        if *log {
            value = libm::log(value);
            if exact {
                value = round(value, &log_format());
            }
        }
        ((value - f64::from(*offset)) * f64::from(*scale_exponent).exp2()) as f32
    }
}

/// The grid of logarithms: holds those of all single-precision numbers.
pub(super) fn log_format() -> Format {
    Format {
        signed: true,
        integer: 7,
        fractional: LOG_STEP,
    }
}

/// Mean and spread of the logarithm, from quantiles.
fn log_moments(summary: &ColumnSummary, clip: Option<[f64; 2]>) -> (f64, f64) {
    const POINTS: u32 = 400;
    let [least, most] = clip.unwrap_or([f64::MIN_POSITIVE, f64::INFINITY]);
    let value = |i: u32| {
        let p = (f64::from(i) + 0.5) / f64::from(POINTS);
        libm::log(f64::from(summary.quantile(p)).clamp(least, most))
    };
    let count = f64::from(POINTS);
    let mean = (0..POINTS).map(value).sum::<f64>() / count;
    let variance = (0..POINTS).map(|i| (value(i) - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

/// The finest signed grid of `bits` bits that holds `low` and `high`.
fn covering(bits: u32, low: f64, high: f64) -> Format {
    let magnitude = low.abs().max(high.abs());
    let mut fractional = 30;
    let bits = bits as i32 - 1;
    while fractional > -30 && Format::integer_bits(magnitude, fractional) + fractional > bits {
        fractional -= 1;
    }
    Format {
        signed: true,
        integer: bits - fractional,
        fractional,
    }
}

/// A number on the grid of a format: round half to even, then saturate symmetrically.
fn round(value: f64, format: &Format) -> f64 {
    let step = f64::from(-format.fractional).exp2();
    let most = f64::from(format.bits()).exp2() - 1.0;
    (value / step).round_ties_even().clamp(-most, most) * step
}
