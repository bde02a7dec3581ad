//! Two samples of mixed classes, for a network that learns without labels.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{DataError, Part};
use crate::config::{ConfigError, within};
use crate::seed::{Purpose, Stream};

/// The table `[data.mixture]`: classification without labels (arXiv:1708.02949).
///
/// The rows of the train and of the validation part become two samples of equal size, as large as
/// the rows of both classes allow; which row goes where is a pure function of the split's seed.
/// What is learned is the number of the sample. The test part keeps its rows and labels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mixture {
    /// Share of class 1 in sample 0 and in sample 1; the first is smaller, so that an event that
    /// looks like sample 1 looks like class 1.
    pub shares: [f64; 2],
}

impl Mixture {
    pub(super) fn check(&self, classes: usize) -> Result<(), ConfigError> {
        if classes != 2 {
            return Err(ConfigError::Value {
                key: "data.mixture",
                found: format!("beside {classes} classes"),
                expected: "2 in data.classes".to_owned(),
            });
        }
        let [first, second] = self.shares;
        within("data.mixture.shares[0]", first, 0.0, 1.0)?;
        within("data.mixture.shares[1]", second, 0.0, 1.0)?;
        if first < second {
            return Ok(());
        }
        Err(ConfigError::Value {
            key: "data.mixture.shares",
            found: format!("[{first}, {second}]"),
            expected: "the smaller share of class 1 first".to_owned(),
        })
    }

    /// Gives some rows of a part the number of their sample as label and returns these rows, in
    /// the order of `rows`. The test part stays as it is. `path` is what errors call the data.
    ///
    /// # Errors
    ///
    /// A class with too few rows for any sample.
    pub(super) fn mix(
        &self,
        path: &Path,
        part: Part,
        seed: u64,
        labels: &mut [usize],
        rows: &[usize],
    ) -> Result<Vec<usize>, DataError> {
        if part == Part::Test {
            return Ok(rows.to_vec());
        }
        let of_class = [0, 1].map(|class| {
            let own = rows.iter().copied().filter(|row| labels[*row] == class);
            let own: Vec<usize> = own.collect();
            let purpose = Purpose::Mixture {
                part: part as usize,
                class,
            };
            let order = Stream::new(seed, purpose).permutation(own.len());
            order.into_iter().map(|at| own[at]).collect::<Vec<usize>>()
        });
        let given = [of_class[0].len(), of_class[1].len()];
        let Some(counts) = self.counts(given) else {
            return Err(DataError::Mixture {
                path: path.to_owned(),
                part: part.name(),
                given,
                shares: self.shares,
            });
        };
        let mut kept = std::collections::HashSet::new();
        for (class, own) in of_class.iter().enumerate() {
            let mut rest = own.iter();
            for (sample, of_sample) in counts.iter().enumerate() {
                for row in rest.by_ref().take(of_sample[class]) {
                    labels[*row] = sample;
                    kept.insert(*row);
                }
            }
        }
        Ok(rows.iter().copied().filter(|r| kept.contains(r)).collect())
    }

    /// For each sample its rows of class 0 and of class 1, of so many that there are of each;
    /// nothing where that is no row.
    fn counts(&self, given: [usize; 2]) -> Option<[[usize; 2]; 2]> {
        let counts = |size: usize| {
            self.shares.map(|share| {
                let ones = (share * size as f64).round() as usize;
                [size - ones.min(size), ones.min(size)]
            })
        };
        let fits = |size: usize| {
            let [first, second] = counts(size);
            first[0] + second[0] <= given[0] && first[1] + second[1] <= given[1]
        };
        let ones: f64 = self.shares.iter().sum();
        let most = (given[0] as f64 / (2.0 - ones)).min(given[1] as f64 / ones);
        // Rounding may take a row that is not there, and a share of 0 or 2 divides by nothing.
        let most = most.min((given[0] + given[1]) as f64) as usize + 1;
        let size = (1..=most).rev().find(|size| fits(*size))?;
        Some(counts(size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIXTURE: Mixture = Mixture { shares: [0.4, 0.6] };

    #[test]
    fn samples_are_as_large_as_the_classes_allow() {
        assert_eq!(MIXTURE.counts([1000, 1000]), Some([[600, 400], [400, 600]]));
        assert_eq!(MIXTURE.counts([1000, 500]), Some([[300, 200], [200, 300]]));
        assert_eq!(MIXTURE.counts([0, 500]), None);
        let pure = Mixture { shares: [0.0, 1.0] };
        assert_eq!(pure.counts([7, 5]), Some([[5, 0], [0, 5]]));
    }

    #[test]
    fn shares_are_met_and_the_seed_decides() {
        let truth: Vec<usize> = (0..2000).map(|row| row % 2).collect();
        let rows: Vec<usize> = (0..1000).rev().collect();
        let mix = |part, seed| {
            let mut labels = truth.clone();
            let kept = MIXTURE.mix(Path::new("t"), part, seed, &mut labels, &rows);
            (kept.expect("mixture"), labels)
        };
        let (kept, labels) = mix(Part::Train, 1);
        assert_eq!(kept, rows, "balanced classes leave no row out");
        for (sample, ones) in [(0, 200), (1, 300)] {
            let own = kept.iter().filter(|row| labels[**row] == sample);
            let own: Vec<&usize> = own.collect();
            assert_eq!(own.len(), 500);
            let found = own.iter().filter(|row| truth[***row] == 1).count();
            assert_eq!(found, ones, "sample {sample}");
        }
        assert_eq!(labels[1000..], truth[1000..], "other rows keep their class");
        assert_eq!(mix(Part::Train, 1).1, labels);
        assert_ne!(mix(Part::Train, 2).1, labels);
        assert_ne!(mix(Part::Validation, 1).1, labels);
        assert_eq!(mix(Part::Test, 1), (rows.clone(), truth.clone()));
    }
}
