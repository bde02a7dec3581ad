//! The events of a training as the network sees them.

use std::borrow::Cow;

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::TrainError;
use super::decorrelation::{Beside, Truth};
use super::noise::STILL;
use super::state::Stage;
use super::teacher::Teacher;
use crate::config::Config;
use crate::data::{Events, Part, Source};
use crate::inputs::{InputOptions, InputTransform, network_inputs};
use crate::net::Net;
use crate::seed::{Purpose, Stream};
use crate::views::{Showing, Views};

/// At most so many events give the ranges of the activations during training.
const CALIBRATION: usize = 4096;

/// The file of a training with the transforms that were fitted to its training part.
pub(super) struct Data {
    pub(super) source: Source,
    pub(super) transforms: Vec<InputTransform>,
    pub(super) validation: Events,
    /// The training part of the present stage, if it fits in memory.
    kept: Option<(Stage, Rows)>,
    /// What gives the targets of a student.
    teacher: Option<Teacher>,
    /// What shows a contrastive training its events, and the seed of it.
    views: Option<(Views, u64)>,
}

/// Events as network inputs.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    /// How many.
    pub(super) rows: usize,
    /// Of each network input, its numbers row after row.
    pub(super) inputs: Vec<Vec<f32>>,
    /// Class of each, or nothing.
    pub(super) labels: Vec<usize>,
    /// Targets of each, row after row, or nothing.
    pub(super) targets: Vec<f32>,
    /// Spectators of each, row after row.
    pub(super) spectators: Vec<f32>,
    /// Weight of each.
    pub(super) weights: Vec<f32>,
    /// Whether the second half are other views of the events of the first.
    pub(super) paired: bool,
}

/// Inputs, targets and weights of some events as tensors.
pub(super) struct Batch {
    pub(super) inputs: Vec<Tensor<2>>,
    /// One row for each event: 1 in the place of its class, or its targets; 0 where it has neither.
    pub(super) targets: Tensor<2>,
    pub(super) weights: Tensor<2>,
    /// Of each noise of the network its numbers, once they are drawn.
    pub(super) noises: Vec<Option<Tensor<2>>>,
    /// What the score shall not follow.
    pub(super) beside: Option<Beside>,
}

impl Rows {
    /// Events as a stage sees them.
    pub(super) fn new(transforms: &[InputTransform], events: Events, stage: Stage) -> Self {
        Self {
            rows: events.rows,
            inputs: network_inputs(transforms, &events, stage == Stage::Quantised),
            labels: events.labels,
            targets: events.targets,
            spectators: events.spectators,
            weights: events.weights,
            paired: false,
        }
    }

    /// What is known of them.
    pub(super) fn truth(&self) -> Truth<'_> {
        Truth {
            labels: &self.labels,
            spectators: &self.spectators,
            weights: &self.weights,
        }
    }

    /// The first `count` events.
    fn truncated(&self, count: usize) -> Self {
        let count = count.min(self.rows);
        let cut = |values: &Vec<f32>| values[..values.len() / self.rows.max(1) * count].to_vec();
        Self {
            rows: count,
            inputs: self.inputs.iter().map(cut).collect(),
            labels: self.labels.iter().take(count).copied().collect(),
            targets: cut(&self.targets),
            spectators: cut(&self.spectators),
            weights: cut(&self.weights),
            paired: false,
        }
    }

    /// Some rows and behind them the other views of the same events, if there are any.
    pub(super) fn with_partners<'a>(&self, rows: &'a [usize]) -> Cow<'a, [usize]> {
        match self.paired {
            true => {
                let others = rows.iter().map(|row| row + self.rows / 2);
                Cow::Owned(rows.iter().copied().chain(others).collect())
            }
            false => Cow::Borrowed(rows),
        }
    }

    /// Some of the events as tensors; `outputs` is the number of classes or targets.
    pub(super) fn batch(&self, rows: &[usize], outputs: usize, device: &Device) -> Batch {
        let inputs = self.inputs.iter();
        let inputs = inputs.map(|values| gather(values, self.rows, rows, device));
        let targets = if self.labels.is_empty() && self.targets.is_empty() {
            // The network itself says what it should give.
            matrix(vec![0.0; rows.len()], rows.len(), device, DType::F32)
        } else if self.labels.is_empty() {
            gather(&self.targets, self.rows, rows, device)
        } else {
            let mut hot = vec![0f32; rows.len() * outputs];
            for (i, row) in rows.iter().enumerate() {
                hot[i * outputs + self.labels[*row]] = 1.0;
            }
            matrix(hot, rows.len(), device, DType::F32)
        };
        Batch {
            inputs: inputs.collect(),
            targets,
            weights: gather(&self.weights, self.rows, rows, device),
            noises: Vec::new(),
            beside: None,
        }
    }

    /// The inputs of `rows` consecutive events from `first` on, as tensors of a type.
    pub(super) fn inputs(
        &self,
        first: usize,
        rows: usize,
        device: &Device,
        dtype: DType,
    ) -> Vec<Tensor<2>> {
        let part = |values: &Vec<f32>| {
            let width = values.len() / self.rows.max(1);
            let values = values[first * width..(first + rows) * width].to_vec();
            matrix(values, rows, device, dtype)
        };
        self.inputs.iter().map(part).collect()
    }
}

/// Some rows of a matrix of `total` rows.
fn gather(values: &[f32], total: usize, rows: &[usize], device: &Device) -> Tensor<2> {
    let width = values.len() / total.max(1);
    let mut out = Vec::with_capacity(rows.len() * width);
    for row in rows {
        out.extend_from_slice(&values[row * width..(row + 1) * width]);
    }
    matrix(out, rows.len(), device, DType::F32)
}

