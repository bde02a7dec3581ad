//! Everything a training is at the end of an epoch, as plain numbers.

use serde::{Deserialize, Serialize};

use crate::net::Ranges;

/// The two stages of a training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// In floating point.
    Float,
    /// With every number rounded in the forward pass.
    Quantised,
}

impl Stage {
    /// The name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Quantised => "quantised",
        }
    }

    pub(super) fn number(self) -> usize {
        match self {
            Self::Float => 0,
            Self::Quantised => 1,
        }
    }
}

/// One epoch in the training curves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The stage.
    pub stage: Stage,
    /// Number of the epoch in the stage, from 0.
    pub epoch: usize,
    /// Mean loss of the batches.
    pub train_loss: f64,
    /// Loss of the validation part.
    pub validation_loss: f64,
    /// Accuracy on the validation part, for classification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_accuracy: Option<f64>,
    /// Effective bit operations of the network, in the quantised stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ebops: Option<u64>,
    /// Weight of one of them in the loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beta: Option<f64>,
}

/// A network on the front of quality against cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrontPoint {
    /// The epoch that gave it.
    pub epoch: usize,
    /// Effective bit operations.
    pub ebops: u64,
    /// Loss of the validation part.
    pub validation_loss: f64,
    /// Accuracy on the validation part, for classification.
    pub validation_accuracy: Option<f64>,
    /// Ranges of its activations.
    pub ranges: Ranges,
}

impl FrontPoint {
    /// What the front maximises.
    fn quality(&self) -> f64 {
        self.validation_accuracy.unwrap_or(-self.validation_loss)
    }

    fn beats(&self, other: &Self) -> bool {
        self.ebops <= other.ebops && self.quality() >= other.quality()
    }
}

/// Where the training stands, apart from the numbers of the networks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Position {
    /// The present stage.
    pub(super) stage: Stage,
    /// The next epoch in it.
    pub(super) epoch: usize,
    /// Optimizer steps done in this stage.
    pub(super) steps: usize,
    /// Epoch and objective of the best network of this stage.
    pub(super) best: Option<(usize, f64)>,
    /// Ranges of the activations of the best network.
    pub(super) best_ranges: Option<Ranges>,
    /// Weight of a bit operation in the last epoch.
    pub(super) beta: Option<f64>,
    /// Bit operations at the first and at the last epoch of the stage.
    pub(super) ebops: Option<(f64, f64)>,
    /// All epochs so far.
    pub(super) history: Vec<EpochRecord>,
    /// The front of the quantised stage, from the cheapest on.
    pub(super) front: Vec<FrontPoint>,
    /// Seconds of training so far, over all runs.
    pub(super) seconds: f64,
}

/// The state between two epochs. Parameters are flat vectors.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub(super) position: Position,
    /// The present parameters.
    pub(super) parameters: Vec<f32>,
    /// The optimiser's running mean of the gradients.
    pub(super) first_moment: Vec<f32>,
    /// The optimiser's running mean of their squares.
    pub(super) second_moment: Vec<f32>,
    /// Running mean of the parameters.
    pub(super) average: Vec<f32>,
    /// The best network of this stage.
    pub(super) best: Vec<f32>,
    /// The best network of the float stage, once that is over; without such a stage, the first one.
    pub(super) float: Vec<f32>,
    /// The networks of `position.front`.
    pub(super) front: Vec<Vec<f32>>,
}

impl State {
    /// The state before the first epoch.
    pub(super) fn start(parameters: Vec<f32>) -> Self {
        let zero = vec![0.0; parameters.len()];
        Self {
            position: Position {
                stage: Stage::Float,
                epoch: 0,
                steps: 0,
                best: None,
                best_ranges: None,
                beta: None,
                ebops: None,
                history: Vec::new(),
                front: Vec::new(),
                seconds: 0.0,
            },
            first_moment: zero.clone(),
            second_moment: zero,
            average: parameters.clone(),
            best: parameters.clone(),
            float: parameters.clone(),
            parameters,
            front: Vec::new(),
        }
    }

    /// Goes over to the quantised stage with these parameters.
    pub(super) fn quantise(&mut self, parameters: Vec<f32>) {
        let float = std::mem::take(&mut self.best);
        let history = std::mem::take(&mut self.position.history);
        let seconds = self.position.seconds;
        *self = Self::start(parameters);
        self.float = float;
        self.position.stage = Stage::Quantised;
        self.position.history = history;
        self.position.seconds = seconds;
    }

    /// The parameters of the float twin: the best network of the float stage, or without one the
    /// quantised network before rounding.
    pub(super) fn twin(&self, float_epochs: usize) -> &[f32] {
        if float_epochs == 0 {
            &self.best
        } else {
            &self.float
        }
    }

    /// Whether the present stage has run its epochs or its patience.
    pub(super) fn stage_is_over(&self, epochs: usize, patience: usize) -> bool {
        let last = self.position.epoch.saturating_sub(1);
        let waited = self.position.best.map_or(0, |(best, _)| last - best);
        self.position.epoch >= epochs || waited >= patience
    }

    /// Puts a network on the front unless another beats it, and takes off those that it beats.
    pub(super) fn consider(&mut self, point: FrontPoint, parameters: &[f32]) {
        let front = &mut self.position.front;
        if front.iter().any(|other| other.beats(&point)) {
            return;
        }
        let kept: Vec<bool> = front.iter().map(|other| !point.beats(other)).collect();
        let mut keep = kept.iter().copied();
        front.retain(|_| keep.next().unwrap_or(true));
        let mut keep = kept.iter().copied();
        self.front.retain(|_| keep.next().unwrap_or(true));
        let at = front.partition_point(|other| other.ebops < point.ebops);
        front.insert(at, point);
        self.front.insert(at, parameters.to_vec());
    }
}

impl From<&EpochRecord> for crate::report::CurvePoint {
    fn from(record: &EpochRecord) -> Self {
        Self {
            stage: record.stage.name().to_owned(),
            epoch: record.epoch,
            train_loss: record.train_loss,
            validation_loss: record.validation_loss,
            validation_metric: record.validation_accuracy,
            ebops: record.ebops.map(|ebops| ebops as f64),
            beta: record.beta,
            rate: None,
        }
    }
}
