//! Decisions: the class with the greatest score.

/// The class with the greatest score; the first one where scores are equal.
pub fn argmax(scores: &[f64]) -> usize {
    let mut best = 0;
    for (class, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = class;
        }
    }
    best
}

/// The share of rows whose greatest score is that of their label.
pub fn accuracy(scores: &[f64], classes: usize, labels: &[usize]) -> f64 {
    let rows = scores.chunks_exact(classes.max(1)).zip(labels);
    let right = rows.filter(|(row, label)| argmax(row) == **label).count();
    right as f64 / labels.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_by_hand() {
        let scores = [0.7, 0.2, 0.1, 0.1, 0.8, 0.1, 0.4, 0.4, 0.2, 0.0, 0.1, 0.9];
        let labels = [0, 1, 1, 0];
        assert_eq!(accuracy(&scores, 3, &labels), 0.5);
        let decisions: Vec<_> = scores.chunks_exact(3).map(argmax).collect();
        assert_eq!(decisions, [0, 1, 0, 2]);
    }
}
