//! What a sweep found, as figures and as cells of a table.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use toml::Value;

use super::figures::Figures;
use super::run::trial_dir;
use super::space::{Method, Objective, Space};
use super::state::{State, Trial};
use super::{SweepError, pareto};
use crate::files;

/// What a sweep found.
#[derive(Debug, Clone)]
pub struct SweepSummary {
    /// The folder of the sweep.
    pub dir: PathBuf,
    /// What was searched.
    pub space: Space,
    /// All trials, by number.
    pub trials: Vec<Trial>,
    /// The trials that no other one beats in both cost and objective, cheapest first.
    pub front: Vec<usize>,
}

/// `pareto.json`.
#[derive(Serialize)]
struct Pareto<'a> {
    objective: Objective,
    method: Method,
    seed: u64,
    trials: usize,
    failed: usize,
    front: Vec<Point<'a>>,
}

/// A trial on the front.
#[derive(Serialize)]
struct Point<'a> {
    trial: usize,
    #[serde(flatten)]
    figures: &'a Figures,
    parameters: BTreeMap<&'a str, &'a Value>,
    /// Paths below the folder of the sweep.
    config: PathBuf,
    model: PathBuf,
}

impl SweepSummary {
    /// The summary of a sweep whose trials are over.
    pub(super) fn new(dir: PathBuf, state: State) -> Self {
        let front = pareto::front(&state.scored());
        Self {
            dir,
            front: front.iter().map(|scored| scored.trial).collect(),
            space: state.space,
            trials: state.trials,
        }
    }

    /// How many trials gave no network.
    pub fn failed(&self) -> usize {
        let failed = |trial: &&Trial| trial.is_over() && trial.figures().is_none();
        self.trials.iter().filter(failed).count()
    }

    /// Whether trial `number` is on the front.
    pub fn is_on_front(&self, number: usize) -> bool {
        self.front.contains(&number)
    }

    /// Heads of the columns of [`Self::cells`].
    pub fn columns(&self) -> Vec<String> {
        let figures = ["trial", "EBOPs", "loss", "accuracy", "AUC"];
        let parameters = self.space.parameters.keys();
        figures
            .into_iter()
            .map(str::to_owned)
            .chain(parameters.cloned())
            .collect()
    }

    /// A trial as a line of a table: number, figures, values.
    pub fn cells(&self, number: usize) -> Vec<String> {
        let Some(trial) = self.trials.get(number) else {
            return Vec::new();
        };
        let digits = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.4}"));
        let figures = trial.figures();
        let accuracy = figures.and_then(|f| Some((f.accuracy?, f.accuracy_error?)));
        let mut cells = vec![
            number.to_string(),
            figures.map_or("-".to_owned(), |f| f.ebops.to_string()),
            digits(figures.map(|f| f.loss)),
            accuracy.map_or("-".to_owned(), |(v, e)| format!("{v:.4} +- {e:.4}")),
            digits(figures.and_then(|f| f.auc)),
        ];
        cells.extend(trial.values.iter().map(written));
        cells
    }

    /// The front as `pareto.json`.
    pub(super) fn write_json(&self) -> Result<(), SweepError> {
        let path = self.dir.join("pareto.json");
        let point = |&number: &usize| {
            let trial = self.trials.get(number)?;
            let names = self.space.parameters.keys().map(String::as_str);
            let folder = trial_dir("".as_ref(), number);
            Some(Point {
                trial: number,
                figures: trial.figures()?,
                parameters: names.zip(&trial.values).collect(),
                config: folder.join("config.toml"),
                model: folder.join("model.onnx"),
            })
        };
        let pareto = Pareto {
            objective: self.space.objective,
            method: self.space.method,
            seed: self.space.seed,
            trials: self.trials.len(),
            failed: self.failed(),
            front: self.front.iter().filter_map(point).collect(),
        };
        let io = |source| SweepError::Io {
            path: path.clone(),
            source,
        };
        let text = serde_json::to_string_pretty(&pareto).map_err(|e| io(e.into()))?;
        files::replace(&path, text.as_bytes()).map_err(io)
    }
}

/// A value as it would be typed, small numbers with an exponent.
fn written(value: &Value) -> String {
    match value {
        Value::Float(number) if *number != 0.0 && number.abs() < 1e-3 => format!("{number:e}"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_they_would_be_typed() {
        let values = [
            (Value::Float(2.5e-7), "2.5e-7"),
            (Value::Float(0.0125), "0.0125"),
            (Value::Float(0.0), "0.0"),
            (Value::String("relu".to_owned()), "relu"),
            (
                Value::Array(vec![Value::Integer(8), Value::Integer(4)]),
                "[8, 4]",
            ),
        ];
        for (value, text) in values {
            assert_eq!(written(&value), text);
        }
    }
}
