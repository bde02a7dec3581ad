//! Trials ordered by cost and loss together.

use trigforge_codegen::precision::{Front, Priced};

/// What counts of a finished trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scored {
    /// Number of the trial.
    pub(super) trial: usize,
    /// Effective bit operations.
    pub(super) ebops: u64,
    /// What is to be small: a loss, or what an accuracy or an AUC lacks to 1.
    pub(super) loss: f64,
}

impl Priced for Scored {
    fn ebops(&self) -> u64 {
        self.ebops
    }

    fn loss(&self) -> f64 {
        self.loss
    }
}

/// The trials that no other one beats in both cost and loss, cheapest first.
pub(super) fn front(trials: &[Scored]) -> Vec<Scored> {
    let mut front = Front::default();
    trials.iter().for_each(|trial| front.add(*trial));
    front.points().to_vec()
}

/// The trials from best to worst: front by front (non-dominated sorting), in each front the
/// loneliest first (crowding distance), both as in K. Deb et al., IEEE Trans. Evol. Comput. 6
/// (2002) 182. The cost counts by its logarithm.
pub(super) fn ranked(trials: &[Scored]) -> Vec<Scored> {
    let mut left = trials.to_vec();
    let mut ranked = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let front = front(&left);
        left.retain(|trial| !front.contains(trial));
        let mut lonely: Vec<(f64, Scored)> =
            crowding(&front).into_iter().zip(front.clone()).collect();
        lonely.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        ranked.extend(lonely.into_iter().map(|(_, trial)| trial));
    }
    ranked
}

/// For each point of a front how far its neighbours are apart, as a share of the front in both
/// directions; infinite for both ends.
fn crowding(front: &[Scored]) -> Vec<f64> {
    let cost = |at: usize| (front[at].ebops.max(1) as f64).ln();
    let loss = |at: usize| front[at].loss;
    let share = |of: &dyn Fn(usize) -> f64, at: usize| {
        let whole = (of(front.len() - 1) - of(0)).abs();
        let part = (of(at + 1) - of(at - 1)).abs();
        if whole > 0.0 { part / whole } else { 0.0 }
    };
    (0..front.len())
        .map(|at| {
            if at == 0 || at + 1 == front.len() {
                f64::INFINITY
            } else {
                share(&cost, at) + share(&loss, at)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(points: &[(u64, f64)]) -> Vec<Scored> {
        let point = |(trial, &(ebops, loss))| Scored { trial, ebops, loss };
        points.iter().enumerate().map(point).collect()
    }

    fn numbers(trials: &[Scored]) -> Vec<usize> {
        trials.iter().map(|trial| trial.trial).collect()
    }

    #[test]
    fn the_front_holds_what_nothing_beats() {
        let trials = scored(&[(100, 0.1), (50, 0.3), (80, 0.4), (100, 0.2), (60, 0.2)]);
        assert_eq!(numbers(&front(&trials)), [1, 4, 0]);
    }

    #[test]
    fn fronts_come_one_after_the_other_and_the_loneliest_first() {
        let trials = scored(&[
            (1000, 0.10),
            (100, 0.40),
            (900, 0.11),
            (300, 0.20),
            (800, 0.12),
            (2000, 0.50),
            (1500, 0.10),
        ]);
        // Ends of the front, then the one with the most room, then the crowded ones.
        assert_eq!(numbers(&ranked(&trials)), [1, 0, 3, 4, 2, 6, 5]);
    }

    #[test]
    fn equal_trials_are_all_ranked() {
        let trials = scored(&[(10, 0.5), (10, 0.5), (10, 0.5)]);
        assert_eq!(numbers(&ranked(&trials)), [0, 1, 2]);
    }
}
