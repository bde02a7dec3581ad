//! The table `[model.head]`: what a regression says of its target beside a number.

use serde::{Deserialize, Serialize};

use super::{ConfigError, DataConfig, within};
use crate::net::layers::LayerConfig;

/// The table `[model.head]`. The formulas of all methods are in `docs/uncertainties.md`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadConfig {
    /// How the uncertainty is found.
    pub method: Method,
    /// In which form the network sees the target. The outputs are in its unit in either case.
    #[serde(default)]
    pub scale: Scale,
    /// A column of the first input that the mean is a correction of: with `scale = "log"` a column
    /// with `log = true` that the learned factor multiplies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative_to: Option<String>,
    /// Bits that the learned numbers begin with: mean and logarithms of the uncertainties.
    #[serde(default = "defaults::bits")]
    pub bits: u32,
    /// Bits of the outputs.
    #[serde(default = "defaults::output_bits")]
    pub output_bits: u32,
}

/// In which form the network sees the target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// As it is.
    #[default]
    Linear,
    /// Its logarithm: mean and uncertainties are exponentials of what is learned. The target must
    /// be above 0.
    Log,
}

/// How the uncertainty is found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Method {
    /// A Gaussian likelihood whose sigma is learned.
    Gaussian,
    /// A mixture of Gaussians; gives the mean and quantiles.
    Mixture {
        /// How many.
        components: usize,
    },
    /// The parameters of a normal-inverse-gamma distribution (arXiv:1910.02600).
    Evidential {
        /// Weight of the penalty on evidence that is wrong.
        #[serde(default = "defaults::penalty")]
        penalty: f64,
        /// As how many observations of its own neighbourhood a training event counts: the loss is
        /// then the expected likelihood with the matching prior (arXiv:2105.04471). 0 for the
        /// marginal likelihood of arXiv:1910.02600.
        #[serde(default)]
        counts: f64,
    },
    /// Networks that repel each other (arXiv:2106.11642).
    Ensemble {
        /// How many: a power of two.
        members: usize,
        /// Weight of the repulsion; 0 for a plain ensemble.
        #[serde(default = "defaults::one")]
        repulsion: f64,
        /// The layers that each has for itself, behind `model.layers`.
        #[serde(default)]
        layers: Vec<LayerConfig>,
    },
    /// Layers whose weights have a Gaussian distribution (arXiv:1505.05424, arXiv:1506.02557),
    /// deployed as frozen samples.
    Bayesian {
        /// How many samples: a power of two.
        members: usize,
        /// Width of the prior of every weight.
        #[serde(default = "defaults::one")]
        prior: f64,
        /// Width that every weight begins with.
        #[serde(default = "defaults::spread")]
        spread: f64,
        /// Units of the layers, with ReLU, behind `model.layers`.
        #[serde(default)]
        units: Vec<usize>,
    },
}

impl Method {
    /// How many networks are evaluated side by side.
    pub fn members(&self) -> usize {
        match self {
            Self::Ensemble { members, .. } | Self::Bayesian { members, .. } => *members,
            Self::Gaussian | Self::Mixture { .. } | Self::Evidential { .. } => 1,
        }
    }
}

impl HeadConfig {
    pub(super) fn check(&self, data: &DataConfig) -> Result<(), ConfigError> {
        within("data.targets (with model.head)", data.targets.len(), 1, 1)?;
        within("model.head.bits", self.bits, 4, 15)?;
        within("model.head.output_bits", self.output_bits, 4, 24)?;
        match &self.method {
            Method::Gaussian => Ok(()),
            Method::Mixture { components } => {
                within("model.head.method.components", *components, 1, 16)
            }
            Method::Evidential { penalty, counts } => {
                within("model.head.method.penalty", *penalty, 0.0, 1e3)?;
                within("model.head.method.counts", *counts, 0.0, 1.0)
            }
            Method::Ensemble {
                members, repulsion, ..
            } => {
                power_of_two(*members)?;
                within("model.head.method.repulsion", *repulsion, 0.0, 1e6)
            }
            Method::Bayesian {
                members,
                prior,
                spread,
                units,
            } => {
                power_of_two(*members)?;
                within("model.head.method.prior", *prior, 1e-6, 1e6)?;
                within("model.head.method.spread", *spread, 1e-6, 10.0)?;
                let most = units.iter().copied().max().unwrap_or(1);
                let least = units.iter().copied().min().unwrap_or(1);
                within("model.head.method.units", least, 1, 4096)?;
                within("model.head.method.units", most, 1, 4096)
            }
        }
    }
}

/// Means over the members are shifts.
fn power_of_two(members: usize) -> Result<(), ConfigError> {
    if (2..=64).contains(&members) && members.is_power_of_two() {
        return Ok(());
    }
    Err(ConfigError::Value {
        key: "model.head.method.members",
        found: members.to_string(),
        expected: "2, 4, 8, 16, 32 or 64".to_owned(),
    })
}

mod defaults {
    pub(super) fn bits() -> u32 {
        12
    }
    pub(super) fn output_bits() -> u32 {
        18
    }
    pub(super) fn one() -> f64 {
        1.0
    }
    pub(super) fn penalty() -> f64 {
        0.01
    }
    pub(super) fn spread() -> f64 {
        0.05
    }
}
