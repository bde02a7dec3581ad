//! Stacks on burn's CPU backend: blocks of events, shared out to threads.

use std::sync::Arc;

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::{DType, Shape, TensorData};

use super::plan::Plan;
use super::walk::{self, Number};
use super::{Kept, StackOps};
use crate::team::share;

/// Fewest events of a block: what a thread does in some ten microseconds.
const FEWEST: usize = 128;

/// Most blocks. Their number depends on nothing but that of the events, and what they add up to is
/// added in their order: no result depends on how many threads there are.
const MOST: usize = 16;

/// First and last event of each block.
fn blocks(events: usize) -> Vec<std::ops::Range<usize>> {
    let size = events.div_ceil(MOST).max(FEWEST);
    let firsts = (0..events).step_by(size);
    firsts
        .map(|first| first..events.min(first + size))
        .collect()
}

/// The tensor with its numbers in row order.
fn in_rows(tensor: FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// The numbers of `events` of a tensor in row order that has `elements` for each.
fn part<'a, T: Number>(
    tensor: &'a FlexTensor,
    events: &std::ops::Range<usize>,
    elements: usize,
) -> &'a [T] {
    let all = tensor.as_slice::<T>().unwrap_or(&[]);
    &all[events.start * elements..events.end * elements]
}

fn tensor<T: Number>(values: Vec<T>, rows: usize) -> FlexTensor {
    let columns = values.len() / rows.max(1);
    FlexTensor::from_data(TensorData::new(values, Shape::new([rows, columns])))
}

fn forward<T: Number>(
    x: FlexTensor,
    numbers: FlexTensor,
    plan: &Arc<Plan>,
    keep: impl FnOnce(Vec<Vec<Vec<T>>>),
) -> FlexTensor {
    let (x, numbers) = (in_rows(x), in_rows(numbers));
    let events = x.layout().shape()[0];
    if plan.steps.is_empty() {
        return x;
    }
    let job = |block: std::ops::Range<usize>| {
        let (x, numbers, plan) = (x.clone(), numbers.clone(), Arc::clone(plan));
        move || {
            let numbers = numbers.as_slice::<T>().unwrap_or(&[]);
            walk::forward(&plan, numbers, part(&x, &block, plan.elements))
        }
    };
    let parts = share(blocks(events).into_iter().map(job).collect());
    let last = parts.iter().filter_map(|values| values.last());
    let y: Vec<T> = last.flatten().copied().collect();
    keep(parts);
    tensor(y, events)
}

impl StackOps for Flex {
    fn stack(
        x: FlexTensor,
        numbers: FlexTensor,
        plan: Arc<Plan>,
        kept: Option<Arc<Kept>>,
    ) -> FlexTensor {
        match x.dtype() {
            DType::F64 => forward::<f64>(x, numbers, &plan, drop),
            _ => forward::<f32>(x, numbers, &plan, |values| {
                if let Some(Ok(mut slot)) = kept.as_ref().map(|kept| kept.0.lock()) {
                    *slot = values;
                }
            }),
        }
    }

    fn stack_backward(
        gradient: FlexTensor,
        x: FlexTensor,
        numbers: FlexTensor,
        plan: Arc<Plan>,
        kept: Arc<Kept>,
    ) -> (FlexTensor, FlexTensor) {
        let [gradient, x, numbers] = [gradient, x, numbers].map(in_rows);
        let events = x.layout().shape()[0];
        let after = gradient.layout().shape()[1];
        let kept = kept.0.lock().map(|mut kept| std::mem::take(&mut *kept));
        let job = |(block, values): (std::ops::Range<usize>, Vec<Vec<f32>>)| {
            let (gradient, x, numbers) = (gradient.clone(), x.clone(), numbers.clone());
            let plan = Arc::clone(&plan);
            move || {
                let numbers = numbers.as_slice::<f32>().unwrap_or(&[]);
                let mut of_numbers = vec![0f32; numbers.len()];
                let x = part(&x, &block, plan.elements);
                let gradient = part(&gradient, &block, after);
                let of_x = walk::backward(&plan, numbers, x, &values, gradient, &mut of_numbers);
                (of_x, of_numbers)
            }
        };
        let values = kept.unwrap_or_default();
        let jobs = blocks(events).into_iter().zip(values).map(job).collect();
        let parts: Vec<(Vec<f32>, Vec<f32>)> = share(jobs);
        let mut of_x = Vec::with_capacity(events * plan.elements);
        let mut of_numbers = vec![0f32; numbers.layout().shape()[1]];
        for (x, numbers) in parts {
            of_x.extend(x);
            for (sum, part) in of_numbers.iter_mut().zip(numbers) {
                *sum += part;
            }
        }
        (tensor(of_x, events), tensor(of_numbers, 1))
    }
}
