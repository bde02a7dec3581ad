//! Why a sweep cannot start or go on.

use std::path::PathBuf;

use super::Objective;
use crate::config::ConfigError;
use crate::report::plot::PlotError;
use crate::train::TrainError;

/// An error of [`sweep`](super::sweep()).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// The configuration that all trials share is not valid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file cannot be read or written.
    #[error("{}: cannot be written or read", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The text is not TOML, or has a key that is unknown, missing or of the wrong type.
    #[error("{}: not a valid sweep", path.display())]
    Syntax {
        /// The sweep file.
        path: PathBuf,
        /// Line, column and reason.
        source: Box<toml::de::Error>,
    },
    /// A part of the sweep file means nothing.
    #[error("{}: {problem}", path.display())]
    Space {
        /// The sweep file.
        path: PathBuf,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// A parameter is no key of the configuration.
    #[error(
        "parameter '{parameter}' is no key of the configuration{}; {reason}",
        neighbours(.near)
    )]
    UnknownPath {
        /// The parameter as the sweep file writes it.
        parameter: String,
        /// Keys that look like it.
        near: Vec<String>,
        /// Where it ends, or what the configuration's reader says.
        reason: String,
    },
    /// A value leaves no valid configuration.
    #[error("parameter '{parameter}': {value} gives no valid configuration")]
    Value {
        /// The parameter.
        parameter: String,
        /// The value.
        value: String,
        /// What the configuration's reader says.
        source: ConfigError,
    },
    /// The folder already holds a sweep.
    #[error(
        "{}: there is a sweep already; go on with --resume, or choose another folder",
        path.display()
    )]
    Exists {
        /// The state of that sweep.
        path: PathBuf,
    },
    /// There is no sweep to go on with.
    #[error("{}: there is no sweep to resume; start it without --resume", path.display())]
    NothingToResume {
        /// Where its state would be.
        path: PathBuf,
    },
    /// The state of the sweep is damaged.
    #[error("{}: not the state of a sweep: {reason}", path.display())]
    State {
        /// The state.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The state belongs to another sweep.
    #[error(
        "{}: this sweep was started with {difference}; restore that, or start in another folder",
        path.display()
    )]
    OtherSweep {
        /// The state.
        path: PathBuf,
        /// What was different.
        difference: String,
    },
    /// A trial failed for a reason that every trial would meet.
    #[error("trial {number} in {} stopped the sweep", dir.display())]
    Trial {
        /// The trial.
        number: usize,
        /// Its folder.
        dir: PathBuf,
        /// The training's error.
        source: Box<TrainError>,
    },
    /// What is to be optimised was not measured.
    #[error("a training of this kind has no {}; choose another objective", objective.key())]
    NoFigure {
        /// The objective.
        objective: Objective,
    },
    /// A picture of the sweep cannot be drawn.
    #[error(transparent)]
    Draw(#[from] PlotError),
}

fn neighbours(keys: &[String]) -> String {
    match keys {
        [] => String::new(),
        keys => format!(" (near it: {})", keys.join(", ")),
    }
}
