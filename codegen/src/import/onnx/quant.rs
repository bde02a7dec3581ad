//! QONNX `Quant`, `IntQuant` and `BipolarQuant` (arXiv:2206.07527).
//!
//! `Quant` is q = round(clamp(x / scale + zero)), and gives (q - zero) scale.
//! Modes, as the executor of qonnx 1.0.0 computes them:
//!
//! | QONNX | meaning | of `ap_fixed` |
//! |---|---|---|
//! | ROUND, HALF_EVEN | to nearest, a half to even | RND_CONV |
//! | HALF_UP | to nearest, a half away from zero | RND_INF |
//! | HALF_DOWN | to nearest, a half towards zero | RND_ZERO |
//! | FLOOR | towards minus infinity | TRN |
//! | DOWN | towards zero | TRN_ZERO |
//! | CEIL | towards plus infinity | none |
//! | UP | away from zero | none |
//!
//! Where the scales are powers of two, the zero point is 0 and the mode and the
//! range are those of a format, it becomes a rounding to formats; a narrow
//! signed range is SAT_SYM. Anything else becomes a rounding to integers, a
//! difference and a product.
//!
//! The width is one number or, where the rounding is one to formats, a tensor
//! that broadcasts. A width of 0, of which QONNX says nothing, leaves only 0.
//! One signed width of 1 gives 1 and -1 by the sign, as `BipolarQuant` does and
//! as that executor, which takes one width alone, computes it; among several
//! widths a signed 1 has the range of the formula: -1 and 0, or 0 alone if
//! narrow.

use ndarray::IxDyn;
use trigforge::{Format, Overflow, Rounding};

use super::call::Call;
use super::scope::Scope;
use crate::import::shorten;
use crate::ir::Formats;
use crate::real::{Id, IntegerRounding, Op, Quantizer, ScaledQuantizer, Tensor, encode};

/// `Quant` and `IntQuant`.
pub(super) fn translate(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let signed = flag(call, "signed", 1)?;
    let narrow = flag(call, "narrow", 1)?;
    let rounding = rounding_mode(call, "ROUND")?;
    let x = call.arg(0)?;
    let scale = scope.constant(call.arg(1)?, "the scale")?.clone();
    let zero = scope.constant(call.arg(2)?, "the zero point")?.clone();
    let widths = bit_widths(scope, call.arg(3)?)?;
    let single = single(&widths);
    let (lo, hi) = range(single.unwrap_or(0), signed, narrow);
    let quantizer = ScaledQuantizer {
        scale,
        zero,
        lo,
        hi,
        rounding: match signed && single == Some(1) {
            true => IntegerRounding::Bipolar,
            false => rounding,
        },
        zero_first: true,
    };
    let shape = scope.graph.node(x).shape.clone();
    quantizer.check(&shape)?;
    if crate::ir::broadcast_shape(widths.shape(), &shape).as_ref() != Some(&shape) {
        return Err(format!(
            "its bit widths of shape {:?} do not broadcast to the operand's shape {shape:?}",
            widths.shape()
        ));
    }
    match (
        formats(&quantizer, &widths, signed, narrow, shape.len()),
        single,
    ) {
        (Some(formats), _) => scope.op(call.name, Op::Quantize(formats), &[x]),
        (None, Some(_)) => affine(scope, call.name, x, quantizer),
        (None, None) => Err(
            "it has several bit widths, which are taken with scales that are powers of two, zero \
             points of 0 and a range and rounding that formats have (not narrow unsigned ones, \
             CEIL or UP)"
                .to_owned(),
        ),
    }
}

/// `BipolarQuant`: the scale for zero and above, else minus the scale.
pub(super) fn bipolar(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let quantizer = ScaledQuantizer {
        scale: scope.constant(call.arg(1)?, "the scale")?.clone(),
        rounding: IntegerRounding::Bipolar,
        ..ScaledQuantizer::integers(-1, 1)
    };
    quantizer.check(&scope.graph.node(x).shape)?;
    affine(scope, call.name, x, quantizer)
}

/// A rounding to integers with its dequantiser: (q - zero) scale.
pub(super) fn affine(
    scope: &mut Scope<'_>,
    name: &str,
    x: Id,
    quantizer: ScaledQuantizer,
) -> Result<Id, String> {
    let (scale, zero) = (quantizer.scale.clone(), quantizer.zero.clone());
    let integers = scope.op(name, Op::ScaledQuantize(quantizer), &[x])?;
    dequantize(scope, name, integers, scale, zero)
}

/// (q - zero) scale.
pub(super) fn dequantize(
    scope: &mut Scope<'_>,
    name: &str,
    integers: Id,
    scale: Tensor,
    zero: Tensor,
) -> Result<Id, String> {
    let mut result = integers;
    if zero.iter().any(|&zero| zero != 0.0) {
        let zero = scope.graph.constant_node(format!("{name}.zero"), zero);
        result = scope.op(name, Op::Sub, &[result, zero])?;
    }
    if scale.iter().any(|&scale| scale != 1.0) {
        let scale = scope.graph.constant_node(format!("{name}.scale"), scale);
        result = scope.op(name, Op::Mul, &[result, scale])?;
    }
    Ok(result)
}

/// An attribute that is 0 or 1.
pub(super) fn flag(call: &mut Call<'_, '_>, name: &str, default: i64) -> Result<bool, String> {
    match call.attributes.int(name, default)? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(format!("attribute `{name}` is {other}, expected 0 or 1")),
    }
}

