//! A loss with its standard error.

/// What is lost, and how well that is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loss {
    /// The loss on the events.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
}

impl Loss {
    /// What the loss may be: one error above it, or above zero where the
    /// integers happen to do better.
    ///
    /// A search looks at thousands of choices. Without the error it would find
    /// the luckiest of them, not the best.
    pub fn upper(self) -> f64 {
        self.value.max(0.0) + self.error
    }

    /// The mean of differences event by event.
    pub(super) fn mean(differences: &[f64]) -> Self {
        let (value, variance) = moments(differences);
        Self {
            value,
            error: (variance / differences.len().max(1) as f64).sqrt(),
        }
    }
}

/// Mean and variance.
pub(super) fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, squares / (count - 1.0).max(1.0))
}
