//! Tree ensembles on real numbers, as the libraries that train them compute.
//!
//! A split compares a feature with its threshold, `<` or `<=`; libraries that
//! hold features in single precision round them to it first, and add the leaves
//! in single precision, tree by tree.

use super::Tensor;
use crate::ops::Child;

/// Single or double precision (binary32 and binary64 of IEEE 754).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 24 significant bits.
    Single,
    /// 53 significant bits.
    Double,
}

impl Precision {
    /// The nearest number of this precision.
    pub fn round(self, value: f64) -> f64 {
        match self {
            Self::Single => (value as f32).into(),
            Self::Double => value,
        }
    }
}

/// One decision of a tree on real numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// The element of the operand along its last axis.
    pub feature: usize,
    /// What it is compared with; finite.
    pub threshold: f64,
    /// Whether `<=` is meant, and not `<`.
    pub or_equal: bool,
    /// Where to go if the comparison holds.
    pub below: Child,
    /// Where to go if it does not.
    pub otherwise: Child,
    /// Whether a missing feature goes on to `below`. Features are finite here,
    /// so nothing asks; it is kept as the file states it.
    pub missing_below: bool,
}

impl Decision {
    fn holds(&self, x: f64) -> bool {
        match self.or_equal {
            true => x <= self.threshold,
            false => x < self.threshold,
        }
    }

    /// Threshold and `or_equal` of the same decision on a feature that is not
    /// rounded to `precision` first.
    ///
    /// Rounding takes all up to the middle between two neighbours to the lower
    /// one, the middle itself if the lower one is even.
    pub fn unrounded(&self, precision: Precision) -> (f64, bool) {
        if precision == Precision::Double {
            return (self.threshold, self.or_equal);
        }
        let threshold = self.threshold as f32;
        // The largest number that goes below.
        let last = if f64::from(threshold) > self.threshold
            || (f64::from(threshold) == self.threshold && !self.or_equal)
        {
            threshold.next_down()
        } else {
            threshold
        };
        let step = match last.next_up() {
            f32::INFINITY => f64::from(last) - f64::from(last.next_down()),
            next => f64::from(next) - f64::from(last),
        };
        (f64::from(last) + step / 2.0, last.to_bits() & 1 == 0)
    }
}

/// A tree ensemble on real numbers: `[.., features]` to `[.., outputs]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Forest {
    /// Elements of the operand's last axis.
    pub features: usize,
    /// Where each tree starts.
    pub roots: Vec<Child>,
    /// For each tree, the first output that its leaves add to.
    pub classes: Vec<usize>,
    /// All decisions; children stand after their parents.
    pub decisions: Vec<Decision>,
    /// Values of a leaf.
    pub width: usize,
    /// The values of all leaves, leaf by leaf.
    pub leaves: Vec<f64>,
    /// For each output, where its sum starts.
    pub base: Vec<f64>,
    /// Precision of a feature when it is compared.
    pub compared_in: Precision,
    /// Precision of the sums.
    pub summed_in: Precision,
}

impl Forest {
    /// The shape of the result.
    ///
    /// # Errors
    ///
    /// An operand without these features.
    pub fn shape(&self, x: &[usize]) -> Result<Vec<usize>, String> {
        match x.split_last() {
            Some((&features, lead)) if features == self.features => {
                let mut shape = lead.to_vec();
                shape.push(self.base.len());
                Ok(shape)
            }
            _ => Err(format!(
                "trees of {} features cannot take an operand of shape {x:?}",
                self.features
            )),
        }
    }

    /// The leaf that a row of features reaches.
    fn leaf(&self, root: Child, x: &[f64]) -> usize {
        let mut at = root;
        loop {
            match at {
                Child::Leaf(leaf) => return leaf,
                Child::Split(index) => {
                    let decision = &self.decisions[index];
                    let x = self.compared_in.round(x[decision.feature]);
                    at = match decision.holds(x) {
                        true => decision.below,
                        false => decision.otherwise,
                    };
                }
            }
        }
    }

    /// The sums of one row of features.
    pub fn sums(&self, x: &[f64]) -> Vec<f64> {
        let mut sums = self.base.clone();
        for (&root, &class) in self.roots.iter().zip(&self.classes) {
            let leaf = self.leaf(root, x) * self.width;
            let values = &self.leaves[leaf..leaf + self.width];
            for (sum, value) in sums[class..].iter_mut().zip(values) {
                *sum = match self.summed_in {
                    Precision::Single => (*sum as f32 + *value as f32).into(),
                    Precision::Double => *sum + value,
                };
            }
        }
        sums
    }

    /// The sums of every row; the graph has checked the shape.
    pub(super) fn evaluate(&self, x: &Tensor, shape: &[usize]) -> Tensor {
        let x: Vec<f64> = x.iter().copied().collect();
        let rows = x.chunks(self.features.max(1));
        super::ops::reshaped(rows.flat_map(|row| self.sums(row)).collect(), shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(threshold: f64, or_equal: bool) -> Decision {
        Decision {
            feature: 0,
            threshold,
            or_equal,
            below: Child::Leaf(0),
            otherwise: Child::Leaf(1),
            missing_below: false,
        }
    }

    /// Both forms of a decision agree on doubles around the threshold, and on
    /// the middles between the singles there.
    #[test]
    fn rounding_a_feature_first_moves_the_threshold_to_a_middle() {
        let single = |x: f32| f64::from(x);
        for threshold in [0.1f32, 1.0, -3.5, 1.0e-40, 0.0, f32::MAX, -f32::MAX] {
            for or_equal in [false, true] {
                let decision = decision(threshold.into(), or_equal);
                let (moved, moved_or_equal) = decision.unrounded(Precision::Single);
                let near = [threshold.next_down(), threshold, threshold.next_up()];
                let middles = near.windows(2).map(|p| (single(p[0]) + single(p[1])) / 2.0);
                let points: Vec<f64> = near.iter().map(|&x| single(x)).chain(middles).collect();
                let points = points.iter().filter(|x| x.is_finite());
                for x in points.flat_map(|x| [x.next_down(), *x, x.next_up()]) {
                    let found = match moved_or_equal {
                        true => x <= moved,
                        false => x < moved,
                    };
                    let rounded = Precision::Single.round(x);
                    assert_eq!(found, decision.holds(rounded), "{x:e} at {threshold:e}");
                }
            }
        }
        let kept = decision(0.1, true).unrounded(Precision::Double);
        assert_eq!(kept, (0.1, true));
    }
}
