//! What the training minimises beside the loss of the results.

use super::Value;

/// A term of what is minimised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Penalty {
    /// What it is made of.
    pub value: Value,
    /// What it is.
    pub kind: PenaltyKind,
    /// Its weight.
    pub weight: f32,
}

/// How a term comes from a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PenaltyKind {
    /// The mean over the events of a value of one number.
    Mean,
    /// The squared correlations of different elements, over the events of a batch: `sum_(i != j)
    /// cov_ij^2` of elements that are divided by their standard deviations.
    Correlation,
    /// The normalised temperature-scaled cross entropy of a batch whose second half are other views
    /// of the events of its first half (see [`super::contrastive`]).
    Contrast {
        /// Cosines are divided by it.
        temperature: f32,
    },
}
