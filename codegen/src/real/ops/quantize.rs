//! Rounding to formats.

use super::reshaped;
use crate::ir::{Formats, broadcast_shape};
use crate::real::{Quantizer, Tensor, encode};

pub(super) fn shape(quantizer: &Quantizer, x: &[usize]) -> Result<Vec<usize>, String> {
    match &quantizer.formats {
        Formats::Uniform(_) => Ok(x.to_vec()),
        Formats::Each { dims, .. } if broadcast_shape(dims, x).as_deref() == Some(x) => {
            Ok(x.to_vec())
        }
        Formats::Each { dims, .. } => Err(format!(
            "formats of shape {dims:?} do not broadcast to the tensor's shape {x:?}"
        )),
    }
}

/// Rounds every element to its format. Not finite values pass through, for the
/// caller to report.
pub(super) fn quantize(x: &Tensor, quantizer: &Quantizer) -> Tensor {
    let formats = quantizer.formats.expand(x.shape());
    let data = x
        .iter()
        .zip(formats)
        .map(|(&value, to)| match encode(value) {
            None => value,
            Some(real) => {
                let (m, _) = real.requantize(to, quantizer.rounding, quantizer.overflow);
                libm::scalbn(m as f64, -to.f())
            }
        })
        .collect();
    reshaped(data, x.shape())
}
