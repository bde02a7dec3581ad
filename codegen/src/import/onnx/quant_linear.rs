//! `QuantizeLinear` and `DequantizeLinear`, opsets 10 to 21, and `MatMulInteger`
//! and `QLinearMatMul`, which are made of them.
//!
//! Tensors of integers hold them as numbers. q = saturate(round(x / scale) +
//! zero), a half to even, over the integers of the zero point's type (UINT8
//! without one); x = (q - zero) scale. A constant of integers keeps its range,
//! so that it stays one of integers behind a dequantiser. The scale has one
//! element, or one per index of an axis.

use ndarray::IxDyn;

use super::call::Call;
use super::element::Element;
use super::quant::{dequantize, scalar};
use super::scope::Scope;
use crate::real::{Id, IntegerRounding, Op, ScaledQuantizer, Tensor};

/// `QuantizeLinear`.
pub(super) fn quantize(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    refuse_blocks(call)?;
    let axis = call.attributes.int("axis", 1)?;
    // Of floating-point results only, which are refused below.
    call.attributes.int("saturate", 1)?;
    let stated = call.attributes.int("output_dtype", 0)?;
    let zero = call.optional_arg(2);
    let zero_kind = call.value(2).map(|zero| zero.element);
    call.element = match (stated, zero_kind) {
        (0, None) => Element::Uint(8),
        (0, Some(zero)) => zero,
        (stated, None) => stated_type(stated)?,
        (stated, Some(zero)) if stated_type(stated)? == zero => zero,
        _ => return Err("attribute `output_dtype` is not the zero point's type".to_owned()),
    };
    let x = call.arg(0)?;
    let quantizer = quantizer(scope, x, [Some(call.arg(1)?), zero], axis, call.element)?;
    scope.op(call.name, Op::ScaledQuantize(quantizer), &[x])
}

/// `DequantizeLinear`.
pub(super) fn linear(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    refuse_blocks(call)?;
    let axis = call.attributes.int("axis", 1)?;
    let x = call.arg(0)?;
    let shape = scope.graph.node(x).shape.clone();
    let scale = along(scope, call.arg(1)?, "the scale", axis, &shape)?;
    let zero = match call.optional_arg(2) {
        None => scalar(0.0),
        Some(zero) => along(scope, zero, "the zero point", axis, &shape)?,
    };
    if let Some(scale) = scale.iter().find(|scale| **scale <= 0.0) {
        return Err(format!("its scale is {scale:e}, expected a number above 0"));
    }
    let integers = integers(scope, x)?;
    call.element = call.element_of(1)?;
    dequantize(scope, call.name, integers, scale, zero)
}

/// `MatMulInteger`: (a - a_zero) (b - b_zero).
pub(super) fn matmul_integer(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let zeros = [call.optional_arg(2), call.optional_arg(3)];
    let a = centred(scope, call, call.arg(0)?, zeros[0], -2)?;
    let b = centred(scope, call, call.arg(1)?, zeros[1], -1)?;
    call.element = Element::Int(32);
    scope.op(call.name, Op::MatMul, &[a, b])
}

/// `QLinearMatMul`: quantised operands and result.
pub(super) fn qlinear_matmul(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let a = dequantized(scope, call, 0, -2)?;
    let b = dequantized(scope, call, 3, -1)?;
    let product = scope.op(call.name, Op::MatMul, &[a, b])?;
    requantized(scope, call, product, 6)
}

/// Operands x, scale and zero point from `first` on, as (x - zero) scale.
pub(super) fn dequantized(
    scope: &mut Scope<'_>,
    call: &Call<'_, '_>,
    first: usize,
    axis: i64,
) -> Result<Id, String> {
    let x = call.arg(first)?;
    let shape = scope.graph.node(x).shape.clone();
    let scale = along(scope, call.arg(first + 1)?, "the scale", axis, &shape)?;
    if let Some(scale) = scale.iter().find(|scale| **scale <= 0.0) {
        return Err(format!("its scale is {scale:e}, expected a number above 0"));
    }
    let centred = centred(scope, call, x, Some(call.arg(first + 2)?), axis)?;
    dequantize(scope, call.name, centred, scale, scalar(0.0))
}

/// A result behind its scale and zero point, the operands from `first` on.
pub(super) fn requantized(
    scope: &mut Scope<'_>,
    call: &mut Call<'_, '_>,
    x: Id,
    first: usize,
) -> Result<Id, String> {
    let zero = call.arg(first + 1)?;
    call.element = call.element_of(first + 1)?;
    let scale = call.optional_arg(first);
    let quantizer = quantizer(scope, x, [scale, Some(zero)], 1, call.element)?;
    scope.op(call.name, Op::ScaledQuantize(quantizer), &[x])
}

