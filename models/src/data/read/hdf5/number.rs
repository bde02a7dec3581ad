//! How HDF5 stores numbers, and how they are read.

use hdf5_reader::error::{ByteOrder, Error, Result};
use hdf5_reader::{Datatype, H5Type, dtype_element_size};

/// The number types that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Float,
    Signed,
    Unsigned,
}

/// A number inside an element of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    /// First byte in the element.
    offset: usize,
    size: usize,
    form: Form,
    big_endian: bool,
}

impl Number {
    /// The number that an element of this type is; none where it is something else. Truth values
    /// are enumerations of integers, as h5py writes them.
    pub(super) fn of(datatype: &Datatype) -> Option<Self> {
        let (size, form, order) = match datatype {
            Datatype::FloatingPoint { size, byte_order } if matches!(size, 2 | 4 | 8) => {
                (*size, Form::Float, *byte_order)
            }
            Datatype::FixedPoint {
                size,
                signed,
                byte_order,
            } if matches!(size, 1 | 2 | 4 | 8) => match signed {
                true => (*size, Form::Signed, *byte_order),
                false => (*size, Form::Unsigned, *byte_order),
            },
            Datatype::Enum { base, .. } => return Self::of(base),
            _ => return None,
        };
        Some(Self {
            offset: 0,
            size: usize::from(size),
            form,
            big_endian: order == ByteOrder::BigEndian,
        })
    }

    /// The same number from this byte of the element on.
    pub(super) fn at(self, offset: usize) -> Self {
        Self { offset, ..self }
    }

    /// Whether it is floating point.
    pub(super) fn is_float(self) -> bool {
        self.form == Form::Float
    }

    /// Its bits, none where the element is too short.
    fn bits(self, element: &[u8]) -> Option<u64> {
        let bytes = element.get(self.offset..self.offset + self.size)?;
        let shift = |bits: u64, byte: &u8| bits << 8 | u64::from(*byte);
        Some(match self.big_endian {
            true => bytes.iter().fold(0, shift),
            false => bytes.iter().rev().fold(0, shift),
        })
    }

    /// As floating point; double precision is rounded.
    pub(super) fn float(self, element: &[u8]) -> Option<f32> {
        let bits = self.bits(element)?;
        Some(match self.size {
            2 => half(bits as u16),
            4 => f32::from_bits(bits as u32),
            _ => f64::from_bits(bits) as f32,
        })
    }

    /// As an integer.
    pub(super) fn int(self, element: &[u8]) -> Option<i64> {
        let bits = self.bits(element)? as i64;
        let unused = 64 - 8 * self.size as u32;
        Some(match self.form {
            Form::Signed => bits << unused >> unused,
            _ => bits,
        })
    }
}

/// Half precision, exactly.
fn half(bits: u16) -> f32 {
    let (exponent, mantissa) = (u32::from(bits >> 10 & 0x1f), u32::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => mantissa as f32 * 2f32.powi(-24),
        31 => f32::from_bits(0xff << 23 | mantissa << 13),
        _ => f32::from_bits((exponent + 112) << 23 | mantissa << 13),
    };
    match bits >> 15 {
        0 => magnitude,
        _ => -magnitude,
    }
}

/// An element that is a floating-point number.
#[derive(Clone)]
pub(super) struct Float(pub(super) f32);

/// An element that is an integer.
#[derive(Clone)]
pub(super) struct Int(pub(super) i64);

/// An element as it is stored: a record of several members.
#[derive(Clone)]
pub(super) struct Record(pub(super) Box<[u8]>);

fn mismatch(expected: &str, actual: &Datatype) -> Error {
    Error::TypeMismatch {
        expected: expected.to_owned(),
        actual: format!("{actual:?}"),
    }
}

impl H5Type for Float {
    fn hdf5_type() -> Datatype {
        f32::hdf5_type()
    }

    fn from_bytes(bytes: &[u8], datatype: &Datatype) -> Result<Self> {
        let value = Number::of(datatype).and_then(|number| number.float(bytes));
        value.map(Self).ok_or_else(|| mismatch("float", datatype))
    }

    fn element_size(datatype: &Datatype) -> usize {
        dtype_element_size(datatype).unwrap_or(0)
    }
}

impl H5Type for Int {
    fn hdf5_type() -> Datatype {
        i64::hdf5_type()
    }

    fn from_bytes(bytes: &[u8], datatype: &Datatype) -> Result<Self> {
        let value = Number::of(datatype).and_then(|number| number.int(bytes));
        value.map(Self).ok_or_else(|| mismatch("integer", datatype))
    }

    fn element_size(datatype: &Datatype) -> usize {
        dtype_element_size(datatype).unwrap_or(0)
    }
}

impl H5Type for Record {
    fn hdf5_type() -> Datatype {
        Datatype::Compound {
            size: 0,
            fields: Vec::new(),
        }
    }

    fn from_bytes(bytes: &[u8], _: &Datatype) -> Result<Self> {
        Ok(Self(bytes.into()))
    }

    fn element_size(datatype: &Datatype) -> usize {
        dtype_element_size(datatype).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::half;

    #[test]
    fn half_precision_is_exact() {
        let cases = [
            (0x0000, 0.0),
            (0x0001, 5.960_464_5e-8),
            (0x03ff, 6.097_555e-5),
            (0x0400, 6.103_515_6e-5),
            (0x3555, 0.333_251_95),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x7c00, f32::INFINITY),
            (0xfc00, f32::NEG_INFINITY),
        ];
        for (bits, value) in cases {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7e00).is_nan());
    }
}
