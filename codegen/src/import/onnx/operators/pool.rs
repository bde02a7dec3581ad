//! Poolings over windows, and over everything.

use super::convolution::{Window, per_axis, window};
use super::{Call, Row, Scope, Types, row};
use crate::real::{Id, Op, PoolKind, Reduction};

pub(super) const ROWS: &[Row] = &[
    row("AveragePool", 7, (1, 1), Types::Float, average_pool),
    row("GlobalAveragePool", 1, (1, 1), Types::Float, |s, c| {
        global(s, c, Reduction::Mean)
    }),
    row("GlobalMaxPool", 1, (1, 1), Types::Float, |s, c| {
        global(s, c, Reduction::Max)
    }),
    row("MaxPool", 1, (1, 1), Types::Number, max_pool),
];

/// The window of a pooling and, where its last position reaches beyond the
/// stated padding (`ceil_mode`), by how much along each axis.
fn pooled(
    scope: &Scope<'_>,
    call: &mut Call<'_, '_>,
    dilated: bool,
) -> Result<(Window, Vec<usize>), String> {
    let shape = scope.shape(call.arg(0)?);
    if shape.len() < 3 {
        return Err(format!("its operand has shape {shape:?}"));
    }
    let spatial = &shape[2..];
    let size = per_axis(call, "kernel_shape", spatial.len(), 1)?;
    let size = size.ok_or("attribute `kernel_shape` is missing")?;
    let ceil = scope.opset >= 10 && call.attributes.int("ceil_mode", 0)? != 0;
    let window = window(call, spatial, size, dilated)?;
    let mut beyond = vec![0; spatial.len()];
    for (axis, &dim) in spatial.iter().enumerate() {
        if window.before[axis].max(window.after[axis]) >= window.extent(axis) {
            return Err("a window would lie in the padding alone".to_owned());
        }
        let padded = dim + window.before[axis] + window.after[axis];
        let Some(rest) = padded.checked_sub(window.extent(axis)) else {
            continue;
        };
        let stride = window.strides[axis];
        let mut last = rest.div_ceil(stride) * stride;
        // A window that starts behind the elements is left out.
        if last >= dim + window.before[axis] {
            last = last.saturating_sub(stride);
        }
        if ceil {
            beyond[axis] = last.saturating_sub(rest);
        }
    }
    Ok((window, beyond))
}

fn pool(
    scope: &mut Scope<'_>,
    name: &str,
    x: Id,
    kind: PoolKind,
    window: Window,
) -> Result<Id, String> {
    let op = Op::Pool {
        kind,
        window: window.size,
        strides: window.strides,
        dilations: window.dilations,
        before: window.before,
        after: window.after,
    };
    scope.op(name, op, &[x])
}

/// Adds to one padding another.
fn add(to: &mut [usize], more: &[usize]) {
    to.iter_mut().zip(more).for_each(|(to, more)| *to += more);
}

fn max_pool(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    // How positions are counted, which are no result here.
    call.attributes.int("storage_order", 0)?;
    if call.wants(1) {
        return Err("its second result, the positions, is not taken".to_owned());
    }
    let (mut window, beyond) = pooled(scope, call, scope.opset >= 10)?;
    add(&mut window.after, &beyond);
    let x = call.arg(0)?;
    pool(scope, call.name, x, PoolKind::Max, window)
}

fn average_pool(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    // What lies beyond the stated padding counts too: the node tests of ONNX
    // ask for it, though PyTorch counts otherwise.
    let count_padding = call.attributes.int("count_include_pad", 0)? != 0;
    let (mut window, beyond) = pooled(scope, call, scope.opset >= 19)?;
    let x = call.arg(0)?;
    add(&mut window.after, &beyond);
    let kind = PoolKind::Average { count_padding };
    pool(scope, call.name, x, kind, window)
}

fn global(scope: &mut Scope<'_>, call: &mut Call<'_, '_>, kind: Reduction) -> Result<Id, String> {
    let mut x = call.arg(0)?;
    let rank = scope.shape(x).len();
    if rank < 3 {
        return Err(format!(
            "its operand has {rank} dimensions, expected 3 or more"
        ));
    }
    for axis in 2..rank {
        x = scope.op(call.name, Op::Reduce { kind, axis }, &[x])?;
    }
    Ok(x)
}
