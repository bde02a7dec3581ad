//! The finished model: exported, read back, and judged by what its integers do.

use std::path::{Path, PathBuf};

use super::checkpoint::FOLDER;
use super::epoch::Rows;
use super::integer::{compare, integer_logits};
use super::prepare::{Inputs, Prepared};
use super::run::logits;
use super::state::{Stage, State};
use super::{Figures, TrainError, TrainedModel};
use crate::config::Config;
use crate::export::{ExportError, quantised_model};
use crate::files;
use crate::metrics::evaluate;

/// A trained model and the QONNX file that was made of it.
pub(super) struct Exported {
    pub(super) model: TrainedModel,
    path: PathBuf,
}

impl Exported {
    /// Takes the best networks out of the state and exports the quantised one beside the checkpoint.
    pub(super) fn new(
        config: &Config,
        data: &Prepared,
        state: &State,
        out_dir: &Path,
    ) -> Result<Self, TrainError> {
        let formats = state
            .position
            .formats
            .clone()
            .ok_or(ExportError::NotQuantised)?;
        let model = TrainedModel {
            scaling: data.scaling.clone(),
            float: state.float.clone(),
            accumulators: formats.accumulators(&state.best),
            quantised: state.best.clone(),
            formats,
        };
        let path = out_dir.join(FOLDER).join("model.onnx");
        files::replace(&path, &quantised_model(config, &model)?).map_err(|source| {
            TrainError::Io {
                path: path.clone(),
                source,
            }
        })?;
        Ok(Self { model, path })
    }

    /// Figures on one part of the data: the float network in single precision, the quantised one
    /// by the integer interpreter.
    ///
    /// Fails if any integer is not what the trainer's own forward pass gives.
    pub(super) fn figures(
        &self,
        config: &Config,
        part: &'static str,
        inputs: &Inputs,
    ) -> Result<Figures, TrainError> {
        let classes = config.data.classes.len();
        let integer = integer_logits(&self.path, &inputs.data)?;
        let own = quantised_logits(&self.model, inputs.data.features())?;
        compare(&self.path, &integer, &own, classes)?;
        let float = logits(&self.model.float, &inputs.rows(Stage::Float), None)?;
        let judge = |logits: &[f64]| {
            evaluate(
                logits,
                classes,
                inputs.data.labels(),
                config.output.signal_efficiency,
            )
            .map_err(|source| TrainError::Metrics { part, source })
        };
        Ok(Figures {
            float: judge(&float)?,
            quantised: judge(&integer)?,
        })
    }
}

/// Logits of the quantised network for rows in physical units, row after row, as the trainer
/// computes them.
///
/// # Errors
///
/// A failure of the tensor library.
pub fn quantised_logits(model: &TrainedModel, rows: &[f32]) -> Result<Vec<f64>, TrainError> {
    let inputs = model.scaling.apply(rows);
    let width = model.scaling.features.len();
    let rows = Rows {
        inputs: &inputs,
        labels: &[],
        width,
        classes: 0,
    };
    logits(&model.quantised, &rows, Some(&model.formats))
}
