//! Figures of a decorrelated score on one part of the data.

use serde::{Deserialize, Serialize};

use super::{Figures, Part};
use crate::config::{DataConfig, DecorrelationConfig};
use crate::metrics::{MetricsError, Options, Scores, Sculpting, Spectator, sculpting};

/// What cuts on the score do to the background's shape in a variable: of the integers, and of the
/// float twin beside them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SculptingFigures {
    /// The variable.
    pub column: String,
    /// The classes that are background.
    pub background: Vec<String>,
    /// Executed by the integer interpreter.
    pub integer: Sculpting,
    /// The float model, at thresholds of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub float: Option<Sculpting>,
}

impl Part {
    /// The part with what cuts on the score do to the shape of the variable that a configuration
    /// names; `spectators` are those of each row.
    ///
    /// # Errors
    ///
    /// What [`sculpting()`] refuses.
    pub fn with_sculpting(
        mut self,
        (decorrelation, data): (&DecorrelationConfig, &DataConfig),
        spectators: &[f32],
        (scores, float): (&Scores<'_>, Option<&[f64]>),
        options: &Options,
    ) -> Result<Self, MetricsError> {
        let names = &data.spectators;
        let place = names.iter().position(|name| *name == decorrelation.column);
        let values = spectators
            .iter()
            .skip(place.unwrap_or(0))
            .step_by(names.len().max(1));
        let values: Vec<f64> = values.map(|value| f64::from(*value)).collect();
        let signal = decorrelation.signal(&data.classes);
        let background: Vec<bool> = signal.iter().map(|signal| !signal).collect();
        let spectator = Spectator {
            values: &values,
            background: &background,
        };
        let judge = |scores: &Scores<'_>| {
            let (efficiencies, bootstrap) = (&options.signal_efficiencies, options.bootstrap);
            sculpting(scores, &spectator, efficiencies, bootstrap)
        };
        let of_background = |(class, is): (&String, &bool)| is.then(|| class.clone());
        let found = SculptingFigures {
            column: decorrelation.column.clone(),
            background: data
                .classes
                .iter()
                .zip(&background)
                .filter_map(of_background)
                .collect(),
            integer: judge(scores)?,
            float: match float {
                Some(logits) => Some(judge(&Scores { logits, ..*scores })?),
                None => None,
            },
        };
        if let Figures::Classification { sculpting, .. } = &mut self.figures {
            *sculpting = Some(Box::new(found));
        }
        Ok(self)
    }
}
