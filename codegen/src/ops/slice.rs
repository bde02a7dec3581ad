//! `slice x {starts, steps, sizes}`: a regular part of a tensor.
//!
//! Every axis a has a start, a step and a size; element p of the result is
//! element `starts[a] + p[a] steps[a]` of the operand along each axis. A step is
//! not 0 and may be negative; every element taken must exist.

use super::movement::indices_of;
use super::{Attribute, Attributes, Movement};

/// A regular part of a tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// For each axis, the first position that is taken.
    pub starts: Vec<usize>,
    /// For each axis, the distance to the next position.
    pub steps: Vec<i64>,
    /// For each axis, how many positions are taken; at least one.
    pub sizes: Vec<usize>,
}

impl Slice {
    pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
        Ok(Self {
            starts: attributes.take_list("starts")?,
            steps: attributes.take_list("steps")?,
            sizes: attributes.take_list("sizes")?,
        })
    }

    /// The last position that is taken along an axis.
    fn last(&self, axis: usize) -> Option<usize> {
        let before = i64::try_from(self.sizes[axis]).ok()?.checked_sub(1)?;
        let distance = self.steps[axis].checked_mul(before)?;
        self.starts[axis].checked_add_signed(isize::try_from(distance).ok()?)
    }
}

impl Movement for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn attributes(&self) -> Vec<Attribute> {
        vec![
            Attribute::list("starts", &self.starts),
            Attribute::list("steps", &self.steps),
            Attribute::list("sizes", &self.sizes),
        ]
    }

    fn result_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        let counts = [self.starts.len(), self.steps.len(), self.sizes.len()];
        if counts.iter().any(|&count| count != shape.len()) {
            return Err(format!(
                "{} starts, {} steps and {} sizes for the {} axes of shape {shape:?}",
                counts[0],
                counts[1],
                counts[2],
                shape.len()
            ));
        }
        for (axis, &size) in shape.iter().enumerate() {
            let (start, step, count) = (self.starts[axis], self.steps[axis], self.sizes[axis]);
            let inside = start < size && self.last(axis).is_some_and(|last| last < size);
            if count == 0 || step == 0 || !inside {
                return Err(format!(
                    "axis {axis} has {size} positions; {count} from {start} by {step} are not \
                     among them"
                ));
            }
        }
        Ok(self.sizes.clone())
    }

    fn indices(&self, shape: &[usize]) -> Vec<usize> {
        let along = |axis: usize| -> Vec<usize> {
            (0..self.sizes[axis] as i64)
                // Inside of the axis, by `result_shape`.
                .map(|p| (self.starts[axis] as i64 + p * self.steps[axis]) as usize)
                .collect()
        };
        let positions: Vec<_> = (0..shape.len()).map(along).collect();
        indices_of(shape, &positions)
    }
}
