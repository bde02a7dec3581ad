//! One value for all elements along an axis.

use ndarray::Axis;

use crate::real::{Reduction, Tensor};

/// The shape with one axis reduced to size 1, which may be empty before if there
/// is a value for that.
pub(super) fn shape(x: &[usize], axis: usize, empty: bool) -> Result<Vec<usize>, String> {
    match x.get(axis) {
        None => Err(format!("there is no axis {axis} in shape {x:?}")),
        Some(0) if !empty => Err(format!(
            "axis {axis} of {x:?} has no element, which is not taken"
        )),
        Some(_) => {
            let mut shape = x.to_vec();
            shape[axis] = 1;
            Ok(shape)
        }
    }
}

pub(super) fn evaluate(x: &Tensor, kind: Reduction, axis: usize) -> Tensor {
    let along = Axis(axis);
    let fold =
        |first: f64, step: fn(f64, f64) -> f64| x.fold_axis(along, first, |&a, &b| step(a, b));
    let reduced = match kind {
        Reduction::Sum => x.sum_axis(along),
        Reduction::Mean => x.sum_axis(along) / x.len_of(along) as f64,
        Reduction::Max => fold(f64::NEG_INFINITY, f64::max),
        Reduction::Min => fold(f64::INFINITY, f64::min),
        Reduction::Product => fold(1.0, |a, b| a * b),
    };
    reduced.insert_axis(along)
}

pub(super) fn softmax(x: &Tensor, axis: usize) -> Tensor {
    let max = evaluate(x, Reduction::Max, axis);
    let exp = (x - &max).mapv(libm::exp);
    let sum = evaluate(&exp, Reduction::Sum, axis);
    exp / sum
}
