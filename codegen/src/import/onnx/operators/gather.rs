//! `Gather` and `GatherElements`.

use super::{Call, Row, Scope, Types, row};
use crate::import::onnx::call::axis;
use crate::import::onnx::composed::{Writer, computed_index};
use crate::ir::element_count;
use crate::real::{Id, Op};

pub(super) const ROWS: &[Row] = &[
    row("Gather", 1, (2, 2), Types::First, gather),
    row("GatherElements", 11, (2, 2), Types::First, gather_elements),
];

/// Positions along an axis of some size, which may count from its end.
pub(super) fn positions(given: &[i64], size: usize) -> Result<Vec<usize>, String> {
    given
        .iter()
        .map(|&index| {
            let from_start = if index < 0 {
                index.saturating_add(size as i64)
            } else {
                index
            };
            usize::try_from(from_start)
                .ok()
                .filter(|&from_start| from_start < size)
                .ok_or_else(|| format!("index {index} is outside of {size} elements"))
        })
        .collect()
}

fn gather(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let (x, index) = (call.arg(0)?, call.arg(1)?);
    let shape = scope.shape(x);
    let axis = axis(call.attributes.int("axis", 0)?, shape.len())?;
    if !call.element_of(1)?.is_integer() {
        return Err("its indices are no integers".to_owned());
    }
    let index_shape = scope.shape(index);
    let mut to = shape[..axis].to_vec();
    to.extend(&index_shape);
    to.extend(&shape[axis + 1..]);
    let gathered = match call.constant_ints(scope, 1, "its index") {
        Ok(given) => {
            let indices = positions(&given.unwrap_or_default(), shape[axis])?;
            if indices.is_empty() {
                return Err("it has no index".to_owned());
            }
            scope.op(call.name, Op::Gather { axis, indices }, &[x])?
        }
        // Rows of an embedding, or of the one event.
        Err(_) if element_count(&shape[..axis]) == 1 => {
            let rows = vec![shape[axis], element_count(&shape[axis + 1..])];
            let rows = scope.reshape(call.name, x, rows)?;
            scope.op(call.name, Op::Lookup, &[index, rows])?
        }
        Err(reason) => {
            return Err(format!(
                "{reason}, except along axis 0, or behind axes of size 1"
            ));
        }
    };
    scope.reshape(call.name, gathered, to)
}

fn gather_elements(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let (x, index) = (call.arg(0)?, call.arg(1)?);
    let shape = scope.shape(x);
    let axis = axis(call.attributes.int("axis", 0)?, shape.len())?;
    let to = scope.shape(index);
    let inside = to.len() == shape.len()
        && (0..to.len()).all(|other| other == axis || to[other] <= shape[other]);
    if !inside || to.contains(&0) {
        return Err(format!("indices of shape {to:?} into {shape:?}"));
    }
    if !call.element_of(1)?.is_integer() {
        return Err("its indices are no integers".to_owned());
    }
    let Ok(given) = call.constant_ints(scope, 1, "its indices") else {
        let mut to = Writer::new(&mut scope.graph, call.name);
        return computed_index::gather_elements(&mut to, x, index, axis);
    };
    let along = positions(&given.unwrap_or_default(), shape[axis])?;
    // Each index as a position in the flattened operand.
    let strides: Vec<usize> = (0..shape.len())
        .map(|axis| element_count(&shape[axis + 1..]))
        .collect();
    let indices = along
        .into_iter()
        .enumerate()
        .map(|(flat, along)| {
            let mut rest = flat;
            let mut source = 0;
            for other in (0..to.len()).rev() {
                let at = if other == axis {
                    along
                } else {
                    rest % to[other]
                };
                source += at * strides[other];
                rest /= to[other];
            }
            source
        })
        .collect();
    let flat = scope.reshape(call.name, x, vec![element_count(&shape)])?;
    let gathered = scope.op(call.name, Op::Gather { axis: 0, indices }, &[flat])?;
    scope.reshape(call.name, gathered, to)
}
