//! `Flatten`, `Reshape`, `Transpose` and `Softmax`: operators with axes.

use super::operators::Call;
use super::scope::Scope;
use crate::ir::element_count;
use crate::real::{Id, Op};

/// An axis that may count from the end.
fn axis(value: i64, rank: usize, last: bool) -> Result<usize, String> {
    let most = rank as i64 - i64::from(!last);
    let from_start = if value < 0 {
        value + rank as i64
    } else {
        value
    };
    usize::try_from(from_start)
        .ok()
        .filter(|_| from_start <= most)
        .ok_or_else(|| format!("attribute `axis` is {value} for {rank} dimensions"))
}

pub(super) fn flatten(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let shape = scope.graph.node(x).shape.clone();
    let split = axis(call.attributes.int("axis", 1)?, shape.len(), true)?;
    let to = vec![
        element_count(&shape[..split]),
        element_count(&shape[split..]),
    ];
    scope.graph.reshape_node(call.name, x, to)
}

pub(super) fn reshape(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let keep_zero = call.attributes.int("allowzero", 0)? != 0;
    let target = scope.constant(call.arg(1)?, "the new shape")?.clone();
    let from = scope.graph.node(x).shape.clone();
    let mut shape = Vec::with_capacity(target.len());
    let mut open = None;
    for (index, &dim) in target.iter().enumerate() {
        let size = match dim {
            -1.0 if open.is_none() => {
                open = Some(index);
                1
            }
            0.0 if !keep_zero => *from
                .get(index)
                .ok_or_else(|| format!("the new shape copies dimension {index}, of {from:?}"))?,
            dim if dim >= 0.0 => dim as usize,
            dim => return Err(format!("the new shape has a dimension of {dim}")),
        };
        shape.push(size);
    }
    if let Some(index) = open {
        let rest = element_count(&shape);
        if rest == 0 || !element_count(&from).is_multiple_of(rest) {
            return Err(format!("{from:?} does not divide into the new shape"));
        }
        shape[index] = element_count(&from) / rest;
    }
    scope.graph.reshape_node(call.name, x, shape)
}

pub(super) fn transpose(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let rank = scope.graph.node(x).shape.len();
    let permutation = match call.attributes.ints("perm")? {
        None => (0..rank).rev().collect(),
        Some(axes) => axes
            .iter()
            .map(|&axis| usize::try_from(axis).map_err(|_| format!("`perm` holds {axis}")))
            .collect::<Result<_, _>>()?,
    };
    scope.op(call.name, Op::Transpose { permutation }, &[x])
}

pub(super) fn softmax(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let shape = scope.graph.node(x).shape.clone();
    let default = if scope.opset < 13 { 1 } else { -1 };
    let axis = axis(call.attributes.int("axis", default)?, shape.len(), false)?;
    // Before opset 13 all dimensions from the axis on are normalised together.
    if scope.opset < 13 && element_count(&shape[axis..]) != shape[axis] {
        return Err(format!(
            "over several axes at once (opset {} and axis {axis} of shape {shape:?})",
            scope.opset
        ));
    }
    scope.op(call.name, Op::Softmax { axis }, &[x])
}
