//! Operations of two or three elements at the same position.

use super::reshaped;
use crate::ir::{broadcast_indices, broadcast_shape};
use crate::real::{Op, Tensor};

/// The shape to which all broadcast.
pub(super) fn common_shape(shapes: &[&[usize]]) -> Result<Vec<usize>, String> {
    let mut common = Vec::new();
    for &shape in shapes {
        common = broadcast_shape(&common, shape).ok_or_else(|| match shapes {
            [a, b] => format!("shapes {a:?} and {b:?} do not broadcast"),
            _ => format!("shapes {shapes:?} do not broadcast"),
        })?;
    }
    Ok(common)
}

pub(super) fn binary(op: &Op, a: &Tensor, b: &Tensor, shape: &[usize]) -> Tensor {
    let truth = |truth: bool| f64::from(u8::from(truth));
    let apply: fn(f64, f64) -> f64 = match op {
        Op::Add => |a, b| a + b,
        Op::Sub => |a, b| a - b,
        Op::Mul => |a, b| a * b,
        Op::Div => |a, b| a / b,
        Op::Min => |a, b| if b < a || b.is_nan() { b } else { a },
        Op::Max => |a, b| if b > a || b.is_nan() { b } else { a },
        Op::Pow => libm::pow,
        _ => return compare(op, a, b, shape, truth),
    };
    pairwise(a, b, shape, apply)
}

fn compare(
    op: &Op,
    a: &Tensor,
    b: &Tensor,
    shape: &[usize],
    truth: impl Fn(bool) -> f64,
) -> Tensor {
    pairwise(a, b, shape, |a, b| {
        truth(match op {
            Op::Less => a < b,
            Op::LessEqual => a <= b,
            _ => a == b,
        })
    })
}

fn pairwise(a: &Tensor, b: &Tensor, shape: &[usize], apply: impl Fn(f64, f64) -> f64) -> Tensor {
    match (a.broadcast(shape), b.broadcast(shape)) {
        (Some(a), Some(b)) => {
            let mut result = a.to_owned();
            result.zip_mut_with(&b, |a, &b| *a = apply(*a, b));
            result
        }
        _ => Tensor::zeros(shape),
    }
}

pub(super) fn select(c: &Tensor, a: &Tensor, b: &Tensor, shape: &[usize]) -> Tensor {
    let flat = |tensor: &Tensor| tensor.iter().copied().collect::<Vec<_>>();
    let (c_flat, a_flat, b_flat) = (flat(c), flat(a), flat(b));
    let indices = broadcast_indices(c.shape(), shape)
        .zip(broadcast_indices(a.shape(), shape))
        .zip(broadcast_indices(b.shape(), shape));
    let data = indices.map(|((c, a), b)| match c_flat[c] != 0.0 {
        true => a_flat[a],
        false => b_flat[b],
    });
    reshaped(data.collect(), shape)
}
