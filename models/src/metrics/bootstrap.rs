//! Errors of figures that have no formula for theirs: the Poisson bootstrap.
//!
//! Each replica gives every row a Poisson(1) number of copies (B. Efron, Ann. Stat. 7 (1979) 1;
//! with Poisson weights in particle physics: ATL-PHYS-PUB-2021-011). The copies of a row in a
//! replica are a pure function of seed, replica and row number, so that two classifiers judged on
//! the same rows see the same replicas, and their difference has the right, small error.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use crate::seed::{Purpose, Stream};

/// How errors are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// Number of replicas; an error is known to about `0.96 / sqrt(replicas)` of itself.
    pub replicas: usize,
    /// Seed of the copies.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self {
            replicas: 200,
            seed: 1,
        }
    }
}

impl Bootstrap {
    /// The figures of every replica: `result[figure][replica]`.
    ///
    /// `figures` gets the weight of each row times its copies and gives the same number of figures
    /// each time. Replicas are shared among the processor's cores; the result does not depend on
    /// how.
    pub fn run<F>(&self, weights: &[f64], figures: F) -> Vec<Vec<f64>>
    where
        F: Fn(&[f64]) -> Vec<f64> + Sync,
    {
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            let mut copied = vec![0.0; weights.len()];
            loop {
                let replica = next.fetch_add(1, Ordering::Relaxed);
                if replica >= self.replicas {
                    return done;
                }
                self.copies(replica, weights, &mut copied);
                done.push((replica, figures(&copied)));
            }
        };
        let mut replicas = std::thread::scope(|scope| {
            let workers: Vec<_> = (1..threads.min(self.replicas))
                .map(|_| scope.spawn(work))
                .collect();
            let mut all = work();
            for worker in workers {
                match worker.join() {
                    Ok(done) => all.extend(done),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            all
        });
        replicas.sort_unstable_by_key(|(replica, _)| *replica);
        let count = replicas.first().map_or(0, |(_, figures)| figures.len());
        (0..count)
            .map(|figure| replicas.iter().map(|(_, found)| found[figure]).collect())
            .collect()
    }

    fn copies(&self, replica: usize, weights: &[f64], copied: &mut [f64]) {
        let mut stream = Stream::new(self.seed, Purpose::Bootstrap { replica });
        for (out, weight) in copied.iter_mut().zip(weights) {
            *out = weight * poisson_of_one(stream.bits());
        }
    }
}

/// The central 68.27 % interval of the replicas of a figure: from its 15.87 % to its 84.13 %
/// quantile.
///
/// NaN (a replica without the rows that the figure needs) is left out, infinity is not. `None` if
/// fewer than half of the replicas, or fewer than 20, have the figure.
pub fn interval(replicas: &[f64]) -> Option<(f64, f64)> {
    const TAIL: f64 = 0.158_655_253_931_457_05;
    let mut known: Vec<f64> = replicas.iter().copied().filter(|v| !v.is_nan()).collect();
    if known.len() < 20 || 2 * known.len() < replicas.len() {
        return None;
    }
    known.sort_unstable_by(f64::total_cmp);
    let quantile = |share: f64| {
        let place = share * (known.len() - 1) as f64;
        let (below, above) = (known[place.floor() as usize], known[place.ceil() as usize]);
        match above == below {
            true => below,
            false => below + (above - below) * place.fract(),
        }
    };
    Some((quantile(TAIL), quantile(1.0 - TAIL)))
}

/// Half the width of the [`interval`]; `None` also where that is not finite.
pub fn half_width(replicas: &[f64]) -> Option<f64> {
    let (low, high) = interval(replicas)?;
    let half = (high - low) / 2.0;
    half.is_finite().then_some(half)
}

/// A Poisson(1) number from 64 random bits, by the cumulative distribution.
fn poisson_of_one(bits: u64) -> f64 {
    const INVERSE_E: f64 = 0.367_879_441_171_442_33;
    let uniform = (bits >> 11) as f64 / (1u64 << 53) as f64;
    let (mut count, mut share, mut cumulative) = (0.0, INVERSE_E, INVERSE_E);
    while uniform >= cumulative && count < 20.0 {
        count += 1.0;
        share /= count;
        cumulative += share;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Estimate;

    #[test]
    fn copies_are_poisson_of_one() {
        let mut stream = Stream::new(5, Purpose::Bootstrap { replica: 0 });
        let counts: Vec<f64> = (0..100_000)
            .map(|_| poisson_of_one(stream.bits()))
            .collect();
        let mean = counts.iter().sum::<f64>() / 1e5;
        let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / 1e5;
        let none = counts.iter().filter(|c| **c == 0.0).count() as f64 / 1e5;
        assert!((mean - 1.0).abs() < 0.015, "{mean}");
        assert!((variance - 1.0).abs() < 0.025, "{variance}");
        assert!((none - 0.36788).abs() < 0.006, "{none}");
    }

    #[test]
    fn the_error_of_a_share_is_the_binomial_one() {
        let weights = vec![1.0; 2000];
        let right = |row: usize| if row.is_multiple_of(4) { 1.0 } else { 0.0 };
        let share = |weights: &[f64]| {
            let accepted: f64 = (0..2000).map(|row| weights[row] * right(row)).sum();
            vec![accepted / weights.iter().sum::<f64>()]
        };
        let bootstrap = Bootstrap {
            replicas: 1000,
            seed: 3,
        };
        let replicas = bootstrap.run(&weights, share);
        let error = half_width(&replicas[0]).expect("error");
        let binomial = Estimate::mean((0..2000).map(right), &weights)
            .error
            .expect("error");
        assert!((error / binomial - 1.0).abs() < 0.1, "{error} {binomial}");
    }

    #[test]
    fn errors_of_an_area_cover_the_truth_as_often_as_one_sigma_says() {
        use crate::metrics::Ranking;

        // An area of 5/6: uniform scores, those of the signal moved up by 1 - 1/sqrt(3).
        let shift = 1.0 - (1.0f64 / 3.0).sqrt();
        let truth = 1.0 - (1.0 - shift).powi(2) / 2.0;
        let bootstrap = Bootstrap {
            replicas: 60,
            seed: 5,
        };
        let (experiments, rows) = (300, 200);
        let covered = (0..experiments).filter(|experiment| {
            let mut stream = Stream::new(*experiment, Purpose::Split);
            let scores: Vec<f64> = (0..rows)
                .map(|row| f64::from(stream.uniform()) + shift * f64::from(row % 2))
                .collect();
            let ranking = Ranking::new(&scores, |row| Some(row % 2 == 1));
            let weights = vec![1.0; scores.len()];
            let replicas = bootstrap.run(&weights, |weights| vec![ranking.auc(weights)]);
            let error = half_width(&replicas[0]).expect("error");
            (ranking.auc(&weights) - truth).abs() < error
        });
        let share = covered.count() as f64 / experiments as f64;
        assert!((share - 0.68).abs() < 0.08, "{share}");
    }

    #[test]
    fn the_same_seed_gives_the_same_replicas_on_any_number_of_cores() {
        let weights = [1.0, 2.0, 0.5];
        let bootstrap = Bootstrap {
            replicas: 30,
            seed: 3,
        };
        let replicas = bootstrap.run(&weights, |w| w.to_vec());
        assert_eq!((replicas.len(), replicas[0].len()), (3, 30));
        let mut alone = [0.0; 3];
        for (replica, first) in replicas[0].iter().enumerate() {
            bootstrap.copies(replica, &weights, &mut alone);
            assert_eq!([*first, replicas[1][replica], replicas[2][replica]], alone);
        }
    }

    #[test]
    fn an_interval_needs_finite_edges() {
        let up_to = |n: usize| (0..n).map(|v| v as f64);
        let (low, high) = interval(&up_to(101).collect::<Vec<_>>()).expect("interval");
        assert!((low - 15.87).abs() < 0.01 && (high - 84.13).abs() < 0.01);
        assert_eq!(interval(&up_to(19).collect::<Vec<_>>()), None);
        let mut tail: Vec<f64> = up_to(100).collect();
        tail[90..].fill(f64::INFINITY);
        assert!(half_width(&tail).is_some());
        tail[80..].fill(f64::INFINITY);
        assert_eq!(half_width(&tail), None);
        tail[40..].fill(f64::NAN);
        assert_eq!(half_width(&tail), None);
    }
}
