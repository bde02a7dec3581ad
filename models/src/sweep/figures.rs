//! What counts of a finished training.

use std::path::Path;

use serde::{Deserialize, Serialize};
use trigforge_codegen::quantize::load;
use trigforge_codegen::validate;

use super::Objective;
use crate::train::{Stage, TrainError, TrainSummary};

/// The figures of a trial, on the validation part, as the integer kernel gives them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Mean loss of the events.
    pub loss: f64,
    /// Share of right decisions; `None` for a network that decides nothing.
    pub accuracy: Option<f64>,
    /// Binomial error of the accuracy.
    pub accuracy_error: Option<f64>,
    /// Area under the ROC curve, the mean over the classes.
    pub auc: Option<f64>,
    /// Effective bit operations of one event (arXiv:2405.00645).
    pub ebops: u64,
}

impl Figures {
    /// The figure that a sweep looks at.
    pub fn of(&self, objective: Objective) -> Option<f64> {
        match objective {
            Objective::Loss => Some(self.loss),
            Objective::Accuracy => self.accuracy,
            Objective::Auc => self.auc,
        }
    }

    /// The same as what is to be small: a loss, or what is lacking to 1.
    pub(super) fn lost(&self, objective: Objective) -> Option<f64> {
        let figure = self.of(objective)?;
        Some(match objective {
            Objective::Loss => figure,
            Objective::Accuracy | Objective::Auc => 1.0 - figure,
        })
    }
}

/// The figures of a training that has written its files into `dir`.
///
/// # Errors
///
/// A model that does not read back.
pub(super) fn trial_figures(summary: &TrainSummary, dir: &Path) -> Result<Figures, TrainError> {
    let path = dir.join("model.onnx");
    let failed = |reason: String| TrainError::ReadBack {
        path: path.clone(),
        reason,
    };
    let module = load(&path, None).map_err(|e| failed(e.to_string()))?;
    let info = validate::validate(&module).map_err(|e| failed(e.to_string()))?;
    let ebops = info.costs(&module).iter().map(|cost| cost.ebops).sum();
    let quantised = &summary.validation.quantised;
    // The quantised stage's own forward pass is that of the integers, bit for bit, and the
    // network of its best epoch is the one that was exported.
    let losses = summary.history.iter();
    let losses = losses.filter(|record| record.stage == Stage::Quantised);
    Ok(Figures {
        loss: losses
            .map(|r| r.validation_loss)
            .fold(f64::INFINITY, f64::min),
        accuracy: Some(quantised.accuracy),
        accuracy_error: Some(quantised.accuracy_error),
        auc: Some(quantised.auc.iter().sum::<f64>() / quantised.auc.len().max(1) as f64),
        ebops,
    })
}
