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
//! difference and a product. A signed width of 1 gives 1 and -1 by the sign, as
//! `BipolarQuant` does.

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
    let width = bit_width(scope, call.arg(3)?)?;
    let (lo, hi) = range(width, signed, narrow);
    let quantizer = ScaledQuantizer {
        scale,
        zero,
        lo,
        hi,
        rounding: match signed && width == 1 {
            true => IntegerRounding::Bipolar,
            false => rounding,
        },
        zero_first: true,
    };
    let shape = scope.graph.node(x).shape.clone();
    quantizer.check(&shape)?;
    match formats(&quantizer, width, signed, narrow, shape.len()) {
        Some(formats) => scope.op(call.name, Op::Quantize(formats), &[x]),
        None => affine(scope, call.name, x, quantizer),
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

/// The integers of a width, 1 to 32. Narrow leaves out the lowest signed or the
/// highest unsigned one; a signed width of 1 is 1 and -1.
pub(super) fn range(width: u32, signed: bool, narrow: bool) -> (i64, i64) {
    let narrow = i64::from(narrow);
    match (signed, width) {
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
    width: u32,
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
    let format = |&scale: &f64| {
        let step = encode(scale).filter(|step| step.m == 1)?;
        Format::new(signed, width as i32 - i32::from(signed) - step.f, step.f)
    };
    let formats: Option<Vec<_>> = quantizer.scale.iter().map(format).collect();
    let mut dims = vec![1; rank.checked_sub(quantizer.scale.ndim())?];
    dims.extend(quantizer.scale.shape());
    Some(Quantizer {
        formats: Formats::each(dims, formats?),
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
