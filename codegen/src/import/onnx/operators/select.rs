//! Operators that select, count or order elements by position.

use super::softmax::along_axis;
use super::{Row, Types, row};
use crate::import::onnx::call::{Call, axis};
use crate::import::onnx::composed::selection::{self, Update};
use crate::import::onnx::composed::{Writer, computed_index};
use crate::import::onnx::element::Element;
use crate::import::onnx::scope::{Scope, Value};
use crate::real::Id;

pub(super) const ROWS: &[Row] = &[
    row("ArgMax", 1, (1, 1), Types::Number, arg_max),
    row("ArgMin", 1, (1, 1), Types::Number, arg_min),
    row("CumSum", 11, (2, 2), Types::First, cumulative_sum),
    row("Einsum", 12, (1, 2), Types::Number, einsum),
    row("GatherND", 11, (2, 2), Types::First, gather_nd),
    row("Hardmax", 1, (1, 1), Types::Float, hardmax),
    row("OneHot", 9, (3, 3), Types::First, one_hot),
    row(
        "ScatterElements",
        11,
        (3, 3),
        Types::First,
        scatter_elements,
    ),
    row("ScatterND", 11, (3, 3), Types::First, scatter_nd),
    row("TopK", 1, (1, 2), Types::First, top_k),
    row("Trilu", 14, (1, 2), Types::First, triangle),
];

/// A flag that must be 0 or 1.
fn flag(call: &mut Call<'_, '_>, name: &str, default: i64) -> Result<bool, String> {
    match call.attributes.int(name, default)? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(format!("attribute `{name}` is {other}, expected 0 or 1")),
    }
}

fn arg_max(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    arg(scope, call, true)
}

fn arg_min(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    arg(scope, call, false)
}

fn arg(scope: &mut Scope<'_>, call: &mut Call<'_, '_>, largest: bool) -> Result<Id, String> {
    let x = call.arg(0)?;
    let rank = scope.graph.node(x).shape.len();
    let along = axis(call.attributes.int("axis", 0)?, rank)?;
    let keep = flag(call, "keepdims", 1)?;
    let last = scope.opset >= 12 && flag(call, "select_last_index", 0)?;
    call.element = Element::Int(64);
    let mut to = Writer::new(&mut scope.graph, call.name);
    selection::arg(&mut to, x, along, largest, last, keep)
}

fn top_k(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let shape = scope.graph.node(x).shape.clone();
    let along = axis(call.attributes.int("axis", -1)?, shape.len())?;
    let k = match scope.opset {
        ..10 => call.attributes.int("k", -1)?,
        _ => call
            .constant_int(scope, 1, "k")?
            .ok_or("operand 1 is missing")?,
    };
    let largest = scope.opset < 11 || flag(call, "largest", 1)?;
    // Sorted results satisfy a file that asks for any order.
    if scope.opset >= 11 {
        flag(call, "sorted", 1)?;
    }
    let k = usize::try_from(k).ok().filter(|k| *k <= shape[along]);
    let k = k.ok_or_else(|| format!("k does not lie in 0..={}", shape[along]))?;
    let mut to = Writer::new(&mut scope.graph, call.name);
    let [values, positions] = selection::top_k(&mut to, x, along, k, largest)?;
    call.further.push(Value {
        id: positions,
        element: Element::Int(64),
    });
    Ok(values)
}

fn hardmax(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    along_axis(scope, call, |scope, name, x, axis| {
        let mut to = Writer::new(&mut scope.graph, name);
        selection::hardmax(&mut to, x, axis)
    })
}

fn one_hot(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let index = call.arg(0)?;
    let depth = call
        .constant_scalar(scope, 1, "the depth")?
        .ok_or("operand 1 is missing")?;
    let depth = Some(depth as usize).filter(|&d| d as f64 == depth && d > 0);
    let depth = depth.ok_or("the depth is not a positive integer")?;
    let values = scope.constant(call.arg(2)?, "the values")?;
    let values: Vec<_> = values.iter().copied().collect();
    let &[off, on] = values.as_slice() else {
        return Err(format!("{} values, expected off and on", values.len()));
    };
    let rank = scope.graph.node(index).shape.len();
    let along = axis(call.attributes.int("axis", -1)?, rank + 1)?;
    call.element = call.element_of(2)?;
    let mut to = Writer::new(&mut scope.graph, call.name);
    selection::one_hot(&mut to, index, depth, along, [off, on])
}

fn cumulative_sum(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let rank = scope.graph.node(x).shape.len();
    let along = call
        .constant_int(scope, 1, "the axis")?
        .ok_or("operand 1 is missing")?;
    let along = axis(along, rank)?;
    let exclusive = flag(call, "exclusive", 0)?;
    let reverse = flag(call, "reverse", 0)?;
    let mut to = Writer::new(&mut scope.graph, call.name);
    selection::cumulative_sum(&mut to, x, along, exclusive, reverse)
}

fn triangle(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let diagonal = call.constant_int(scope, 1, "the diagonal")?.unwrap_or(0);
    let upper = flag(call, "upper", 1)?;
    let mut to = Writer::new(&mut scope.graph, call.name);
    selection::triangle(&mut to, x, upper, diagonal)
}

fn gather_nd(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let (x, indices) = (call.arg(0)?, call.arg(1)?);
    if !call.element_of(1)?.is_integer() {
        return Err("its indices are no integers".to_owned());
    }
    let constant = scope.graph.constant(indices).cloned();
    let batch = match scope.opset {
        ..12 => 0,
        _ => call.attributes.int("batch_dims", 0)?,
    };
    let batch = usize::try_from(batch).map_err(|_| "attribute `batch_dims` is negative")?;
    let mut to = Writer::new(&mut scope.graph, call.name);
    match constant {
        Some(indices) => selection::gather_nd(&mut to, x, &indices, batch),
        None => computed_index::gather_nd(&mut to, x, indices, batch),
    }
}

fn scatter_nd(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let (x, updates) = (call.arg(0)?, call.arg(2)?);
    let indices = scope.constant(call.arg(1)?, "the indices")?.clone();
    let update = update(call)?;
    let mut to = Writer::new(&mut scope.graph, call.name);
    selection::scatter_nd(&mut to, x, &indices, updates, update)
}

fn scatter_elements(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let (x, updates) = (call.arg(0)?, call.arg(2)?);
    let indices = scope.constant(call.arg(1)?, "the indices")?.clone();
    let rank = scope.graph.node(x).shape.len();
    let along = axis(call.attributes.int("axis", 0)?, rank)?;
    let update = update(call)?;
    let mut to = Writer::new(&mut scope.graph, call.name);
    selection::scatter_elements(&mut to, x, &indices, updates, along, update)
}

fn update(call: &mut Call<'_, '_>) -> Result<Update, String> {
    Ok(match call.attributes.string("reduction")?.as_deref() {
        None | Some("none") => Update::Replace,
        Some("add") => Update::Add,
        Some("mul") => Update::Multiply,
        Some("max") => Update::Max,
        Some("min") => Update::Min,
        Some(other) => {
            let other = crate::import::shorten(other);
            return Err(format!(
                "attribute `reduction` is `{other}`, expected none, add, mul, max or min"
            ));
        }
    })
}

/// Sums of products over labelled axes.
fn einsum(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let args = call.all()?;
    let equation = call.attributes.string("equation")?;
    let equation = equation.ok_or("attribute `equation` is missing")?;
    let mut to = Writer::new(&mut scope.graph, call.name);
    crate::import::onnx::composed::einsum::write(&mut to, &equation, &args)
}
