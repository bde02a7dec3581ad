//! Hyper-parameter search: many trainings, and which of them nothing beats in both validation
//! loss and cost.
//!
//! ```text
//! CONFIG.toml + SWEEP.toml -> propose -> train, in a folder for each trial -> figures
//!                                ^                                              |
//!                                +---------------- sweep.json <-----------------+
//!                                                      \-> pareto.json, sweep.html
//! ```
//!
//! The values of a trial are a pure function of the sweep's seed, of the trial's number and of
//! the trials that were over before it could begin. A sweep that was interrupted at any moment
//! goes on to the same trials.

mod base;
mod error;
mod figures;
mod pareto;
mod path;
mod progress;
mod propose;
mod range;
mod report;
mod result;
mod run;
mod space;
mod state;

use std::path::{Path, PathBuf};

pub use error::SweepError;
pub use figures::Figures;
pub use range::Range;
pub use result::SweepSummary;
pub use space::{Method, Objective, Space};
pub use state::{Outcome, Trial};

use crate::train::train;
use base::Base;
use figures::trial_figures;
use run::{Run, Trainer};
use state::State;

/// How to run a sweep, as opposed to what to search.
#[derive(Debug, Clone, Default)]
pub struct SweepOptions {
    /// Where everything is written; made if it does not exist.
    pub out_dir: PathBuf,
    /// How many trials, in place of the sweep file's.
    pub trials: Option<usize>,
    /// How values are chosen, in place of the sweep file's.
    pub method: Option<Method>,
    /// How many trials run beside each other: 1, or as the sweep was started.
    pub jobs: Option<usize>,
    /// Goes on with the sweep in `out_dir`.
    pub resume: bool,
    /// Shows no progress.
    pub quiet: bool,
}

/// Trains a network for each trial of a sweep and writes their folders, `sweep.json`,
/// `pareto.json` and `sweep.html` into the output directory.
///
/// A trial that fails, say because its loss diverges, is recorded with its error. The same files
/// and options give the same trials on the same machine, also when the sweep was interrupted.
///
/// # Errors
///
/// See [`SweepError`]. Unknown parameters and impossible values are found before the first trial.
pub fn sweep(
    config: &Path,
    space: &Path,
    options: &SweepOptions,
) -> Result<SweepSummary, SweepError> {
    sweep_with(config, space, options, &|config, options| {
        Ok(trial_figures(&train(config, options)?))
    })
}

/// As [`sweep`], with another trainer.
fn sweep_with(
    config: &Path,
    space_file: &Path,
    options: &SweepOptions,
    trainer: &Trainer<'_>,
) -> Result<SweepSummary, SweepError> {
    let mut space = Space::from_file(space_file)?;
    space.trials = options.trials.or(space.trials);
    space.method = options.method.unwrap_or(space.method);
    let trials = space.trials(space_file)?;
    let base = Base::read(config, &space)?;
    let dir = &options.out_dir;
    let state = if options.resume {
        State::load(dir, base.document(), &space, options.jobs)?
    } else {
        let path = State::path(dir);
        if path.exists() {
            return Err(SweepError::Exists { path });
        }
        let state = State::start(base.document(), &space, options.jobs.unwrap_or(1).max(1));
        std::fs::create_dir_all(dir).map_err(|source| SweepError::Io {
            path: dir.clone(),
            source,
        })?;
        state.save(dir)?;
        state
    };
    let run = Run {
        dir,
        base: &base,
        trials,
        objective: space.objective,
        trainer,
        quiet: options.quiet,
    };
    let summary = SweepSummary::new(dir.clone(), run.run(state)?);
    summary.write_json()?;
    summary.write_html()?;
    Ok(summary)
}

#[cfg(test)]
mod tests;
