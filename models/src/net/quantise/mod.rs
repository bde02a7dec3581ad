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

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

/// Most fractional bits, and least negative ones; keeps every step a normal `f32`.
pub const MOST_FRACTIONAL: i32 = 40;

/// Integer bits that no number reaches: a group that never saturates.
pub const UNBOUNDED: f32 = 100.0;

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
}

/// The operation on a backend's own tensors. Values are `[rows, elements]`; `fractional`,
/// `integer` and `sign` have one number for each group; `sign` is 1 where negative numbers are
/// kept and 0 elsewhere.
#[backend_extension(Flex, Autodiff)]
pub trait QuantiseOps: Backend {
    /// The rounded values.
    fn quantise(
        values: FloatTensor<Self>,
        fractional: FloatTensor<Self>,
        integer: FloatTensor<Self>,
        sign: FloatTensor<Self>,
        grouping: Grouping,
    ) -> FloatTensor<Self>;

    /// The gradients of the values and of the fractional bits.
    fn quantise_backward(
        gradient: FloatTensor<Self>,
        values: FloatTensor<Self>,
        rounded: FloatTensor<Self>,
        fractional: FloatTensor<Self>,
        integer: FloatTensor<Self>,
        sign: FloatTensor<Self>,
        grouping: Grouping,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

impl<B: QuantiseOps, C: CheckpointStrategy> QuantiseOps for Autodiff<B, C> {
    fn quantise(
        values: FloatTensor<Self>,
        fractional: FloatTensor<Self>,
        integer: FloatTensor<Self>,
        sign: FloatTensor<Self>,
        grouping: Grouping,
    ) -> FloatTensor<Self> {
        let guards = [values.node(), fractional.node()];
        let saved = [values, fractional, integer, sign].map(|tensor| tensor.into_primitive());
        let [values, fractional, integer, sign] = saved.clone();
        let rounded = B::quantise(values, fractional, integer, sign, grouping);
        match Rounding.prepare::<C>(guards).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                prepared.finish((saved, rounded.clone(), grouping), rounded)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(rounded),
        }
    }

    fn quantise_backward(
        gradient: FloatTensor<Self>,
        values: FloatTensor<Self>,
        rounded: FloatTensor<Self>,
        fractional: FloatTensor<Self>,
        integer: FloatTensor<Self>,
        sign: FloatTensor<Self>,
        grouping: Grouping,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        // Nobody differentiates a gradient here: the results are constants.
        let plain = [gradient, values, rounded, fractional, integer, sign];
        let [gradient, values, rounded, fractional, integer, sign] =
            plain.map(|tensor| tensor.into_primitive());
        let (values, fractional) = B::quantise_backward(
            gradient, values, rounded, fractional, integer, sign, grouping,
        );
        (Self::from_inner(values), Self::from_inner(fractional))
    }
}

/// The backward step of [`QuantiseOps::quantise`].
#[derive(Debug)]
struct Rounding;

impl<B: QuantiseOps> Backward<B, 2> for Rounding {
    type State = ([FloatTensor<B>; 4], FloatTensor<B>, Grouping);

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let gradient = gradients.consume::<B>(&ops.node);
        let ([values, fractional, integer, sign], rounded, grouping) = ops.state;
        let (of_values, of_fractional) = B::quantise_backward(
            gradient, values, rounded, fractional, integer, sign, grouping,
        );
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
/// `fractional` (`[groups]`).
pub fn quantise(
    values: Tensor<2>,
    fractional: Tensor<1>,
    integer: Tensor<1>,
    sign: Tensor<1>,
    grouping: Grouping,
) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as QuantiseOps>::quantise(
        values.into_dispatch(),
        fractional.into_dispatch(),
        integer.into_dispatch(),
        sign.into_dispatch(),
        grouping,
    ))
}
