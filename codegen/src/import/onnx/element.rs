//! Element types of ONNX tensors, and what each can hold.

use super::proto::tensor_proto::DataType;
use crate::real::Function;

/// The element type of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Element {
    Float16,
    Float,
    Double,
    /// Signed integers of so many bits.
    Int(u8),
    /// Unsigned integers of so many bits.
    Uint(u8),
    Bool,
}

/// Integers up to this magnitude are exact in double precision, and so is the
/// fact that a result is beyond.
pub(super) const MOST_EXACT: i64 = (1 << 53) - 1;

impl Element {
    /// The type that a file's number stands for.
    ///
    /// # Errors
    ///
    /// Names a type that is not taken.
    pub(super) fn of(number: i32) -> Result<Self, String> {
        let kind = DataType::try_from(number)
            .map_err(|_| format!("the element type {number} is unknown"))?;
        Ok(match kind {
            DataType::Float16 => Self::Float16,
            DataType::Float => Self::Float,
            DataType::Double => Self::Double,
            DataType::Int4 => Self::Int(4),
            DataType::Int8 => Self::Int(8),
            DataType::Int16 => Self::Int(16),
            DataType::Int32 => Self::Int(32),
            DataType::Int64 => Self::Int(64),
            DataType::Uint4 => Self::Uint(4),
            DataType::Uint8 => Self::Uint(8),
            DataType::Uint16 => Self::Uint(16),
            DataType::Uint32 => Self::Uint(32),
            DataType::Uint64 => Self::Uint(64),
            DataType::Bool => Self::Bool,
            other => {
                return Err(format!(
                    "elements of type {} are not taken; taken are FLOAT, DOUBLE, FLOAT16, BOOL, \
                     INT4 to INT64 and UINT4 to UINT64",
                    other.as_str_name()
                ));
            }
        })
    }

    pub(super) fn is_float(self) -> bool {
        matches!(self, Self::Float16 | Self::Float | Self::Double)
    }

    pub(super) fn is_integer(self) -> bool {
        matches!(self, Self::Int(_) | Self::Uint(_))
    }

    /// The integers that the type holds, as far as they are exact here.
    pub(super) fn range(self) -> Option<(i64, i64)> {
        match self {
            Self::Int(bits) if bits < 54 => Some((-(1 << (bits - 1)), (1 << (bits - 1)) - 1)),
            Self::Uint(bits) if bits < 54 => Some((0, (1 << bits) - 1)),
            Self::Int(_) => Some((-MOST_EXACT, MOST_EXACT)),
            Self::Uint(_) => Some((0, MOST_EXACT)),
            Self::Bool => Some((0, 1)),
            _ => None,
        }
    }

    /// The function that brings the result of an operation into the type, if
    /// it must be said: single and double precision are computed in double.
    pub(super) fn rounding(self) -> Option<Function> {
        match self {
            Self::Float16 => Some(Function::Float16),
            Self::Float | Self::Double => None,
            _ => self.range().map(|(lo, hi)| Function::Integer { lo, hi }),
        }
    }
}

impl std::fmt::Display for Element {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Float16 => write!(out, "FLOAT16"),
            Self::Float => write!(out, "FLOAT"),
            Self::Double => write!(out, "DOUBLE"),
            Self::Int(bits) => write!(out, "INT{bits}"),
            Self::Uint(bits) => write!(out, "UINT{bits}"),
            Self::Bool => write!(out, "BOOL"),
        }
    }
}
