//! Padding, and windows that move over the last axes of a tensor.

use ndarray::{ArrayD, ArrayViewD, Slice};

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
    /// How many windows fit along each axis.
    pub(super) fn counts(&self, spatial: &[usize]) -> Result<Vec<usize>, String> {
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
        (0..rank)
            .map(|axis| {
                let (size, stride) = (self.size[axis], self.strides[axis]);
                if size == 0 || stride == 0 || self.dilations[axis] == 0 {
                    return Err("window, strides and dilations must not be 0".to_owned());
                }
                let extent = (size - 1)
                    .checked_mul(self.dilations[axis])
                    .and_then(|reach| reach.checked_add(1));
                let padded = self.before[axis]
                    .checked_add(self.after[axis])
                    .and_then(|padding| padding.checked_add(spatial[axis]));
                match (padded, extent) {
                    (Some(padded), Some(extent)) if extent <= padded => {
                        Ok((padded - extent) / stride + 1)
                    }
                    _ => Err(format!(
                        "a window of {size} does not fit into a padded axis of {}",
                        spatial[axis]
                    )),
                }
            })
            .collect()
    }

    /// Offsets of the elements of a window, each a position per axis.
    pub(super) fn offsets(&self) -> Vec<Vec<usize>> {
        let mut offsets = vec![Vec::new()];
        for &size in self.size {
            offsets = offsets
                .into_iter()
                .flat_map(|offset| {
                    (0..size).map(move |k| {
                        let mut longer = offset.clone();
                        longer.push(k);
                        longer
                    })
                })
                .collect();
        }
        offsets
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
