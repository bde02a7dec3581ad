//! `gather x {axis, indices}`: listed positions along one axis.
//!
//! Position p of the result along `axis` is position `indices[p]` of the
//! operand; the other axes stay. A position may be listed any number of times.

use super::movement::indices_of;
use super::{Attribute, Attributes, Movement};

/// Listed positions along one axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gather {
    /// The axis, from 0.
    pub axis: usize,
    /// For each position of the result, the operand's.
    pub indices: Vec<usize>,
}

impl Gather {
    pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
        Ok(Self {
            axis: attributes.take_parsed("axis")?,
            indices: attributes.take_list("indices")?,
        })
    }
}

impl Movement for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn attributes(&self) -> Vec<Attribute> {
        vec![
            Attribute::new("axis", self.axis),
            Attribute::list("indices", &self.indices),
        ]
    }

    fn result_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        let &size = shape
            .get(self.axis)
            .ok_or_else(|| format!("no axis {} in shape {shape:?}", self.axis))?;
        if self.indices.is_empty() {
            return Err("no index is listed".to_owned());
        }
        if let Some(outside) = self.indices.iter().find(|&&index| index >= size) {
            return Err(format!(
                "index {outside} is outside of axis {}, which has {size} positions",
                self.axis
            ));
        }
        let mut result = shape.to_vec();
        result[self.axis] = self.indices.len();
        Ok(result)
    }

    fn indices(&self, shape: &[usize]) -> Vec<usize> {
        let along = |axis: usize| match axis == self.axis {
            true => self.indices.clone(),
            false => (0..shape[axis]).collect(),
        };
        let positions: Vec<_> = (0..shape.len()).map(along).collect();
        indices_of(shape, &positions)
    }
}
