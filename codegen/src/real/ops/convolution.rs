//! Convolution and pooling over windows.

use ndarray::{ArrayView2, Axis, Slice};

use super::reshaped;
use super::windows::Windows;
use crate::ir::element_count;
use crate::real::{Op, PoolKind, Tensor};

fn conv_windows<'a>(op: &'a Op, w: &'a [usize]) -> Option<(Windows<'a>, usize)> {
    let Op::Conv {
        strides,
        dilations,
        before,
        after,
        groups,
    } = op
    else {
        return None;
    };
    let windows = Windows {
        size: w.get(2..)?,
        strides,
        dilations,
        before,
        after,
    };
    Some((windows, *groups))
}

fn pool_windows(op: &Op) -> Option<(Windows<'_>, PoolKind)> {
    let Op::Pool {
        kind,
        window,
        strides,
        dilations,
        before,
        after,
    } = op
    else {
        return None;
    };
    let windows = Windows {
        size: window,
        strides,
        dilations,
        before,
        after,
    };
    Some((windows, *kind))
}

pub(super) fn shape(op: &Op, x: &[usize], w: &[usize]) -> Result<Vec<usize>, String> {
    let wrong = || format!("conv cannot take operands of shapes {x:?} and {w:?}");
    let (windows, groups) = conv_windows(op, w).ok_or_else(wrong)?;
    let [n, channels, ..] = x else {
        return Err(wrong());
    };
    let fits = groups > 0
        && w.len() == x.len()
        && w[1].checked_mul(groups) == Some(*channels)
        && w[0].is_multiple_of(groups);
    if !fits {
        return Err(format!("{} in {groups} groups", wrong()));
    }
    let mut shape = vec![*n, w[0]];
    shape.extend(windows.counts(x)?);
    Ok(shape)
}

pub(super) fn evaluate(op: &Op, x: &Tensor, w: &Tensor, shape: &[usize]) -> Tensor {
    let Some((windows, groups)) = conv_windows(op, w.shape()) else {
        return Tensor::zeros(shape);
    };
    let (maps, inner) = (w.shape()[0] / groups, w.shape()[1]);
    let counts = &shape[2..];
    let positions = element_count(counts);
    let padded = windows.padded(x, 0.0);
    let mut result = ndarray::Array3::zeros((shape[0] * groups, maps, positions));
    for offset in windows.offsets() {
        let all = windows.at(&padded, &offset, counts);
        for (block, mut sum) in result.outer_iter_mut().enumerate() {
            let (event, group) = (block / groups, block % groups);
            let event = all.index_axis(Axis(0), event);
            let channels = Slice::from(group * inner..(group + 1) * inner);
            let columns: Vec<f64> = event
                .slice_axis(Axis(0), channels)
                .iter()
                .copied()
                .collect();
            let weights: Vec<f64> = (group * maps..(group + 1) * maps)
                .flat_map(|map| {
                    let offset = offset.as_slice();
                    (0..inner).map(move |channel| w[[&[map, channel], offset].concat().as_slice()])
                })
                .collect();
            let columns = ArrayView2::from_shape((inner, positions), &columns);
            let weights = ArrayView2::from_shape((maps, inner), &weights);
            if let (Ok(columns), Ok(weights)) = (columns, weights) {
                sum += &weights.dot(&columns);
            }
        }
    }
    reshaped(result.into_iter().collect(), shape)
}

pub(super) fn pool_shape(op: &Op, x: &[usize]) -> Result<Vec<usize>, String> {
    let (Some((windows, _)), [n, channels, ..]) = (pool_windows(op), x) else {
        return Err(format!("a pooling cannot take an operand of shape {x:?}"));
    };
    let mut shape = vec![*n, *channels];
    shape.extend(windows.counts(x)?);
    Ok(shape)
}

pub(super) fn pool(op: &Op, x: &Tensor, shape: &[usize]) -> Tensor {
    let Some((windows, kind)) = pool_windows(op) else {
        return Tensor::zeros(shape);
    };
    let counts = &shape[2..];
    let fold = |x: &Tensor, padding: f64, step: fn(f64, f64) -> f64| {
        let padded = windows.padded(x, padding);
        let mut result = Tensor::from_elem(shape, padding);
        for offset in windows.offsets() {
            let values = windows.at(&padded, &offset, counts);
            result.zip_mut_with(&values, |sum, &value| *sum = step(*sum, value));
        }
        result
    };
    match kind {
        PoolKind::Max => fold(x, f64::NEG_INFINITY, f64::max),
        PoolKind::Average {
            count_padding: true,
        } => fold(x, 0.0, |a, b| a + b) / element_count(windows.size) as f64,
        PoolKind::Average {
            count_padding: false,
        } => fold(x, 0.0, |a, b| a + b) / fold(&Tensor::ones(x.raw_dim()), 0.0, |a, b| a + b),
    }
}
