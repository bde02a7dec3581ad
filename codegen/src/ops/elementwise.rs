//! `add a, b`, `sub a, b`, `mul a, b`: element by element, exact.
//!
//! Shapes broadcast as NumPy's do. For each element, with f(a) and f(b) the
//! fractional bits of its operands:
//!
//! | operation | f of the result | mantissa |
//! |---|---|---|
//! | add | max(f(a), f(b)) | a 2^(f - f(a)) + b 2^(f - f(b)) |
//! | sub | max(f(a), f(b)) | a 2^(f - f(a)) - b 2^(f - f(b)) |
//! | mul | f(a) + f(b) | a b |
//!
//! A product with a constant whose mantissas are all 1 is a shift of the
//! binary point and costs nothing.

use super::{
    Attribute, Attributes, Cost, Derived, Operand, Operation, Values, Wires, derive_exact,
    expect_args, expect_declared, value_bits,
};
use crate::circuit::{Builder, Wire};
use crate::exact::{shift_left, shift_left_wrapping};
use crate::ir::{TensorType, broadcast_indices, broadcast_shape, check_size};

/// How a pair of elements combines.
trait Combine {
    fn f(a: i32, b: i32) -> i32;
    fn bounds(a: [i128; 2], b: [i128; 2]) -> (i128, i128);
    fn apply(a: i64, b: i64) -> i64;
    /// Whether operands are shifted to the result's fractional bits first.
    const ALIGNS: bool;
}

/// Element-wise sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Add;

/// Element-wise difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sub;

/// Element-wise product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mul;

impl Combine for Add {
    const ALIGNS: bool = true;

    fn f(a: i32, b: i32) -> i32 {
        a.max(b)
    }

    fn bounds(a: [i128; 2], b: [i128; 2]) -> (i128, i128) {
        (a[0].saturating_add(b[0]), a[1].saturating_add(b[1]))
    }

    fn apply(a: i64, b: i64) -> i64 {
        a.wrapping_add(b)
    }
}

impl Combine for Sub {
    const ALIGNS: bool = true;

    fn f(a: i32, b: i32) -> i32 {
        a.max(b)
    }

    fn bounds(a: [i128; 2], b: [i128; 2]) -> (i128, i128) {
        (a[0].saturating_sub(b[1]), a[1].saturating_sub(b[0]))
    }

    fn apply(a: i64, b: i64) -> i64 {
        a.wrapping_sub(b)
    }
}

impl Combine for Mul {
    const ALIGNS: bool = false;

    fn f(a: i32, b: i32) -> i32 {
        a + b
    }

    fn bounds(a: [i128; 2], b: [i128; 2]) -> (i128, i128) {
        let products = a.map(|a| b.map(|b| a.saturating_mul(b)));
        let all = products.as_flattened();
        let lo = all.iter().copied().fold(i128::MAX, i128::min);
        let hi = all.iter().copied().fold(i128::MIN, i128::max);
        (lo, hi)
    }

    fn apply(a: i64, b: i64) -> i64 {
        a.wrapping_mul(b)
    }
}

