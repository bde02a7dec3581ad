//! `transpose x {permutation}`: the same elements with axes permuted.
//!
//! Axis a of the result is axis `permutation[a]` of the operand.

use super::{Attribute, Attributes, Movement};
use crate::ir::element_count;

/// The same elements with axes permuted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transpose {
    /// For each axis of the result, the operand's axis.
    pub permutation: Vec<usize>,
}

impl Transpose {
    pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
        Ok(Self {
            permutation: attributes.take_list("permutation")?,
        })
    }
}

impl Movement for Transpose {
    fn name(&self) -> &'static str {
        "transpose"
    }

    fn attributes(&self) -> Vec<Attribute> {
        vec![Attribute::list("permutation", &self.permutation)]
    }

    fn result_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        let mut sorted = self.permutation.clone();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..shape.len()) {
            return Err(format!(
                "{:?} is not a permutation of the axes of shape {shape:?}",
                self.permutation
            ));
        }
        Ok(self.permutation.iter().map(|&axis| shape[axis]).collect())
    }

    fn indices(&self, shape: &[usize]) -> Vec<usize> {
        let strides: Vec<_> = (0..shape.len())
            .map(|axis| element_count(&shape[axis + 1..]))
            .collect();
        let result: Vec<_> = self.permutation.iter().map(|&axis| shape[axis]).collect();
        (0..element_count(&result))
            .map(|flat| {
                let mut rest = flat;
                let mut source = 0;
                for (axis, &from) in self.permutation.iter().enumerate().rev() {
                    source += (rest % result[axis]) * strides[from];
                    rest /= result[axis];
                }
                source
            })
            .collect()
    }
}
