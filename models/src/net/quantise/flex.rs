//! Rounding on burn's CPU backend: one pass over the numbers in each direction.

use std::borrow::Cow;
use std::sync::Arc;

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::{DType, Shape, TensorData};

use super::kernel::{Lane, gradient_rows, round_rows};
use super::{QuantiseOps, Rounder};

/// The numbers of a tensor in row order.
fn numbers<T: Lane>(tensor: &FlexTensor) -> Cow<'_, [T]> {
    match tensor.as_slice::<T>() {
        Some(slice) => slice.into(),
        None => tensor.to_contiguous().storage::<T>().to_vec().into(),
    }
}

fn tensor<T: Lane>(values: Vec<T>, shape: Shape) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

fn forward<T: Lane>(values: &FlexTensor, rounder: &Rounder) -> FlexTensor {
    let shape = values.layout().shape().clone();
    tensor(round_rows(&numbers::<T>(values), rounder), shape)
}

fn backward<T: Lane>(
    [gradient, values, rounded]: [&FlexTensor; 3],
    rounder: &Rounder,
) -> (FlexTensor, FlexTensor) {
    let shape = values.layout().shape().clone();
    let mut of_values = numbers::<T>(gradient).into_owned();
    let mut of_groups = vec![T::ZERO; rounder.groups()];
    let (values, rounded) = (numbers(values), numbers(rounded));
    gradient_rows(&mut of_values, &values, &rounded, rounder, &mut of_groups);
    let groups = Shape::new([1, rounder.groups()]);
    (tensor(of_values, shape), tensor(of_groups, groups))
}

impl QuantiseOps for Flex {
    fn quantise(values: FlexTensor, _bits: FlexTensor, rounder: Arc<Rounder>) -> FlexTensor {
        match values.dtype() {
            DType::F64 => forward::<f64>(&values, &rounder),
            _ => forward::<f32>(&values, &rounder),
        }
    }

    fn quantise_backward(
        gradient: FlexTensor,
        values: FlexTensor,
        rounded: FlexTensor,
        rounder: Arc<Rounder>,
    ) -> (FlexTensor, FlexTensor) {
        let given = [&gradient, &values, &rounded];
        match values.dtype() {
            DType::F64 => backward::<f64>(given, &rounder),
            _ => backward::<f32>(given, &rounder),
        }
    }
}
