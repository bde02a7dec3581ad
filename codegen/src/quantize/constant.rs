//! Constants with formats: those that a quantiser rounds, and floats that are
//! short enough to be taken as they are.

use trigforge::Format;

use crate::ir::{Formats, TensorType};
use crate::ops::Constant;
use crate::real::{Dyadic, Quantizer, Tensor, encode};

/// A float constant is taken exactly up to this many bits per element.
const WIDEST_EXACT: u32 = 16;

/// A constant rounded by the model's own quantiser.
pub(super) fn rounded(tensor: &Tensor, quantizer: &Quantizer) -> (Constant, TensorType) {
    let formats = quantizer.formats.expand(tensor.shape());
    let mantissas = tensor
        .iter()
        .zip(&formats)
        .map(|(&value, &to)| {
            // Importers refuse constants that are not finite.
            let real = encode(value).unwrap_or(Dyadic { m: 0, f: 0 });
            real.requantize(to, quantizer.rounding, quantizer.overflow)
                .0
        })
        .collect();
    let formats = match &quantizer.formats {
        Formats::Uniform(format) => Formats::Uniform(*format),
        Formats::Each { dims, formats } if dims.len() == tensor.ndim() => {
            Formats::each(dims.clone(), formats.clone())
        }
        Formats::Each { .. } => Formats::each(tensor.shape().to_vec(), formats),
    };
    let ty = TensorType {
        shape: tensor.shape().to_vec(),
        formats,
    };
    (Constant { mantissas }, ty)
}

/// A constant of integers.
pub(super) fn integers(tensor: &Tensor) -> Result<(Constant, TensorType), String> {
    // Quantisers give integers of at most 2^53.
    let mantissas: Vec<_> = tensor.iter().map(|&value| value as i64).collect();
    let lo = mantissas.iter().copied().min().unwrap_or(0);
    let hi = mantissas.iter().copied().max().unwrap_or(0);
    let format = Format::covering(lo.into(), hi.into(), 0).ok_or("its integers are too wide")?;
    let ty = TensorType::uniform(tensor.shape(), format);
    Ok((Constant { mantissas }, ty))
}

/// A float constant rounded to so many fractional bits, or exact with fewer.
/// Says too how far an element is off at most.
pub(super) fn nearest(tensor: &Tensor, f: i32) -> Result<(Constant, TensorType, f64), String> {
    let exact_f = tensor.iter().filter_map(|&value| encode(value));
    let exact_f = exact_f.filter(|v| v.m != 0).map(|v| v.f).max().unwrap_or(0);
    let f = f.min(exact_f);
    let mut deviation = 0.0f64;
    let mut mantissas = Vec::with_capacity(tensor.len());
    for &value in tensor {
        let scaled = libm::rint(libm::scalbn(value, f));
        if scaled.abs() >= libm::scalbn(1.0, 53) {
            return Err(format!("its constant {value:e} is out of range"));
        }
        deviation = deviation.max((libm::scalbn(scaled, -f) - value).abs());
        mantissas.push(scaled as i64);
    }
    let lo = mantissas.iter().copied().min().unwrap_or(0);
    let hi = mantissas.iter().copied().max().unwrap_or(0);
    let format = Format::covering(lo.into(), hi.into(), f).ok_or("its constant is too wide")?;
    let ty = TensorType::uniform(tensor.shape(), format);
    Ok((Constant { mantissas }, ty, deviation))
}

/// A float constant taken as it is, if its elements are short.
///
/// `per_element` gives each element its own shortest format, so that a power of
/// two has the mantissa 1; else all share one format.
pub(super) fn exact(tensor: &Tensor, per_element: bool) -> Result<(Constant, TensorType), String> {
    let values: Vec<_> = tensor
        .iter()
        .map(|&value| encode(value).unwrap_or(Dyadic { m: 0, f: 0 }))
        .collect();
    let shared_f = values
        .iter()
        .filter(|v| v.m != 0)
        .map(|v| v.f)
        .max()
        .unwrap_or(0);
    let f_of = |value: &Dyadic| match (per_element, value.m) {
        (true, 0) => shared_f,
        (true, _) => value.f,
        (false, _) => shared_f,
    };
    let mut mantissas = Vec::with_capacity(values.len());
    let mut formats = Vec::with_capacity(values.len());
    for value in &values {
        let f = f_of(value);
        let mantissa =
            crate::exact::shift_left(value.m.into(), if value.m == 0 { 0 } else { f - value.f });
        let format = Format::covering(mantissa, mantissa, f)
            .filter(|format| format.width() <= WIDEST_EXACT)
            .ok_or_else(|| {
                format!(
                    "a float constant without a quantiser, of more than {WIDEST_EXACT} bits; \
                     train it quantised, or give calibration events (--calib FILE --width W)"
                )
            })?;
        // A covering format holds the mantissa as an i64.
        mantissas.push(mantissa as i64);
        formats.push(format);
    }
    let formats = match per_element {
        true => Formats::each(tensor.shape().to_vec(), formats),
        false => {
            let lo = mantissas.iter().copied().min().unwrap_or(0);
            let hi = mantissas.iter().copied().max().unwrap_or(0);
            let shared = Format::covering(lo.into(), hi.into(), shared_f);
            Formats::Uniform(shared.unwrap_or(Format::ZERO))
        }
    };
    let ty = TensorType {
        shape: tensor.shape().to_vec(),
        formats,
    };
    Ok((Constant { mantissas }, ty))
}
