//! Which numbers share a format, and the formats themselves.

use serde::{Deserialize, Serialize};

use super::ParameterId;
use super::quantise::Grouping;

/// Number of a quantiser in a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QuantiserId(pub(crate) usize);

/// How many numbers share one width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Granularity {
    /// All numbers of the tensor.
    Tensor,
    /// All of one channel: the last axis, or the first of an image.
    Channel,
    /// Every number has its own.
    Element,
}

/// What a quantiser rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Learned numbers: their range is known at every step, so they never saturate.
    Weight,
    /// Biases: as weights, but they enter no product.
    Bias,
    /// Values that depend on the event: they saturate at the range seen in calibration.
    Activation,
}

/// A quantiser: the groups of one tensor and where their fractional bits are.
#[derive(Debug, Clone)]
pub struct Quantiser {
    /// Name, unique in the network.
    pub name: String,
    /// What it rounds.
    pub kind: Kind,
    /// Shape of the tensor it rounds; per event for an activation.
    pub shape: Vec<usize>,
    /// Which element belongs to which group.
    pub grouping: Grouping,
    /// The fractional bits of the groups, a parameter.
    pub fractional: ParameterId,
    /// For a weight or bias: the parameter that it rounds.
    pub weight: Option<ParameterId>,
    /// Number of its first group among all groups of the network.
    pub first: usize,
    /// Negative values become 0 (ReLU).
    pub positive: bool,
    /// Bits that the groups begin with.
    pub bits: u32,
    /// Whether the exported graph has it; else only the training does.
    pub deployed: bool,
    /// Most bits, the sign not counted: what needs more saturates, such as the index of a table.
    pub most: Option<u32>,
}

impl Quantiser {
    /// The numbers of its groups among all groups of the network.
    pub fn widths(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.grouping.groups
    }

    /// Integer bits that are left of `integer` where a group has `fractional` ones.
    pub fn kept(&self, integer: i32, fractional: i32) -> i32 {
        match self.most {
            Some(most) => integer.min(most as i32 - fractional),
            None => integer,
        }
    }

    /// Elements of the tensor.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// The format of one group: mantissas `m` of `integer + fractional` bits and a sign where there is
/// one, each standing for `m * 2^-fractional`. Saturates symmetrically.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Format {
    /// Whether negative values are kept.
    pub signed: bool,
    /// Bits left of the binary point, the sign not counted.
    pub integer: i32,
    /// Bits right of the binary point.
    pub fractional: i32,
}

impl Format {
    /// Bits without the sign; 0 for a group that is always zero.
    pub fn bits(&self) -> u32 {
        (self.integer + self.fractional).max(0) as u32
    }

    /// The least number of integer bits with which values up to `magnitude` do not saturate.
    pub fn integer_bits(magnitude: f64, fractional: i32) -> i32 {
        // The scale is put together from its exponent: this runs for every group at every step.
        let scale = f64::from_bits(((i64::from(fractional) + 1023) as u64) << 52);
        let mantissa = (magnitude * scale).round_ties_even() as u64;
        let bits = u64::BITS - mantissa.leading_zeros();
        bits as i32 - fractional
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn integer_bits_hold_the_rounded_magnitude() {
        for fractional in -3..8 {
            for step in 0..2000 {
                let magnitude = f64::from(step) * 0.037;
                let integer = Format::integer_bits(magnitude, fractional);
                let mantissa = (magnitude * f64::from(fractional).exp2()).round_ties_even();
                let bits = integer + fractional;
                assert!(bits >= 0, "{magnitude} {fractional}");
                assert!(mantissa < f64::from(bits).exp2());
                assert!(bits == 0 || mantissa >= f64::from(bits - 1).exp2());
            }
        }
    }
}
