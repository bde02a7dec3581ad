//! `ConvInteger` and `QLinearConv`: convolutions of integers less their zero
//! points, so that padding, which is the zero point, becomes zero.

use super::call::Call;
use super::element::Element;
use super::operators::convolution::convolution;
use super::quant::{dequantize, scalar};
use super::quant_linear::{along, centred, integers, requantized};
use super::scope::Scope;
use crate::real::{Id, Op};

/// `ConvInteger`: x, w, zero point of x, zero point of w.
pub(super) fn conv_integer(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = centred(scope, call, call.arg(0)?, call.optional_arg(2), 1)?;
    let w = centred(scope, call, call.arg(1)?, call.optional_arg(3), 0)?;
    call.element = Element::Int(32);
    convolution(scope, call, x, w)
}

/// `QLinearConv`: x, w and y, each with scale and zero point, and a bias of
/// integers in units of the product of the scales of x and w.
pub(super) fn qlinear_conv(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let kernel = scope.shape(call.arg(3)?);
    let x = centred(scope, call, call.arg(0)?, Some(call.arg(2)?), 1)?;
    let w = centred(scope, call, call.arg(3)?, Some(call.arg(5)?), 0)?;
    let mut sum = convolution(scope, call, x, w)?;
    let shape = scope.shape(sum);
    if let Some(bias) = call.optional_arg(8) {
        if scope.shape(bias) != [shape[1]] {
            return Err("its bias has not one number per map".to_owned());
        }
        let bias = integers(scope, bias)?;
        let mut dims = vec![1; shape.len()];
        dims[1] = shape[1];
        let bias = scope.reshape(call.name, bias, dims)?;
        sum = scope.op(call.name, Op::Add, &[sum, bias])?;
    }
    let x_scale = along(scope, call.arg(1)?, "the scale of x", 1, &[])?;
    let mut w_scale = along(scope, call.arg(4)?, "the scale of w", 0, &kernel)?;
    if w_scale.ndim() > 1 {
        // From the weights' first axis to the channels of the result.
        w_scale.swap_axes(0, 1);
    }
    let scale = x_scale * w_scale;
    if let Some(scale) = scale.iter().find(|scale| **scale <= 0.0) {
        return Err(format!(
            "its scales make {scale:e}, expected a number above 0"
        ));
    }
    let product = dequantize(scope, call.name, sum, scale, scalar(0.0))?;
    requantized(scope, call, product, 6)
}
