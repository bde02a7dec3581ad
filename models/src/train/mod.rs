//! Training: a float stage, then a quantisation-aware stage from its best weights.
//!
//! | stage | forward pass | starts from |
//! |---|---|---|
//! | float | single precision, features shifted and scaled | random weights |
//! | quantised | every input, weight, bias and activation rounded to its format | best float weights |
//!
//! In the quantised stage gradients pass straight through the rounding and stop where a value
//! saturates. The forward pass is exact: every number is an integer times a power of two, and no sum
//! reaches 2^24 steps, so the accuracy that the trainer sees is that of the integer kernel.

mod calibrate;
mod checkpoint;
mod epoch;
mod error;
mod finish;
mod forward;
mod integer;
mod prepare;
mod progress;
mod run;
mod state;

use std::path::{Path, PathBuf};

pub use error::TrainError;
pub use finish::quantised_logits;
pub use integer::integer_logits;
pub use state::{EpochRecord, Stage};

use crate::artefacts;
use crate::config::Config;
use crate::metrics::Evaluation;
use crate::network::{Accumulator, Network, NetworkFormats};
use crate::scaling::InputScaling;

/// How to run a training, as opposed to what to train.
#[derive(Debug, Clone, Default)]
pub struct TrainOptions {
    /// Where everything is written; made if it does not exist.
    pub out_dir: PathBuf,
    /// Goes on from the checkpoint in `out_dir`. Without it, training starts afresh and replaces a
    /// checkpoint that may be there.
    pub resume: bool,
    /// Shows no progress.
    pub quiet: bool,
    /// Leaves the checkpoint in `out_dir` when the training is complete.
    pub keep_checkpoint: bool,
}

/// A finished network with all that is needed to export it.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedModel {
    /// Shift and scale of the features.
    pub scaling: InputScaling,
    /// The float network.
    pub float: Network,
    /// The weights of the quantised network before they are rounded to `formats`.
    pub quantised: Network,
    /// The formats of the quantised network.
    pub formats: NetworkFormats,
    /// Its accumulators.
    pub accumulators: Vec<Accumulator>,
}

/// Figures of the float and of the quantised network.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Figures {
    /// The float network, in single precision.
    pub float: Evaluation,
    /// The exported quantised network, executed with integers.
    pub quantised: Evaluation,
}

/// What a training achieved.
#[derive(Debug, Clone)]
pub struct TrainSummary {
    /// The model.
    pub model: TrainedModel,
    /// Figures on the validation part, which chose the epoch.
    pub validation: Figures,
    /// Figures on the test part, which chose nothing.
    pub test: Figures,
    /// The training curves.
    pub history: Vec<EpochRecord>,
    /// Seconds of training, over all runs that it took.
    pub seconds: f64,
    /// The files written, in the order of writing.
    pub files: Vec<PathBuf>,
}

/// Trains as the configuration says and writes `model.onnx`, `float.onnx`, `sample.npz`,
/// `metrics.json` and `CARD.md` into the output directory.
///
/// The same configuration and data give the same weights, bit for bit, on the same machine, also
/// when the training was interrupted and resumed.
///
/// # Errors
///
/// See [`TrainError`]. No artefact is written unless the training is complete; each is written to a
/// temporary file first.
pub fn train(config: &Config, options: &TrainOptions) -> Result<TrainSummary, TrainError> {
    config.check()?;
    let data = prepare::Prepared::load(config)?;
    let state = run::run(config, &data, options, usize::MAX)?;
    let exported = finish::Exported::new(config, &data, &state, &options.out_dir)?;
    let validation = exported.figures(config, "validation", &data.validation)?;
    let test = exported.figures(config, "test", &data.test)?;
    let model = exported.model;
    let mut summary = TrainSummary {
        model,
        validation,
        test,
        history: state.position.history,
        seconds: state.position.seconds,
        files: Vec::new(),
    };
    artefacts::write(config, &data.test.data, options, &mut summary)?;
    if !options.keep_checkpoint {
        let folder = options.out_dir.join(checkpoint::FOLDER);
        std::fs::remove_dir_all(&folder).map_err(|source| TrainError::Io {
            path: folder,
            source,
        })?;
    }
    Ok(summary)
}

/// Whether a training that was interrupted has left a checkpoint in this folder.
pub(crate) fn has_checkpoint(out_dir: &Path) -> bool {
    checkpoint::path(out_dir).is_file()
}

#[cfg(test)]
pub(crate) mod tests;
