//! Bits of weights and activations.

use serde::{Deserialize, Serialize};

/// What has the bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WidthKind {
    /// Weights of a layer.
    Weight,
    /// What a layer hands on.
    Activation,
}

/// Bits of every element of one tensor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerWidths {
    /// Name of the tensor.
    pub name: String,
    /// What it is.
    pub kind: WidthKind,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Bits of each element, in C order; 0 where it is pruned.
    pub bits: Vec<u8>,
    /// Effective bit operations of the multiplications by this tensor; 0 for activations, which
    /// are counted with the weights.
    pub ebops: u64,
}

impl LayerWidths {
    /// Mean bits of an element, pruned ones included.
    pub fn mean(&self) -> f64 {
        let bits: u64 = self.bits.iter().map(|bits| u64::from(*bits)).sum();
        bits as f64 / self.bits.len().max(1) as f64
    }

    /// The greatest width.
    pub fn most(&self) -> u8 {
        self.bits.iter().copied().max().unwrap_or(0)
    }

    /// Number of elements of width zero.
    pub fn pruned(&self) -> usize {
        self.bits.iter().filter(|bits| **bits == 0).count()
    }

    /// Number of elements of each width from 0 up to the greatest.
    pub fn histogram(&self) -> Vec<usize> {
        let mut counts = vec![0; usize::from(self.most()) + 1];
        for bits in &self.bits {
            counts[usize::from(*bits)] += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_by_hand() {
        let widths = LayerWidths {
            name: "fc1".to_owned(),
            kind: WidthKind::Weight,
            shape: vec![2, 2],
            bits: vec![0, 3, 3, 2],
            ebops: 8,
        };
        assert_eq!((widths.mean(), widths.most(), widths.pruned()), (2.0, 3, 1));
        assert_eq!(widths.histogram(), [1, 0, 1, 2]);
    }
}
