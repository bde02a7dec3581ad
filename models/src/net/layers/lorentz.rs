//! Features of four-vectors: the Lorentz layer of LoLa (arXiv:1707.08966).

use serde::{Deserialize, Serialize};

use super::pool::particles;
use super::{Flow, Layer};
use crate::net::ops::{
    Reduction, activation_of, concat, dense, masked, metric, multiply, reduce, slice, subtract,
    transpose,
};
use crate::net::{Builder, NetError, Value, Widths};

/// What the factors of a free metric begin with: no sign is given away.
const METRIC_START: f32 = 0.25;

/// Where the metric comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Learned, from four equal factors on. What was learned stands in the report.
    Free,
    /// `+1, -1, -1, -1`.
    Fixed,
}

/// `type = "lorentz"`: `[vectors, 4]` of E, px, py, pz to `[vectors, features]`: the squared
/// length `sum_mu g_mu k_mu^2`, with `transverse` also `pT^2 = px^2 + py^2`, the energy and, with
/// `energy_sums`, a learned sum of all energies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LorentzConfig {
    /// Where the metric comes from.
    pub metric: Metric,
    /// Bits that the squares begin with: a mass is a small difference of large squares.
    #[serde(default = "defaults::square_bits")]
    pub square_bits: u32,
    /// Bits that the factors of a free metric begin with.
    #[serde(default = "defaults::metric_bits")]
    pub metric_bits: u32,
    /// Whether each vector also gets its `pT^2`. With it, a free metric is not determined: any
    /// multiple of `pT^2` can move from the one feature to the other.
    #[serde(default = "super::dense::yes")]
    pub transverse: bool,
    /// Whether each vector also gets a learned sum of the energies of all.
    #[serde(default)]
    pub energy_sums: bool,
}

impl Layer for LorentzConfig {
    fn build(&self, name: &str, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        self.check(name, builder, flow)?;
        if let Some(mask) = flow.mask.take() {
            flow.value = masked(builder, &format!("{name}.kept"), flow.value, mask);
        }
        let vectors = flow.value;
        let squares = multiply(builder, &format!("{name}.square"), vectors, vectors)?;
        let squares = rounded(builder, name, "squares", squares, self.square_bits);
        let length = match self.metric {
            Metric::Free => {
                let widths = Widths {
                    bits: self.metric_bits,
                    ..builder.weights
                };
                metric(builder, name, squares, METRIC_START, widths)?
            }
            Metric::Fixed => {
                let time = slice(builder, &format!("{name}.e2"), squares, 0, 1);
                let space = slice(builder, &format!("{name}.p2.xyz"), squares, 1, 3);
                let p2 = format!("{name}.p2");
                let space = reduce(builder, &p2, space, 1, Reduction::Sum, true);
                subtract(builder, name, time, space)
            }
        };
        let energy = slice(builder, &format!("{name}.energy"), vectors, 0, 1);
        let bits = builder.activations.bits;
        let mut features = vec![rounded(builder, name, "m2.out", length, bits)];
        if self.transverse {
            let plane = slice(builder, &format!("{name}.pt2.xy"), squares, 1, 2);
            let pt2 = format!("{name}.pt2");
            let pt2 = reduce(builder, &pt2, plane, 1, Reduction::Sum, true);
            features.push(rounded(builder, name, "pt2.out", pt2, bits));
        }
        features.push(energy);
        if self.energy_sums {
            let row = transpose(builder, &format!("{name}.energies"), energy, &[1, 0]);
            let count = builder.shape(row)[1];
            let sums = dense(builder, &format!("{name}.sums"), row, count, false)?;
            let sums = rounded(builder, name, "sums.out", sums, bits);
            let column = format!("{name}.sums.column");
            features.push(transpose(builder, &column, sums, &[1, 0]));
        }
        flow.value = concat(builder, &format!("{name}.features"), &features);
        Ok(())
    }
}

impl LorentzConfig {
    fn check(&self, name: &str, builder: &Builder, flow: &Flow) -> Result<(), NetError> {
        if particles(name, builder, flow)?[1] != 4 {
            return Err(NetError::Shape {
                layer: name.to_owned(),
                found: builder.shape(flow.value).to_vec(),
                expected: "[vectors, 4]: E, px, py, pz".to_owned(),
            });
        }
        let all = [
            ("square_bits", self.square_bits),
            ("metric_bits", self.metric_bits),
        ];
        match all.into_iter().find(|(_, bits)| !(1..=20).contains(bits)) {
            Some((key, bits)) => Err(NetError::Setting {
                layer: name.to_owned(),
                key,
                found: bits.to_string(),
                expected: "1 to 20".to_owned(),
            }),
            None => Ok(()),
        }
    }
}

/// Rounds a value, beginning with `bits` bits; each vector has widths of its own where each number
/// has one, as it has a meaning of its own.
fn rounded(builder: &mut Builder, name: &str, what: &str, value: Value, bits: u32) -> Value {
    let usual = builder.activations;
    builder.activations.bits = bits;
    let granularity = usual.granularity;
    let value = activation_of(
        builder,
        &format!("{name}.{what}"),
        value,
        false,
        granularity,
    );
    builder.activations = usual;
    value
}

mod defaults {
    pub(super) fn square_bits() -> u32 {
        14
    }
    pub(super) fn metric_bits() -> u32 {
        12
    }
}
