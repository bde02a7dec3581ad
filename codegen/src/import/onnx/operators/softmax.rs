//! `Softmax`, and the axes that operators like it normalise over.

use super::{Call, Row, Scope, Types, row};
use crate::import::onnx::call::axis;
use crate::import::onnx::composed::Writer;
use crate::import::onnx::composed::normalization::log_softmax;
use crate::ir::element_count;
use crate::real::{Id, Op};

pub(super) const ROWS: &[Row] = &[
    row("LogSoftmax", 1, (1, 1), Types::Float, |scope, call| {
        along_axis(scope, call, |scope, name, x, axis| {
            log_softmax(&mut Writer::new(&mut scope.graph, name), x, axis)
        })
    }),
    row("Softmax", 1, (1, 1), Types::Float, |scope, call| {
        along_axis(scope, call, |scope, name, x, axis| {
            scope.op(name, Op::Softmax { axis }, &[x])
        })
    }),
];

/// Applies a normalisation over one axis (the last by default), or, before
/// opset 13, over all axes from one on (the second by default) at once.
pub(super) fn along_axis(
    scope: &mut Scope<'_>,
    call: &mut Call<'_, '_>,
    normalise: impl Fn(&mut Scope<'_>, &str, Id, usize) -> Result<Id, String>,
) -> Result<Id, String> {
    let x = call.arg(0)?;
    let shape = scope.shape(x);
    let default = if scope.opset < 13 { 1 } else { -1 };
    let axis = axis(call.attributes.int("axis", default)?, shape.len())?;
    if scope.opset >= 13 || element_count(&shape[axis..]) == shape[axis] {
        return normalise(scope, call.name, x, axis);
    }
    let flat = vec![element_count(&shape[..axis]), element_count(&shape[axis..])];
    let flat = scope.reshape(call.name, x, flat)?;
    let normalised = normalise(scope, call.name, flat, 1)?;
    scope.reshape(call.name, normalised, shape)
}
