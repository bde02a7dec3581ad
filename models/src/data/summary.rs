//! What is known of each column before the training: range, moments, quantiles.

use super::{Events, InputSpec};
use crate::seed::{Purpose, Stream};

/// Most values of a column that its quantiles are taken from.
const MOST_SAMPLED: usize = 200_000;
/// Most values of all columns together.
const MOST_SAMPLED_TOGETHER: usize = 1 << 25;

/// A column of an input over the training part, empty slots left out.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSummary {
    /// Its name.
    pub name: String,
    /// Its unit, if the file says one.
    pub unit: Option<String>,
    /// How many values.
    pub count: u64,
    /// The least value.
    pub min: f32,
    /// The largest value.
    pub max: f32,
    /// The mean.
    pub mean: f64,
    /// The standard deviation (of the population).
    pub std: f64,
    /// In ascending order.
    sample: Vec<f32>,
}

impl ColumnSummary {
    /// The value below which a share `p` of the values lies. Exact up to 200,000 values (fewer
    /// where there are more than 167 columns); of more, from as many that are chosen by their place.
    pub fn quantile(&self, p: f64) -> f32 {
        let last = self.sample.len().saturating_sub(1);
        let at = (p.clamp(0.0, 1.0) * last as f64).round() as usize;
        self.sample.get(at).copied().unwrap_or(self.min)
    }

    /// The values that quantiles are taken from, in ascending order.
    pub fn sample(&self) -> &[f32] {
        &self.sample
    }
}

/// Collects a column.
#[derive(Debug, Clone)]
struct Column {
    count: u64,
    min: f32,
    max: f32,
    /// The first value: moments are taken about it.
    origin: f64,
    sum: f64,
    squares: f64,
    /// Values with their keys, all of which are at most `threshold`.
    sample: Vec<(u32, f32)>,
    threshold: u32,
    room: usize,
}

impl Column {
    fn new(room: usize) -> Self {
        Self {
            count: 0,
            min: f32::INFINITY,
            max: f32::NEG_INFINITY,
            origin: 0.0,
            sum: 0.0,
            squares: 0.0,
            sample: Vec::new(),
            threshold: u32::MAX,
            room,
        }
    }

    fn add(&mut self, value: f32, key: u32) {
        if self.count == 0 {
            self.origin = f64::from(value);
        }
        self.count += 1;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        let offset = f64::from(value) - self.origin;
        self.sum += offset;
        self.squares += offset * offset;
        if key > self.threshold {
            return;
        }
        self.sample.push((key, value));
        while self.sample.len() > self.room && self.threshold > 0 {
            self.threshold /= 2;
            let threshold = self.threshold;
            self.sample.retain(|(key, _)| *key <= threshold);
        }
    }

    fn finish(self, name: &str, unit: Option<&String>) -> ColumnSummary {
        let count = (self.count.max(1)) as f64;
        let mean = self.sum / count;
        let mut sample: Vec<f32> = self.sample.into_iter().map(|(_, value)| value).collect();
        sample.sort_unstable_by(f32::total_cmp);
        ColumnSummary {
            name: name.to_owned(),
            unit: unit.cloned(),
            count: self.count,
            min: self.min,
            max: self.max,
            mean: self.origin + mean,
            std: (self.squares / count - mean * mean).max(0.0).sqrt(),
            sample,
        }
    }
}

/// Collects all columns of some inputs, and the targets.
#[derive(Debug, Clone)]
pub(super) struct Summaries {
    specs: Vec<InputSpec>,
    columns: Vec<Vec<Column>>,
}

impl Summaries {
    /// No rows yet, of these inputs and targets.
    pub(super) fn new(inputs: &[InputSpec], targets: &[String]) -> Self {
        let targets = InputSpec {
            name: "targets".to_owned(),
            columns: targets.to_vec(),
            shape: vec![targets.len()],
            mask: None,
        };
        let specs = [inputs, &[targets]].concat();
        let all: usize = specs.iter().map(|spec| spec.columns.len()).sum();
        let room = MOST_SAMPLED.min(MOST_SAMPLED_TOGETHER / all.max(1));
        Self {
            columns: specs
                .iter()
                .map(|spec| vec![Column::new(room); spec.columns.len()])
                .collect(),
            specs,
        }
    }

    /// Adds the rows of `events` with the given numbers. `first` is what the first of them is
    /// called when values are chosen: the next one is `first + 1`, and so on.
    pub(super) fn add(&mut self, events: &Events, rows: &[usize], first: u64) {
        for (input, spec) in self.specs.iter().enumerate() {
            let elements = spec.elements();
            let width = spec.columns.len();
            if width == 0 {
                continue;
            }
            let values = events.inputs.get(input).unwrap_or(&events.targets);
            for (number, row) in (first..).zip(rows) {
                let values = &values[row * elements..(row + 1) * elements];
                // One stream serves all columns: what is chosen is the slot.
                let mut keys = Stream::new(0, Purpose::Sample(number));
                for slot in values.chunks(width) {
                    let key = (keys.bits() >> 32) as u32;
                    if spec.mask.is_some_and(|mask| slot[mask] == 0.0) {
                        continue;
                    }
                    for (column, value) in self.columns[input].iter_mut().zip(slot) {
                        column.add(*value, key);
                    }
                }
            }
        }
    }

    /// For each input its columns, then the targets; `unit` looks up units by name.
    pub(super) fn finish(self, unit: impl Fn(&str) -> Option<String>) -> Vec<Vec<ColumnSummary>> {
        let inputs = self.specs.iter().zip(self.columns);
        inputs
            .map(|(spec, columns)| {
                let named = spec.columns.iter().zip(columns);
                named
                    .map(|(name, column)| column.finish(name, unit(name).as_ref()))
                    .collect()
            })
            .collect()
    }
}
