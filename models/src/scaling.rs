//! From physical units to the network's input: the exact prefix of the exported graph.
//!
//! For every feature: round to a raw grid of at most 12 bits whose step is a power of two, subtract
//! an offset on that grid, multiply by a power of two, round to the one input format of the network.
//! Every step is exact in single precision, so `qonnx`, the trainer and an integer kernel agree.

use serde::{Deserialize, Serialize};

use crate::format::{Format, pow2};

/// What the fit needs to know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScalingOptions {
    /// Bits of the raw grid.
    pub raw_bits: u32,
    /// Share of rows that each end of the raw range may cut off.
    pub tail: f64,
    /// The input format of the network.
    pub input: Format,
}

/// Raw grid, offset and scale of one feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureScaling {
    /// Name of the column.
    pub name: String,
    /// The raw grid in physical units.
    pub raw: Format,
    /// What is subtracted, in steps of the raw grid.
    pub offset: i64,
    /// The difference is multiplied by two to this power.
    pub scale_exponent: i32,
}

impl FeatureScaling {
    /// The offset in physical units.
    pub fn offset_value(&self) -> f32 {
        self.offset as f32 * self.raw.lsb()
    }

    /// The power of two that the difference is multiplied by.
    pub fn scale(&self) -> f32 {
        pow2(self.scale_exponent)
    }

    fn fit(name: &str, mut values: Vec<f32>, options: &ScalingOptions) -> Self {
        let count = values.len().max(1) as f64;
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
        let variance = values
            .iter()
            .map(|v| (f64::from(*v) - mean).powi(2))
            .sum::<f64>()
            / count;
        values.sort_unstable_by(f32::total_cmp);
        let cut = (options.tail * count) as usize;
        let kept = values.get(cut..values.len() - cut).unwrap_or(&values);
        let ends = [kept.first(), kept.last()].into_iter().flatten().copied();
        let raw = Format::covering(options.raw_bits, true, ends);
        let scale_exponent = -(variance.sqrt().log2().round() as i32).clamp(-60, 60);
        Self {
            name: name.to_owned(),
            raw,
            offset: raw.mantissa(mean as f32),
            scale_exponent,
        }
    }
}

/// The scaling of all features and the format they end in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputScaling {
    /// One entry for each feature, in the order of the input.
    pub features: Vec<FeatureScaling>,
    /// The input format of the network.
    pub input: Format,
}

impl InputScaling {
    /// Chooses grids, offsets and scales from the rows of the training part.
    pub fn fit(names: &[String], rows: &[f32], options: &ScalingOptions) -> Self {
        let width = names.len();
        let column = |j: usize| rows.iter().skip(j).step_by(width).copied().collect();
        let fit = |(j, name): (usize, &String)| FeatureScaling::fit(name, column(j), options);
        Self {
            features: names.iter().enumerate().map(fit).collect(),
            input: options.input,
        }
    }

    /// Shift and scale alone, without any rounding: the input of the float network.
    pub fn apply_float(&self, rows: &[f32]) -> Vec<f32> {
        self.map(rows, |feature, value| {
            (value - feature.offset_value()) * feature.scale()
        })
    }

    /// The exact values at the input of the quantised network.
    pub fn apply(&self, rows: &[f32]) -> Vec<f32> {
        self.map(rows, |feature, value| {
            let raw = feature.raw.quantise(value);
            self.input
                .quantise((raw - feature.offset_value()) * feature.scale())
        })
    }

    /// Of each feature, the share of rows that saturate at the raw grid or at the input format.
    pub fn saturated(&self, rows: &[f32]) -> Vec<f64> {
        let mut counts = vec![0usize; self.features.len()];
        for row in rows.chunks_exact(self.features.len()) {
            for ((feature, value), count) in self.features.iter().zip(row).zip(&mut counts) {
                let raw = feature.raw.quantise(*value);
                let scaled = (raw - feature.offset_value()) * feature.scale();
                let half = |format: &Format| format.lsb() / 2.0;
                let cut = (raw - value).abs() > half(&feature.raw)
                    || (self.input.quantise(scaled) - scaled).abs() > half(&self.input);
                *count += usize::from(cut);
            }
        }
        let total = (rows.len() / self.features.len().max(1)).max(1) as f64;
        counts
            .into_iter()
            .map(|count| count as f64 / total)
            .collect()
    }

    fn map(&self, rows: &[f32], value: impl Fn(&FeatureScaling, f32) -> f32) -> Vec<f32> {
        let row = |row| {
            self.features
                .iter()
                .zip::<&[f32]>(row)
                .map(|(f, v)| value(f, *v))
        };
        rows.chunks_exact(self.features.len())
            .flat_map(row)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted() -> (InputScaling, Vec<f32>) {
        let names = ["mass".to_owned(), "ratio".to_owned()];
        let rows: Vec<f32> = (0..2000u32)
            .flat_map(|i| {
                let u = (i * 7919 % 2000) as f32 / 2000.0;
                [300.0 * u, -0.05 * u * u]
            })
            .collect();
        let input = Format {
            bits: 10,
            signed: true,
            exponent: -7,
        };
        let options = ScalingOptions {
            raw_bits: 12,
            tail: 0.001,
            input,
        };
        (InputScaling::fit(&names, &rows, &options), rows)
    }

    #[test]
    fn spread_is_near_one_and_offsets_are_on_the_grid() {
        let (scaling, rows) = fitted();
        let scaled = scaling.apply(&rows);
        for j in 0..2 {
            let column: Vec<f32> = scaled.iter().skip(j).step_by(2).copied().collect();
            let mean = column.iter().sum::<f32>() / column.len() as f32;
            let var = column.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / column.len() as f32;
            assert!(
                mean.abs() < 0.05 && (0.7..1.45).contains(&var.sqrt()),
                "{mean} {var}"
            );
        }
        for feature in &scaling.features {
            assert_eq!(
                feature.raw.quantise(feature.offset_value()),
                feature.offset_value()
            );
        }
    }

    #[test]
    fn the_exact_path_is_integer_arithmetic() {
        let (scaling, rows) = fitted();
        let exact = scaling.apply(&rows);
        for (i, (value, out)) in rows.iter().zip(&exact).enumerate() {
            let f = &scaling.features[i % 2];
            let difference = f.raw.mantissa(*value) - f.offset;
            // The scaled value is difference * 2^shift input steps: round that half to even.
            let shift = f.raw.exponent + f.scale_exponent - scaling.input.exponent;
            let steps = difference as f64 * f64::from(shift).exp2();
            let mantissa =
                (steps.round_ties_even() as i64).clamp(scaling.input.min(), scaling.input.max());
            assert_eq!(scaling.input.mantissa(*out), mantissa);
            assert_eq!(scaling.input.quantise(*out), *out);
        }
    }

    #[test]
    fn saturation_is_counted_at_both_ends() {
        let (scaling, _) = fitted();
        let shares = scaling.saturated(&[1e6, 0.0, -1e6, 0.0, 150.0, 0.0, 150.0, 55.0]);
        assert_eq!(shares, [0.5, 0.25]);
    }
}
