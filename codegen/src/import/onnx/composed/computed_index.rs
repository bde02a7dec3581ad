//! Operators that read elements at positions which the event decides: rows of
//! the operand by their numbers.

use ndarray::IxDyn;

use super::Writer;
use crate::ir::element_count;
use crate::real::{Id, Op, Reduction, Tensor};

/// `GatherND` with computed indices, which must not be negative: rows of the
/// operand by their numbers.
pub(in crate::import::onnx) fn gather_nd(
    to: &mut Writer<'_>,
    x: Id,
    indices: Id,
    batch: usize,
) -> Result<Id, String> {
    let (shape, given) = (to.shape(x).to_vec(), to.shape(indices).to_vec());
    let tuple = given.last().copied().unwrap_or(0);
    let fits = batch < given.len()
        && tuple > 0
        && batch + tuple <= shape.len()
        && given[..batch] == shape[..batch];
    if !fits {
        return Err(format!(
            "indices of shape {given:?} do not fit an operand of shape {shape:?}"
        ));
    }
    let indexed = &shape[..batch + tuple];
    let strides = (batch..indexed.len()).map(|axis| element_count(&indexed[axis + 1..]) as f64);
    let strides = Tensor::from_shape_vec(IxDyn(&[tuple]), strides.collect());
    let mut row = indices;
    if tuple > 1 {
        let strides = to.tensor(strides.map_err(|error| error.to_string())?);
        let parts = to.mul(row, strides)?;
        row = to.reduce(Reduction::Sum, parts, &[given.len() - 1])?;
    }
    let rows = &given[..given.len() - 1];
    row = to.reshape(row, rows.to_vec())?;
    // Where the rows of each event of several begin.
    let events = element_count(&given[..batch]);
    if events > 1 {
        let per_event = element_count(&shape[batch..batch + tuple]);
        let mut dims = given[..batch].to_vec();
        dims.resize(rows.len(), 1);
        let starts = (0..events)
            .map(|event| (event * per_event) as f64)
            .collect();
        let starts = Tensor::from_shape_vec(IxDyn(&dims), starts);
        let starts = to.tensor(starts.map_err(|error| error.to_string())?);
        row = to.add(row, starts)?;
    }
    let inner = element_count(&shape[batch + tuple..]);
    let table = to.reshape(x, vec![element_count(indexed), inner])?;
    let taken = to.op(Op::Lookup, &[row, table])?;
    let mut result = rows.to_vec();
    result.extend(&shape[batch + tuple..]);
    to.reshape(taken, result)
}

/// `GatherElements` with computed indices, which must not be negative.
pub(in crate::import::onnx) fn gather_elements(
    to: &mut Writer<'_>,
    x: Id,
    indices: Id,
    axis: usize,
) -> Result<Id, String> {
    let (shape, given) = (to.shape(x).to_vec(), to.shape(indices).to_vec());
    let stride = element_count(&shape[axis + 1..]);
    let step = to.scalar(stride as f64);
    let row = to.mul(indices, step)?;
    let start = |index: IxDyn| -> f64 {
        let along = |other: usize| match other == axis {
            true => 0,
            false => index[other] * element_count(&shape[other + 1..]),
        };
        (0..shape.len()).map(along).sum::<usize>() as f64
    };
    let starts = to.tensor(Tensor::from_shape_fn(IxDyn(&given), start));
    let row = to.add(row, starts)?;
    let line = to.reshape(x, vec![element_count(&shape), 1])?;
    let taken = to.op(Op::Lookup, &[row, line])?;
    to.reshape(taken, given)
}