/// Integers less their zero point.
pub(super) fn centred(
    scope: &mut Scope<'_>,
    call: &Call<'_, '_>,
    x: Id,
    zero: Option<Id>,
    axis: i64,
) -> Result<Id, String> {
    let shape = scope.graph.node(x).shape.clone();
    let integers = integers(scope, x)?;
    let zero = match zero {
        None => scalar(0.0),
        Some(zero) => along(scope, zero, "the zero point", axis, &shape)?,
    };
    dequantize(scope, call.name, integers, scalar(1.0), zero)
}

fn quantizer(
    scope: &Scope<'_>,
    x: Id,
    [scale, zero]: [Option<Id>; 2],
    axis: i64,
    kind: Element,
) -> Result<ScaledQuantizer, String> {
    let shape = &scope.graph.node(x).shape;
    let (lo, hi) = range(kind)?;
    let scale = scale.ok_or("its scale is missing")?;
    let quantizer = ScaledQuantizer {
        scale: along(scope, scale, "the scale", axis, shape)?,
        zero: match zero {
            None => scalar(0.0),
            Some(zero) => along(scope, zero, "the zero point", axis, shape)?,
        },
        lo,
        hi,
        rounding: IntegerRounding::HalfEven,
        zero_first: false,
    };
    quantizer.check(shape)?;
    Ok(quantizer)
}

fn refuse_blocks(call: &mut Call<'_, '_>) -> Result<(), String> {
    match call.attributes.int("block_size", 0)? {
        0 => Ok(()),
        size => Err(format!(
            "attribute `block_size` is {size}; one scale, or one per index of an axis, is taken"
        )),
    }
}

/// A constant of one element, or of one per index of an axis, of dimensions
/// that broadcast to a shape.
pub(super) fn along(
    scope: &Scope<'_>,
    id: Id,
    what: &str,
    axis: i64,
    shape: &[usize],
) -> Result<Tensor, String> {
    let tensor = scope.constant(id, what)?;
    if tensor.len() == 1 {
        return Ok(scalar(tensor.iter().copied().next().unwrap_or_default()));
    }
    let rank = shape.len() as i64;
    let at = usize::try_from(if axis < 0 { axis + rank } else { axis })
        .ok()
        .filter(|at| shape.get(*at) == Some(&tensor.len()) && tensor.ndim() == 1);
    let Some(at) = at else {
        return Err(format!(
            "{what} has shape {:?}, expected one element or one per index of axis {axis} of the \
             operand, of shape {shape:?}",
            tensor.shape()
        ));
    };
    let mut dims = vec![1; shape.len()];
    dims[at] = tensor.len();
    let tensor = tensor.clone().into_shape_with_order(IxDyn(&dims));
    tensor.map_err(|error| error.to_string())
}

/// Marks a constant as one of integers; a computed tensor stays as it is.
pub(super) fn integers(scope: &mut Scope<'_>, id: Id) -> Result<Id, String> {
    let Some(tensor) = scope.graph.constant(id) else {
        return Ok(id);
    };
    if let Some(value) = tensor.iter().find(|value| value.fract() != 0.0) {
        return Err(format!("its operand holds {value}, expected integers"));
    }
    // Integers of at most 2^53, as every constant of a file.
    let lo = tensor.iter().copied().fold(0.0, f64::min) as i64;
    let hi = tensor.iter().copied().fold(0.0, f64::max) as i64;
    let name = scope.graph.node(id).name.clone();
    let marker = Op::ScaledQuantize(ScaledQuantizer::integers(lo, hi));
    scope.op(&name, marker, &[id])
}

fn stated_type(number: i64) -> Result<Element, String> {
    let number = i32::try_from(number);
    let number = number.map_err(|_| "attribute `output_dtype` is no type of ONNX".to_owned())?;
    Element::of(number)
}

/// The integers of a type.
fn range(kind: Element) -> Result<(i64, i64), String> {
    match kind {
        Element::Int(bits @ (4 | 8 | 16)) => Ok(super::quant::range(bits.into(), true, false)),
        Element::Uint(bits @ (4 | 8 | 16)) => Ok(super::quant::range(bits.into(), false, false)),
        other => Err(format!(
            "its result is {other}; INT4, UINT4, INT8, UINT8, INT16 and UINT16 are taken"
        )),
    }
}
