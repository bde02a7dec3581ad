//! The train, validation and test parts: a function of the seed and the number of rows.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::DataError;
use crate::seed::{Purpose, Stream};

/// Shares of the rows; they add up to at most 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fractions {
    /// Share that the weights are learned on.
    pub train: f64,
    /// Share that chooses the epoch; never learned on.
    pub validation: f64,
    /// Share that gives the published figures; never chosen on.
    pub test: f64,
    /// Seed of the shuffle.
    pub seed: u64,
    /// An integer column: all rows with the same number go to the same part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl Fractions {
    /// The part of all rows with this number, if they belong to any: a pure function of the number
    /// and the seed, so that no list of rows is needed.
    pub(super) fn part_of(&self, number: u64) -> Option<Part> {
        let bits = Stream::new(self.seed, Purpose::Part(number)).bits();
        let place = (bits >> 11) as f64 / (1u64 << 53) as f64;
        let validation = self.train + self.validation;
        match place {
            _ if place < self.train => Some(Part::Train),
            _ if place < validation => Some(Part::Validation),
            // Shares that add up to 1 but for their rounding leave out no row.
            _ if place < validation + self.test + 1e-9 => Some(Part::Test),
            _ => None,
        }
    }

    /// How long the row with this number is used while a part is halved again and again: half of
    /// all rows have the rank 0, a quarter 1, and so on up to [`RANKS`]. The same for all rows that
    /// go to a part together.
    pub(super) fn rank_of(&self, number: u64) -> usize {
        let bits = Stream::new(self.seed, Purpose::Thinning(number)).bits();
        (bits.leading_zeros() as usize).min(RANKS - 1)
    }
}

/// Ranks of [`Fractions::rank_of`]: enough to halve any part down to some rows.
pub(super) const RANKS: usize = 32;

/// One of the three parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The weights are learned on it.
    Train,
    /// Early stopping looks at it.
    Validation,
    /// Only the published figures look at it.
    Test,
}

impl Part {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// Its name in messages and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// Row numbers of the three parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    train: Vec<usize>,
    validation: Vec<usize>,
    test: Vec<usize>,
}

impl Split {
    /// Shuffles `rows` row numbers by the seed and cuts them; `path` is what errors call the data.
    ///
    /// # Errors
    ///
    /// A part that would be empty.
    pub fn new(path: &Path, rows: usize, fractions: &Fractions) -> Result<Self, DataError> {
        let order = Stream::new(fractions.seed, Purpose::Split).permutation(rows);
        let count = |share: f64| ((rows as f64 * share).round() as usize).min(rows);
        let first = count(fractions.train);
        let second = count(fractions.train + fractions.validation).max(first);
        let third = count(fractions.train + fractions.validation + fractions.test).max(second);
        let split = Self {
            train: order[..first].to_vec(),
            validation: order[first..second].to_vec(),
            test: order[second..third].to_vec(),
        };
        let of_parts = Part::ALL.map(|part| split.rows(part).len());
        refuse_empty(path, rows, of_parts).map(|()| split)
    }

    /// Sends rows with the same number to the same part, in their order; `path` is what errors
    /// call the data.
    ///
    /// # Errors
    ///
    /// A part that would be empty.
    pub(super) fn by_number(
        path: &Path,
        numbers: &[u64],
        fractions: &Fractions,
    ) -> Result<Self, DataError> {
        let rows = |part: Part| -> Vec<usize> {
            let parts = numbers.iter().map(|number| fractions.part_of(*number));
            let rows = parts.enumerate().filter(|(_, of)| *of == Some(part));
            rows.map(|(row, _)| row).collect()
        };
        let split = Self {
            train: rows(Part::Train),
            validation: rows(Part::Validation),
            test: rows(Part::Test),
        };
        let of_parts = Part::ALL.map(|part| split.rows(part).len());
        refuse_empty(path, numbers.len(), of_parts).map(|()| split)
    }

    /// Row numbers of one part.
    pub fn rows(&self, part: Part) -> &[usize] {
        match part {
            Part::Train => &self.train,
            Part::Validation => &self.validation,
            Part::Test => &self.test,
        }
    }
}

/// Refuses a part without rows.
pub(super) fn refuse_empty(path: &Path, all: usize, rows: [usize; 3]) -> Result<(), DataError> {
    match Part::ALL.iter().zip(rows).find(|(_, rows)| *rows == 0) {
        Some((part, _)) => Err(DataError::EmptyPart {
            path: path.to_owned(),
            rows: all,
            part: part.name(),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRACTIONS: Fractions = Fractions {
        train: 0.8,
        validation: 0.1,
        test: 0.1,
        seed: 1,
        by: None,
    };

    #[test]
    fn parts_are_disjoint_and_repeatable() {
        let split = Split::new(Path::new("t"), 1005, &FRACTIONS).expect("split");
        let counts = [Part::Train, Part::Validation, Part::Test].map(|p| split.rows(p).len());
        assert_eq!(counts, [804, 101, 100]);
        let mut all = [
            split.train.clone(),
            split.validation.clone(),
            split.test.clone(),
        ]
        .concat();
        all.sort_unstable();
        assert_eq!(all, (0..1005).collect::<Vec<_>>());
        assert_eq!(
            split,
            Split::new(Path::new("t"), 1005, &FRACTIONS).expect("split")
        );
        let other = Fractions {
            seed: 2,
            ..FRACTIONS
        };
        assert_ne!(
            split,
            Split::new(Path::new("t"), 1005, &other).expect("split")
        );
    }

    #[test]
    fn an_empty_part_is_refused() {
        let error = Split::new(Path::new("t.npz"), 3, &FRACTIONS).expect_err("error");
        assert!(
            error
                .to_string()
                .contains("3 rows leave none for the test part"),
            "{error}"
        );
    }
}
