//! Encoders that learn from symmetries alone.

use serde::{Deserialize, Serialize};

use super::anomaly::vector;
use super::layers::{Flow, LayerConfig, stack};
use super::ops::{dense, reshape};
use super::{Builder, NetError, Penalty, PenaltyKind};
use crate::config::{ConfigError, within};
use crate::data::InputConfig;
use crate::views::ViewsConfig;

/// Name of the result with the features.
pub const FEATURES: &str = "features";

/// The table `[contrastive]`: contrastive pre-training (SimCLR, arXiv:2002.05709; of jets, JetCLR,
/// arXiv:2108.04253).
///
/// `model.layers` end with the features `h`; `projection` and a dense layer give `z`. Of every event
/// of a batch two views are drawn. Minimised is the normalised temperature-scaled cross entropy
/// (NT-Xent): for views `i` and `j` of one event, with cosines `s`,
///
/// ```text
/// -ln( exp(s_ij / temperature) / sum_(k != i) exp(s_ik / temperature) )
/// ```
///
/// averaged over all views of the batch. Exported are the features alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContrastiveConfig {
    /// The layers between the features and what is compared.
    #[serde(default)]
    pub projection: Vec<LayerConfig>,
    /// How many numbers are compared.
    pub dimensions: usize,
    /// Cosines are divided by it: the smaller, the more the most similar other events count.
    pub temperature: f64,
    /// What keeps an event the same.
    pub views: ViewsConfig,
}

impl ContrastiveConfig {
    /// Fails unless every value is in its range and the inputs have the columns.
    pub(crate) fn check(&self, inputs: &[InputConfig]) -> Result<(), ConfigError> {
        within("contrastive.dimensions", self.dimensions, 1, 4096)?;
        within("contrastive.temperature", self.temperature, 1e-3, 1e3)?;
        self.views.check(inputs)
    }

    /// Adds features and projection behind the layers of the model.
    pub(super) fn build(&self, builder: &mut Builder, flow: &mut Flow) -> Result<(), NetError> {
        let features = vector("contrastive", builder, flow)?;
        let value = reshape(builder, "features.flat", flow.value, &[features]);
        builder.output(FEATURES, value);
        builder.deployed = false;
        stack(&self.projection, "projection.", builder, flow)?;
        let value = dense(builder, "projection", flow.value, self.dimensions, true)?;
        builder.penalty(Penalty {
            value,
            kind: PenaltyKind::Contrast {
                temperature: self.temperature as f32,
            },
            weight: 1.0,
        });
        builder.penalties_alone();
        Ok(())
    }
}
