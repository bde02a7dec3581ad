//! Padding, and windows that move over the last axes of a tensor.

use ndarray::{ArrayD, ArrayViewD, Slice};

use crate::ir::{check_size, element_count};
use crate::real::Tensor;

/// How a window moves along each of its axes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows<'a> {
    /// Elements of the window.
    pub(super) size: &'a [usize],
    pub(super) strides: &'a [usize],
    pub(super) dilations: &'a [usize],
    pub(super) before: &'a [usize],
    pub(super) after: &'a [usize],
}

impl Windows<'_> {
    /// How many windows fit along each spatial axis of `[n, c, s..]`.
    pub(super) fn counts(&self, x: &[usize]) -> Result<Vec<usize>, String> {
        let (lead, spatial) = x.split_at(x.len().min(2));
        let rank = spatial.len();
        let lengths = [
            self.size.len(),
            self.strides.len(),
            self.dilations.len(),
            self.before.len(),
            self.after.len(),
        ];
        if rank == 0 || lengths != [rank; 5] {
            return Err(format!(
                "window, strides, dilations and padding must each have {rank} numbers, \
                 they have {lengths:?}"
            ));
        }
        let padded = padded_shape(spatial, self.before, self.after)?;
        check_size(&[lead, &padded].concat())?;
        (0..rank)
            .map(|axis| {
                let (size, stride) = (self.size[axis], self.strides[axis]);
                if size == 0 || stride == 0 || self.dilations[axis] == 0 {
                    return Err("window, strides and dilations must not be 0".to_owned());
                }
                let extent = (size - 1)
                    .checked_mul(self.dilations[axis])
                    .and_then(|reach| reach.checked_add(1));
                match extent {
                    Some(extent) if extent <= padded[axis] => {
                        Ok((padded[axis] - extent) / stride + 1)
                    }
                    _ => Err(format!(
                        "a window of {size} does not fit into a padded axis of {}",
                        padded[axis]
                    )),
                }
            })
            .collect()
    }

    /// Offsets of the elements of a window, each a position per axis, in C order.
    pub(super) fn offsets(&self) -> impl Iterator<Item = Vec<usize>> {
        (0..element_count(self.size)).map(|number| position(self.size, number))
    }

    /// The element of every window at one offset, from a padded tensor whose
    /// last axes are the window's.
    pub(super) fn at<'x>(
        &self,
        padded: &'x ArrayD<f64>,
        offset: &[usize],
        counts: &[usize],
    ) -> ArrayViewD<'x, f64> {
        let lead = padded.ndim() - counts.len();
        padded.slice_each_axis(|axis| match axis.axis.index().checked_sub(lead) {
            None => Slice::from(..),
            Some(index) => {
                let start = offset[index] * self.dilations[index];
                let end = start + (counts[index] - 1) * self.strides[index] + 1;
                Slice::from(start..end).step_by(self.strides[index] as isize)
            }
        })
    }

    /// A tensor `[n, c, s..]` with padding of a value around its last axes.
    pub(super) fn padded(&self, x: &Tensor, value: f64) -> Tensor {
        let lead = x.ndim() - self.size.len();
        let mut before = vec![0; lead];
        before.extend(self.before);
        let mut shape = x.shape().to_vec();
        for (axis, dim) in shape.iter_mut().enumerate().skip(lead) {
            *dim += self.before[axis - lead] + self.after[axis - lead];
        }
        padded(x, &before, value, &shape)
    }
}

/// The position per axis of an element that is counted in C order.
pub(super) fn position(shape: &[usize], number: usize) -> Vec<usize> {
    let mut rest = number;
    let mut position = vec![0; shape.len()];
    for (at, &size) in position.iter_mut().zip(shape).rev() {
        *at = rest % size;
        rest /= size;
    }
    position
}

pub(super) fn padded_shape(
    x: &[usize],
    before: &[usize],
    after: &[usize],
) -> Result<Vec<usize>, String> {
    if before.len() != x.len() || after.len() != x.len() {
        return Err(format!("padding needs one number per axis of {x:?}"));
    }
    let sums = x.iter().zip(before).zip(after);
    sums.map(|((&dim, &before), &after)| {
        let sum = dim
            .checked_add(before)
            .and_then(|sum| sum.checked_add(after));
        sum.ok_or_else(|| "the padding is too large".to_owned())
    })
    .collect()
}

pub(super) fn padded(x: &Tensor, before: &[usize], value: f64, shape: &[usize]) -> Tensor {
    let mut result = Tensor::from_elem(shape, value);
    result
        .slice_each_axis_mut(|axis| {
            let index = axis.axis.index();
            Slice::from(before[index]..before[index] + x.shape()[index])
        })
        .assign(x);
    result
}
