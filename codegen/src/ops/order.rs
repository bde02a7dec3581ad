//! `min a, b`, `max a, b`, `less a, b`, `less_equal a, b`, `equal a, b`: element
//! by element, by value.
//!
//! Shapes broadcast as NumPy's do. Both elements are first brought to
//! f = max(f(a), f(b)), exactly:
//!
//! | operation | result | format |
//! |---|---|---|
//! | min, max | the smaller, the larger | f, and the range that follows |
//! | less | 1 if a < b, else 0 | fix(0,1,0) |
//! | less_equal | 1 if a <= b, else 0 | fix(0,1,0) |
//! | equal | 1 if a = b, else 0 | fix(0,1,0) |
//!
//! An operand that needs more than 64 bits at f is refused.

use trigforge::Format;

use super::elementwise::lower;
use super::{
    Attribute, Attributes, Derived, Operand, Operation, Values, Wires, derive_exact, expect_args,
    expect_declared,
};
use crate::circuit::{Builder, Wire};
use crate::exact::{shift_left, shift_left_wrapping};
use crate::ir::{Interval, TensorType, broadcast_indices, broadcast_shape, check_size};

/// The smaller of two values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Min;

/// The larger of two values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Max;

/// Whether one value is smaller than another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Less;

/// Whether one value is smaller than another, or equal to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LessEqual;

/// Whether two values are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Equal;

/// The format of a truth value.
const TRUTH: Format = match Format::new(false, 1, 0) {
    Some(format) => format,
    None => Format::ZERO,
};

/// What a pair of aligned elements becomes.
trait Order {
    /// Whether the result is a truth value.
    const COMPARES: bool;
    fn range(a: Interval, b: Interval) -> Interval;
    fn apply(a: i64, b: i64) -> i64;
}

/// A truth value that is certain, possible or neither.
fn truth(certain: bool, possible: bool) -> Interval {
    Interval {
        lo: certain.into(),
        hi: possible.into(),
    }
}

impl Order for Min {
    const COMPARES: bool = false;

    fn range(a: Interval, b: Interval) -> Interval {
        Interval {
            lo: a.lo.min(b.lo),
            hi: a.hi.min(b.hi),
        }
    }

    fn apply(a: i64, b: i64) -> i64 {
        a.min(b)
    }
}

impl Order for Max {
    const COMPARES: bool = false;

    fn range(a: Interval, b: Interval) -> Interval {
        Interval {
            lo: a.lo.max(b.lo),
            hi: a.hi.max(b.hi),
        }
    }

    fn apply(a: i64, b: i64) -> i64 {
        a.max(b)
    }
}

impl Order for Less {
    const COMPARES: bool = true;

    fn range(a: Interval, b: Interval) -> Interval {
        truth(a.hi < b.lo, a.lo < b.hi)
    }

    fn apply(a: i64, b: i64) -> i64 {
        (a < b).into()
    }
}

impl Order for LessEqual {
    const COMPARES: bool = true;

    fn range(a: Interval, b: Interval) -> Interval {
        truth(a.hi <= b.lo, a.lo <= b.hi)
    }

    fn apply(a: i64, b: i64) -> i64 {
        (a <= b).into()
    }
}

impl Order for Equal {
    const COMPARES: bool = true;

    fn range(a: Interval, b: Interval) -> Interval {
        truth(a == b && a.lo == a.hi, a.lo <= b.hi && b.lo <= a.hi)
    }

    fn apply(a: i64, b: i64) -> i64 {
        (a == b).into()
    }
}

/// A range with more fractional bits.
pub(super) fn aligned(range: Interval, shift: i32) -> Result<Interval, String> {
    let end = |m: i64| i64::try_from(shift_left(m.into(), shift));
    match (end(range.lo), end(range.hi)) {
        (Ok(lo), Ok(hi)) => Ok(Interval { lo, hi }),
        _ => Err(format!(
            "{}..={} with {shift} more fractional bits, to be compared or added, needs more than 64 \
             bits; requantize it first",
            range.lo, range.hi
        )),
    }
}

fn derive<O: Order>(
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
    let (a_f, b_f) = (a.ty.fractional_bits(), b.ty.fractional_bits());
    let results = broadcast_indices(&a.ty.shape, &shape)
        .zip(broadcast_indices(&b.ty.shape, &shape))
        .map(|(i, j)| {
            let f = a_f.at(i).max(b_f.at(j));
            let x = aligned(a.range[i], f - a_f.at(i))?;
            let y = aligned(b.range[j], f - b_f.at(j))?;
            Ok((O::range(x, y), f))
        })
        .collect::<Result<Vec<_>, String>>()?;
    let derived = match O::COMPARES {
        true => Derived {
            ty: TensorType::uniform(shape, TRUTH),
            range: results.into_iter().map(|(range, _)| range).collect(),
        },
        false => {
            let exact: Vec<_> = results
                .iter()
                .map(|(range, f)| (range.lo.into(), range.hi.into(), *f))
                .collect();
            derive_exact(&shape, &exact)?
        }
    };
    expect_declared(derived, declared)
}

fn evaluate<O: Order>(args: &[Values<'_>], result: &TensorType) -> Vec<i64> {
    let (a, b) = (args[0], args[1]);
    let (a_f, b_f) = (a.ty.fractional_bits(), b.ty.fractional_bits());
    broadcast_indices(&a.ty.shape, &result.shape)
        .zip(broadcast_indices(&b.ty.shape, &result.shape))
        .map(|(i, j)| {
            let f = a_f.at(i).max(b_f.at(j));
            O::apply(
                shift_left_wrapping(a.mantissas[i], f - a_f.at(i)),
                shift_left_wrapping(b.mantissas[j], f - b_f.at(j)),
            )
        })
        .collect()
}

macro_rules! order {
    ($($op:ident = $name:literal, $gate:ident;)*) => {$(
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
                lower(args, result, |a, b| circuit.$gate(a, b))
            }
        }
    )*};
}

order! {
    Min = "min", min;
    Max = "max", max;
    Less = "less", less;
    LessEqual = "less_equal", less_equal;
    Equal = "equal", equal;
}
