//! Dense layers and roundings that follow each other, as one differentiable operation.
//!
//! Most of a network's work is in such chains, and each operation of the tensor library costs more
//! than the arithmetic of a small layer. A [`Stack`] takes a block of events through the whole chain
//! while it is in the cache, forward and backward, and shares the blocks out to threads. It
//! computes what the primitives compute one by one (see [`super::ops`]): a test compares both.

mod flex;
mod plan;
mod walk;

use std::sync::{Arc, Mutex};

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

pub use plan::Columns;
pub(super) use plan::{Plan, Stack, Step, find};

/// What the way forward leaves for the way back: for each block of events the values after each
/// step.
#[derive(Debug, Default)]
pub struct Kept(Mutex<Vec<Vec<Vec<f32>>>>);

/// The operation on a backend's own tensors: `x` is `[batch, elements]`, `numbers` all numbers of
/// the network, `[1, numbers]`.
#[backend_extension(Flex, Autodiff)]
pub trait StackOps: Backend {
    /// The values after the last step.
    fn stack(
        x: FloatTensor<Self>,
        numbers: FloatTensor<Self>,
        plan: Arc<Plan>,
        kept: Option<Arc<Kept>>,
    ) -> FloatTensor<Self>;

    /// The gradients of `x` and of `numbers`.
    fn stack_backward(
        gradient: FloatTensor<Self>,
        x: FloatTensor<Self>,
        numbers: FloatTensor<Self>,
        plan: Arc<Plan>,
        kept: Arc<Kept>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

impl<B: StackOps, C: CheckpointStrategy> StackOps for Autodiff<B, C> {
    fn stack(
        x: FloatTensor<Self>,
        numbers: FloatTensor<Self>,
        plan: Arc<Plan>,
        kept: Option<Arc<Kept>>,
    ) -> FloatTensor<Self> {
        let guards = [x.node(), numbers.node()];
        let (x, numbers) = (x.into_primitive(), numbers.into_primitive());
        let y = B::stack(x.clone(), numbers.clone(), plan.clone(), kept.clone());
        match Walk.prepare::<C>(guards).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                prepared.finish((x, numbers, plan, kept.unwrap_or_default()), y)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(y),
        }
    }

    fn stack_backward(
        gradient: FloatTensor<Self>,
        x: FloatTensor<Self>,
        numbers: FloatTensor<Self>,
        plan: Arc<Plan>,
        kept: Arc<Kept>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        // Nobody differentiates a gradient here: the results are constants.
        let [gradient, x, numbers] = [gradient, x, numbers].map(|tensor| tensor.into_primitive());
        let (x, numbers) = B::stack_backward(gradient, x, numbers, plan, kept);
        (Self::from_inner(x), Self::from_inner(numbers))
    }
}

/// The backward step of [`StackOps::stack`].
#[derive(Debug)]
struct Walk;

impl<B: StackOps> Backward<B, 2> for Walk {
    type State = (FloatTensor<B>, FloatTensor<B>, Arc<Plan>, Arc<Kept>);

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let gradient = gradients.consume::<B>(&ops.node);
        let (x, numbers, plan, kept) = ops.state;
        let (of_x, of_numbers) = B::stack_backward(gradient, x, numbers, plan, kept);
        let [x, numbers] = ops.parents;
        if let Some(node) = x {
            gradients.register::<B>(node.id, of_x);
        }
        if let Some(node) = numbers {
            gradients.register::<B>(node.id, of_numbers);
        }
    }
}

/// Takes `x` (`[batch, elements]`) through all steps. The gradient reaches `x` and `numbers`
/// (`[1, numbers]`) if the way forward is `kept`.
pub(super) fn stack(
    x: Tensor<2>,
    numbers: Tensor<2>,
    plan: Arc<Plan>,
    kept: Option<Arc<Kept>>,
) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as StackOps>::stack(
        x.into_dispatch(),
        numbers.into_dispatch(),
        plan,
        kept,
    ))
}

#[cfg(test)]
mod tests;
