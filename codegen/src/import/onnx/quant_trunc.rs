//! QONNX `Trunc`: the low bits of integers dropped.
//!
//! Version 1 (operands x, scale, zero point, input width, output width) is
//! (round(q / 2^t) - zero) scale, with q = round to even (x / scale + zero) and
//! t the bits that are dropped: the scale is kept, and nothing is clamped.
//! Version 2 (x, scale, zero point, input width, output scale, output width)
//! divides by the power of two that is nearest to output scale / scale, clamps
//! to the output width, and gives (q' - zero / 2^t) output scale. The number of
//! operands tells the versions apart.

use super::call::Call;
use super::quant::{bit_width, dequantize, flag, range, rounding_mode, scalar};
use super::scope::Scope;
use crate::real::{Id, Op, ScaledQuantizer, Tensor};

/// Integers that nothing clamps: as far as doubles tell them apart.
const UNBOUNDED: i64 = 1 << 53;

pub(super) fn translate(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let rounding = rounding_mode(call, "FLOOR")?;
    let x = call.arg(0)?;
    let scale = one(scope, call.arg(1)?, "the scale")?;
    let zero = one(scope, call.arg(2)?, "the zero point")?;
    let input_width = bit_width(scope, call.arg(3)?)?;
    let second = call.optional_arg(5).is_some();
    let (factor, output_scale, output_zero, (lo, hi)) = match second {
        false => {
            let output_width = bit_width(scope, call.arg(4)?)?;
            let dropped = input_width.checked_sub(output_width).ok_or_else(|| {
                format!("its output has {output_width} bits, its input {input_width}")
            })?;
            let factor = libm::scalbn(1.0, dropped as i32);
            (factor, scale, zero, (-UNBOUNDED, UNBOUNDED))
        }
        true => {
            let narrow = flag(call, "narrow", 0)?;
            let signed = flag(call, "signed", 1)?;
            let output_scale = one(scope, call.arg(4)?, "the output scale")?;
            let output_width = bit_width(scope, call.arg(5)?)?;
            if scale <= 0.0 || output_scale <= 0.0 {
                return Err("its scales must be above 0".to_owned());
            }
            let factor = libm::exp2(libm::rint(libm::log2(output_scale / scale)));
            let bounds = match (signed, output_width) {
                // Of one signed bit, qonnx clamps to -1 and 0.
                (true, 1) => (i64::from(narrow) - 1, 0),
                _ => range(output_width, signed, narrow),
            };
            (factor, output_scale, zero / factor, bounds)
        }
    };
    let integers = ScaledQuantizer {
        scale: scalar(scale),
        zero: scalar(zero),
        zero_first: true,
        ..ScaledQuantizer::integers(-UNBOUNDED, UNBOUNDED)
    };
    integers.check(&scope.graph.node(x).shape)?;
    let integers = scope.op(call.name, Op::ScaledQuantize(integers), &[x])?;
    let truncated = ScaledQuantizer {
        scale: scalar(factor),
        zero: scalar(0.0),
        lo,
        hi,
        rounding,
        zero_first: false,
    };
    let truncated = scope.op(call.name, Op::ScaledQuantize(truncated), &[integers])?;
    dequantize(
        scope,
        call.name,
        truncated,
        scalar(output_scale),
        scalar(output_zero),
    )
}

fn one(scope: &Scope<'_>, id: Id, what: &str) -> Result<f64, String> {
    let tensor: &Tensor = scope.constant(id, what)?;
    match tensor.len() {
        1 => Ok(tensor.iter().copied().next().unwrap_or_default()),
        n => Err(format!("{what} has {n} elements, expected one")),
    }
}
