//! What a training of either side left: the keys are explained in
//! `benches/peers/README.md`.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// Who trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// This project.
    Trigforge,
    /// The Python package HGQ2.
    Hgq2,
}

impl Side {
    /// Both, ours first.
    pub const ALL: [Self; 2] = [Self::Trigforge, Self::Hgq2];

    /// How a reader knows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trigforge => "trigforge",
            Self::Hgq2 => "HGQ2",
        }
    }
}

/// Which widths make an effective bit operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// That of `trigforge inspect`.
    Exact,
    /// That of HGQ2.
    Peer,
}

impl Count {
    /// As in file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Peer => "hgq2",
        }
    }

    /// In words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Exact => "EBOPs as trigforge counts them",
            Self::Peer => "EBOPs as HGQ2 counts them",
        }
    }
}

/// A network of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Share of the validation part that is right.
    pub validation_accuracy: f64,
    /// Share of the test part that is right.
    pub test_accuracy: f64,
    /// EBOPs in HGQ2's count, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ebops: Option<u64>,
    /// EBOPs in our count.
    pub ebops_exact: u64,
}

impl Point {
    /// Its cost in one of the counts, where that is known.
    pub fn cost(&self, count: Count) -> Option<u64> {
        match count {
            Count::Exact => Some(self.ebops_exact),
            Count::Peer => self.ebops,
        }
    }
}

/// Weight of a bit operation in the loss; it grows by the same factor each epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beta {
    /// In the first epoch.
    #[serde(rename = "beta_first")]
    pub first: f64,
    /// In the last one.
    #[serde(rename = "beta")]
    pub last: f64,
}

impl std::str::FromStr for Beta {
    type Err = std::num::ParseFloatError;

    /// Reads `1e-5`, or `1e-6:1e-3` for one that grows.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (first, last) = text.split_once(':').unwrap_or((text, text));
        Ok(Self {
            first: first.parse()?,
            last: last.parse()?,
        })
    }
}

impl std::fmt::Display for Beta {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { first, last } = self;
        match first == last {
            true => write!(f, "{last:e}"),
            false => write!(f, "{first:e}:{last:e}"),
        }
    }
}

/// One training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Who trained.
    pub side: Side,
    /// Weight of a bit operation in the loss.
    #[serde(flatten)]
    pub beta: Beta,
    /// Seed of weights and order of events.
    pub seed: u64,
    /// Where the run ended: HGQ2's last epoch, our last one that is on the front.
    #[serde(flatten)]
    pub last: Point,
    /// Wall seconds of the training.
    pub wall_s: f64,
    /// Seconds of all processors together, where the system tells. Ours have in
    /// them what comes before and after the training.
    pub cpu_s: Option<f64>,
    /// Epochs of the training.
    pub epochs: usize,
    /// Events in a batch.
    pub batch: usize,
    /// The networks of the run that no other of it beats in accuracy and cost.
    #[serde(default)]
    pub front: Vec<Point>,
}

/// How long a training is, and its seed.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Seed of weights and order of events.
    pub seed: u64,
    /// Epochs of the training.
    pub epochs: usize,
    /// Events in a batch.
    pub batch: usize,
}

impl Run {
    /// Whether it is the training that is asked for.
    pub fn is(&self, beta: Beta, size: Size) -> bool {
        self.beta == beta
            && self.seed == size.seed
            && self.epochs == size.epochs
            && self.batch == size.batch
    }
}

/// The runs of a file; none if there is no file.
pub fn read(file: &Path) -> Result<Vec<Run>> {
    if !file.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    serde_json::from_str(&text).with_context(|| file.display().to_string())
}

/// Replaces a file as a whole.
pub fn write(file: &Path, runs: &[Run]) -> Result<()> {
    let folder = file.parent().context("a file without a folder")?;
    let mut whole = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut whole, runs)?;
    whole
        .persist(file)
        .with_context(|| file.display().to_string())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_read_as_it_is_written() {
        for text in ["1e-5", "1e-6:1e-3"] {
            let beta: Beta = text.parse().expect("a weight");
            assert_eq!(beta.to_string(), text);
        }
        assert!("1e-6:".parse::<Beta>().is_err());
    }
}
