//! What sums of products share: operands brought to common fractional bits,
//! biases, the bits of a weight, formats per channel.
//!
//! Elements fall into classes, which run cyclically through a tensor: the
//! element at flat index `at` is of class `at / inner % count`. A class is what
//! one weight, or one row of the other operand, multiplies.

use std::borrow::Cow;

use super::{Derived, Operand, Values, Wires};
use crate::exact::{shift_left, shift_left_wrapping};
use crate::ir::{TensorType, element_count};

/// The largest number of fractional bits in each class.
pub(crate) fn largest_f(ty: &TensorType, inner: usize, count: usize) -> Vec<i32> {
    if let Some(f) = ty.formats.uniform_f() {
        return vec![f; count];
    }
    let mut largest = vec![i32::MIN; count];
    for (at, format) in ty.element_formats().iter().enumerate() {
        let class = &mut largest[at / inner % count];
        *class = format.f().max(*class);
    }
    largest
}

/// How far each element is to be shifted to the left for the bits that its
/// class is given; `None` if no element is.
pub(crate) fn shifts(ty: &TensorType, inner: usize, to: &[i32]) -> Option<Vec<i32>> {
    if let Some(f) = ty.formats.uniform_f()
        && to.iter().all(|to| *to == f)
    {
        return None;
    }
    let shifts: Vec<_> = ty
        .element_formats()
        .iter()
        .enumerate()
        .map(|(at, format)| to[at / inner % to.len()] - format.f())
        .collect();
    shifts.iter().any(|&shift| shift != 0).then_some(shifts)
}

/// The mantissas with the fractional bits that their class is given, modulo
/// 2^64.
pub(super) fn aligned<'a>(x: &Values<'a>, inner: usize, to: &[i32]) -> Cow<'a, [i64]> {
    match shifts(x.ty, inner, to) {
        None => Cow::Borrowed(x.mantissas),
        Some(shifts) => x
            .mantissas
            .iter()
            .zip(shifts)
            .map(|(&m, shift)| shift_left_wrapping(m, shift))
            .collect(),
    }
}

/// The exact bias with `f` fractional bits; zeros if there is none.
pub(super) fn constant_bias(
    b: Option<&Operand<'_>>,
    f: i32,
    outputs: usize,
) -> Result<Vec<i128>, String> {
    let Some(b) = b else {
        return Ok(vec![0; outputs]);
    };
    if b.ty.shape != [outputs] {
        return Err(format!(
            "the bias has shape {:?}, expected [{outputs}]",
            b.ty.shape
        ));
    }
    let mantissas = b.constant.ok_or("the bias must be a constant")?;
    let formats = b.ty.element_formats();
    Ok(mantissas
        .iter()
        .zip(formats)
        .map(|(&m, format)| shift_left(m.into(), f - format.f()))
        .collect())
}

/// The bias mantissas with `f` fractional bits, modulo 2^64; zeros if there is
/// none.
pub(crate) fn aligned_bias(b: Option<(&TensorType, &[i64])>, f: i32, outputs: usize) -> Vec<i64> {
    match b {
        None => vec![0; outputs],
        Some((ty, mantissas)) => mantissas
            .iter()
            .zip(ty.element_formats())
            .map(|(&m, format)| shift_left_wrapping(m, f - format.f()))
            .collect(),
    }
}

/// The bias as stated: mantissas and fractional bits; zeros if there is none.
pub(super) fn stated_bias(
    b: Option<&Wires<'_>>,
    outputs: usize,
) -> Result<Vec<(i64, i32)>, String> {
    let Some(b) = b else {
        return Ok(vec![(0, 0); outputs]);
    };
    let mantissas = b.constant.ok_or("the bias must be a constant")?;
    let formats = b.ty.element_formats();
    Ok(mantissas
        .iter()
        .zip(formats)
        .map(|(&m, format)| (m, format.f()))
        .collect())
}

/// Bits between the first and the last set bit of a weight's magnitude.
pub(super) fn weight_bits(weight: i64) -> u64 {
    match weight.unsigned_abs() {
        0 => 0,
        magnitude => u64::from(64 - magnitude.leading_zeros() - magnitude.trailing_zeros()),
    }
}

/// As `derive_exact`, of a shape `[n, c, ..]` with the range and the fractional
/// bits of each channel.
pub(super) fn derive_channels(
    shape: &[usize],
    channels: &[(i128, i128, i32)],
) -> Result<Derived, String> {
    let mut dims = vec![1; shape.len()];
    dims[1] = channels.len();
    let Derived { ty, range } = super::derive_exact(&dims, channels)?;
    let inner = element_count(&shape[2..]);
    let image = range
        .iter()
        .flat_map(|&range| std::iter::repeat_n(range, inner))
        .collect::<Vec<_>>();
    Ok(Derived {
        ty: TensorType {
            shape: shape.to_vec(),
            formats: ty.formats,
        },
        range: image.repeat(shape[0]),
    })
}

/// The hull of each channel of `[n, c, s..]`, in units of the fractional bits
/// that it is given, and with 0 if `padded`.
pub(super) fn channel_hulls(
    x: &Operand<'_>,
    f: &[i32],
    inner: usize,
    padded: bool,
) -> Vec<(i128, i128)> {
    let formats =
        x.ty.formats
            .uniform_f()
            .is_none()
            .then(|| x.ty.element_formats());
    let start = if padded {
        (0, 0)
    } else {
        (i128::MAX, i128::MIN)
    };
    let mut hulls = vec![start; f.len()];
    for (at, range) in x.range.iter().enumerate() {
        let channel = at / inner % f.len();
        let shift = (formats.as_ref()).map_or(0, |formats| f[channel] - formats[at].f());
        let hull = &mut hulls[channel];
        hull.0 = hull.0.min(shift_left(range.lo.into(), shift));
        hull.1 = hull.1.max(shift_left(range.hi.into(), shift));
    }
    hulls
}
