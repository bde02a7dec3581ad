//! One score against a yes or no: ROC curve, area, rejection.

use serde::{Deserialize, Serialize};

/// A point of a ROC curve: everything with a score of at least `threshold` is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RocPoint {
    /// The least accepted score.
    pub threshold: f64,
    /// Accepted share of the signal.
    pub signal_efficiency: f64,
    /// Accepted share of the background.
    pub background_efficiency: f64,
}

/// The ROC curve, one point for each distinct score, from the highest down.
///
/// Rows with equal scores are accepted together, so the curve does not depend on their order.
/// `None` without at least one row of each kind.
pub fn roc(scores: &[f64], signal: &[bool]) -> Option<Vec<RocPoint>> {
    let counts = cumulative(scores, signal)?;
    let (total_signal, total_background) = (counts.last()?.1, counts.last()?.2);
    let point = |&(threshold, s, b): &(f64, usize, usize)| RocPoint {
        threshold,
        signal_efficiency: s as f64 / total_signal as f64,
        background_efficiency: b as f64 / total_background as f64,
    };
    Some(counts.iter().map(point).collect())
}

/// The area under the ROC curve: the chance that a signal row scores above a background row,
/// where equal scores count one half.
///
/// `None` without at least one row of each kind.
pub fn auc(scores: &[f64], signal: &[bool]) -> Option<f64> {
    let counts = cumulative(scores, signal)?;
    let (_, total_signal, total_background) = *counts.last()?;
    let (mut twice_area, mut before) = (0u128, (0usize, 0usize));
    for &(_, s, b) in &counts {
        twice_area += ((b - before.1) as u128) * ((s + before.0) as u128);
        before = (s, b);
    }
    Some(twice_area as f64 / 2.0 / total_signal as f64 / total_background as f64)
}

/// Background rejection `1 / eps_B` at the highest threshold that keeps at least
/// `signal_efficiency`, with its binomial error.
///
/// Infinite, with an infinite error, where no background row is left: quote such a figure as a
/// limit. `None` without at least one row of each kind.
pub fn rejection(scores: &[f64], signal: &[bool], signal_efficiency: f64) -> Option<(f64, f64)> {
    let counts = cumulative(scores, signal)?;
    let (_, total_signal, total_background) = *counts.last()?;
    let enough =
        |&&(_, s, _): &&(f64, usize, usize)| s as f64 >= signal_efficiency * total_signal as f64;
    let accepted = counts
        .iter()
        .find(enough)
        .map_or(total_background, |(_, _, b)| *b);
    if accepted == 0 {
        return Some((f64::INFINITY, f64::INFINITY));
    }
    let efficiency = accepted as f64 / total_background as f64;
    let relative = ((1.0 - efficiency) / accepted as f64).sqrt();
    Some((1.0 / efficiency, relative / efficiency))
}

/// For each distinct score, from the highest down: the score, and how many signal and background
/// rows have at least that score.
fn cumulative(scores: &[f64], signal: &[bool]) -> Option<Vec<(f64, usize, usize)>> {
    let mut rows: Vec<(f64, bool)> = scores.iter().copied().zip(signal.iter().copied()).collect();
    rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let mut counts: Vec<(f64, usize, usize)> = Vec::new();
    let (mut s, mut b) = (0, 0);
    for (score, is_signal) in rows {
        s += usize::from(is_signal);
        b += usize::from(!is_signal);
        match counts.last_mut() {
            Some(last) if last.0 == score => *last = (score, s, b),
            _ => counts.push((score, s, b)),
        }
    }
    (s > 0 && b > 0).then_some(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f64; 6] = [0.9, 0.8, 0.8, 0.5, 0.3, 0.1];
    const SIGNAL: [bool; 6] = [true, true, false, true, false, false];

    #[test]
    fn area_counts_ties_as_one_half() {
        // Pairs: 0.9 beats 3, 0.8 beats 2 and ties 1, 0.5 beats 2: 7.5 of 9.
        assert_eq!(auc(&SCORES, &SIGNAL), Some(7.5 / 9.0));
        assert_eq!(auc(&[1.0; 4], &[true, false, true, false]), Some(0.5));
        assert_eq!(auc(&[0.0, -0.0], &[true, false]), Some(0.5));
        assert_eq!(auc(&[1.0, 2.0], &[true, true]), None);
    }

    #[test]
    fn tied_rows_make_one_point() {
        let points = roc(&SCORES, &SIGNAL).expect("both kinds");
        let pairs: Vec<(f64, f64)> = points
            .iter()
            .map(|p| (p.signal_efficiency * 3.0, p.background_efficiency * 3.0))
            .collect();
        assert_eq!(
            pairs,
            [(1.0, 0.0), (2.0, 1.0), (3.0, 1.0), (3.0, 2.0), (3.0, 3.0)]
        );
    }

    #[test]
    fn rejection_with_binomial_error() {
        // Two of three signal rows need the threshold 0.8, which lets one of three through.
        let (value, error) = rejection(&SCORES, &SIGNAL, 0.5).expect("both kinds");
        assert!((value - 3.0).abs() < 1e-12);
        assert!((error - 3.0 * (2f64 / 3.0).sqrt()).abs() < 1e-12);
        let (none_left, _) = rejection(&SCORES, &SIGNAL, 0.3).expect("both kinds");
        assert!(none_left.is_infinite());
    }
}