/// The attribute `rounding_mode`, in any case.
pub(super) fn rounding_mode(
    call: &mut Call<'_, '_>,
    default: &str,
) -> Result<IntegerRounding, String> {
    let mode = call.attributes.string("rounding_mode")?;
    let mode = mode.as_deref().unwrap_or(default);
    match mode.to_ascii_uppercase().as_str() {
        "ROUND" | "HALF_EVEN" => Ok(IntegerRounding::HalfEven),
        "HALF_UP" => Ok(IntegerRounding::HalfAway),
        "HALF_DOWN" => Ok(IntegerRounding::HalfTowards),
        "FLOOR" => Ok(IntegerRounding::Floor),
        "DOWN" => Ok(IntegerRounding::Towards),
        "CEIL" => Ok(IntegerRounding::Ceil),
        "UP" => Ok(IntegerRounding::Away),
        _ => Err(format!(
            "rounding mode `{}` is not taken; taken are ROUND, HALF_EVEN, HALF_UP, HALF_DOWN, \
             FLOOR, DOWN, CEIL and UP",
            shorten(mode)
        )),
    }
}

/// A constant that holds one width.
pub(super) fn bit_width(scope: &Scope<'_>, id: Id) -> Result<u32, String> {
    let widths = scope.constant(id, "the bit width")?;
    let width = match widths.len() {
        1 => widths.iter().copied().next().unwrap_or(0.0),
        n => return Err(format!("it has {n} bit widths, expected one")),
    };
    match width.fract() == 0.0 && (1.0..=32.0).contains(&width) {
        true => Ok(width as u32),
        false => Err(format!(
            "its bit width is {width}, expected an integer from 1 to 32"
        )),
    }
}

/// Constants that hold widths of 0 to 32.
fn bit_widths(scope: &Scope<'_>, id: Id) -> Result<Tensor, String> {
    let widths = scope.constant(id, "the bit width")?;
    let taken = |width: f64| width.fract() == 0.0 && (0.0..=32.0).contains(&width);
    match widths.iter().find(|width| !taken(**width)) {
        None if widths.is_empty() => Err("it has no bit width".to_owned()),
        None => Ok(widths.clone()),
        Some(width) => Err(format!(
            "its bit width is {width}, expected an integer from 0 to 32"
        )),
    }
}

/// The number of a tensor that holds one.
fn single(widths: &Tensor) -> Option<u32> {
    match widths.len() {
        1 => widths.first().map(|&width| width as u32),
        _ => None,
    }
}

/// The integers of a width, 0 to 32. Narrow leaves out the lowest signed or the
/// highest unsigned one; a signed width of 1 is 1 and -1.
pub(super) fn range(width: u32, signed: bool, narrow: bool) -> (i64, i64) {
    let narrow = i64::from(narrow);
    match (signed, width) {
        (_, 0) => (0, 0),
        (true, 1) => (-1, 1),
        (true, _) => {
            let half = 1 << (width - 1);
            (narrow - half, half - 1)
        }
        (false, _) => (0, (1 << width) - 1 - narrow),
    }
}

/// The same rounding to formats, if there is one.
fn formats(
    quantizer: &ScaledQuantizer,
    widths: &Tensor,
    signed: bool,
    narrow: bool,
    rank: usize,
) -> Option<Quantizer> {
    let rounding = match quantizer.rounding {
        IntegerRounding::HalfEven => Rounding::RndConv,
        IntegerRounding::HalfAway => Rounding::RndInf,
        IntegerRounding::HalfTowards => Rounding::RndZero,
        IntegerRounding::Floor => Rounding::Trn,
        IntegerRounding::Towards => Rounding::TrnZero,
        IntegerRounding::Ceil | IntegerRounding::Away | IntegerRounding::Bipolar => return None,
    };
    if quantizer.zero.iter().any(|&zero| zero != 0.0) || (narrow && !signed) {
        return None;
    }
    let dims = crate::ir::broadcast_shape(quantizer.scale.shape(), widths.shape())?;
    let (scales, widths) = (
        quantizer.scale.broadcast(&dims[..])?,
        widths.broadcast(&dims[..])?,
    );
    // What has no bits is 0 whatever its step is.
    let empty = |width: u32| width == 0 || (width == 1 && signed && narrow);
    let format = |(&scale, &width): (&f64, &f64)| {
        let width = width as u32;
        if empty(width) {
            return Some(None);
        }
        let step = encode(scale).filter(|step| step.m == 1)?;
        Format::new(signed, width as i32 - i32::from(signed) - step.f, step.f).map(Some)
    };
    let formats: Option<Vec<_>> = scales.iter().zip(&widths).map(format).collect();
    let formats = formats?;
    // Nor is it to ask others for more fractional bits than they have.
    let least = formats.iter().flatten().map(|format| format.f()).min();
    let none = Format::new(false, -least.unwrap_or(0), least.unwrap_or(0))?;
    let formats = formats.into_iter().map(|format| format.unwrap_or(none));
    let mut padded = vec![1; rank.checked_sub(dims.len())?];
    padded.extend(dims);
    Some(Quantizer {
        formats: Formats::each(padded, formats.collect()),
        rounding,
        overflow: match narrow {
            true => Overflow::SatSym,
            false => Overflow::Sat,
        },
    })
}

/// A tensor of one number.
pub(super) fn scalar(value: f64) -> Tensor {
    Tensor::from_elem(IxDyn(&[]), value)
}
