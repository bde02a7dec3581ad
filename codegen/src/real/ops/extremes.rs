//! Where the largest or smallest elements along an axis are.

use std::cmp::Ordering;

use ndarray::{ArrayView1, Axis};

use crate::real::Tensor;

/// The position of the extreme element, along an axis that stays with size 1.
pub(super) fn position(x: &Tensor, axis: usize, largest: bool, last: bool) -> Tensor {
    let positions = x.map_axis(Axis(axis), |lane| {
        let mut best = 0;
        for (index, value) in lane.iter().enumerate().skip(1) {
            let order = compare(*value, lane[best], largest);
            if order == Ordering::Less || (last && order == Ordering::Equal) {
                best = index;
            }
        }
        best as f64
    });
    positions.insert_axis(Axis(axis))
}

/// `Less` if the first one comes first.
fn compare(a: f64, b: f64, largest: bool) -> Ordering {
    let order = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
    match largest {
        true => order.reverse(),
        false => order,
    }
}

pub(super) fn top_k_shape(
    key: &[usize],
    x: &[usize],
    axis: usize,
    k: usize,
) -> Result<Vec<usize>, String> {
    if key != x {
        return Err(format!("keys of shape {key:?} for elements of {x:?}"));
    }
    match x.get(axis) {
        Some(&size) if (1..=size).contains(&k) => {
            let mut shape = x.to_vec();
            shape[axis] = k;
            Ok(shape)
        }
        _ => Err(format!(
            "there are no {k} elements along axis {axis} of {x:?}"
        )),
    }
}

pub(super) fn top_k(key: &Tensor, x: &Tensor, axis: usize, k: usize, largest: bool) -> Tensor {
    let mut shape = x.shape().to_vec();
    shape[axis] = k;
    let mut result = Tensor::zeros(shape);
    let lanes = key.lanes(Axis(axis)).into_iter().zip(x.lanes(Axis(axis)));
    for (mut to, (key, x)) in result.lanes_mut(Axis(axis)).into_iter().zip(lanes) {
        for (to, from) in to.iter_mut().zip(sorted(key, largest)) {
            *to = x[from];
        }
    }
    result
}

/// Positions in the order of their keys; the sort keeps equal ones in place.
fn sorted(key: ArrayView1<'_, f64>, largest: bool) -> Vec<usize> {
    let mut order: Vec<_> = (0..key.len()).collect();
    order.sort_by(|&a, &b| compare(key[a], key[b], largest));
    order
}
