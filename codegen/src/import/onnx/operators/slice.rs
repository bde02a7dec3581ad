//! `Slice` and `Split`.

use super::{Call, Row, Scope, Types, row};
use crate::import::onnx::call::axis;
use crate::import::onnx::scope::Value;
use crate::real::{Id, Op};

pub(super) const ROWS: &[Row] = &[
    row("Slice", 1, (1, 5), Types::First, slice),
    row("Split", 2, (1, 2), Types::First, split),
];

/// Positions were attributes before opset 10.
fn slice(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let shape = scope.shape(x);
    let starts = call.ints_since(scope, 10, "starts", 1)?;
    let starts = starts.ok_or("its starts are missing")?;
    let ends = call.ints_since(scope, 10, "ends", 2)?;
    let ends = ends.ok_or("its ends are missing")?;
    let along = match call.ints_since(scope, 10, "axes", 3)? {
        None => (0..starts.len().min(shape.len())).collect(),
        Some(given) => given
            .iter()
            .map(|&value| axis(value, shape.len()))
            .collect::<Result<Vec<_>, _>>()?,
    };
    let steps = match scope.opset >= 10 {
        true => call.constant_ints(scope, 4, "its steps")?,
        false => None,
    };
    let steps = steps.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), along.len(), steps.len()] != [starts.len(); 3] {
        return Err("its starts, ends, axes and steps differ in number".to_owned());
    }
    let mut from = vec![0; shape.len()];
    let mut distances = vec![1; shape.len()];
    let mut sizes = shape.clone();
    let mut seen = vec![false; shape.len()];
    for (index, &axis) in along.iter().enumerate() {
        if std::mem::replace(&mut seen[axis], true) {
            return Err(format!("axis {axis} is given twice"));
        }
        let (start, size) = positions(shape[axis], starts[index], ends[index], steps[index])?;
        from[axis] = start;
        sizes[axis] = size;
        distances[axis] = isize::try_from(steps[index]).map_err(|_| "a step is too large")?;
    }
    // Of constants, such as shapes, an empty part is one.
    let computed = scope.graph.constant(x).is_none();
    if computed && sizes.contains(&0) {
        return Err(format!(
            "its result of shape {sizes:?} has no element, which is not taken"
        ));
    }
    let op = Op::Slice {
        starts: from,
        steps: distances,
        sizes,
    };
    scope.op(call.name, op, &[x])
}

/// First position and number of positions, as Python slices count them.
fn positions(dim: usize, start: i64, end: i64, step: i64) -> Result<(usize, usize), String> {
    let dim = dim as i64;
    let from_start = |value: i64| {
        if value < 0 {
            value.saturating_add(dim)
        } else {
            value
        }
    };
    let (start, end) = (from_start(start), from_start(end));
    let (start, way) = match step {
        0 => return Err("a step is 0".to_owned()),
        1.. => (start.clamp(0, dim), end.clamp(0, dim)),
        _ => (start.clamp(0, dim - 1), end.clamp(-1, dim - 1)),
    };
    let distance = if step > 0 { way - start } else { start - way };
    let size = match distance > 0 {
        true => (distance as u64).div_ceil(step.unsigned_abs()) as usize,
        false => 0,
    };
    Ok((start as usize, size))
}

/// Into equal parts, or of sizes that were an attribute before opset 13.
fn split(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let shape = scope.shape(x);
    let along = axis(call.attributes.int("axis", 0)?, shape.len())?;
    let dim = shape[along];
    let mut parts = call.results();
    if scope.opset >= 18 {
        let stated = call.attributes.int("num_outputs", parts as i64)?;
        if stated != parts as i64 {
            return Err(format!(
                "attribute `num_outputs` is {stated}, the node has {parts} results"
            ));
        }
    }
    parts = parts.max(1);
    let sizes = match call.ints_since(scope, 13, "split", 1)? {
        Some(sizes) => sizes
            .iter()
            .map(|&size| usize::try_from(size).map_err(|_| format!("its split holds {size}")))
            .collect::<Result<Vec<_>, _>>()?,
        None if dim.is_multiple_of(parts) => vec![dim / parts; parts],
        // The last part is smaller since opset 18.
        None if scope.opset >= 18 => {
            let size = dim.div_ceil(parts);
            (0..parts)
                .map(|part| size.min(dim.saturating_sub(part * size)))
                .collect()
        }
        None => return Err(format!("{dim} does not divide into {parts} parts")),
    };
    let total = sizes
        .iter()
        .try_fold(0usize, |sum, &size| sum.checked_add(size));
    if sizes.len() != parts || total != Some(dim) {
        return Err(format!("a split into {sizes:?} of {dim}, in {parts} parts"));
    }
    if scope.graph.constant(x).is_none() && sizes.contains(&0) {
        return Err("a part without elements is not taken".to_owned());
    }
    let mut first = None;
    let mut start = 0;
    for size in sizes {
        let mut starts = vec![0; shape.len()];
        starts[along] = start;
        let mut part = shape.clone();
        part[along] = size;
        start += size;
        let op = Op::Slice {
            starts,
            steps: vec![1; shape.len()],
            sizes: part,
        };
        let id = scope.op(call.name, op, &[x])?;
        match first {
            None => first = Some(id),
            Some(_) => call.further.push(Value {
                id,
                element: call.element,
            }),
        }
    }
    first.ok_or_else(|| "it has no result".to_owned())
}
