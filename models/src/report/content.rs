//! What a report holds.

use serde::{Deserialize, Serialize};

use super::{LayerWidths, Part, json};

/// Everything that is reported of one trained model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Name of the model.
    pub name: String,
    /// What the model is for.
    #[serde(default)]
    pub purpose: String,
    /// Names of the classes; empty for a regression.
    #[serde(default)]
    pub classes: Vec<String>,
    /// Where model and data come from, in the order of reading.
    #[serde(default)]
    pub facts: Vec<Fact>,
    /// Figures on each held-back part of the data.
    pub parts: Vec<Part>,
    /// What others reach on data of the same kind.
    #[serde(default)]
    pub baselines: Vec<Baseline>,
    /// What one inference costs.
    #[serde(default)]
    pub cost: Cost,
    /// Bits of every weight and activation.
    #[serde(default)]
    pub layers: Vec<LayerWidths>,
    /// What `validation_metric` of the training curves is, as in `accuracy`.
    #[serde(default)]
    pub metric: String,
    /// The training curves.
    #[serde(default)]
    pub history: Vec<CurvePoint>,
}

/// One line on where something comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is, as in `seed`.
    pub name: String,
    /// What is known of it.
    pub value: String,
}

/// A figure that another model reaches, from the table `[[card.baselines]]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The other model.
    pub model: String,
    /// The figure: `accuracy`, `AUC t`, `rejection t at 50 %`, or any other words.
    pub metric: String,
    /// Its value.
    pub value: f64,
    /// Its error, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<f64>,
    /// Where it is from, and on which data.
    #[serde(default)]
    pub source: String,
}

/// What one inference costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Weights and biases that are not zero.
    pub parameters: u64,
    /// Multiplications of an event by weights that are not zero.
    pub multiplications: u64,
    /// Effective bit operations: the sum over all multiplications of the product of the bits of
    /// weight and activation (arXiv:2405.00645).
    pub ebops: Option<u64>,
}

/// One epoch of the training curves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Name of the stage.
    pub stage: String,
    /// Number of the epoch in the stage, from 0.
    pub epoch: usize,
    /// Mean loss of the batches.
    pub train_loss: f64,
    /// Loss of the validation part.
    pub validation_loss: f64,
    /// Figure of merit on the validation part.
    #[serde(default)]
    pub validation_metric: Option<f64>,
    /// Effective bit operations after the epoch.
    #[serde(default)]
    pub ebops: Option<f64>,
    /// Factor of the EBOPs in the loss.
    #[serde(default)]
    pub beta: Option<f64>,
    /// Learning rate at the end of the epoch.
    #[serde(default)]
    pub rate: Option<f64>,
}

/// Why a report cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A number has no form in JSON, or a text is no report.
    #[error("not the JSON of a report")]
    Json(#[from] serde_json::Error),
}

impl Report {
    /// The report as JSON, innermost lists and objects on one line each.
    ///
    /// # Errors
    ///
    /// None for a report of finite numbers.
    pub fn json(&self) -> Result<String, ReportError> {
        let pretty = serde_json::to_string_pretty(self)?;
        Ok(json::compact(&pretty) + "\n")
    }

    /// Reads what [`Report::json`] wrote.
    ///
    /// # Errors
    ///
    /// A text that is no report: line, column and reason.
    pub fn from_json(text: &str) -> Result<Self, ReportError> {
        Ok(serde_json::from_str(text)?)
    }
}
