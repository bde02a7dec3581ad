//! Training: a float stage, then a stage with trained widths from its best weights.
//!
//! | stage | forward pass | starts from |
//! |---|---|---|
//! | float | single precision, columns shifted and scaled | random weights |
//! | quantised | every input, weight, bias and activation rounded to its format | best float weights |
//!
//! What normalises batches does so in the float stage; its best network has it folded into weights
//! and biases, which the quantised stage trains. The float stage may be left out. In the quantised one gradients pass
//! straight through the rounding, and the fractional bits of every group learn with the weights:
//! the loss pulls them up, the cost in effective bit operations (EBOPs) pushes them down, a group
//! at zero bits is pruned (HGQ, arXiv:2405.00645). Integer bits follow from the range of each
//! group on calibration events at the start of each epoch; what the files say is calibrated on
//! all training events. Everything saturates, nothing wraps.

mod checkpoint;
#[cfg(test)]
mod contrastive_tests;
mod data;
mod decorrelation;
mod epoch;
mod error;
mod evaluate;
mod finish;
mod integer;
mod kept;
mod likelihood;
mod loss;
mod noise;
mod optimiser;
mod penalty;
mod processor;
mod progress;
mod run;
mod schedule;
mod signals;
mod state;
mod teacher;
mod widths;

use std::path::PathBuf;

pub use error::TrainError;
pub use integer::integer_outputs;
pub use processor::Processor;
pub(crate) use signals::halves;
pub use state::{EpochRecord, Stage};

use crate::artefacts;
use crate::config::Config;
use crate::report::Report;

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
    /// What the steps run on.
    pub processor: Processor,
    /// Leaves the checkpoint in `out_dir` when the training is complete.
    pub keep_checkpoint: bool,
}

/// What a training achieved.
#[derive(Debug, Clone)]
pub struct TrainSummary {
    /// Figures on the held-back parts, costs, widths and training curves.
    pub report: Report,
    /// Effective bit operations of an event, as codegen counts them in the exported model.
    pub ebops: u64,
    /// Loss of the integers on the validation part.
    pub validation_loss: f64,
    /// Seconds of training, over all runs that it took.
    pub seconds: f64,
    /// The files written, in the order of writing.
    pub files: Vec<PathBuf>,
}

/// Trains as the configuration says and writes `model.onnx`, `float.onnx`, `sample.npz`,
/// `metrics.json`, `report.html` and `CARD.md` into the output directory; with `output.front` also
/// `front.json` and the folder `front`.
///
/// The same configuration and data give the same weights, bit for bit, on the same machine, also
/// when the training was interrupted and resumed: from the last complete epoch, or where it was
/// interrupted behind the last one, from the last file that was executed on a whole part.
///
/// # Errors
///
/// See [`TrainError`]. No artefact is written unless the training is complete; each is written to a
/// temporary file first.
pub fn train(config: &Config, options: &TrainOptions) -> Result<TrainSummary, TrainError> {
    config.check()?;
    let mut data = data::Data::open(config)?;
    let net = data.network(config)?;
    let state = run::run(config, &net, &mut data, options, usize::MAX)?;
    let finished = finish::finish(config, &net, &mut data, &state, &options.out_dir)?;
    let files = artefacts::write(config, options, &finished.artefacts)?;
    if !options.keep_checkpoint {
        checkpoint::remove(&options.out_dir)?;
    }
    Ok(TrainSummary {
        report: finished.artefacts.report,
        ebops: finished.ebops,
        validation_loss: finished.validation_loss,
        seconds: state.position.seconds,
        files,
    })
}

/// Whether a training that was stopped can go on in this output directory.
pub(crate) fn has_checkpoint(out_dir: &std::path::Path) -> bool {
    checkpoint::path(out_dir).is_file()
}

#[cfg(test)]
pub(crate) mod tests;
