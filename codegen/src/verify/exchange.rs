//! Programs that read events from a file and write results to another.

use std::path::PathBuf;
use std::process::Command;

use thiserror::Error;

use super::Events;
use crate::emit::{WriteError, write_file};

/// A kernel that could not be run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// Events or results could not be exchanged.
    #[error("cannot exchange events with the kernel's program")]
    Exchange(#[source] std::io::Error),
    /// A file of events could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The program failed.
    #[error("the kernel's program failed ({status}): {messages}")]
    Failed {
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it wrote to standard error.
        messages: String,
    },
    /// The program gave fewer or more results than there are events.
    #[error("the kernel gave {found} words, expected {expected}")]
    Length {
        /// Words expected.
        expected: usize,
        /// Words found.
        found: usize,
    },
}

/// What computes the outputs of many events: a compiled kernel.
pub trait Runs {
    /// The mantissas of all outputs in a row, for each event.
    ///
    /// # Errors
    ///
    /// A program that fails, or gives another number of results.
    fn run(&self, events: &Events) -> Result<Vec<Vec<i64>>, RunError>;
}

/// A program that takes the paths of a file of events and of one of results,
/// both of little-endian 64-bit integers, and the folder that it lies in.
#[derive(Debug)]
pub struct Exchange {
    /// The folder of the build, removed with this value.
    pub folder: tempfile::TempDir,
    /// The program.
    pub program: PathBuf,
    /// Words of one event's results.
    pub output_words: usize,
}

impl Exchange {
    /// Writes events to a file that the program can read.
    ///
    /// # Errors
    ///
    /// The file, if it cannot be written.
    pub fn write_events(&self, events: &Events) -> Result<PathBuf, WriteError> {
        let path = self.folder.path().join("events");
        let bytes: Vec<_> = events
            .mantissas()
            .iter()
            .flat_map(|m| m.to_le_bytes())
            .collect();
        write_file(&path, &bytes)?;
        Ok(path)
    }
}

impl Runs for Exchange {
    fn run(&self, events: &Events) -> Result<Vec<Vec<i64>>, RunError> {
        let given = self.write_events(events)?;
        let results = self.folder.path().join("results");
        let output = Command::new(&self.program)
            .args([given, results.clone()])
            .output()
            .map_err(RunError::Exchange)?;
        if !output.status.success() {
            return Err(RunError::Failed {
                status: output.status,
                messages: String::from_utf8_lossy(&output.stderr).into_owned(),
            });
        }
        let bytes = std::fs::read(results).map_err(RunError::Exchange)?;
        let (words, rest) = bytes.as_chunks::<8>();
        let expected = events.len() * self.output_words;
        if words.len() != expected || !rest.is_empty() {
            return Err(RunError::Length {
                expected,
                found: words.len(),
            });
        }
        let words: Vec<_> = words.iter().map(|word| i64::from_le_bytes(*word)).collect();
        Ok(words
            .chunks(self.output_words.max(1))
            .map(<[i64]>::to_vec)
            .collect())
    }
}
