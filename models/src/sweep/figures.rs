//! What counts of a finished training.

use serde::{Deserialize, Serialize};

use super::Objective;
use crate::report::Figures as PartFigures;
use crate::train::TrainSummary;

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

/// The figures of a finished training on its validation part.
pub(super) fn trial_figures(summary: &TrainSummary) -> Figures {
    let classification = summary
        .report
        .parts
        .iter()
        .find_map(|part| match &part.figures {
            PartFigures::Classification { integer, .. } if part.name == "validation" => {
                Some(integer)
            }
            _ => None,
        });
    let auc = classification.map(|found| {
        // The pairs of classes aside.
        let against_all = found.discrimination.iter();
        let against_all =
            against_all.filter(|d| d.background.is_none() || found.confusion.len() == 2);
        let areas: Vec<f64> = against_all.map(|d| d.auc.value).collect();
        areas.iter().sum::<f64>() / areas.len().max(1) as f64
    });
    Figures {
        loss: summary.validation_loss,
        accuracy: classification.map(|found| found.accuracy.value),
        accuracy_error: classification.and_then(|found| found.accuracy.error),
        auc,
        ebops: summary.ebops,
    }
}