fn derive<C: Combine>(
    args: &[Operand<'_>],
    declared: Option<&TensorType>,
) -> Result<Derived, String> {
    expect_args::<2>(args)?;
    let (a, b) = (&args[0], &args[1]);
    let shape = broadcast_shape(&a.ty.shape, &b.ty.shape).ok_or_else(|| {
        format!(
            "shapes {:?} and {:?} do not broadcast",
            a.ty.shape, b.ty.shape
        )
    })?;
    check_size(&shape)?;
    let (a_formats, b_formats) = (a.ty.element_formats(), b.ty.element_formats());
    let exact: Vec<_> = broadcast_indices(&a.ty.shape, &shape)
        .zip(broadcast_indices(&b.ty.shape, &shape))
        .map(|(i, j)| {
            let (fa, fb) = (a_formats[i].f(), b_formats[j].f());
            let f = C::f(fa, fb);
            let align = |m: i64, from: i32| match C::ALIGNS {
                true => shift_left(m.into(), f - from),
                false => m.into(),
            };
            let (lo, hi) = C::bounds(
                [align(a.range[i].lo, fa), align(a.range[i].hi, fa)],
                [align(b.range[j].lo, fb), align(b.range[j].hi, fb)],
            );
            (lo, hi, f)
        })
        .collect();
    expect_declared(derive_exact(&shape, &exact)?, declared)
}

fn evaluate<C: Combine>(args: &[Values<'_>], result: &TensorType) -> Vec<i64> {
    let (a, b) = (args[0], args[1]);
    let (a_formats, b_formats) = (a.ty.element_formats(), b.ty.element_formats());
    broadcast_indices(&a.ty.shape, &result.shape)
        .zip(broadcast_indices(&b.ty.shape, &result.shape))
        .map(|(i, j)| {
            let (fa, fb) = (a_formats[i].f(), b_formats[j].f());
            let f = C::f(fa, fb);
            let align = |m: i64, from: i32| match C::ALIGNS {
                true => shift_left_wrapping(m, f - from),
                false => m,
            };
            C::apply(align(a.mantissas[i], fa), align(b.mantissas[j], fb))
        })
        .collect()
}

/// One gate for each pair of elements that broadcasting brings together.
pub(super) fn lower(
    args: &[Wires<'_>],
    result: &TensorType,
    mut combine: impl FnMut(Wire, Wire) -> Result<Wire, String>,
) -> Result<Vec<Wire>, String> {
    let (a, b) = (args[0], args[1]);
    broadcast_indices(&a.ty.shape, &result.shape)
        .zip(broadcast_indices(&b.ty.shape, &result.shape))
        .map(|(i, j)| combine(a.wires[i], b.wires[j]))
        .collect()
}

macro_rules! elementwise {
    ($($op:ident = $name:literal, $gate:expr, $cost:expr;)*) => {$(
        impl $op {
            pub(super) fn from_attributes(_: &mut Attributes) -> Result<Self, String> {
                Ok(Self)
            }
        }

        impl Operation for $op {
            fn name(&self) -> &'static str {
                $name
            }

            fn attributes(&self) -> Vec<Attribute> {
                Vec::new()
            }

            fn derive(
                &self,
                args: &[Operand<'_>],
                declared: Option<&TensorType>,
            ) -> Result<Derived, String> {
                derive::<Self>(args, declared)
            }

            fn evaluate(&self, args: &[Values<'_>], result: &TensorType) -> Vec<i64> {
                evaluate::<Self>(args, result)
            }

            fn lower(
                &self,
                args: &[Wires<'_>],
                result: &TensorType,
                circuit: &mut Builder,
            ) -> Result<Vec<Wire>, String> {
                lower(args, result, |a, b| $gate(circuit, a, b))
            }

            fn cost(&self, args: &[Operand<'_>]) -> Cost {
                $cost(args)
            }
        }
    )*};
}

elementwise! {
    Add = "add", Builder::add, |_: &[Operand<'_>]| Cost::default();
    Sub = "sub", Builder::sub, |_: &[Operand<'_>]| Cost::default();
    Mul = "mul", Builder::mul, product_cost;
}

/// Counts products that need a multiplier: not those with a power of two.
fn product_cost(args: &[Operand<'_>]) -> Cost {
    let (a, b) = (&args[0], &args[1]);
    let Some(shape) = broadcast_shape(&a.ty.shape, &b.ty.shape) else {
        return Cost::default();
    };
    let (a_formats, b_formats) = (a.ty.element_formats(), b.ty.element_formats());
    let bits = |operand: &Operand<'_>, width: u32, at: usize| match operand.constant {
        None => u64::from(width),
        Some(mantissas) => {
            let magnitude = mantissas[at].unsigned_abs();
            match magnitude {
                0 => 0,
                _ => u64::from(64 - magnitude.leading_zeros() - magnitude.trailing_zeros()),
            }
        }
    };
    let mut cost = Cost::default();
    for (i, j) in broadcast_indices(&a.ty.shape, &shape).zip(broadcast_indices(&b.ty.shape, &shape))
    {
        let a_bits = bits(a, a_formats[i].width(), i);
        let b_bits = bits(b, b_formats[j].width(), j);
        let free = |operand: &Operand<'_>, bits| operand.constant.is_some() && bits <= 1;
        if !free(a, a_bits) && !free(b, b_bits) {
            cost.macs += 1;
            cost.ebops += a_bits * b_bits;
            cost.format_ebops += value_bits(a_formats[i]) * value_bits(b_formats[j]);
        }
    }
    cost
}
