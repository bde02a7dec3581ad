//! `Pad`: a constant around a tensor, or its own elements again.

use super::{Call, Row, Scope, Types, row};
use crate::import::onnx::call::axis;
use crate::import::shorten;
use crate::ir::check_size;
use crate::real::{Id, Op};

pub(super) const ROWS: &[Row] = &[row("Pad", 2, (1, 4), Types::First, pad)];

/// Which element of the operand stands at a place outside of it.
#[derive(Clone, Copy)]
enum Mode {
    Constant(f64),
    Reflect,
    Edge,
    Wrap,
}

/// Padding and value were attributes before opset 11.
fn pad(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let shape = scope.shape(x);
    let mode = call.attributes.string("mode")?;
    let pads = call.ints_since(scope, 11, "pads", 1)?;
    let pads = pads.ok_or("its pads are missing")?;
    let value = match scope.opset >= 11 {
        true => call.constant_scalar(scope, 2, "its value")?.unwrap_or(0.0),
        false => call.attributes.float("value", 0.0)?,
    };
    let mode = match mode.as_deref() {
        None | Some("constant") => Mode::Constant(value),
        Some("reflect") => Mode::Reflect,
        Some("edge") => Mode::Edge,
        Some("wrap") if scope.opset >= 19 => Mode::Wrap,
        Some(other) => {
            return Err(format!("attribute `mode` is `{}`", shorten(other)));
        }
    };
    let along = match scope.opset >= 18 {
        true => call.constant_ints(scope, 3, "its axes")?,
        false => None,
    };
    let along = match along {
        None => (0..shape.len()).collect(),
        Some(given) => given
            .iter()
            .map(|&value| axis(value, shape.len()))
            .collect::<Result<Vec<_>, _>>()?,
    };
    if pads.len() != 2 * along.len() {
        return Err(format!("{} pads for {} axes", pads.len(), along.len()));
    }
    let mut around = vec![(0, 0); shape.len()];
    for (index, &axis) in along.iter().enumerate() {
        if around[axis] != (0, 0) {
            return Err(format!("axis {axis} is given twice"));
        }
        around[axis] = (pads[index], pads[index + along.len()]);
    }
    padded(scope, call.name, x, mode, &around)
}

fn padded(
    scope: &mut Scope<'_>,
    name: &str,
    x: Id,
    mode: Mode,
    around: &[(i64, i64)],
) -> Result<Id, String> {
    let mut shape = scope.shape(x);
    let too_large = || "its pads are too large".to_owned();
    // Negative padding cuts elements off.
    let mut starts = vec![0; shape.len()];
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (axis, &(left, right)) in around.iter().enumerate() {
        let cut = |pad: i64| usize::try_from(pad.saturating_neg()).unwrap_or(0);
        starts[axis] = cut(left);
        shape[axis] = shape[axis]
            .checked_sub(cut(left))
            .and_then(|rest| rest.checked_sub(cut(right)))
            .filter(|&rest| rest > 0)
            .ok_or("its negative pads leave nothing")?;
        before.push(usize::try_from(left.max(0)).map_err(|_| too_large())?);
        after.push(usize::try_from(right.max(0)).map_err(|_| too_large())?);
    }
    let cut = Op::Slice {
        starts,
        steps: vec![1; shape.len()],
        sizes: shape.clone(),
    };
    let mut x = match shape == scope.shape(x) {
        true => x,
        false => scope.op(name, cut, &[x])?,
    };
    if let Mode::Constant(value) = mode {
        let op = Op::Pad {
            before,
            after,
            value,
        };
        return scope.op(name, op, &[x]);
    }
    for axis in 0..shape.len() {
        let (size, left, right) = (shape[axis], before[axis], after[axis]);
        if (left, right) == (0, 0) {
            continue;
        }
        if matches!(mode, Mode::Reflect) && left.max(right) >= size {
            return Err(format!(
                "a reflection of {left} and {right} of {size} elements"
            ));
        }
        shape[axis] = size
            .checked_add(left)
            .and_then(|sum| sum.checked_add(right))
            .ok_or_else(too_large)?;
        check_size(&shape)?;
        let indices = (0..shape[axis]).map(|at| source(mode, at, left, size));
        let indices = indices.collect();
        x = scope.op(name, Op::Gather { axis, indices }, &[x])?;
    }
    Ok(x)
}

/// The element that stands at a place, counted from the padding's begin.
fn source(mode: Mode, at: usize, left: usize, size: usize) -> usize {
    let from_left = at as i64 - left as i64;
    let last = size as i64 - 1;
    let source = match mode {
        Mode::Reflect if from_left < 0 => -from_left,
        Mode::Reflect if from_left > last => 2 * last - from_left,
        Mode::Wrap => from_left.rem_euclid(size as i64),
        _ => from_left.clamp(0, last),
    };
    source as usize
}
