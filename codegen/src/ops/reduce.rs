//! `reduce_max x {axis}` and `reduce_sum x {axis}`: along one axis, kept as 1.
//!
//! All elements of `x` have the same fractional bits, which are the result's.
//! The sum is exact.

use super::{
    Attribute, Attributes, Derived, Operand, Operation, Values, Wires, derive_exact, expect_args,
    expect_declared,
};
use crate::circuit::{Builder, Wire};
use crate::ir::{TensorType, element_count};

/// Largest element along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReduceMax {
    /// The axis, from 0.
    pub axis: usize,
}

/// Sum along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReduceSum {
    /// The axis, from 0.
    pub axis: usize,
}

/// The flat indices of each group of elements that reduce to one.
fn groups(shape: &[usize], axis: usize) -> impl Iterator<Item = impl Iterator<Item = usize>> {
    let inner = element_count(&shape[axis + 1..]);
    let length = shape[axis];
    (0..element_count(&shape[..axis])).flat_map(move |outer| {
        (0..inner).map(move |i| (0..length).map(move |k| (outer * length + k) * inner + i))
    })
}

fn derive(
    axis: usize,
    args: &[Operand<'_>],
    declared: Option<&TensorType>,
    combine: impl Fn(i128, i128) -> i128,
) -> Result<Derived, String> {
    expect_args::<1>(args)?;
    let x = &args[0];
    if axis >= x.ty.shape.len() || x.ty.shape[axis] == 0 {
        return Err(format!(
            "no axis {axis} with elements in shape {:?}",
            x.ty.shape
        ));
    }
    let f =
        x.ty.formats
            .uniform_f()
            .ok_or("the elements differ in their fractional bits; requantize them first")?;
    let exact: Vec<_> = groups(&x.ty.shape, axis)
        .map(|group| {
            let ends = group.map(|i| [x.range[i].lo, x.range[i].hi].map(i128::from));
            let [lo, hi] = ends
                .reduce(|a, b| [combine(a[0], b[0]), combine(a[1], b[1])])
                .unwrap_or_default();
            (lo, hi, f)
        })
        .collect();
    let mut shape = x.ty.shape.clone();
    shape[axis] = 1;
    expect_declared(derive_exact(&shape, &exact)?, declared)
}

fn evaluate(axis: usize, x: Values<'_>, combine: impl Fn(i64, i64) -> i64) -> Vec<i64> {
    groups(&x.ty.shape, axis)
        .map(|group| group.map(|i| x.mantissas[i]).reduce(&combine).unwrap_or(0))
        .collect()
}

fn lower(
    axis: usize,
    x: Wires<'_>,
    mut reduce: impl FnMut(Vec<Wire>) -> Result<Wire, String>,
) -> Result<Vec<Wire>, String> {
    groups(&x.ty.shape, axis)
        .map(|group| reduce(group.map(|i| x.wires[i]).collect()))
        .collect()
}

/// The largest of some wires, by a tree of least depth.
fn largest(circuit: &mut Builder, mut wires: Vec<Wire>) -> Result<Wire, String> {
    while wires.len() > 1 {
        wires = wires
            .chunks(2)
            .map(|pair| match *pair {
                [a, b] => circuit.max(a, b),
                _ => Ok(pair[0]),
            })
            .collect::<Result<_, _>>()?;
    }
    Ok(wires[0])
}

/// The sum of some wires.
fn total(circuit: &mut Builder, wires: Vec<Wire>) -> Result<Wire, String> {
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
    ReduceMax = "reduce_max", i128::max, i64::max, largest;
    ReduceSum = "reduce_sum", i128::saturating_add, i64::wrapping_add, total;
}
