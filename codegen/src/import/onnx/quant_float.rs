//! QONNX `FloatQuant`: rounding to small floating-point numbers.
//!
//! A constant is rounded here, once, and its values are integers of the
//! smallest step. A computed value is taken only where the numbers have equal
//! steps over the whole range, as with one exponent bit; else there is no
//! integer form, and the node is refused.

use super::call::Call;
use super::quant::{dequantize, flag, rounding_mode, scalar};
use super::scope::Scope;
use crate::real::{Id, IntegerRounding, Op, ScaledQuantizer, encode};

/// A set of small floating-point numbers.
struct Minifloat {
    mantissa_bits: i32,
    /// Exponent of the smallest step.
    smallest: i32,
    largest: f64,
    rounding: IntegerRounding,
}

impl Minifloat {
    /// The nearest number of the set, in smallest steps.
    fn steps(&self, x: f64) -> f64 {
        // The exponent of a normal double; less than any step matters not.
        let exponent = encode(x).filter(|v| v.m != 0).map(|v| v.integer_bits() - 1);
        let step = exponent
            .map_or(self.smallest, |e| e - self.mantissa_bits)
            .max(self.smallest);
        let rounded = self.rounding.apply(libm::scalbn(x, -step));
        let limit = libm::scalbn(self.largest, -self.smallest);
        libm::scalbn(rounded, step - self.smallest)
            .min(limit)
            .max(-limit)
    }

    /// Whether all steps up to the largest number are the smallest one.
    fn is_uniform(&self) -> bool {
        self.largest < libm::scalbn(1.0, self.smallest + self.mantissa_bits + 1)
    }
}

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
        None => {
            return Err(format!(
                "it rounds a computed value to floating-point numbers of {exponent_bits} exponent \
                 and {mantissa_bits} mantissa bits, whose steps differ; integers have one step"
            ));
        }
    };
    dequantize(scope, call.name, integers, step, scalar(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of the 8-bit set with 4 exponent bits (arXiv:2209.05433), in
    /// steps of 2^-9.
    #[test]
    fn values_round_as_in_qonnx() {
        let set = Minifloat {
            mantissa_bits: 3,
            smallest: -9,
            largest: 448.0,
            rounding: IntegerRounding::HalfEven,
        };
        let cases = [
            (0.0, 0.0),
            (1.0, 512.0),
            // Steps of 1/8 above 1; 17/16 is half of one.
            (1.0625, 512.0),
            (1.1, 576.0),
            (-300.0, -288.0 * 512.0),
            (1e6, 448.0 * 512.0),
            (0.0015, 1.0),
        ];
        for (x, expected) in cases {
            assert_eq!(set.steps(x), expected, "{x}");
        }
        assert!(!set.is_uniform());
    }
}
