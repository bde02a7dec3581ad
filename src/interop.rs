//! Conversions to and from the types of the `fixed` crate.
//!
//! A conversion gives the same value or an error; to lose bits on purpose, use
//! [`requantize`](crate::requantize) first.
//!
//! ```
//! use fixed::types::I4F12;
//! use trigforge::Format;
//! use trigforge::interop::{ConvertError, format_of, from_fixed, to_fixed};
//!
//! let format = Format::new(true, 3, 4).unwrap();
//! assert_eq!(to_fixed(24, format), Ok(I4F12::from_num(1.5)));
//! assert_eq!(from_fixed(I4F12::from_num(1.5), format), Ok(24));
//! assert_eq!(from_fixed(I4F12::DELTA, format), Err(ConvertError::Inexact));
//! assert_eq!(format_of::<I4F12>(), Format::new(true, 3, 12));
//! ```

use crate::Format;
use fixed::traits::Fixed;

/// Why a conversion was refused. All are about the value the caller gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConvertError {
    /// The mantissa does not belong to the format it was said to have.
    Foreign,
    /// The target has too few fractional bits.
    Inexact,
    /// The target has too few integer bits, or no sign.
    Overflow,
}

impl core::fmt::Display for ConvertError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.pad(match self {
            Self::Foreign => "the mantissa lies outside its own format",
            Self::Inexact => "the value has more fractional bits than the target",
            Self::Overflow => "the value lies outside the range of the target",
        })
    }
}

impl core::error::Error for ConvertError {}

/// The format with exactly the values of `F`.
///
/// `None` for the types above 64 bits signed or 63 unsigned.
///
/// # Panics
///
/// Never.
#[must_use]
pub fn format_of<F: Fixed>() -> Option<Format> {
    let frac = F::FRAC_NBITS as i32;
    Format::new(
        F::IS_SIGNED,
        F::INT_NBITS as i32 - F::IS_SIGNED as i32,
        frac,
    )
}

/// Converts the value with mantissa `m` in `format` to a type of `fixed`.
///
/// # Errors
///
/// [`Foreign`](ConvertError::Foreign) if `format` does not contain `m`;
/// [`Inexact`](ConvertError::Inexact) or [`Overflow`](ConvertError::Overflow)
/// if `F` does not have the value.
///
/// # Panics
///
/// Never.
pub fn to_fixed<F>(m: i64, format: Format) -> Result<F, ConvertError>
where
    F: Fixed<Bits: TryFrom<i128>>,
{
    if !format.contains(m) {
        return Err(ConvertError::Foreign);
    }
    let bits = rescale(m.into(), format.f(), F::FRAC_NBITS as i32)?;
    let bits = bits.try_into().map_err(|_| ConvertError::Overflow)?;
    Ok(F::from_bits(bits))
}

/// Converts a value of `fixed` to its mantissa in `format`.
///
/// # Errors
///
/// [`Inexact`](ConvertError::Inexact) or [`Overflow`](ConvertError::Overflow)
/// if `format` does not have the value.
///
/// # Panics
///
/// Never.
pub fn from_fixed<F>(value: F, format: Format) -> Result<i64, ConvertError>
where
    F: Fixed<Bits: TryInto<i128>>,
{
    let bits = value.to_bits().try_into();
    let bits = bits.map_err(|_| ConvertError::Overflow)?;
    let m = rescale(bits, F::FRAC_NBITS as i32, format.f())?;
    match i64::try_from(m) {
        Ok(m) if format.contains(m) => Ok(m),
        _ => Err(ConvertError::Overflow),
    }
}

/// The mantissa of the same value with `to` instead of `from` fractional bits.
fn rescale(m: i128, from: i32, to: i32) -> Result<i128, ConvertError> {
    // Both lie in the range of an i16.
    let up = to - from;
    if m == 0 || up == 0 {
        Ok(m)
    } else if up < 0 {
        if m.trailing_zeros() < up.unsigned_abs() {
            return Err(ConvertError::Inexact);
        }
        Ok(m >> -up)
    } else {
        let room = m.unsigned_abs().leading_zeros();
        if room <= up.unsigned_abs() {
            return Err(ConvertError::Overflow);
        }
        Ok(m << up)
    }
}
