//! The table `[evaluation]`: what an anomaly detector is judged on.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{ConfigError, within};

/// The table `[evaluation]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluationConfig {
    /// Samples of events that should be found. The training never sees them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<SignalConfig>,
    /// Accepted shares of the background at which efficiencies are given and thresholds listed.
    pub background_rates: Vec<f64>,
    /// Rate of the background events in kHz, to give accepted rates in that unit as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crossing_rate: Option<f64>,
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        Self {
            signals: Vec::new(),
            background_rates: vec![1e-2, 1e-3],
            crossing_rate: None,
        }
    }
}

/// An entry of `[[evaluation.signals]]`. Its columns are those of `[data]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalConfig {
    /// What it is called.
    pub name: String,
    /// Its file, relative to the working directory.
    pub path: PathBuf,
    /// Comparisons that a row has to pass, all of them; those of `[data]` do not count here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selection: Vec<String>,
}

impl EvaluationConfig {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let rates = &self.background_rates;
        within("evaluation.background_rates (how many)", rates.len(), 1, 16)?;
        for rate in rates {
            within("evaluation.background_rates", *rate, 1e-9, 0.5)?;
        }
        if let Some(rate) = self.crossing_rate {
            within("evaluation.crossing_rate", rate, 1e-9, 1e9)?;
        }
        Ok(())
    }
}
