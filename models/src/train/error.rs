//! Why a training stops.

use std::path::PathBuf;

use crate::config::ConfigError;
use crate::data::DataError;
use crate::execute::ExecuteError;
use crate::metrics::MetricsError;
use crate::net::NetError;

/// An error of [`train`](super::train()).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The configuration is not valid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A graphics processor is asked for, and trigforge was built without the feature for it.
    #[error(
        "this trigforge was built for the CPU alone; build it with the feature wgpu to train on a graphics processor"
    )]
    WithoutGpu,
    /// The data is not valid.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The network cannot be built.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The figures of merit cannot be computed.
    #[error("the {part} part cannot be evaluated")]
    Metrics {
        /// The part of the data.
        part: &'static str,
        /// The reason.
        source: MetricsError,
    },
    /// A file of the output directory cannot be written or read.
    #[error("{}: cannot be written or read", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// There is nothing to resume, or it is damaged.
    #[error("{}: not a usable checkpoint: {reason}; start again without resuming", path.display())]
    Checkpoint {
        /// The checkpoint.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is nothing to resume beside a trained model.
    #[error(
        "{}: no checkpoint, but a trained model is there: the training is complete, or was stopped \
         in its first epoch; to train again, start without resuming",
        path.display()
    )]
    Complete {
        /// Where the checkpoint was.
        path: PathBuf,
    },
    /// The checkpoint belongs to another configuration.
    #[error(
        "{}: this checkpoint was made with another configuration ({difference}); restore that one, \
         or start again without resuming",
        path.display()
    )]
    OtherConfig {
        /// The checkpoint.
        path: PathBuf,
        /// The first table that differs.
        difference: String,
    },
    /// The exported model does not compute what the trainer computed: a fault of trigforge.
    #[error("{}: the exported model does not read back: {reason} (a fault of trigforge, please report it)", path.display())]
    ReadBack {
        /// The exported model.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
    /// The teacher of a distillation cannot be executed.
    #[error("the teacher of [anomaly] cannot be executed")]
    Execute(#[from] ExecuteError),
    /// The teacher of a distillation gives something else than a score.
    #[error("the teacher of [anomaly] gives {width} numbers; expected one, the score")]
    Teacher {
        /// Numbers of its first output.
        width: usize,
    },
    /// The loss is no longer a number.
    #[error("{stage} stage, epoch {epoch}: the loss is {loss}; lower the learning rate")]
    Diverged {
        /// The stage of the training.
        stage: &'static str,
        /// The epoch, counted from 0.
        epoch: usize,
        /// The loss.
        loss: f64,
    },
    /// The tensor library failed.
    #[error("tensor library: {reason}")]
    Backend {
        /// What it said.
        reason: String,
    },
}
