//! QONNX `FloatQuant`: rounding to small floating-point numbers.
//!
//! A constant is rounded here, once, and its values are integers of the
//! smallest step. A computed value has an integer form where the numbers have
//! equal steps over the whole range, as with one exponent bit; else it stays a
//! function of real numbers.

use super::call::Call;
use super::quant::{dequantize, flag, rounding_mode, scalar};
use super::scope::Scope;
use crate::real::{Function, Id, Minifloat, Op, ScaledQuantizer, Tensor};

pub(super) fn translate(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    // What the set holds beside numbers plays no part in the numbers, and none
    // at all as long as it saturates.
    for name in ["has_inf", "has_nan", "has_subnormal"] {
        flag(call, name, 0)?;
    }
    if !flag(call, "saturation", 1)? {
        return Err("attribute `saturation` is 0: beyond the range it is no number".to_owned());
    }
    let rounding = rounding_mode(call, "ROUND")?;
    let x = call.arg(0)?;
    let scale = scope.constant(call.arg(1)?, "the scale")?.clone();
    let mut parameters = [0.0; 4];
    let names = [
        "the exponent width",
        "the mantissa width",
        "the exponent bias",
        "the largest value",
    ];
    for (index, (parameter, name)) in parameters.iter_mut().zip(names).enumerate() {
        let tensor = scope.constant(call.arg(index + 2)?, name)?;
        *parameter = match (tensor.len(), tensor.iter().next()) {
            (1, Some(&value)) => value,
            (n, _) => return Err(format!("{name} has {n} elements, expected one")),
        };
    }
    let [exponent_width, mantissa_width, bias, stated_largest] = parameters;
    let small = |value: f64, what: &str, most: f64| match value.fract() == 0.0
        && (0.0..=most).contains(&value)
    {
        true => Ok(value as i32),
        false => Err(format!(
            "{what} is {value}, expected an integer from 0 to {most}"
        )),
    };
    let exponent_bits = small(exponent_width, names[0], 5.0)?;
    let mantissa_bits = small(mantissa_width, names[1], 10.0)?;
    let bias = small(bias, names[2], 64.0)?;
    let top = (1 << exponent_bits) - 1 - bias;
    let largest = libm::scalbn(2.0 - libm::scalbn(1.0, -mantissa_bits), top);
    let set = Minifloat {
        mantissa_bits,
        smallest: 1 - bias - mantissa_bits,
        largest: largest.min(stated_largest),
        rounding,
    };
    let limit = libm::scalbn(set.largest, -set.smallest);
    if !(limit >= 1.0 && limit <= libm::scalbn(1.0, 31) && limit.fract() == 0.0) {
        return Err(format!(
            "its largest value {} is not a number of its own set",
            set.largest
        ));
    }
    let quantizer = ScaledQuantizer {
        scale: scale.mapv(|scale| libm::scalbn(scale, set.smallest)),
        rounding,
        ..ScaledQuantizer::integers(-(limit as i64), limit as i64)
    };
    quantizer.check(&scope.graph.node(x).shape)?;
    let step = quantizer.scale.clone();
    let integers = match scope.graph.constant(x) {
        Some(tensor) => {
            let steps = (tensor / &scale).mapv(|x| set.steps(x));
            let name = scope.graph.node(x).name.clone();
            let steps = scope.graph.constant_node(name, steps);
            let marker = ScaledQuantizer::integers(quantizer.lo, quantizer.hi);
            scope.op(call.name, Op::ScaledQuantize(marker), &[steps])?
        }
        None if set.is_uniform() => scope.op(call.name, Op::ScaledQuantize(quantizer), &[x])?,
        // Numbers whose steps differ: no integers.
        None => return computed(scope, call, x, scale, set),
    };
    dequantize(scope, call.name, integers, step, scalar(0.0))
}

/// A computed value, rounded where it is computed.
fn computed(
    scope: &mut Scope<'_>,
    call: &Call<'_, '_>,
    x: Id,
    scale: Tensor,
    set: Minifloat,
) -> Result<Id, String> {
    let scale = scope
        .graph
        .constant_node(format!("{}.scale", call.name), scale);
    let scaled = scope.op(call.name, Op::Div, &[x, scale])?;
    let rounded = scope.op(call.name, Op::Unary(Function::Minifloat(set)), &[scaled])?;
    scope.op(call.name, Op::Mul, &[rounded, scale])
}
