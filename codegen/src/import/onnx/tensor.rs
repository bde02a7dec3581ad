//! Constant tensors of a file.

use ndarray::IxDyn;

use super::element::{Element, MOST_EXACT};
use super::proto::TensorProto;
use super::proto::tensor_proto::DataLocation;
use crate::ir::check_size;
use crate::real::Tensor;

/// A constant of a file.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    /// Its elements as doubles.
    pub(super) tensor: Tensor,
    pub(super) element: Element,
    /// Whether the doubles are the very values: not so for integers beyond
    /// 2^53, which exporters write where they mean "to the end".
    pub(super) exact: bool,
}

/// Reads a tensor.
///
/// # Errors
///
/// An unknown element type, data outside of the file, a wrong number of
/// elements, or a value that is not finite.
pub(super) fn read(tensor: &TensorProto) -> Result<Constant, String> {
    if tensor.data_location() == DataLocation::External || !tensor.external_data.is_empty() {
        return Err("its data lie in another file; save the model as one file".to_owned());
    }
    if tensor.segment.is_some() {
        return Err("it is stored in segments".to_owned());
    }
    let shape = tensor
        .dims
        .iter()
        .map(|&dim| usize::try_from(dim).map_err(|_| format!("it has a dimension of {dim}")))
        .collect::<Result<Vec<_>, _>>()?;
    check_size(&shape)?;
    let count = shape.iter().product::<usize>();
    let element = Element::of(tensor.data_type())?;
    let mut exact = true;
    let values = values(tensor, element, count, &mut exact)?;
    if values.len() != count {
        return Err(format!(
            "it has {} elements, its shape {shape:?} asks for {count}",
            values.len()
        ));
    }
    if let Some(index) = values.iter().position(|value| !value.is_finite()) {
        return Err(format!(
            "element {index} is {}, which is not a finite number",
            values[index]
        ));
    }
    let tensor = Tensor::from_shape_vec(IxDyn(&shape), values);
    Ok(Constant {
        tensor: tensor.map_err(|error| error.to_string())?,
        element,
        exact,
    })
}

fn values(
    tensor: &TensorProto,
    element: Element,
    count: usize,
    exact: &mut bool,
) -> Result<Vec<f64>, String> {
    let raw = tensor.raw_data.as_deref().filter(|raw| !raw.is_empty());
    let narrow = || tensor.int32_data.iter().map(|&x| x.into()).collect();
    let mut wide = |value: i128| {
        *exact &= value.unsigned_abs() <= MOST_EXACT as u128;
        value as f64
    };
    match (element, raw) {
        (Element::Float, Some(raw)) => chunks(raw, |bytes| f32::from_le_bytes(bytes).into()),
        (Element::Float, None) => Ok(tensor.float_data.iter().map(|&x| x.into()).collect()),
        (Element::Double, Some(raw)) => chunks(raw, f64::from_le_bytes),
        (Element::Double, None) => Ok(tensor.double_data.clone()),
        (Element::Float16, Some(raw)) => chunks(raw, |bytes| half(u16::from_le_bytes(bytes))),
        (Element::Float16, None) => Ok(tensor.int32_data.iter().map(|&x| half(x as u16)).collect()),
        (Element::Int(64), Some(raw)) => {
            chunks(raw, |bytes| wide(i64::from_le_bytes(bytes).into()))
        }
        (Element::Int(64), None) => Ok(tensor.int64_data.iter().map(|&x| wide(x.into())).collect()),
        (Element::Uint(64), Some(raw)) => {
            chunks(raw, |bytes| wide(u64::from_le_bytes(bytes).into()))
        }
        (Element::Uint(64), None) => {
            Ok(tensor.uint64_data.iter().map(|&x| wide(x.into())).collect())
        }
        (Element::Uint(32), Some(raw)) => chunks(raw, |bytes| u32::from_le_bytes(bytes).into()),
        (Element::Uint(32), None) => {
            Ok(tensor.uint64_data.iter().map(|&x| wide(x.into())).collect())
        }
        (Element::Int(32), Some(raw)) => chunks(raw, |bytes| i32::from_le_bytes(bytes).into()),
        (Element::Int(16), Some(raw)) => chunks(raw, |bytes| i16::from_le_bytes(bytes).into()),
        (Element::Uint(16), Some(raw)) => chunks(raw, |bytes| u16::from_le_bytes(bytes).into()),
        (Element::Int(8), Some(raw)) => chunks(raw, |bytes| i8::from_le_bytes(bytes).into()),
        (Element::Uint(8) | Element::Bool, Some(raw)) => {
            chunks(raw, |bytes| u8::from_le_bytes(bytes).into())
        }
        (Element::Int(4) | Element::Uint(4), raw) => {
            let bytes = match raw {
                Some(raw) => raw.to_vec(),
                None => tensor.int32_data.iter().map(|&x| x as u8).collect(),
            };
            Ok(nibbles(&bytes, count, element == Element::Int(4)))
        }
        (_, None) => Ok(narrow()),
        (other, Some(_)) => Err(format!(
            "elements of type {other} are not taken as raw bytes"
        )),
    }
}

/// Integers of four bits, two per byte, the low ones first.
fn nibbles(bytes: &[u8], count: usize, signed: bool) -> Vec<f64> {
    let number = |bits: u8| match signed && bits > 7 {
        true => f64::from(bits) - 16.0,
        false => f64::from(bits),
    };
    let mut values: Vec<_> = bytes
        .iter()
        .flat_map(|byte| [number(byte & 15), number(byte >> 4)])
        .collect();
    // An odd number of elements leaves the last four bits over.
    if count + 1 == values.len() {
        values.pop();
    }
    values
}

/// The number of half precision with these bits.
fn half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x3ff);
    let magnitude = match (bits >> 10) & 0x1f {
        0 => libm::scalbn(fraction, -24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        biased => libm::scalbn(fraction + 1024.0, i32::from(biased) - 25),
    };
    match bits >> 15 {
        0 => magnitude,
        _ => -magnitude,
    }
}

fn chunks<T, const N: usize>(
    raw: &[u8],
    mut read: impl FnMut([u8; N]) -> T,
) -> Result<Vec<T>, String> {
    let (chunks, rest) = raw.as_chunks::<N>();
    if !rest.is_empty() {
        return Err(format!("its {} bytes are not a multiple of {N}", raw.len()));
    }
    Ok(chunks.iter().map(|chunk| read(*chunk)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real::Function;

    #[test]
    fn every_finite_half_is_a_half() {
        for bits in 0..=u16::MAX {
            let value = half(bits);
            if value.is_finite() {
                assert_eq!(Function::Float16.apply(value), value, "{bits:#x}");
            }
        }
        assert_eq!(half(0x3c00), 1.0);
        assert_eq!(half(0xc000), -2.0);
        assert_eq!(half(0x7bff), 65504.0);
        assert_eq!(half(0x0001), libm::scalbn(1.0, -24));
        assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
    }

    #[test]
    fn four_bits_unpack_low_ones_first() {
        assert_eq!(nibbles(&[0x8f, 0x01], 3, true), [-1.0, -8.0, 1.0]);
        assert_eq!(nibbles(&[0x8f], 2, false), [15.0, 8.0]);
    }
}
