//! Classifiers through a few latent numbers that hold the input and do not repeat each other.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::anomaly::{Target, decode, distance, target};
use super::layers::{Flow, LayerConfig, stack};
use super::ops::{activation, dense};
use super::{Builder, NetError, Penalty, PenaltyKind, Value};

/// Name of the result with the latent numbers.
pub const LATENT: &str = "latent";

/// The table `[latent]`: a disentangled-latent classifier, as in the lectures arXiv:2211.01421.
///
/// `model.layers` and a dense layer give `dimensions` latent numbers `z`, behind which `classifier`
/// and a dense layer give the logits, `decoder` and a dense layer one number `r_j` for each of the
/// inputs `x_j`. Minimised is
///
/// ```text
/// train.loss + reconstruction sum_j w_j (r_j - x_j)^2 + correlation sum_(i != j) cov_ij^2
/// ```
///
/// with the covariance of `z / sigma(z)` over the events of a batch: latent numbers cannot avoid it
/// by being small. The decoder is not exported; the logits and `z` are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatentConfig {
    /// How many latent numbers.
    pub dimensions: usize,
    /// The layers between them and the logits.
    #[serde(default)]
    pub classifier: Vec<LayerConfig>,
    /// The layers between them and the reconstruction.
    pub decoder: Vec<LayerConfig>,
    /// Weight of the reconstruction.
    pub reconstruction: f64,
    /// Weight of the squared covariances.
    pub correlation: f64,
    /// The weight `w` of each column: 0 or a power of two; 1 where it is not named.
    #[serde(default)]
    pub weights: BTreeMap<String, f64>,
}

impl LatentConfig {
    /// Fails unless every value is in its range.
    pub(crate) fn check(&self) -> Result<(), crate::config::ConfigError> {
        use crate::config::within;
        within("latent.dimensions", self.dimensions, 1, 1024)?;
        within("latent.reconstruction", self.reconstruction, 0.0, 1e6)?;
        within("latent.correlation", self.correlation, 0.0, 1e6)
    }

    /// Adds latent numbers, classifier and decoder behind the layers of the model.
    pub(super) fn build(
        &self,
        builder: &mut Builder,
        flow: &mut Flow,
        outputs: usize,
    ) -> Result<(), NetError> {
        let target = target(builder, flow, &self.weights, &[])?;
        let latent = dense(builder, "latent.sum", flow.value, self.dimensions, true)?;
        let latent = activation(builder, "latent.out", latent, false);
        flow.value = latent;
        flow.mask = None;
        let mut classified = flow.clone();
        stack(&self.classifier, "classifier.", builder, &mut classified)?;
        let logits = dense(builder, "output", classified.value, outputs, true)?;
        builder.output("logits", logits);
        builder.output(LATENT, latent);
        self.train_alone(builder, flow, &target, latent)
    }

    /// What only the training needs.
    fn train_alone(
        &self,
        builder: &mut Builder,
        flow: &mut Flow,
        target: &Target,
        latent: Value,
    ) -> Result<(), NetError> {
        builder.deployed = false;
        let given = decode(builder, flow, &self.decoder, target)?;
        let value = distance(builder, given, target, 1.0);
        builder.penalty(Penalty {
            value,
            kind: PenaltyKind::Mean,
            weight: self.reconstruction as f32,
        });
        builder.penalty(Penalty {
            value: latent,
            kind: PenaltyKind::Correlation,
            weight: self.correlation as f32,
        });
        Ok(())
    }
}
