//! The same elements in another shape or order.

use super::{Call, Row, Scope, Types, row};
use crate::import::onnx::call::{axes, axis};
use crate::ir::{broadcast_shape, check_size, element_count};
use crate::real::{Id, Op};

pub(super) const ROWS: &[Row] = &[
    row("Expand", 8, (2, 2), Types::First, expand),
    row("Flatten", 1, (1, 1), Types::First, flatten),
    row("Identity", 1, (1, 1), Types::First, |_, call| call.arg(0)),
    row("Reshape", 5, (2, 2), Types::First, reshape),
    row("Squeeze", 1, (1, 2), Types::First, squeeze),
    row("Tile", 6, (2, 2), Types::First, tile),
    row("Transpose", 1, (1, 1), Types::First, transpose),
    row("Unsqueeze", 1, (1, 2), Types::First, unsqueeze),
];

fn flatten(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let shape = scope.shape(x);
    let split = match call.attributes.int("axis", 1)? {
        // The end is an axis here.
        value if value == shape.len() as i64 => shape.len(),
        value => axis(value, shape.len())?,
    };
    let to = vec![
        element_count(&shape[..split]),
        element_count(&shape[split..]),
    ];
    scope.reshape(call.name, x, to)
}

fn reshape(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let keep_zero = scope.opset >= 14 && call.attributes.int("allowzero", 0)? != 0;
    let x = call.arg(0)?;
    let from = scope.shape(x);
    let target = call.constant_ints(scope, 1, "the new shape")?;
    let target = target.unwrap_or_default();
    let mut shape = Vec::with_capacity(target.len());
    let mut open = None;
    for (index, &dim) in target.iter().enumerate() {
        let size = match dim {
            -1 if open.is_none() => {
                open = Some(index);
                1
            }
            0 if !keep_zero => *from
                .get(index)
                .ok_or_else(|| format!("the new shape copies dimension {index}, of {from:?}"))?,
            dim => usize::try_from(dim)
                .map_err(|_| format!("the new shape has a dimension of {dim}"))?,
        };
        shape.push(size);
    }
    check_size(&shape)?;
    if let Some(index) = open {
        let rest = element_count(&shape);
        if rest == 0 || !element_count(&from).is_multiple_of(rest) {
            return Err(format!("{from:?} does not divide into the new shape"));
        }
        shape[index] = element_count(&from) / rest;
    }
    scope.reshape(call.name, x, shape)
}

fn transpose(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let rank = scope.shape(x).len();
    let permutation = match call.attributes.ints("perm")? {
        None => (0..rank).rev().collect(),
        Some(axes) => axes
            .iter()
            .map(|&axis| usize::try_from(axis).map_err(|_| format!("`perm` holds {axis}")))
            .collect::<Result<_, _>>()?,
    };
    scope.op(call.name, Op::Transpose { permutation }, &[x])
}

fn squeeze(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let mut shape = scope.shape(x);
    match call.ints_since(scope, 13, "axes", 1)? {
        None => shape.retain(|&dim| dim != 1),
        Some(given) => {
            for axis in axes(&given, shape.len())?.into_iter().rev() {
                if shape.remove(axis) != 1 {
                    return Err(format!("axis {axis} does not have size 1"));
                }
            }
        }
    }
    scope.reshape(call.name, x, shape)
}

fn unsqueeze(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let mut shape = scope.shape(x);
    let given = call.ints_since(scope, 13, "axes", 1)?;
    let given = given.ok_or("its axes are missing")?;
    for axis in axes(&given, shape.len() + given.len())? {
        // In ascending order every axis is within the shape so far.
        shape.insert(axis, 1);
    }
    scope.reshape(call.name, x, shape)
}

/// Both ways: a dimension of 1 in the given shape keeps the operand's.
fn expand(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let from = scope.shape(x);
    let target = call.constant_ints(scope, 1, "its shape")?;
    let target = target
        .unwrap_or_default()
        .iter()
        .map(|&dim| usize::try_from(dim).map_err(|_| format!("its shape holds {dim}")))
        .collect::<Result<Vec<_>, _>>()?;
    let shape = broadcast_shape(&from, &target)
        .ok_or_else(|| format!("{from:?} does not broadcast to {target:?}"))?;
    scope.expand(call.name, x, shape)
}

fn tile(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let mut x = call.arg(0)?;
    let mut shape = scope.shape(x);
    let repeats = call.constant_ints(scope, 1, "its repeats")?;
    let repeats = repeats.unwrap_or_default();
    if repeats.len() != shape.len() {
        return Err(format!("{} repeats for shape {shape:?}", repeats.len()));
    }
    for (axis, &repeat) in repeats.iter().enumerate() {
        let size = shape[axis];
        let copies = usize::try_from(repeat)
            .ok()
            .filter(|&copies| copies > 0)
            .ok_or_else(|| format!("its repeats hold {repeat}"))?;
        if copies == 1 {
            continue;
        }
        shape[axis] = size
            .checked_mul(copies)
            .ok_or("its repeats are too large")?;
        check_size(&shape)?;
        let indices = (0..copies).flat_map(|_| 0..size).collect();
        x = scope.op(call.name, Op::Gather { axis, indices }, &[x])?;
    }
    Ok(x)
}
