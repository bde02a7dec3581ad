//! Convolution over the edges to the nearest neighbours (ParticleNet).

use serde::{Deserialize, Serialize};

use super::dense::yes;
use super::pool::{one_over, particles};
use super::{Flow, Layer};
use crate::net::ops::{
    Reduction, activation, add, dense, distances, gather, masked, nearest, reduce, reshape, scale,
    slice,
};
use crate::net::{Builder, NetError};

/// What becomes of the edges of a particle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgePooling {
    /// Their sum times the power of two nearest to `1 / k`.
    #[default]
    Mean,
    /// The greatest; with `relu`.
    Max,
}

/// `type = "edge_conv"`: for each particle `i` and each of its `k` nearest neighbours `j` the same
/// dense layers on `(x_i, x_j - x_i)`, then the mean or the greatest over the neighbours
/// (arXiv:1902.08570). The first layer is computed as `A x_i + B x_j`, which is the same with
/// `A = W_1 - W_2` and `B = W_2`, for each particle rather than for each edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeConvConfig {
    /// Neighbours of each particle.
    pub k: usize,
    /// Outputs of the layers on an edge.
    pub units: Vec<usize>,
    /// Neighbours are near in so many leading features; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinates: Option<usize>,
    /// What becomes of the edges of a particle.
    #[serde(default)]
    pub pooling: EdgePooling,
    /// Whether negative results of the last layer become 0; those of the others do.
    #[serde(default = "yes")]
    pub relu: bool,
}

impl EdgeConvConfig {
    fn check(&self, name: &str, slots: usize, features: usize) -> Result<(), NetError> {
        let wrong = |key, found: String, expected: String| {
            Err(NetError::Setting {
                layer: name.to_owned(),
                key,
                found,
                expected,
            })
        };
        if !(1..slots).contains(&self.k) {
            let expected = format!("1 to {}, one less than the slots", slots.saturating_sub(1));
            return wrong("k", self.k.to_string(), expected);
        }
        if self.units.is_empty() || self.units.iter().any(|u| !(1..=4096).contains(u)) {
            let expected = "one or more numbers from 1 to 4096".to_owned();
            return wrong("units", format!("{:?}", self.units), expected);
        }
        if let Some(count) = self.coordinates
            && !(1..=features).contains(&count)
        {
            let expected = format!("1 to {features}, the number of features");
            return wrong("coordinates", count.to_string(), expected);
        }
        if self.pooling == EdgePooling::Max && !self.relu {
            let expected = "mean, or relu = true: an empty slot counts as 0".to_owned();
            return wrong("pooling", "max".to_owned(), expected);
        }
        Ok(())
    }
}

impl Layer for EdgeConvConfig {
    fn build(&self, name: &str, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        let [slots, features] = particles(name, builder, flow)?;
        self.check(name, slots, features)?;
        let sub = |what: &str| format!("{name}.{what}");
        let x = flow.value;
        let space = match self.coordinates {
            Some(count) if count < features => slice(builder, &sub("coordinates"), x, 0, count),
            _ => x,
        };
        let distances = distances(builder, &sub("distance"), space)?;
        let places = nearest(builder, &sub("nearest"), distances, flow.mask, self.k);
        let first = self.units[0];
        let here = dense(builder, &sub("here"), x, first, true)?;
        let here = reshape(builder, &sub("here.edges"), here, &[slots, 1, first]);
        let there = dense(builder, &sub("there"), x, first, false)?;
        let there = gather(builder, &sub("there.edges"), there, places);
        let mut edges = add(builder, &sub("edges"), here, there);
        for (index, units) in self.units.iter().enumerate() {
            if index > 0 {
                edges = dense(
                    builder,
                    &sub(&format!("layer{}", index + 1)),
                    edges,
                    *units,
                    true,
                )?;
            }
            let relu = self.relu || index + 1 < self.units.len();
            edges = activation(builder, &sub(&format!("out{}", index + 1)), edges, relu);
        }
        if let Some(mask) = flow.mask {
            let present = reshape(builder, &sub("present"), mask, &[slots, 1]);
            let present = gather(builder, &sub("present.edges"), present, places);
            edges = masked(builder, &sub("kept"), edges, present);
        }
        let reduction = match self.pooling {
            EdgePooling::Mean => Reduction::Sum,
            EdgePooling::Max => Reduction::Max,
        };
        let mut pooled = reduce(builder, &sub("pooled"), edges, 1, reduction, false);
        if self.pooling == EdgePooling::Mean {
            pooled = scale(builder, &sub("mean"), pooled, one_over(self.k));
        }
        flow.value = activation(builder, &sub("out"), pooled, false);
        Ok(())
    }
}
