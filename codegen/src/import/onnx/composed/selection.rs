//! Operators that select, count or order elements by position.

use std::collections::HashMap;

use ndarray::IxDyn;

use super::Writer;
use crate::ir::element_count;
use crate::real::{Id, Op, Tensor};

/// The positions along an axis, `0..n`, in a shape that broadcasts.
fn positions(to: &mut Writer<'_>, shape: &[usize], axis: usize) -> Id {
    let mut dims = vec![1; shape.len()];
    dims[axis] = shape[axis];
    to.tensor(Tensor::from_shape_fn(IxDyn(&dims), |index| {
        index[axis] as f64
    }))
}

/// `ArgMax` and `ArgMin`.
pub(in crate::import::onnx) fn arg(
    to: &mut Writer<'_>,
    x: Id,
    axis: usize,
    largest: bool,
    last: bool,
    keep: bool,
) -> Result<Id, String> {
    let position = to.op(
        Op::Arg {
            largest,
            axis,
            last,
        },
        &[x],
    )?;
    if keep {
        return Ok(position);
    }
    let mut shape = to.shape(position).to_vec();
    shape.remove(axis);
    to.reshape(position, shape)
}

/// `TopK`: values and positions.
pub(in crate::import::onnx) fn top_k(
    to: &mut Writer<'_>,
    x: Id,
    axis: usize,
    k: usize,
    largest: bool,
) -> Result<[Id; 2], String> {
    let shape = to.shape(x).to_vec();
    let op = Op::TopK { axis, k, largest };
    let values = to.op(op.clone(), &[x, x])?;
    let positions = positions(to, &shape, axis);
    let positions = to.expand(positions, shape)?;
    Ok([values, to.op(op, &[x, positions])?])
}

/// `Hardmax`: one at the first largest element along an axis, else zero.
pub(in crate::import::onnx) fn hardmax(
    to: &mut Writer<'_>,
    x: Id,
    axis: usize,
) -> Result<Id, String> {
    let shape = to.shape(x).to_vec();
    let first = arg(to, x, axis, true, false, true)?;
    let positions = positions(to, &shape, axis);
    to.op(Op::Equal, &[positions, first])
}

/// `OneHot`: `on` at the position that the element holds along a new axis.
pub(in crate::import::onnx) fn one_hot(
    to: &mut Writer<'_>,
    index: Id,
    depth: usize,
    axis: usize,
    values: [f64; 2],
) -> Result<Id, String> {
    let mut shape = to.shape(index).to_vec();
    shape.insert(axis, 1);
    let index = to.reshape(index, shape.clone())?;
    let zero = to.scalar(0.0);
    let negative = to.op(Op::Less, &[index, zero])?;
    let turn = to.scalar(depth as f64);
    let turn = to.mul(negative, turn)?;
    let index = to.add(index, turn)?;
    shape[axis] = depth;
    let positions = positions(to, &shape, axis);
    let hot = to.op(Op::Equal, &[index, positions])?;
    let [off, on] = values.map(|value| to.scalar(value));
    to.op(Op::Where, &[hot, on, off])
}

/// `CumSum`, as a product with a matrix of ones and zeros.
pub(in crate::import::onnx) fn cumulative_sum(
    to: &mut Writer<'_>,
    x: Id,
    axis: usize,
    exclusive: bool,
    reverse: bool,
) -> Result<Id, String> {
    let rank = to.shape(x).len();
    let n = to.shape(x)[axis];
    crate::ir::check_size(&[n, n])?;
    let matrix = Tensor::from_shape_fn(IxDyn(&[n, n]), |index| {
        let (from, into) = (index[0], index[1]);
        let before = if reverse { from > into } else { from < into };
        f64::from(u8::from(before || (from == into && !exclusive)))
    });
    let mut permutation: Vec<_> = (0..rank).collect();
    permutation.swap(axis, rank - 1);
    let last = to.transpose(x, permutation.clone())?;
    let matrix = to.tensor(matrix);
    let sums = to.matmul(last, matrix)?;
    to.transpose(sums, permutation)
}

/// `Trilu`: zero above or below a diagonal of the last two axes.
pub(in crate::import::onnx) fn triangle(
    to: &mut Writer<'_>,
    x: Id,
    upper: bool,
    diagonal: i64,
) -> Result<Id, String> {
    let &[.., rows, columns] = to.shape(x) else {
        return Err("its operand must have at least two dimensions".to_owned());
    };
    let mask = Tensor::from_shape_fn(IxDyn(&[rows, columns]), |index| {
        let distance = index[1] as i64 - index[0] as i64;
        let kept = match upper {
            true => distance >= diagonal,
            false => distance <= diagonal,
        };
        f64::from(u8::from(kept))
    });
    let mask = to.tensor(mask);
    let zero = to.scalar(0.0);
    to.op(Op::Where, &[mask, x, zero])
}

/// Takes elements by their flat positions.
fn take(to: &mut Writer<'_>, x: Id, flat: Vec<usize>, shape: Vec<usize>) -> Result<Id, String> {
    let count = element_count(to.shape(x));
    let line = to.reshape(x, vec![count])?;
    let taken = to.op(
        Op::Gather {
            axis: 0,
            indices: flat,
        },
        &[line],
    )?;
    to.reshape(taken, shape)
}

/// A position that may count from the end.
fn position(value: f64, size: usize) -> Result<usize, String> {
    let at = if value < 0.0 {
        value + size as f64
    } else {
        value
    };
    if (0.0..size as f64).contains(&at) {
        return Ok(at as usize);
    }
    Err(format!("index {value} is outside of an axis of {size}"))
}

