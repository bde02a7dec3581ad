//! Elements in other places: transpose, slice, concatenation, gather, lookup.

use ndarray::{ArrayViewD, Axis, Slice, concatenate};

use super::reshaped;
use crate::real::Tensor;

pub(super) fn transpose_shape(x: &[usize], permutation: &[usize]) -> Result<Vec<usize>, String> {
    let mut sorted = permutation.to_vec();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..x.len()) {
        return Err(format!(
            "{permutation:?} is not a permutation of the axes of shape {x:?}"
        ));
    }
    Ok(permutation.iter().map(|&axis| x[axis]).collect())
}

pub(super) fn slice_shape(
    x: &[usize],
    starts: &[usize],
    steps: &[isize],
    sizes: &[usize],
) -> Result<Vec<usize>, String> {
    if [starts.len(), steps.len(), sizes.len()] != [x.len(); 3] {
        return Err(format!("a slice needs one position per axis of {x:?}"));
    }
    for (axis, &dim) in x.iter().enumerate() {
        let (start, step, size) = (starts[axis], steps[axis], sizes[axis]);
        let last = isize::try_from(size)
            .ok()
            .and_then(|size| (size - 1).checked_mul(step))
            .and_then(|way| start.checked_add_signed(way));
        let inside = size == 0 || (start < dim && last.is_some_and(|last| last < dim));
        if step == 0 || !inside {
            return Err(format!(
                "{size} elements from {start} in steps of {step} leave axis {axis} of {x:?}"
            ));
        }
    }
    Ok(sizes.to_vec())
}

pub(super) fn slice(x: &Tensor, starts: &[usize], steps: &[isize], shape: &[usize]) -> Tensor {
    if shape.contains(&0) {
        return Tensor::zeros(shape);
    }
    let view = x.slice_each_axis(|axis| {
        let index = axis.axis.index();
        let (start, step) = (starts[index] as isize, steps[index]);
        let way = (shape[index] as isize - 1) * step;
        // A negative step counts from the end of the range.
        let (low, high) = (start.min(start + way), start.max(start + way));
        Slice::new(low, Some(high + 1), step)
    });
    view.as_standard_layout().into_owned()
}

pub(super) fn concat_shape(
    shapes: &[&[usize]],
    first: &[usize],
    axis: usize,
) -> Result<Vec<usize>, String> {
    let mut shape = first.to_vec();
    let fits = |other: &[usize]| {
        axis < first.len()
            && other.len() == first.len()
            && (0..first.len()).all(|i| i == axis || other[i] == first[i])
    };
    if !shapes.iter().all(|shape| fits(shape)) {
        return Err(format!(
            "shapes {shapes:?} cannot be joined along axis {axis}"
        ));
    }
    shape[axis] = shapes.iter().map(|shape| shape[axis]).sum();
    Ok(shape)
}

pub(super) fn concat(args: &[&Tensor], axis: usize, shape: &[usize]) -> Tensor {
    let views: Vec<ArrayViewD<'_, f64>> = args.iter().map(|arg| arg.view()).collect();
    concatenate(Axis(axis), &views).unwrap_or_else(|_| Tensor::zeros(shape))
}

pub(super) fn gather_shape(
    x: &[usize],
    axis: usize,
    indices: &[usize],
) -> Result<Vec<usize>, String> {
    let Some(&dim) = x.get(axis) else {
        return Err(format!("there is no axis {axis} in shape {x:?}"));
    };
    if let Some(index) = indices.iter().find(|&&index| index >= dim) {
        return Err(format!(
            "position {index} is outside of axis {axis} of {x:?}"
        ));
    }
    let mut shape = x.to_vec();
    shape[axis] = indices.len();
    Ok(shape)
}

pub(super) fn gather(x: &Tensor, axis: usize, indices: &[usize]) -> Tensor {
    x.select(Axis(axis), indices)
}

pub(super) fn lookup_shape(index: &[usize], rows: &[usize]) -> Result<Vec<usize>, String> {
    let &[_, width] = rows else {
        return Err(format!(
            "rows of a lookup have shape {rows:?}, expected [n, d]"
        ));
    };
    let mut shape = index.to_vec();
    shape.push(width);
    Ok(shape)
}

pub(super) fn lookup(index: &Tensor, rows: &Tensor, shape: &[usize]) -> Result<Tensor, String> {
    let count = rows.len_of(Axis(0));
    let mut data = Vec::with_capacity(shape.iter().product());
    for &index in index {
        if index < 0.0 || index >= count as f64 || index.fract() != 0.0 {
            return Err(format!("{index} is none of {count} rows"));
        }
        data.extend(rows.index_axis(Axis(0), index as usize));
    }
    Ok(reshaped(data, shape))
}
