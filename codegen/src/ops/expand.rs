//! `expand x {shape}`: elements repeated to a larger shape, as NumPy broadcasts.
//!
//! Axes are counted from the last; each of the operand has the size of the
//! result's, or 1 and is repeated. Axes that the operand lacks are repeated too.

use super::{Attribute, Attributes, Movement};
use crate::ir::{broadcast_indices, broadcast_shape};

/// Elements repeated to a larger shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expand {
    /// The new shape.
    pub shape: Vec<usize>,
}

impl Expand {
    pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
        Ok(Self {
            shape: attributes.take_list("shape")?,
        })
    }
}

impl Movement for Expand {
    fn name(&self) -> &'static str {
        "expand"
    }

    fn attributes(&self) -> Vec<Attribute> {
        vec![Attribute::list("shape", &self.shape)]
    }

    fn result_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        if self.shape.contains(&0)
            || broadcast_shape(shape, &self.shape) != Some(self.shape.clone())
        {
            return Err(format!(
                "shape {shape:?} does not broadcast to {:?}",
                self.shape
            ));
        }
        Ok(self.shape.clone())
    }

    fn indices(&self, shape: &[usize]) -> Vec<usize> {
        broadcast_indices(shape, &self.shape).collect()
    }
}
