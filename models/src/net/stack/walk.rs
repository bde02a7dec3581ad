//! A block of events on its way through a stack, forward and backward.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, LinalgScalar};

use super::plan::{Columns, Plan, Ready};
use crate::net::quantise::{Lane, gradient_rows, round_rows};

/// What the walk needs of `f32` and `f64`.
pub(super) trait Number: Lane + LinalgScalar {}

impl Number for f32 {}
impl Number for f64 {}

/// The values after each step.
pub(super) fn forward<T: Number>(plan: &Plan, numbers: &[T], x: &[T]) -> Vec<Vec<T>> {
    let mut values: Vec<Vec<T>> = Vec::with_capacity(plan.steps.len());
    for step in &plan.steps {
        let before = values.last().map_or(x, Vec::as_slice);
        let after = match step {
            Ready::Dense {
                weight,
                bias,
                columns,
            } => {
                let bias = bias.as_ref().map(|bias| &numbers[bias.clone()]);
                dense(before, &numbers[weight.clone()], bias, *columns)
            }
            Ready::Round(rounder, _) => round_rows(before, rounder),
            Ready::Relu => {
                let relu = |value: &T| {
                    if *value > T::zero() {
                        *value
                    } else {
                        T::zero()
                    }
                };
                before.iter().map(relu).collect()
            }
        };
        values.push(after);
    }
    values
}

/// Adds the gradient of all numbers to `of_numbers` and returns that of `x`, given the gradient of
/// the last values.
pub(super) fn backward(
    plan: &Plan,
    numbers: &[f32],
    x: &[f32],
    values: &[Vec<f32>],
    gradient: &[f32],
    of_numbers: &mut [f32],
) -> Vec<f32> {
    let mut gradient = gradient.to_vec();
    for (index, step) in plan.steps.iter().enumerate().rev() {
        let before = match index.checked_sub(1) {
            Some(before) => &values[before],
            None => x,
        };
        match step {
            Ready::Dense {
                weight,
                bias,
                columns,
            } => {
                let of_weight = &mut of_numbers[weight.clone()];
                let (inputs, outputs) = (columns.inputs, columns.outputs);
                let (by, given) = ((before, inputs, true), (&*gradient, outputs, false));
                product(by, given, 1.0, of_weight, outputs);
                if let Some(bias) = bias {
                    let of_bias = &mut of_numbers[bias.clone()];
                    pulp::Arch::new().dispatch(|| add_rows(&gradient, of_bias));
                }
                let mut of_before = vec![0.0; before.len()];
                let weight = (&numbers[weight.clone()], outputs, true);
                let given = (&*gradient, outputs, false);
                product(given, weight, 0.0, &mut of_before, inputs);
                gradient = of_before;
            }
            Ready::Round(rounder, bits) => {
                let of_bits = &mut of_numbers[bits.clone()];
                gradient_rows(&mut gradient, before, &values[index], rounder, of_bits);
            }
            Ready::Relu => {
                for (gradient, value) in gradient.iter_mut().zip(before) {
                    if *value <= 0.0 {
                        *gradient = 0.0;
                    }
                }
            }
        }
    }
    gradient
}

fn dense<T: Number>(x: &[T], weight: &[T], bias: Option<&[T]>, columns: Columns) -> Vec<T> {
    let rows = x.len() / columns.inputs.max(1);
    let (mut y, start) = match bias {
        // The sums begin at the bias.
        Some(bias) => (bias.repeat(rows), T::one()),
        None => (vec![T::zero(); rows * columns.outputs], T::zero()),
    };
    let (x, weight) = ((x, columns.inputs, false), (weight, columns.outputs, false));
    product(x, weight, start, &mut y, columns.outputs);
    y
}

/// Numbers in rows, how many there are in a row, and whether rows are read as columns.
type Matrix<'a, T> = (&'a [T], usize, bool);

fn view<T>((values, columns, transposed): Matrix<'_, T>) -> Option<ArrayView2<'_, T>> {
    let rows = values.len() / columns.max(1);
    let view = ArrayView2::from_shape((rows, columns), values).ok()?;
    Some(if transposed {
        view.reversed_axes()
    } else {
        view
    })
}

/// `out = start * out + a * b`.
fn product<T: Number>(a: Matrix<'_, T>, b: Matrix<'_, T>, start: T, out: &mut [T], columns: usize) {
    let rows = out.len() / columns.max(1);
    let out = ArrayViewMut2::from_shape((rows, columns), out).ok();
    // All lengths are products of the columns: every view exists.
    if let (Some(a), Some(b), Some(mut out)) = (view(a), view(b), out) {
        general_mat_mul(T::one(), &a, &b, start, &mut out);
    }
}

/// Adds every row of a matrix to `sums`.
#[inline(always)]
fn add_rows(matrix: &[f32], sums: &mut [f32]) {
    for row in matrix.chunks_exact(sums.len().max(1)) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += *value;
        }
    }
}
