//! QONNX `Quant`: rounding to a scaled integer range (arXiv:2206.07527).
//!
//! Taken are scales that are powers of two, per tensor or per channel, a zero
//! point of zero, and the rounding modes that `ap_fixed` has too:
//!
//! | QONNX | here |
//! |---|---|
//! | ROUND, HALF_EVEN | RND_CONV |
//! | HALF_UP (half away from zero) | RND_INF |
//! | HALF_DOWN (half towards zero) | RND_ZERO |
//! | FLOOR | TRN |
//! | DOWN (towards zero) | TRN_ZERO |
//! | CEIL, UP | refused |
//!
//! A narrow signed range is SAT_SYM, any other SAT.

use trigforge::{Format, Overflow, Rounding};

use super::operators::Call;
use super::scope::Scope;
use crate::ir::Formats;
use crate::real::{Id, Op, Quantizer, encode};

pub(super) fn translate(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let signed = flag(call, "signed", 1)?;
    let narrow = flag(call, "narrow", 1)?;
    let mode = call.attributes.string("rounding_mode")?;
    let rounding = rounding(mode.as_deref().unwrap_or("ROUND"))?;
    let x = call.arg(0)?;
    let scale = scope.constant(call.arg(1)?, "the scale")?.clone();
    let zero_point = scope.constant(call.arg(2)?, "the zero point")?;
    if zero_point.iter().any(|&zero| zero != 0.0) {
        return Err("its zero point is not zero".to_owned());
    }
    let widths = scope.constant(call.arg(3)?, "the bit width")?;
    let width = match widths.len() {
        1 => widths.iter().copied().next().unwrap_or(0.0),
        n => return Err(format!("it has {n} bit widths, expected one")),
    };
    if width.fract() != 0.0 || !(1.0..=32.0).contains(&width) {
        return Err(format!(
            "its bit width is {width}, expected an integer from 1 to 32"
        ));
    }
    if signed && width == 1.0 {
        return Err("a signed width of 1 is bipolar in QONNX, which is not taken".to_owned());
    }
    if narrow && !signed {
        return Err("narrow and unsigned is not taken".to_owned());
    }
    let rank = scope.graph.node(x).shape.len();
    if scale.ndim() > rank {
        return Err(format!(
            "its scale has {} dimensions, its operand {rank}",
            scale.ndim()
        ));
    }
    let formats = scale
        .iter()
        .map(|&scale| format(scale, width as i32, signed))
        .collect::<Result<_, _>>()?;
    let mut dims = vec![1; rank - scale.ndim()];
    dims.extend(scale.shape());
    let quantizer = Quantizer {
        formats: Formats::each(dims, formats),
        rounding,
        overflow: if narrow {
            Overflow::SatSym
        } else {
            Overflow::Sat
        },
    };
    scope.op(call.name, Op::Quantize(quantizer), &[x])
}

fn flag(call: &mut Call<'_, '_>, name: &str, default: i64) -> Result<bool, String> {
    match call.attributes.int(name, default)? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(format!("attribute `{name}` is {other}, expected 0 or 1")),
    }
}

fn rounding(mode: &str) -> Result<Rounding, String> {
    match mode.to_ascii_uppercase().as_str() {
        "ROUND" | "HALF_EVEN" => Ok(Rounding::RndConv),
        "HALF_UP" => Ok(Rounding::RndInf),
        "HALF_DOWN" => Ok(Rounding::RndZero),
        "FLOOR" => Ok(Rounding::Trn),
        "DOWN" => Ok(Rounding::TrnZero),
        _ => Err(format!(
            "rounding mode `{}` is not taken; taken are ROUND, HALF_EVEN, HALF_UP, HALF_DOWN, \
             FLOOR and DOWN",
            crate::import::shorten(mode)
        )),
    }
}

fn format(scale: f64, width: i32, signed: bool) -> Result<Format, String> {
    let wrong = || format!("its scale {scale:e} is not a power of two");
    let exact = encode(scale)
        .filter(|scale| scale.m == 1)
        .ok_or_else(wrong)?;
    let k = i32::from(signed);
    Format::new(signed, width - k - exact.f, exact.f)
        .ok_or_else(|| format!("its scale {scale:e} is out of range"))
}
