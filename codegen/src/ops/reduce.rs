//! `reduce_max x {axis}`, `reduce_min x {axis}` and `reduce_sum x {axis}`: along
//! one axis, kept as 1.
//!
//! The elements that reduce to one are first brought to f = the largest of their
//! fractional bits, exactly; that is the f of the result. The sum is exact. An
//! element that needs more than 64 bits at f is refused.

use super::order::aligned;
use super::{
    Attribute, Attributes, Derived, Operand, Operation, Values, Wires, derive_exact, expect_args,
    expect_declared,
};
use crate::circuit::{Builder, Wire};
use crate::exact::shift_left_wrapping;
use crate::ir::{FractionalBits, TensorType, element_count};

/// Largest element along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReduceMax {
    /// The axis, from 0.
    pub axis: usize,
}

/// Smallest element along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReduceMin {
    /// The axis, from 0.
    pub axis: usize,
}

/// Sum along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReduceSum {
    /// The axis, from 0.
    pub axis: usize,
}

/// Elements that reduce to one: flat indices at equal distances.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    first: usize,
    stride: usize,
    length: usize,
}

impl Group {
    /// The flat indices.
    pub(crate) fn indices(self) -> impl Iterator<Item = usize> {
        (0..self.length).map(move |k| self.first + k * self.stride)
    }

    /// The largest of their fractional bits.
    pub(crate) fn largest_f(self, f: &FractionalBits) -> i32 {
        self.indices().map(|i| f.at(i)).max().unwrap_or(0)
    }
}

/// The elements that each element of the result is made of.
pub(crate) fn groups(shape: &[usize], axis: usize) -> impl Iterator<Item = Group> {
    let stride = element_count(&shape[axis + 1..]);
    let length = shape[axis];
    (0..element_count(&shape[..axis])).flat_map(move |outer| {
        (0..stride).map(move |inner| Group {
            first: outer * length * stride + inner,
            stride,
            length,
        })
    })
}

/// The shape with one axis reduced to 1.
pub(super) fn reduced_shape(shape: &[usize], axis: usize) -> Result<Vec<usize>, String> {
    let mut reduced = shape.to_vec();
    match reduced.get_mut(axis) {
        Some(size) if *size > 0 => *size = 1,
        _ => return Err(format!("no axis {axis} with elements in shape {shape:?}")),
    }
    Ok(reduced)
}

fn derive(
    axis: usize,
    args: &[Operand<'_>],
    declared: Option<&TensorType>,
    combine: impl Fn(i128, i128) -> i128,
) -> Result<Derived, String> {
    expect_args::<1>(args)?;
    let x = &args[0];
    let shape = reduced_shape(&x.ty.shape, axis)?;
    let x_f = x.ty.fractional_bits();
    let exact: Vec<_> = groups(&x.ty.shape, axis)
        .map(|group| {
            let f = group.largest_f(&x_f);
            let mut bounds: Option<(i128, i128)> = None;
            for i in group.indices() {
                let range = aligned(x.range[i], f - x_f.at(i))?;
                let (lo, hi) = (range.lo.into(), range.hi.into());
                bounds = Some(bounds.map_or((lo, hi), |b| (combine(b.0, lo), combine(b.1, hi))));
            }
            let (lo, hi) = bounds.unwrap_or_default();
            Ok((lo, hi, f))
        })
        .collect::<Result<_, String>>()?;
    expect_declared(derive_exact(&shape, &exact)?, declared)
}

fn evaluate(axis: usize, x: Values<'_>, combine: impl Fn(i64, i64) -> i64) -> Vec<i64> {
    let f = x.ty.fractional_bits();
    groups(&x.ty.shape, axis)
        .map(|group| {
            let to = group.largest_f(&f);
            let values = group
                .indices()
                .map(|i| shift_left_wrapping(x.mantissas[i], to - f.at(i)));
            values.reduce(&combine).unwrap_or(0)
        })
        .collect()
}

fn lower(
    axis: usize,
    x: Wires<'_>,
    mut reduce: impl FnMut(Vec<Wire>) -> Result<Wire, String>,
) -> Result<Vec<Wire>, String> {
    groups(&x.ty.shape, axis)
        .map(|group| reduce(group.indices().map(|i| x.wires[i]).collect()))
        .collect()
}

/// Combines values in pairs until one is left: a tree of least depth.
///
/// The first of a pair stood in front of the second.
pub(super) fn tree<T: Copy>(
    mut values: Vec<T>,
    mut combine: impl FnMut(T, T) -> Result<T, String>,
) -> Result<T, String> {
    while values.len() > 1 {
        values = values
            .chunks(2)
            .map(|pair| match *pair {
                [a, b] => combine(a, b),
                _ => Ok(pair[0]),
            })
            .collect::<Result<_, _>>()?;
    }
    Ok(values[0])
}

/// The sum of some wires.
pub(super) fn total(circuit: &mut Builder, wires: Vec<Wire>) -> Result<Wire, String> {
    let terms: Vec<_> = wires.into_iter().map(|wire| (wire, 1, 0)).collect();
    circuit.linear(&terms, (0, 0))
}

macro_rules! reductions {
    ($($op:ident = $name:literal, $bound:expr, $combine:expr, $reduce:expr;)*) => {$(
        impl $op {
            pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
                Ok(Self { axis: attributes.take_parsed("axis")? })
            }
        }

        impl Operation for $op {
            fn name(&self) -> &'static str {
                $name
            }

            fn attributes(&self) -> Vec<Attribute> {
                vec![Attribute::new("axis", self.axis)]
            }

            fn derive(
                &self,
                args: &[Operand<'_>],
                declared: Option<&TensorType>,
            ) -> Result<Derived, String> {
                derive(self.axis, args, declared, $bound)
            }

            fn evaluate(&self, args: &[Values<'_>], _result: &TensorType) -> Vec<i64> {
                evaluate(self.axis, args[0], $combine)
            }

            fn lower(
                &self,
                args: &[Wires<'_>],
                _result: &TensorType,
                circuit: &mut Builder,
            ) -> Result<Vec<Wire>, String> {
                lower(self.axis, args[0], |wires| $reduce(circuit, wires))
            }
        }
    )*};
}

reductions! {
    ReduceMax = "reduce_max", i128::max, i64::max, |c: &mut Builder, w| tree(w, |a, b| c.max(a, b));
    ReduceMin = "reduce_min", i128::min, i64::min, |c: &mut Builder, w| tree(w, |a, b| c.min(a, b));
    ReduceSum = "reduce_sum", i128::saturating_add, i64::wrapping_add, total;
}
