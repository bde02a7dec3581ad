//! Figures of a detector of anomalies on one part of the data.

use serde::{Deserialize, Serialize};

use super::{Figures, Part};
use crate::metrics::{Anomaly, AnomalyScores, Bootstrap, Estimate, MetricsError, anomaly};

/// The figures of the integers, and of the float twin beside them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnomalyFigures {
    /// Executed by the integer interpreter.
    pub integer: Anomaly,
    /// The float model, with thresholds of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub float: Option<Anomaly>,
    /// Fractional bits of the score: a threshold times two to this power is the integer that a
    /// kernel compares with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fractional: Option<i32>,
    /// Rate of the background events in kHz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crossing_rate: Option<f64>,
}

/// What a detector said, and how it is to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Detector<'a> {
    /// Scores of the integers.
    pub integer: AnomalyScores<'a>,
    /// Scores of the float twin, of the same rows.
    pub float: Option<AnomalyScores<'a>>,
    /// Shares of the background to accept.
    pub rates: &'a [f64],
    /// The part that thresholds are taken from as well.
    pub before: Option<&'a Part>,
    /// See [`AnomalyFigures::fractional`].
    pub fractional: Option<i32>,
    /// See [`AnomalyFigures::crossing_rate`].
    pub crossing_rate: Option<f64>,
}

impl AnomalyFigures {
    /// The threshold as the integer that a kernel compares with.
    pub fn mantissa(&self, threshold: f64) -> Option<i64> {
        let scaled = threshold * f64::from(self.fractional?).exp2();
        // Just above the highest score seen: the next integer.
        Some(scaled.ceil() as i64)
    }

    /// `AUC s` and `efficiency s at r` of the integers, for signal `s` and background rate `r`.
    pub(super) fn figure(&self, name: &str) -> Option<Estimate> {
        let signals = self.integer.signals.iter().enumerate();
        for (at, signal) in signals {
            if name == format!("AUC {}", signal.name) {
                return Some(signal.auc);
            }
            for point in &self.integer.points {
                if name == format!("efficiency {} at {}", signal.name, point.background_rate) {
                    return point.signals.get(at).copied();
                }
            }
        }
        None
    }
}

impl Part {
    /// Judges a detector of anomalies.
    ///
    /// # Errors
    ///
    /// What [`anomaly()`] refuses.
    pub fn anomaly(
        name: &str,
        detector: &Detector<'_>,
        bootstrap: Bootstrap,
    ) -> Result<Self, MetricsError> {
        let before = match detector.before.map(|part| &part.figures) {
            Some(Figures::Anomaly(figures)) => Some(figures),
            _ => None,
        };
        let thresholds = |found: Option<&Anomaly>| -> Vec<f64> {
            let points = found.into_iter().flat_map(|found| &found.points);
            points.map(|point| point.threshold).collect()
        };
        let of_integer = thresholds(before.map(|figures| &figures.integer));
        let of_float = thresholds(before.and_then(|figures| figures.float.as_ref()));
        let figures = AnomalyFigures {
            integer: anomaly(&detector.integer, detector.rates, &of_integer, bootstrap)?,
            float: match &detector.float {
                Some(scores) => Some(anomaly(scores, detector.rates, &of_float, bootstrap)?),
                None => None,
            },
            fractional: detector.fractional,
            crossing_rate: detector.crossing_rate,
        };
        Ok(Self::named(name, Figures::Anomaly(Box::new(figures))))
    }
}
