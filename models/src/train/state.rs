//! Everything a training is at the end of an epoch, as plain numbers.

use serde::{Deserialize, Serialize};

use crate::network::{Network, NetworkFormats};

/// The two stages of a training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// In floating point.
    Float,
    /// With every number quantised in the forward pass.
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
    /// Mean cross entropy of the batches.
    pub train_loss: f64,
    /// Cross entropy of the validation part.
    pub validation_loss: f64,
    /// Accuracy on the validation part.
    pub validation_accuracy: f64,
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
    /// Epoch and validation loss of the best network of this stage.
    pub(super) best: Option<(usize, f64)>,
    /// Formats of the quantised stage.
    pub(super) formats: Option<NetworkFormats>,
    /// All epochs so far.
    pub(super) history: Vec<EpochRecord>,
    /// Seconds of training so far, over all runs.
    pub(super) seconds: f64,
}

/// The state between two epochs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    pub(super) position: Position,
    /// The present weights.
    pub(super) weights: Network,
    /// AdamW's running mean of the gradients.
    pub(super) first_moment: Network,
    /// AdamW's running mean of their squares.
    pub(super) second_moment: Network,
    /// Running mean of the weights.
    pub(super) average: Network,
    /// The best network of this stage.
    pub(super) best: Network,
    /// The best network of the float stage, once that is over.
    pub(super) float: Network,
}

impl State {
    /// The state before the first epoch.
    pub(super) fn start(network: Network) -> Self {
        let zero = network.zeros_like();
        Self {
            position: Position {
                stage: Stage::Float,
                epoch: 0,
                steps: 0,
                best: None,
                formats: None,
                history: Vec::new(),
                seconds: 0.0,
            },
            first_moment: zero.clone(),
            second_moment: zero,
            average: network.clone(),
            best: network.clone(),
            float: network.clone(),
            weights: network,
        }
    }

    /// Goes over to the quantised stage, from the best network of the float stage.
    pub(super) fn quantise(&mut self, formats: NetworkFormats) {
        let network = self.best.clone();
        let history = std::mem::take(&mut self.position.history);
        let seconds = self.position.seconds;
        *self = Self::start(network);
        self.position.stage = Stage::Quantised;
        self.position.formats = Some(formats);
        self.position.history = history;
        self.position.seconds = seconds;
    }

    /// Whether the present stage has run its epochs or its patience.
    pub(super) fn stage_is_over(&self, epochs: usize, patience: usize) -> bool {
        let waited = self
            .position
            .best
            .map_or(0, |(best, _)| self.position.epoch - 1 - best);
        self.position.epoch >= epochs || waited >= patience
    }
}
