//! Rounding in operations that every backend of burn has: for graphics processors, whose memory the
//! loops of [`super::kernel`] do not see.

use burn::tensor::{Tensor, TensorData};

use super::Rounder;
use super::kernel::Lane;

/// As [`super::quantise`]. Terms that are 0 carry the gradients.
pub fn quantise(values: Tensor<2>, fractional: Tensor<2>, rounder: &Rounder) -> Tensor<2> {
    let (device, dtype) = (values.device(), values.dtype());
    let row = f32::row(rounder);
    let constant = |numbers: &[f32]| -> Tensor<2> {
        let data = TensorData::new(numbers.to_vec(), [1, numbers.len()]).convert_dtype(dtype);
        Tensor::from_data(data, (&device, dtype))
    };
    let x = values.clone().detach();
    let whole = (x.clone() * constant(&row.scale)).round();
    let rounded = (whole * constant(&row.step))
        .max_pair(constant(&row.low))
        .min_pair(constant(&row.high));
    let above = x.clone().greater_equal(constant(&row.least)).float();
    let inside = above * x.clone().lower_equal(constant(&row.most)).float();
    let inside = inside.cast(dtype);
    let groups = rounder.grouping.groups;
    let inner = rounder.grouping.inner;
    let repeated = rounder.elements / (groups * inner).max(1);
    let bits = fractional
        .reshape([1, groups, 1])
        .expand([repeated, groups, inner])
        .reshape([1, rounder.elements]);
    let error = (x.clone() - rounded.clone()).mul_scalar(std::f32::consts::LN_2);
    let bits = (bits.clone() - bits.detach()) * error;
    rounded + ((values - x) + bits) * inside
}
