//! One score against a yes or no: the area under its ROC curve, row by row.

use super::loss::moments;

/// Where the rows of each kind stand among those of the other.
pub(super) struct Placements {
    /// Per signal row, the share of background rows below it, where an equal
    /// score counts one half.
    pub signal: Vec<f64>,
    /// Per background row, the share of signal rows above it.
    pub background: Vec<f64>,
}

impl Placements {
    pub(super) fn new(rows: impl Iterator<Item = (f64, bool)>) -> Self {
        let (mut signal, mut background) = (Vec::new(), Vec::new());
        let mut kinds = Vec::new();
        for (score, is_signal) in rows {
            kinds.push((score, is_signal));
            if is_signal {
                &mut signal
            } else {
                &mut background
            }
            .push(score);
        }
        signal.sort_unstable_by(f64::total_cmp);
        background.sort_unstable_by(f64::total_cmp);
        // Twice the number of values below, those that are equal counted once.
        let twice_below = |sorted: &[f64], score: f64| {
            sorted.partition_point(|&x| x < score) + sorted.partition_point(|&x| x <= score)
        };
        let share = |twice: usize, all: usize| twice as f64 / 2.0 / all.max(1) as f64;
        let placed = |kind: bool| {
            let rows = kinds.iter().filter(move |row| row.1 == kind);
            rows.map(|row| row.0)
        };
        Self {
            signal: placed(true)
                .map(|score| share(twice_below(&background, score), background.len()))
                .collect(),
            background: placed(false)
                .map(|score| 1.0 - share(twice_below(&signal, score), signal.len()))
                .collect(),
        }
    }

    /// The area under the ROC curve: the chance that a signal row scores above
    /// a background row.
    pub(super) fn area(&self) -> f64 {
        moments(&self.signal).0
    }
}
