//! Constant tensors of a file.

use ndarray::IxDyn;

use super::proto::TensorProto;
use super::proto::tensor_proto::{DataLocation, DataType};
use crate::real::Tensor;

/// Reads a tensor as doubles, which hold every value of the types that are
/// taken.
///
/// # Errors
///
/// An unknown element type, data outside of the file, a wrong number of
/// elements, or a value that is not finite.
pub(super) fn read(tensor: &TensorProto) -> Result<Tensor, String> {
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
    let count = shape
        .iter()
        .try_fold(1usize, |n, d| n.checked_mul(*d))
        .ok_or_else(|| format!("its shape {shape:?} has too many elements"))?;
    let values = values(tensor)?;
    if values.len() != count {
        return Err(format!(
            "it has {} elements, its shape {shape:?} asks for {count}",
            values.len()
        ));
    }
    if let Some(index) = values.iter().position(|value| !value.is_finite()) {
        return Err(format!("element {index} is {}", values[index]));
    }
    Tensor::from_shape_vec(IxDyn(&shape), values).map_err(|error| error.to_string())
}

fn values(tensor: &TensorProto) -> Result<Vec<f64>, String> {
    let raw = tensor.raw_data.as_deref().filter(|raw| !raw.is_empty());
    let kind = DataType::try_from(tensor.data_type.unwrap_or(0));
    match kind {
        Ok(DataType::Float) => match raw {
            Some(raw) => chunks(raw, |bytes| f32::from_le_bytes(bytes).into()),
            None => Ok(tensor.float_data.iter().map(|&x| x.into()).collect()),
        },
        Ok(DataType::Double) => match raw {
            Some(raw) => chunks(raw, f64::from_le_bytes),
            None => Ok(tensor.double_data.clone()),
        },
        Ok(DataType::Int64) => {
            let integers = match raw {
                Some(raw) => chunks(raw, i64::from_le_bytes)?,
                None => tensor.int64_data.clone(),
            };
            integers.into_iter().map(exact).collect()
        }
        Ok(DataType::Int32) => match raw {
            Some(raw) => chunks(raw, |bytes| i32::from_le_bytes(bytes).into()),
            None => Ok(tensor.int32_data.iter().map(|&x| x.into()).collect()),
        },
        Ok(DataType::Int8) => match raw {
            Some(raw) => chunks(raw, |bytes| i8::from_le_bytes(bytes).into()),
            None => Ok(tensor.int32_data.iter().map(|&x| x.into()).collect()),
        },
        Ok(DataType::Uint8) => match raw {
            Some(raw) => chunks(raw, |bytes| u8::from_le_bytes(bytes).into()),
            None => Ok(tensor.int32_data.iter().map(|&x| x.into()).collect()),
        },
        Ok(DataType::Int16) => match raw {
            Some(raw) => chunks(raw, |bytes| i16::from_le_bytes(bytes).into()),
            None => Ok(tensor.int32_data.iter().map(|&x| x.into()).collect()),
        },
        Ok(DataType::Uint16) => match raw {
            Some(raw) => chunks(raw, |bytes| u16::from_le_bytes(bytes).into()),
            None => Ok(tensor.int32_data.iter().map(|&x| x.into()).collect()),
        },
        Ok(kind @ (DataType::Int4 | DataType::Uint4)) => {
            Ok(nibbles(tensor, raw, kind == DataType::Int4))
        }
        Ok(other) => Err(format!(
            "its elements are {}; FLOAT, DOUBLE, INT64, INT32, INT16, UINT16, INT8, UINT8, INT4 \
             and UINT4 are taken",
            other.as_str_name()
        )),
        Err(_) => Err(format!(
            "its element type {} is unknown",
            tensor.data_type.unwrap_or(0)
        )),
    }
}

/// Integers of four bits, two per byte, the low ones first.
fn nibbles(tensor: &TensorProto, raw: Option<&[u8]>, signed: bool) -> Vec<f64> {
    let bytes = match raw {
        Some(raw) => raw.to_vec(),
        None => tensor.int32_data.iter().map(|&x| x as u8).collect(),
    };
    let number = |bits: u8| match signed && bits > 7 {
        true => f64::from(bits) - 16.0,
        false => f64::from(bits),
    };
    let mut values: Vec<_> = bytes
        .iter()
        .flat_map(|byte| [number(byte & 15), number(byte >> 4)])
        .collect();
    // An odd number of elements leaves the last four bits over.
    let count = tensor.dims.iter().try_fold(1i64, |n, &d| n.checked_mul(d));
    if count.is_some_and(|count| count % 2 != 0) {
        values.pop();
    }
    values
}

fn exact(value: i64) -> Result<f64, String> {
    let real = value as f64;
    if real.abs() <= (1i64 << 53) as f64 {
        return Ok(real);
    }
    Err(format!("it holds {value}, beyond 2^53"))
}

fn chunks<T, const N: usize>(raw: &[u8], read: impl Fn([u8; N]) -> T) -> Result<Vec<T>, String> {
    let (chunks, rest) = raw.as_chunks::<N>();
    if !rest.is_empty() {
        return Err(format!("its {} bytes are not a multiple of {N}", raw.len()));
    }
    Ok(chunks.iter().map(|chunk| read(*chunk)).collect())
}
