//! Signals beside the background: what a detector that never saw them says of them.

use std::path::{Path, PathBuf};

use burn::tensor::DType;

use super::TrainError;
use super::data::{Data, Rows};
use super::evaluate::Fixed;
use super::integer::{IntegerOutputs, compare, integer_outputs};
use super::state::Stage;
use crate::config::Config;
use crate::data::{Events, InputSpec};
use crate::inputs::InputTransform;
use crate::metrics::{AnomalyScores, Bootstrap};
use crate::report::{Detector, Part};
use crate::seed::{Purpose, Stream};

/// The signals of a configuration, half of each for the validation and half for the test part.
pub(super) struct Signals<'a> {
    config: &'a Config,
    transforms: Vec<InputTransform>,
    specs: Vec<InputSpec>,
    /// The exported file.
    model: PathBuf,
    /// Name, events of the validation and of the test part.
    samples: Vec<(String, [Events; 2])>,
}

impl<'a> Signals<'a> {
    /// Reads all signals.
    pub(super) fn read(config: &'a Config, data: &Data, model: &Path) -> Result<Self, TrainError> {
        let mut samples = Vec::new();
        for signal in &config.evaluation.signals {
            let events = config.data.read_whole(&signal.path, &signal.selection)?;
            samples.push((signal.name.clone(), halves(&events, config.data.split.seed)));
        }
        Ok(Self {
            config,
            transforms: data.transforms.clone(),
            specs: data.source.inputs().to_vec(),
            model: model.to_owned(),
            samples,
        })
    }

    /// Figures of one part; its background gave the scores `integer` and `float`. `networks` are
    /// the quantised network and its twin, whose scores of the signals are needed as well, and
    /// those of the first have to be the integers.
    pub(super) fn part(
        &self,
        name: &'static str,
        integer: &IntegerOutputs,
        float: &[f64],
        background: &Events,
        before: Option<&Part>,
        networks: (Fixed<'_>, Fixed<'_>),
    ) -> Result<Part, TrainError> {
        let half = usize::from(name == "test");
        let (mut of_integer, mut of_float) = (Vec::new(), Vec::new());
        for (signal, events) in &self.samples {
            let events = &events[half];
            let rows = |stage| Rows::new(&self.transforms, events.clone(), stage);
            let found = integer_outputs(&self.model, &self.specs, events)?;
            let own = networks.0.outputs(&rows(Stage::Quantised), DType::F64)?;
            compare(&self.model, &found.values, &own)?;
            let twin = networks.1.outputs(&rows(Stage::Float), DType::F32)?;
            of_integer.push((signal.clone(), found.values));
            of_float.push((signal.clone(), twin));
        }
        let weights: Vec<f64> = background.weights.iter().map(|w| f64::from(*w)).collect();
        let detector = Detector {
            integer: AnomalyScores {
                background: &integer.values,
                weights: &weights,
                signals: &of_integer,
            },
            float: Some(AnomalyScores {
                background: float,
                weights: &weights,
                signals: &of_float,
            }),
            rates: &self.config.evaluation.background_rates,
            before,
            fractional: integer.fractional,
            crossing_rate: self.config.evaluation.crossing_rate,
        };
        Part::anomaly(name, &detector, Bootstrap::default())
            .map_err(|source| TrainError::Metrics { part: name, source })
    }
}

/// The events in two halves, by the seed of the split.
pub(crate) fn halves(events: &Events, seed: u64) -> [Events; 2] {
    let order = Stream::new(seed, Purpose::Split).permutation(events.rows);
    let (first, second) = order.split_at(events.rows / 2);
    [first, second].map(|rows| {
        let mut rows = rows.to_vec();
        rows.sort_unstable();
        events.select(&rows)
    })
}
