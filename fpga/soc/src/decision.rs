//! From scores to a decision, in integers.

use crate::Mantissa;

/// What accepts or rejects an event.
pub trait Decision {
    /// Whether an event with these scores is kept.
    fn accepts<S: Mantissa>(&self, scores: &[S]) -> bool;
}

/// One score must reach a threshold.
///
/// A threshold on a probability becomes one on the integer in front of the
/// final function with `trigforge compile --threshold`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Threshold {
    /// Which score.
    pub score: usize,
    /// The lowest mantissa that is accepted.
    pub least: i64,
}

impl Decision for Threshold {
    /// A score that does not exist accepts nothing.
    fn accepts<S: Mantissa>(&self, scores: &[S]) -> bool {
        scores
            .get(self.score)
            .is_some_and(|score| score.value() >= self.least)
    }
}
