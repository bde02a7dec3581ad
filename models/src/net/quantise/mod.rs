//! Rounding to trained widths, as one differentiable operation.
//!
//! Forward, element by element, with `F` the fractional bits of the element's group rounded to a
//! whole number:
//!
//! ```text
//! q = clamp(round_half_even(x * 2^F) * 2^-F, low, high)   high = 2^i - 2^-F, low = -high or 0
//! q = 0 where i + F <= 0
//! ```
//!
//! Backward, the method of HGQ (arXiv:2405.00645, section 3): the gradient passes straight through
//! to `x` and stops where `x` saturates; the fractional bits receive `ln 2 * (x - q)` times the
//! gradient, since the rounding error `x - q` is proportional to `2^-F` on average.
//!
//! On the CPU each direction is one pass over the numbers.

mod flex;
mod kernel;
pub(super) mod portable;

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

pub(super) use kernel::{Lane, gradient_rows, round_rows};
pub use kernel::{Rounder, gradient_of_bits, round_weights};

/// Most fractional bits, and least negative ones; keeps every step a normal `f32`.
pub const MOST_FRACTIONAL: i32 = 40;

/// Integer bits that no number reaches: a group that never saturates.
pub const UNBOUNDED: i32 = 100;

/// Which group an element of a row belongs to: element `j` is in group `(j / inner) % groups`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Grouping {
    /// Neighbouring elements that share a group.
    pub inner: usize,
    /// Number of groups.
    pub groups: usize,
}

impl Grouping {
    /// The group of element `element`.
    pub fn of(self, element: usize) -> usize {
        (element / self.inner) % self.groups
    }

    /// The greatest magnitude of each group.
    pub fn magnitudes(self, values: &[f32]) -> Vec<f32> {
        let mut magnitudes = vec![0f32; self.groups];
        self.fold(&mut magnitudes, values, |most, value| most.max(value.abs()));
        magnitudes
    }

    /// Takes each of `values` into the number of its group.
    #[inline(always)]
    fn fold<T: Copy>(self, groups: &mut [T], values: &[T], take: impl Fn(T, T) -> T) {
        for block in values.chunks(self.inner * self.groups) {
            if self.inner == 1 {
                for (group, value) in groups.iter_mut().zip(block) {
                    *group = take(*group, *value);
                }
            } else {
                for (group, values) in groups.iter_mut().zip(block.chunks(self.inner)) {
                    *group = values
                        .iter()
                        .fold(*group, |group, value| take(group, *value));
                }
            }
        }
    }

    /// The number of the group of each of `count` elements.
    pub(super) fn spread<T: Copy>(self, groups: &[T], count: usize) -> Vec<T> {
        let mut out = Vec::with_capacity(count);
        while out.len() < count {
            if self.inner == 1 {
                out.extend_from_slice(&groups[..groups.len().min(count - out.len())]);
            } else {
                for group in groups {
                    let more = self.inner.min(count - out.len());
                    out.extend(std::iter::repeat_n(*group, more));
                }
            }
        }
        out
    }
}

/// The operation on a backend's own tensors. Values are `[rows, elements]`; `fractional` has one
/// number for each group: it takes the gradient, its value is in the rounder already.
#[backend_extension(Flex, Autodiff)]
pub trait QuantiseOps: Backend {
    /// The rounded values.
    fn quantise(
        values: FloatTensor<Self>,
        fractional: FloatTensor<Self>,
        rounder: Arc<Rounder>,
    ) -> FloatTensor<Self>;

    /// The gradients of the values and of the fractional bits.
    fn quantise_backward(
        gradient: FloatTensor<Self>,
        values: FloatTensor<Self>,
        rounded: FloatTensor<Self>,
        rounder: Arc<Rounder>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

impl<B: QuantiseOps, C: CheckpointStrategy> QuantiseOps for Autodiff<B, C> {
    fn quantise(
        values: FloatTensor<Self>,
        fractional: FloatTensor<Self>,
        rounder: Arc<Rounder>,
    ) -> FloatTensor<Self> {
        let guards = [values.node(), fractional.node()];
        let (values, fractional) = (values.into_primitive(), fractional.into_primitive());
        let rounded = B::quantise(values.clone(), fractional, rounder.clone());
        match Rounding.prepare::<C>(guards).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                prepared.finish((values, rounded.clone(), rounder), rounded)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(rounded),
        }
    }

    fn quantise_backward(
        gradient: FloatTensor<Self>,
        values: FloatTensor<Self>,
        rounded: FloatTensor<Self>,
        rounder: Arc<Rounder>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        // Nobody differentiates a gradient here: the results are constants.
        let [gradient, values, rounded] =
            [gradient, values, rounded].map(|tensor| tensor.into_primitive());
        let (values, fractional) = B::quantise_backward(gradient, values, rounded, rounder);
        (Self::from_inner(values), Self::from_inner(fractional))
    }
}

/// The backward step of [`QuantiseOps::quantise`].
#[derive(Debug)]
struct Rounding;

impl<B: QuantiseOps> Backward<B, 2> for Rounding {
    type State = (FloatTensor<B>, FloatTensor<B>, Arc<Rounder>);

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let gradient = gradients.consume::<B>(&ops.node);
        let (values, rounded, rounder) = ops.state;
        let (of_values, of_fractional) = B::quantise_backward(gradient, values, rounded, rounder);
        let [values, fractional] = ops.parents;
        if let Some(node) = values {
            gradients.register::<B>(node.id, of_values);
        }
        if let Some(node) = fractional {
            gradients.register::<B>(node.id, of_fractional);
        }
    }
}

/// Rounds `values` (`[rows, elements]`) as the module says. The gradient reaches `values` and
/// `fractional` (`[1, groups]`).
pub fn quantise(values: Tensor<2>, fractional: Tensor<2>, rounder: Arc<Rounder>) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as QuantiseOps>::quantise(
        values.into_dispatch(),
        fractional.into_dispatch(),
        rounder,
    ))
}