/// `GatherND` with constant indices: slices at positions of several axes.
pub(in crate::import::onnx) fn gather_nd(
    to: &mut Writer<'_>,
    x: Id,
    indices: &Tensor,
    batch: usize,
) -> Result<Id, String> {
    let shape = to.shape(x).to_vec();
    let tuple = indices.shape().last().copied().unwrap_or(0);
    let fits = batch < indices.ndim()
        && tuple > 0
        && batch + tuple <= shape.len()
        && indices.shape()[..batch] == shape[..batch];
    if !fits {
        return Err(format!(
            "indices of shape {:?} do not fit an operand of shape {shape:?}",
            indices.shape()
        ));
    }
    let inner = element_count(&shape[batch + tuple..]);
    let per_batch = element_count(&shape[batch..]);
    let lists = element_count(&indices.shape()[batch..]) / tuple;
    let values: Vec<_> = indices.iter().copied().collect();
    let mut flat = Vec::new();
    for (list, at) in values.chunks(tuple).enumerate() {
        let mut start = list / lists * per_batch;
        for (axis, &value) in at.iter().enumerate() {
            let stride = element_count(&shape[batch + axis + 1..]);
            start += position(value, shape[batch + axis])? * stride;
        }
        flat.extend(start..start + inner);
    }
    let mut result = indices.shape()[..indices.ndim() - 1].to_vec();
    result.extend(&shape[batch + tuple..]);
    take(to, x, flat, result)
}

/// What a scattered update does to the element in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import::onnx) enum Update {
    Replace,
    Add,
    Multiply,
    Max,
    Min,
}

/// `ScatterND` with constant indices: the operand with some slices updated.
pub(in crate::import::onnx) fn scatter_nd(
    to: &mut Writer<'_>,
    x: Id,
    indices: &Tensor,
    updates: Id,
    update: Update,
) -> Result<Id, String> {
    let shape = to.shape(x).to_vec();
    let tuple = indices.shape().last().copied().unwrap_or(0);
    if tuple == 0 || tuple > shape.len() {
        return Err(format!(
            "indices of shape {:?} do not fit an operand of shape {shape:?}",
            indices.shape()
        ));
    }
    let inner = element_count(&shape[tuple..]);
    let values: Vec<_> = indices.iter().copied().collect();
    let mut places = Vec::new();
    for at in values.chunks(tuple) {
        let mut start = 0;
        for (axis, &value) in at.iter().enumerate() {
            let stride = element_count(&shape[axis + 1..]);
            start += position(value, shape[axis])? * stride;
        }
        places.extend(start..start + inner);
    }
    updated(to, x, &places, updates, update)
}

/// `ScatterElements` with constant indices along one axis.
pub(in crate::import::onnx) fn scatter_elements(
    to: &mut Writer<'_>,
    x: Id,
    indices: &Tensor,
    updates: Id,
    axis: usize,
    update: Update,
) -> Result<Id, String> {
    let shape = to.shape(x).to_vec();
    let fits = |(axis_at, size): (usize, &usize)| axis_at == axis || *size <= shape[axis_at];
    if indices.ndim() != shape.len() || !indices.shape().iter().enumerate().all(fits) {
        return Err(format!(
            "indices of shape {:?} do not fit an operand of shape {shape:?}",
            indices.shape()
        ));
    }
    let mut places = Vec::with_capacity(indices.len());
    for (at, &value) in indices.indexed_iter() {
        let mut place = 0;
        for (dimension, size) in shape.iter().enumerate() {
            let index = match dimension == axis {
                true => position(value, *size)?,
                false => at[dimension],
            };
            place = place * size + index;
        }
        places.push(place);
    }
    updated(to, x, &places, updates, update)
}

/// The operand with the elements at `places` updated one after the other.
fn updated(
    to: &mut Writer<'_>,
    x: Id,
    places: &[usize],
    updates: Id,
    update: Update,
) -> Result<Id, String> {
    let shape = to.shape(x).to_vec();
    let count = element_count(&shape);
    let update_count = element_count(to.shape(updates));
    if update_count != places.len() {
        return Err(format!(
            "{update_count} updates for {} places",
            places.len()
        ));
    }
    let mut line = to.reshape(x, vec![count])?;
    let updates = to.reshape(updates, vec![update_count])?;
    for round in rounds(places, update) {
        // Where no update falls, the element itself or what changes nothing.
        let (others, stride) = match update {
            Update::Add => (to.filled(&[1], 0.0), 0),
            Update::Multiply => (to.filled(&[1], 1.0), 0),
            Update::Replace | Update::Max | Update::Min => (line, 1),
        };
        let start = element_count(to.shape(others));
        let both = to.concat(0, &[others, updates])?;
        let mut flat: Vec<_> = (0..count).map(|place| place * stride).collect();
        for (place, index) in round {
            flat[place] = start + index;
        }
        let fallen = take(to, both, flat, vec![count])?;
        let op = match update {
            Update::Replace => {
                line = fallen;
                continue;
            }
            Update::Add => Op::Add,
            Update::Multiply => Op::Mul,
            Update::Max => Op::Max,
            Update::Min => Op::Min,
        };
        line = to.op(op, &[line, fallen])?;
    }
    to.reshape(line, shape)
}

/// Places and their updates, such that no place is in one round twice; of
/// replacements only the last counts.
fn rounds(places: &[usize], update: Update) -> Vec<Vec<(usize, usize)>> {
    let mut rounds: Vec<Vec<(usize, usize)>> = Vec::new();
    let mut seen: HashMap<usize, usize> = HashMap::new();
    for (index, &place) in places.iter().enumerate() {
        let before = seen.entry(place).or_default();
        let round = match update {
            Update::Replace => 0,
            _ => *before,
        };
        *before += 1;
        if round == rounds.len() {
            rounds.push(Vec::new());
        }
        rounds[round].push((place, index));
    }
    rounds
}
