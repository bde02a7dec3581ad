//! Matrix products as NumPy's `matmul` defines them.

use ndarray::{ArrayView2, Ix2};

use super::reshaped;
use crate::ir::{broadcast_indices, broadcast_shape, element_count};
use crate::real::Tensor;

/// Operands as stacks of matrices: a vector becomes a row or a column.
fn stacked(a: &[usize], b: &[usize]) -> Option<(Vec<usize>, Vec<usize>)> {
    let row = |a: &[usize]| match *a {
        [] => None,
        [n] => Some(vec![1, n]),
        _ => Some(a.to_vec()),
    };
    let column = |b: &[usize]| match *b {
        [] => None,
        [n] => Some(vec![n, 1]),
        _ => Some(b.to_vec()),
    };
    Some((row(a)?, column(b)?))
}

pub(super) fn shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let wrong = || format!("matmul cannot take operands of shapes {a:?} and {b:?}");
    let (left, right) = stacked(a, b).ok_or_else(wrong)?;
    let (left_batch, matrix) = left.split_at(left.len() - 2);
    let (right_batch, other) = right.split_at(right.len() - 2);
    if matrix[1] != other[0] {
        return Err(wrong());
    }
    let mut shape = broadcast_shape(left_batch, right_batch).ok_or_else(wrong)?;
    if a.len() > 1 {
        shape.push(matrix[0]);
    }
    if b.len() > 1 {
        shape.push(other[1]);
    }
    Ok(shape)
}

pub(super) fn evaluate(a: &Tensor, b: &Tensor, shape: &[usize]) -> Tensor {
    let Some((left, right)) = stacked(a.shape(), b.shape()) else {
        return Tensor::zeros(shape);
    };
    let (left_batch, matrix) = left.split_at(left.len() - 2);
    let (right_batch, other) = right.split_at(right.len() - 2);
    let (rows, inner, columns) = (matrix[0], matrix[1], other[1]);
    let batch = broadcast_shape(left_batch, right_batch).unwrap_or_default();
    let (a, b) = (a.as_standard_layout(), b.as_standard_layout());
    let (a, b) = (a.as_slice().unwrap_or(&[]), b.as_slice().unwrap_or(&[]));
    let mut data = Vec::with_capacity(element_count(shape));
    let pairs = broadcast_indices(left_batch, &batch).zip(broadcast_indices(right_batch, &batch));
    for (left, right) in pairs {
        let (left, right) = (
            matrix_at(a, left, [rows, inner]),
            matrix_at(b, right, [inner, columns]),
        );
        data.extend(left.dot(&right).iter());
    }
    reshaped(data, shape)
}

/// One matrix of a stack.
fn matrix_at(stack: &[f64], index: usize, shape: [usize; 2]) -> ArrayView2<'_, f64> {
    let size = shape[0] * shape[1];
    let data = &stack[index * size..(index + 1) * size];
    ArrayView2::from_shape(Ix2(shape[0], shape[1]), data)
        .unwrap_or_else(|_| ArrayView2::from(&[[0.0; 0]; 0]))
}
