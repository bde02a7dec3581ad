//! Rows of two kinds in the order of their score: what all figures of a cut are made of.

/// Signal and background rows, best score first.
///
/// Sorted once; each figure is then one pass, for any weights of the rows.
#[derive(Debug, Clone)]
pub struct Ranking {
    rows: Vec<Ranked>,
}

#[derive(Debug, Clone, Copy)]
struct Ranked {
    row: u32,
    signal: bool,
    /// The last row of those with this score: they are accepted together.
    last: bool,
    score: f64,
}

/// What a threshold accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accepted {
    /// The least accepted score.
    pub threshold: f64,
    /// Weight of the accepted signal rows.
    pub signal: f64,
    /// Weight of the accepted background rows.
    pub background: f64,
}

impl Ranking {
    /// Sorts rows by score. `kind` says of a row number whether it is signal or background; `None`
    /// leaves the row out.
    ///
    /// Scores must not be NaN, and there are at most 2^32 of them.
    pub fn new(scores: &[f64], kind: impl Fn(usize) -> Option<bool>) -> Self {
        let ranked = |(row, &score): (usize, &f64)| {
            kind(row).map(|signal| Ranked {
                row: row as u32,
                signal,
                last: false,
                // Zeros of both signs are the same score.
                score: score + 0.0,
            })
        };
        let mut rows: Vec<Ranked> = scores.iter().enumerate().filter_map(ranked).collect();
        rows.sort_by(|a, b| b.score.total_cmp(&a.score));
        for at in 0..rows.len() {
            rows[at].last = rows
                .get(at + 1)
                .is_none_or(|next| next.score != rows[at].score);
        }
        Self { rows }
    }

    /// Weight of all signal and of all background rows.
    pub fn totals(&self, weights: &[f64]) -> (f64, f64) {
        let all = self.accepted(weights).last();
        all.map_or((0.0, 0.0), |all| (all.signal, all.background))
    }

    /// What each distinct score accepts as a threshold, from the highest down.
    pub fn accepted<'a>(&'a self, weights: &'a [f64]) -> impl Iterator<Item = Accepted> + 'a {
        let (mut signal, mut background) = (0.0, 0.0);
        self.rows.iter().filter_map(move |ranked| {
            let weight = weights[ranked.row as usize];
            if ranked.signal {
                signal += weight;
            } else {
                background += weight;
            }
            ranked.last.then_some(Accepted {
                threshold: ranked.score,
                signal,
                background,
            })
        })
    }

    /// The area under the ROC curve: the chance that a signal row scores above a background row,
    /// where equal scores count one half (J. A. Hanley and B. J. McNeil, Radiology 143 (1982) 29).
    ///
    /// NaN without weight of each kind.
    pub fn auc(&self, weights: &[f64]) -> f64 {
        let (mut twice, mut before) = (0.0, (0.0, 0.0));
        for now in self.accepted(weights) {
            twice += (now.background - before.1) * (now.signal + before.0);
            before = (now.signal, now.background);
        }
        twice / 2.0 / (before.0 * before.1)
    }

    /// What is accepted at the highest threshold that keeps at least each of the given shares of
    /// the signal, which must ascend; weights as shares of their totals.
    ///
    /// NaN without weight of each kind.
    pub fn at(&self, weights: &[f64], signal_efficiencies: &[f64]) -> Vec<Accepted> {
        let (signal, background) = self.totals(weights);
        let mut found = Vec::with_capacity(signal_efficiencies.len());
        let share = |accepted: Accepted| Accepted {
            threshold: accepted.threshold,
            signal: accepted.signal / signal,
            background: accepted.background / background,
        };
        for now in self.accepted(weights) {
            while let Some(wanted) = signal_efficiencies.get(found.len()) {
                // 0.07 of 100 rows is 7.000000000000001, and 7 rows are enough.
                if now.signal < wanted * signal * (1.0 - 1e-12) {
                    break;
                }
                found.push(share(now));
            }
        }
        let none = Accepted {
            threshold: f64::NAN,
            signal: f64::NAN,
            background: f64::NAN,
        };
        found.resize(signal_efficiencies.len(), none);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f64; 6] = [0.9, 0.8, 0.8, 0.5, 0.3, 0.1];
    const SIGNAL: [bool; 6] = [true, true, false, true, false, false];

    fn ranking() -> Ranking {
        Ranking::new(&SCORES, |row| Some(SIGNAL[row]))
    }

    #[test]
    fn area_counts_ties_as_one_half() {
        // Pairs: 0.9 beats 3, 0.8 beats 2 and ties 1, 0.5 beats 2: 7.5 of 9.
        assert_eq!(ranking().auc(&[1.0; 6]), 7.5 / 9.0);
        let tied = Ranking::new(&[1.0; 4], |row| Some(row % 2 == 0));
        assert_eq!(tied.auc(&[1.0; 4]), 0.5);
        assert_eq!(
            Ranking::new(&[0.0, -0.0], |row| Some(row == 0)).auc(&[1.0; 2]),
            0.5
        );
        assert!(
            Ranking::new(&[1.0, 2.0], |_| Some(true))
                .auc(&[1.0; 2])
                .is_nan()
        );
    }

    #[test]
    fn a_weight_is_a_number_of_equal_rows() {
        let weights = [2.0, 1.0, 3.0, 1.0, 2.0, 4.0];
        let repeat = |row: usize| std::iter::repeat_n(row, weights[row] as usize);
        let rows: Vec<usize> = (0..6).flat_map(repeat).collect();
        let scores: Vec<f64> = rows.iter().map(|row| SCORES[*row]).collect();
        let repeated = Ranking::new(&scores, |at| Some(SIGNAL[rows[at]]));
        let ones = vec![1.0; rows.len()];
        assert_eq!(ranking().auc(&weights), repeated.auc(&ones));
        let cuts = [0.3, 0.5, 0.9];
        assert_eq!(ranking().at(&weights, &cuts), repeated.at(&ones, &cuts));
    }

    #[test]
    fn rows_can_be_left_out() {
        let without_the_tie = Ranking::new(&SCORES, |row| (row != 2).then_some(SIGNAL[row]));
        assert_eq!(without_the_tie.auc(&[1.0; 6]), 1.0);
        assert_eq!(without_the_tie.totals(&[1.0; 6]), (3.0, 2.0));
    }

    #[test]
    fn a_threshold_keeps_at_least_what_was_asked_for() {
        let found = ranking().at(&[1.0; 6], &[0.3, 0.5, 1.0]);
        let shares = found
            .iter()
            .map(|a| (a.threshold, a.signal * 3.0, a.background * 3.0));
        let expected = [(0.9, 1.0, 0.0), (0.8, 2.0, 1.0), (0.5, 3.0, 1.0)];
        for (found, expected) in shares.zip(expected) {
            assert!((found.1 - expected.1).abs() < 1e-12 && (found.2 - expected.2).abs() < 1e-12);
            assert_eq!(found.0, expected.0);
        }
    }
}
