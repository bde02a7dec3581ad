//! Constants, and what becomes one: shapes, ranges, fills.

use ndarray::{Array1, IxDyn};

use super::{Call, Row, Scope, Types, row};
use crate::import::onnx::element::Element;
use crate::import::onnx::tensor;
use crate::ir::{check_size, element_count};
use crate::real::{Id, Tensor};

pub(super) const ROWS: &[Row] = &[
    row("Constant", 1, (0, 0), Types::First, constant),
    row(
        "ConstantOfShape",
        9,
        (1, 1),
        Types::First,
        constant_of_shape,
    ),
    row("Range", 11, (3, 3), Types::Number, range),
    row("Shape", 1, (1, 1), Types::First, shape),
    row("Size", 1, (1, 1), Types::First, |scope, call| {
        let count = element_count(&scope.shape(call.arg(0)?));
        call.element = Element::Int(64);
        Ok(scope.scalar(call.name, count as f64))
    }),
];

fn constant(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let attributes = &mut call.attributes;
    let scalar = |value: f64| Tensor::from_elem(IxDyn(&[]), value);
    let list = |values: Vec<f64>| Array1::from_vec(values).into_dyn();
    let integers = Element::Int(64);
    let (tensor, element) = if let Some(proto) = attributes.tensor("value")? {
        let value = scope.constant_value(call.name, tensor::read(proto)?);
        call.element = value.element;
        return Ok(value.id);
    } else if attributes.has("value_float") {
        (
            scalar(attributes.float("value_float", 0.0)?),
            Element::Float,
        )
    } else if attributes.has("value_int") {
        let value = attributes.int("value_int", 0)?;
        (scalar(exact(value)?), integers)
    } else if let Some(values) = attributes.floats("value_floats")? {
        (
            list(values.iter().map(|&x| x.into()).collect()),
            Element::Float,
        )
    } else if let Some(values) = attributes.ints("value_ints")? {
        let values: Result<_, _> = values.iter().map(|&x| exact(x)).collect();
        (list(values?), integers)
    } else {
        return Err("no attribute `value` that is taken".to_owned());
    };
    if let Some(value) = tensor.iter().find(|value| !value.is_finite()) {
        return Err(format!("it holds {value}"));
    }
    call.element = element;
    Ok(scope.graph.constant_node(call.name, tensor))
}

fn exact(value: i64) -> Result<f64, String> {
    match value.unsigned_abs() < 1 << 53 {
        true => Ok(value as f64),
        false => Err(format!("it holds {value}, beyond 2^53")),
    }
}

fn constant_of_shape(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let shape = call.constant_ints(scope, 0, "its shape")?;
    let shape = shape
        .unwrap_or_default()
        .iter()
        .map(|&dim| usize::try_from(dim).map_err(|_| format!("its shape holds {dim}")))
        .collect::<Result<Vec<_>, _>>()?;
    check_size(&shape)?;
    let (value, element) = match call.attributes.tensor("value")? {
        None => (0.0, Element::Float),
        Some(proto) => {
            let value = tensor::read(proto)?;
            match value.tensor.iter().copied().next() {
                Some(first) if value.tensor.len() == 1 && value.exact => (first, value.element),
                _ => return Err("attribute `value` is not one number".to_owned()),
            }
        }
    };
    call.element = element;
    let tensor = Tensor::from_elem(IxDyn(&shape), value);
    Ok(scope.graph.constant_node(call.name, tensor))
}

fn range(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let number = |index: usize, what: &str| {
        let number = call.constant_scalar(scope, index, what)?;
        number.ok_or_else(|| format!("{what} is missing"))
    };
    let start = number(0, "its start")?;
    let limit = number(1, "its limit")?;
    let step = number(2, "its step")?;
    if step == 0.0 {
        return Err("its step is 0".to_owned());
    }
    let count = ((limit - start) / step).ceil().max(0.0) as usize;
    check_size(&[count])?;
    let values = (0..count).map(|index| start + index as f64 * step);
    let tensor = Array1::from_iter(values).into_dyn();
    Ok(scope.graph.constant_node(call.name, tensor))
}

/// A part of the shape since opset 15.
fn shape(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let shape = scope.shape(call.arg(0)?);
    let rank = shape.len() as i64;
    let clamp = |position: i64| {
        let from_start = if position < 0 {
            position.saturating_add(rank)
        } else {
            position
        };
        from_start.clamp(0, rank) as usize
    };
    let (mut start, mut end) = (0, shape.len());
    if scope.opset >= 15 {
        start = clamp(call.attributes.int("start", 0)?);
        end = clamp(call.attributes.int("end", rank)?);
    }
    let dims = shape.get(start..end).unwrap_or_default();
    call.element = Element::Int(64);
    let tensor = dims.iter().map(|&dim| dim as f64).collect::<Array1<_>>();
    Ok(scope.graph.constant_node(call.name, tensor.into_dyn()))
}
