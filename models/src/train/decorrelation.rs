//! A score that does not follow another variable: distance correlation as a term of the loss
//! (DisCo, arXiv:2001.05310).

use burn::tensor::{Tensor, activation};

use super::data::matrix;
use crate::config::{Config, DecorrelationConfig};
use crate::metrics::{blockwise, softmax, squared_distance_correlation};

/// What is decorrelated from what.
#[derive(Debug)]
pub(super) struct Decorrelation<'a> {
    config: &'a DecorrelationConfig,
    /// Of each class, whether its probability is the score.
    signal: Vec<bool>,
    /// Of each class, whether its events count.
    counted: Vec<bool>,
    /// Place of the column among the spectators, and how many there are.
    column: (usize, usize),
    /// Events of which the correlation is computed at once, all classes together.
    batch: usize,
}

/// What is known of some events.
#[derive(Clone, Copy)]
pub(super) struct Truth<'a> {
    pub(super) labels: &'a [usize],
    /// Spectators, row after row.
    pub(super) spectators: &'a [f32],
    pub(super) weights: &'a [f32],
}

/// The variable for the events of a batch, and their weights: 0 for those that do not count.
pub(super) struct Beside {
    values: Vec<f64>,
    weights: Vec<f64>,
}

impl<'a> Decorrelation<'a> {
    /// That of a configuration, if it asks for it.
    pub(super) fn of(config: &'a Config) -> Option<Self> {
        let (classes, spectators) = (&config.data.classes, &config.data.spectators);
        let own = config.train.decorrelation.as_ref()?;
        let place = spectators.iter().position(|name| *name == own.column)?;
        Some(Self {
            config: own,
            signal: own.signal(classes),
            counted: own.counted(classes),
            column: (place, spectators.len()),
            batch: config.train.batch_size,
        })
    }

    /// What the term needs of some events.
    pub(super) fn beside(&self, truth: Truth<'_>, rows: impl Iterator<Item = usize>) -> Beside {
        let (place, width) = self.column;
        let one = |row: usize| {
            let counts = f64::from(u8::from(self.counted[truth.labels[row]]));
            let value = f64::from(truth.spectators[row * width + place]);
            (value, counts * f64::from(truth.weights[row]))
        };
        let (values, weights) = rows.map(one).unzip();
        Beside { values, weights }
    }

    /// The term for a batch, and a number whose gradient is that of the term; `outputs` are the
    /// logits.
    pub(super) fn term(
        &self,
        outputs: Tensor<2>,
        beside: &Beside,
    ) -> Result<(f64, Tensor<1>), String> {
        let (device, dtype) = (outputs.device(), outputs.dtype());
        let signal: Vec<f32> = self
            .signal
            .iter()
            .map(|s| f32::from(u8::from(*s)))
            .collect();
        let signal = matrix(signal, self.signal.len(), &device, dtype);
        let score = activation::softmax(outputs, 1).matmul(signal);
        let scores: Vec<f64> = score
            .clone()
            .detach()
            .try_to_vec_as()
            .map_err(|error| error.to_string())?;
        let found = squared_distance_correlation(&scores, &beside.values, &beside.weights);
        let (value, gradient) = found;
        let weighted = |slope: &f64| (self.config.weight * slope) as f32;
        let gradient: Vec<f32> = gradient.iter().map(weighted).collect();
        let gradient = matrix(gradient, scores.len(), &device, dtype);
        Ok((self.config.weight * value, (score * gradient).sum()))
    }

    /// The term for whole rows: the mean over runs of so many events that count as a batch has at
    /// most.
    pub(super) fn whole(&self, logits: &[f64], truth: Truth<'_>) -> f64 {
        let beside = self.beside(truth, 0..truth.labels.len());
        let probabilities = softmax(logits, self.signal.len());
        let score = |row: &[f64]| {
            let signal = row.iter().zip(&self.signal).filter(|(_, signal)| **signal);
            signal.map(|(probability, _)| probability).sum()
        };
        let scores: Vec<f64> = probabilities
            .chunks_exact(self.signal.len())
            .map(score)
            .collect();
        self.config.weight * blockwise(&scores, &beside.values, &beside.weights, self.batch)
    }
}
