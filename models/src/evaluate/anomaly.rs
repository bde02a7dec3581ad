//! A detector of anomalies judged on background and signals.

use super::{DataConfig, EvaluateError, Request, Truth};
use crate::config::EvaluationConfig;
use crate::data::{self, Events, InputSpec};
use crate::execute::Executable;
use crate::metrics::AnomalyScores;
use crate::report::{Detector, Part};
use crate::train::halves;

/// What is executed for a detector beside its background.
pub(super) struct Models<'a> {
    pub(super) model: &'a Executable,
    pub(super) float: Option<&'a Executable>,
    pub(super) specs: &'a [InputSpec],
    pub(super) step: &'a (dyn Fn(usize) + Sync),
}

/// The signals of a configuration that belong to a part: the first half of each to the validation
/// part, the second to the test part, all to the training part, which saw none of them.
pub(super) fn signals(
    request: &Request,
    data: &DataConfig,
    evaluation: &EvaluationConfig,
) -> Result<Vec<(String, Events)>, EvaluateError> {
    let mut all = Vec::new();
    for signal in &evaluation.signals {
        let events = data.read_whole(&signal.path, &signal.selection)?;
        let [first, second] = halves(&events, data.split.seed);
        let events = match request.part {
            data::Part::Train => events,
            data::Part::Validation => first,
            data::Part::Test => second,
        };
        all.push((signal.name.clone(), events));
    }
    Ok(all)
}

/// Figures of a detector; the background gave the scores `outputs` and `twins`.
pub(super) fn judge(
    request: &Request,
    evaluation: &EvaluationConfig,
    signals: &[(String, Events)],
    models: &Models<'_>,
    (truth, weighted): (&Truth, bool),
    (outputs, twins): (&[f64], Option<&[f64]>),
) -> Result<Part, EvaluateError> {
    let run = |model: &Executable| -> Result<Vec<(String, Vec<f64>)>, EvaluateError> {
        let one = |(name, events): &(String, Events)| {
            let found = model.run(models.specs, events, models.step)?;
            Ok((name.clone(), found.values))
        };
        signals.iter().map(one).collect()
    };
    let of_integer = run(models.model)?;
    let of_float = models.float.map(run).transpose()?;
    let weights = if weighted {
        truth.weights.as_slice()
    } else {
        &[]
    };
    let scores = |background, signals| AnomalyScores {
        background,
        weights,
        signals,
    };
    let twins = twins.zip(of_float.as_deref());
    let detector = Detector {
        integer: scores(outputs, &of_integer),
        float: twins.map(|(background, signals)| scores(background, signals)),
        rates: &evaluation.background_rates,
        before: None,
        fractional: models.model.fractional(),
        crossing_rate: evaluation.crossing_rate,
    };
    Part::anomaly(request.part.name(), &detector, request.options.bootstrap).map_err(|source| {
        EvaluateError::Metrics {
            path: request.model.clone(),
            source,
        }
    })
}
