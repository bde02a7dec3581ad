//! The loop over epochs and stages.

use std::time::Instant;

use burn::tensor::Device;

use super::calibrate::calibrate;
use super::checkpoint;
use super::epoch::{Rows, run_epoch};
use super::forward::{forward, matrix, numbers, upload};
use super::prepare::Prepared;
use super::progress::Progress;
use super::state::{EpochRecord, Stage, State};
use super::{TrainError, TrainOptions};
use crate::config::Config;
use crate::metrics::accuracy;
use crate::network::{Network, NetworkFormats, widths};

/// Runs until both stages are over, or for `limit` epochs.
pub(super) fn run(
    config: &Config,
    data: &Prepared,
    options: &TrainOptions,
    limit: usize,
) -> Result<State, TrainError> {
    let widths = widths(
        config.data.features.len(),
        &config.model,
        config.data.classes.len(),
    );
    let fresh = Network::initialise(&widths, config.train.seed);
    let path = checkpoint::path(&options.out_dir);
    let folder = options.out_dir.join(checkpoint::FOLDER);
    std::fs::create_dir_all(&folder).map_err(|source| TrainError::Io {
        path: folder,
        source,
    })?;
    let mut state = if options.resume {
        checkpoint::load(&path, config, &fresh)?
    } else {
        State::start(fresh)
    };
    let mut done = 0;
    for stage in [Stage::Float, Stage::Quantised] {
        let (epochs, rate) = match stage {
            Stage::Float => (config.train.float_epochs, config.train.learning_rate),
            Stage::Quantised => (
                config.train.quantised_epochs,
                config.train.quantised_learning_rate,
            ),
        };
        if stage == Stage::Quantised && state.position.stage == Stage::Float {
            let inputs = data.train.rows(stage).inputs;
            state.quantise(calibrate(config, &state.best, inputs)?);
        }
        if state.position.stage != stage {
            continue;
        }
        let (rows, validation) = (data.train.rows(stage), data.validation.rows(stage));
        let batches = rows.labels.len().div_ceil(config.train.batch_size);
        let epoch = state.position.epoch;
        let progress = Progress::start(stage, epoch, epochs, batches, options.quiet);
        while !state.stage_is_over(epochs, config.train.patience) {
            if done == limit {
                return Ok(state);
            }
            let begun = Instant::now();
            let tick = |_| progress.batch();
            let loss = run_epoch(&mut state, &rows, &config.train, rate, epochs, tick)?;
            progress.epoch(&judge(&mut state, &validation, loss)?);
            state.position.seconds += begun.elapsed().as_secs_f64();
            checkpoint::save(&path, config, &state)?;
            done += 1;
        }
        progress.finish();
    }
    Ok(state)
}

/// Evaluates the epoch just run and keeps the network if it is the best.
fn judge(
    state: &mut State,
    validation: &Rows<'_>,
    train_loss: f64,
) -> Result<EpochRecord, TrainError> {
    let position = &mut state.position;
    let logits = logits(&state.average, validation, position.formats.as_ref())?;
    let record = EpochRecord {
        stage: position.stage,
        epoch: position.epoch - 1,
        train_loss,
        validation_loss: cross_entropy(&logits, validation),
        validation_accuracy: accuracy(&logits, validation.classes, validation.labels),
    };
    if position
        .best
        .is_none_or(|(_, best)| record.validation_loss < best)
    {
        position.best = Some((record.epoch, record.validation_loss));
        state.best = state.average.clone();
    }
    position.history.push(record.clone());
    Ok(record)
}

/// Logits of all rows.
pub(super) fn logits(
    network: &Network,
    rows: &Rows<'_>,
    formats: Option<&NetworkFormats>,
) -> Result<Vec<f64>, TrainError> {
    let device = Device::flex();
    let x = matrix(rows.inputs.to_vec(), rows.width, &device);
    let out = numbers(&forward(&upload(network, &device), x, formats))?;
    Ok(out.into_iter().map(f64::from).collect())
}

/// Mean cross entropy of logits.
fn cross_entropy(logits: &[f64], rows: &Rows<'_>) -> f64 {
    let loss = |(row, label): (&[f64], &usize)| {
        let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = row.iter().map(|v| (v - top).exp()).sum();
        total.ln() + top - row[*label]
    };
    let total: f64 = logits
        .chunks_exact(rows.classes)
        .zip(rows.labels)
        .map(loss)
        .sum();
    total / rows.labels.len().max(1) as f64
}