/// A matrix from numbers in row order.
pub(super) fn matrix(values: Vec<f32>, rows: usize, device: &Device, dtype: DType) -> Tensor<2> {
    let columns = values.len() / rows.max(1);
    let data = TensorData::new(values, [rows, columns]).convert_dtype(dtype);
    Tensor::from_data(data, (device, dtype))
}

/// What shows a contrastive training its events.
fn views(config: &Config, source: &Source) -> Option<(Views, u64)> {
    let contrastive = config.contrastive.as_ref()?;
    let views = Views::new(&contrastive.views, source.inputs())?;
    Some((views, config.train.seed))
}

impl Data {
    /// Opens the file that the configuration names and fits the transforms.
    pub(super) fn open(config: &Config) -> Result<Self, TrainError> {
        let source = Source::open(&config.data)?;
        let options = InputOptions {
            raw_bits: config.model.raw_bits,
            tail: config.model.tail,
        };
        let fit = |(index, spec)| {
            let summaries = source.column_summary(index);
            InputTransform::fit(spec, summaries, &config.data, &options)
        };
        let transforms = source.inputs().iter().enumerate().map(fit).collect();
        let mut data = Self {
            teacher: Teacher::open(config, source.inputs())?,
            views: views(config, &source),
            source,
            transforms,
            validation: Events::default(),
            kept: None,
        };
        data.validation = data.part(Part::Validation)?;
        Ok(data)
    }

    /// All events of a part.
    pub(super) fn part(&self, part: Part) -> Result<Events, TrainError> {
        let mut found: Option<Events> = None;
        for events in self.source.chunks(part, None) {
            let events = events?;
            match &mut found {
                None => found = Some(events),
                Some(found) => found.append(events),
            }
        }
        let mut found = found.unwrap_or_default();
        if let Some(teacher) = &self.teacher {
            teacher.teach(&mut found)?;
        }
        Ok(found)
    }

    /// The network of the configuration.
    pub(super) fn network(&self, config: &Config) -> Result<Net, TrainError> {
        Ok(crate::net::layers::network(config, &self.transforms)?)
    }

    /// The validation part as a stage sees it.
    pub(super) fn validation(&self, stage: Stage) -> Rows {
        self.judged(self.validation.clone(), stage)
    }

    /// Events of a part as a stage judges them: for a contrastive training two views of each, which
    /// never change.
    pub(super) fn judged(&self, events: Events, stage: Stage) -> Rows {
        self.shown(events, stage, STILL)
    }

    /// Events turned around their axes, for a contrastive training: what its features should not
    /// see.
    pub(super) fn rotated(&self, events: &Events) -> Option<Events> {
        let (views, seed) = self.views.as_ref()?;
        let showing = Showing {
            pass: STILL,
            view: 0,
        };
        Some(views.rotated(events, *seed, showing))
    }

    /// Events as a stage sees them in a pass over them.
    fn shown(&self, events: Events, stage: Stage, pass: u64) -> Rows {
        let Some((views, seed)) = &self.views else {
            return Rows::new(&self.transforms, events, stage);
        };
        let [mut first, second] =
            [0, 1].map(|view| views.of(&events, *seed, Showing { pass, view }));
        first.append(second);
        Rows {
            paired: true,
            ..Rows::new(&self.transforms, first, stage)
        }
    }

    /// Training events that give the ranges of the activations while the network learns.
    pub(super) fn calibration(&mut self, stage: Stage) -> Result<Rows, TrainError> {
        if self.source.in_memory() {
            let mut rows = None;
            self.chunks(stage, 0, 0, |chunk, _| {
                rows = Some(chunk.truncated(CALIBRATION));
                Ok(())
            })?;
            return Ok(rows.unwrap_or_else(|| self.validation(stage)));
        }
        // Of a streamed file only the beginning of a shuffled pass is read.
        match self.source.chunks(Part::Train, Some((0, 0))).next() {
            Some(events) => Ok(self.shown(events?, stage, STILL).truncated(CALIBRATION)),
            None => Ok(self.validation(stage)),
        }
    }

    /// Calls `each` with every chunk of the training part and an order of its rows: a pure
    /// function of seed, stage and epoch.
    pub(super) fn chunks(
        &mut self,
        stage: Stage,
        seed: u64,
        epoch: usize,
        mut each: impl FnMut(&Rows, Vec<usize>) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let order = |chunk: usize, rows: usize| {
            let stage = stage.number() + 2 * chunk;
            Stream::new(seed, Purpose::Shuffle { stage, epoch }).permutation(rows)
        };
        let pass = 2 * epoch as u64 + stage.number() as u64;
        if self.source.in_memory() && self.views.is_some() {
            let events = self.part(Part::Train)?;
            let order = order(0, events.rows);
            return each(&self.shown(events, stage, pass), order);
        }
        if self.source.in_memory() {
            if self.kept.as_ref().is_none_or(|(kept, _)| *kept != stage) {
                let events = self.part(Part::Train)?;
                self.kept = Some((stage, Rows::new(&self.transforms, events, stage)));
            }
            if let Some((_, rows)) = &self.kept {
                each(rows, order(0, rows.rows))?;
            }
            return Ok(());
        }
        for (number, events) in self
            .source
            .chunks(Part::Train, Some((seed, epoch)))
            .enumerate()
        {
            let mut events = events?;
            if let Some(teacher) = &self.teacher {
                teacher.teach(&mut events)?;
            }
            let order = order(number, events.rows);
            each(&self.shown(events, stage, pass), order)?;
        }
        Ok(())
    }
}
