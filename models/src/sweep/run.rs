//! The trials, one after the other or some beside each other.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::base::Base;
use super::figures::Figures;
use super::progress::Progress;
use super::propose::propose;
use super::state::{Outcome, State, Trial};
use super::{Objective, SweepError};
use crate::config::Config;
use crate::files;
use crate::train::{TrainError, TrainOptions, has_checkpoint};

/// Trains a network into the folder of the options and measures it.
pub(super) type Trainer<'a> =
    dyn Fn(&Config, &TrainOptions) -> Result<Figures, TrainError> + Sync + 'a;

/// A sweep that runs.
pub(super) struct Run<'a> {
    /// The folder of the sweep.
    pub(super) dir: &'a Path,
    /// The configuration that the trials share.
    pub(super) base: &'a Base,
    /// How many trials there will be.
    pub(super) trials: usize,
    /// What they are judged by.
    pub(super) objective: Objective,
    /// What runs one.
    pub(super) trainer: &'a Trainer<'a>,
    /// Shows no progress.
    pub(super) quiet: bool,
}

/// What all workers share.
struct Shared {
    state: State,
    /// The first trial that no worker has looked at.
    next: usize,
    /// The trials that run.
    running: Vec<usize>,
    /// Why the sweep ends before its last trial.
    stop: Option<SweepError>,
}

/// A trial that a worker has taken.
struct Taken {
    number: usize,
    /// Whether an interrupted run of it may be gone on with.
    resume: bool,
    trial: Trial,
}

impl Run<'_> {
    /// Runs the trials that are not over and returns the state after the last one.
    pub(super) fn run(&self, state: State) -> Result<State, SweepError> {
        let jobs = state.jobs;
        let over = (0..self.trials).filter(|n| state.is_over(*n)).count();
        let progress = Progress::start(over, self.trials, self.objective, self.quiet);
        let shared = Mutex::new(Shared {
            state,
            next: 0,
            running: Vec::new(),
            stop: None,
        });
        let changed = Condvar::new();
        std::thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(|| self.work(&shared, &changed, &progress));
            }
        });
        progress.finish();
        let shared = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        match shared.stop {
            Some(error) => Err(error),
            None => Ok(shared.state),
        }
    }

    /// Runs trials until none is left.
    fn work(&self, shared: &Mutex<Shared>, changed: &Condvar, progress: &Progress) {
        let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let taken = match self.take(lock(), changed, progress) {
                Ok(Some(taken)) => taken,
                Ok(None) => return,
                Err(error) => {
                    lock().stop.get_or_insert(error);
                    changed.notify_all();
                    return;
                }
            };
            let number = taken.number;
            let ended = self.train(taken);
            let mut shared = lock();
            shared.running.retain(|other| *other != number);
            let saved = ended.and_then(|trial| {
                progress.over(number, &trial);
                if let Some(place) = shared.state.trials.get_mut(number) {
                    *place = trial;
                }
                shared.state.save(self.dir)
            });
            if let Err(error) = saved {
                shared.stop.get_or_insert(error);
            }
            progress.running(&shared.running);
            changed.notify_all();
        }
    }

    /// Waits for a trial that can begin and notes its beginning; `None` if none is left.
    fn take(
        &self,
        mut shared: MutexGuard<'_, Shared>,
        changed: &Condvar,
        progress: &Progress,
    ) -> Result<Option<Taken>, SweepError> {
        loop {
            while shared.next < self.trials && shared.state.is_over(shared.next) {
                shared.next += 1;
            }
            let number = shared.next;
            if shared.stop.is_some() || number >= self.trials {
                return Ok(None);
            }
            let known = shared.state.known_to(number);
            if (0..known).all(|earlier| shared.state.is_over(earlier)) {
                let begun = shared.state.trials.get(number).cloned();
                let resume = begun.is_some();
                let trial = begun.unwrap_or_else(|| Trial {
                    values: propose(&shared.state.space, number, &shared.state.earlier(number)),
                    outcome: Outcome::Running,
                    seconds: 0.0,
                });
                if !resume {
                    shared.state.trials.push(trial.clone());
                    shared.state.save(self.dir)?;
                }
                shared.next += 1;
                shared.running.push(number);
                progress.running(&shared.running);
                return Ok(Some(Taken {
                    number,
                    resume,
                    trial,
                }));
            }
            shared = changed.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Trains one network; an error is one that ends the sweep.
    fn train(&self, taken: Taken) -> Result<Trial, SweepError> {
        let Taken {
            number,
            resume,
            mut trial,
        } = taken;
        let begun = Instant::now();
        trial.outcome = match self.base.with(&trial.values) {
            Err(error) => Outcome::Failed {
                reason: chain(&error),
            },
            Ok(changed) => {
                let dir = trial_dir(self.dir, number);
                write(&dir, &changed.text)?;
                let options = TrainOptions {
                    resume: resume && has_checkpoint(&dir),
                    out_dir: dir.clone(),
                    quiet: true,
                    ..TrainOptions::default()
                };
                match (self.trainer)(&changed.config, &options) {
                    Ok(figures) if figures.of(self.objective).is_none() => {
                        let objective = self.objective;
                        return Err(SweepError::NoFigure { objective });
                    }
                    Ok(figures) if figures.loss.is_finite() => Outcome::Finished(figures),
                    Ok(figures) => Outcome::Failed {
                        reason: format!("the validation loss is {}", figures.loss),
                    },
                    Err(error) if is_of_the_trial(&error) => Outcome::Failed {
                        reason: chain(&error),
                    },
                    Err(error) => {
                        return Err(SweepError::Trial {
                            number,
                            dir,
                            source: Box::new(error),
                        });
                    }
                }
            }
        };
        trial.seconds = begun.elapsed().as_secs_f64();
        Ok(trial)
    }
}

/// The folder of a trial.
pub(super) fn trial_dir(dir: &Path, number: usize) -> PathBuf {
    dir.join(format!("trial-{number:04}"))
}

/// Makes the folder of a trial with its configuration, for `trigforge train`.
fn write(dir: &Path, config: &str) -> Result<(), SweepError> {
    let path = dir.join("config.toml");
    std::fs::create_dir_all(dir)
        .and_then(|()| files::replace(&path, config.as_bytes()))
        .map_err(|source| SweepError::Io { path, source })
}

/// Whether other trials may go well after this error.
fn is_of_the_trial(error: &TrainError) -> bool {
    !matches!(
        error,
        TrainError::Data(_)
            | TrainError::Io { .. }
            | TrainError::Checkpoint { .. }
            | TrainError::OtherConfig { .. }
    )
}

/// An error with its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
