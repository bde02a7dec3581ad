//! `arg_max x {axis, last}` and `arg_min x {axis, last}`: the position of the
//! largest or smallest element along one axis, which is kept as 1.
//!
//! Elements are compared by value, with f = the largest of their fractional
//! bits; an element that needs more than 64 bits at f is refused. Among equals
//! the first position counts, or the last if `last`. The result is an integer
//! from 0, f = 0, of the format that holds the largest position.

use super::order::aligned;
use super::reduce::{groups, reduced_shape, tree};
use super::{
    Attribute, Attributes, Derived, Operand, Operation, Values, Wires, derive_exact, expect_args,
    expect_declared,
};
use crate::circuit::{Builder, Wire};
use crate::exact::shift_left_wrapping;
use crate::ir::TensorType;

/// Position of the largest element along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgMax {
    /// The axis, from 0.
    pub axis: usize,
    /// Whether the last of equal elements counts, not the first.
    pub last: bool,
}

/// Position of the smallest element along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgMin {
    /// The axis, from 0.
    pub axis: usize,
    /// Whether the last of equal elements counts, not the first.
    pub last: bool,
}

fn derive(
    axis: usize,
    args: &[Operand<'_>],
    declared: Option<&TensorType>,
) -> Result<Derived, String> {
    expect_args::<1>(args)?;
    let x = &args[0];
    let shape = reduced_shape(&x.ty.shape, axis)?;
    let f = x.ty.fractional_bits();
    for group in groups(&x.ty.shape, axis) {
        let to = group.largest_f(&f);
        for i in group.indices() {
            aligned(x.range[i], to - f.at(i))?;
        }
    }
    let last = x.ty.shape[axis] as i128 - 1;
    let exact = vec![(0, last, 0); crate::ir::element_count(&shape)];
    expect_declared(derive_exact(&shape, &exact)?, declared)
}

/// Positions of the elements that no other is `better` than.
fn evaluate(axis: usize, last: bool, x: Values<'_>, better: impl Fn(i64, i64) -> bool) -> Vec<i64> {
    let f = x.ty.fractional_bits();
    groups(&x.ty.shape, axis)
        .map(|group| {
            let to = group.largest_f(&f);
            let mut best: Option<(i64, i64)> = None;
            for (position, i) in group.indices().enumerate() {
                let m = shift_left_wrapping(x.mantissas[i], to - f.at(i));
                let taken = best.is_none_or(|(_, than)| better(m, than) || last && m == than);
                if taken {
                    best = Some((position as i64, m));
                }
            }
            best.map_or(0, |(position, _)| position)
        })
        .collect()
}

/// Positions that win against all before them by `later(circuit, before, after)`.
fn lower(
    axis: usize,
    x: Wires<'_>,
    circuit: &mut Builder,
    later: impl Fn(&mut Builder, Wire, Wire) -> Result<Wire, String>,
) -> Result<Vec<Wire>, String> {
    groups(&x.ty.shape, axis)
        .map(|group| {
            let entries: Vec<_> = group
                .indices()
                .enumerate()
                .map(|(position, i)| (x.wires[i], circuit.constant(position as i64, 0)))
                .collect();
            let best = tree(entries, |before, after| {
                let wins = later(circuit, before.0, after.0)?;
                Ok((
                    circuit.select(wins, after.0, before.0)?,
                    circuit.select(wins, after.1, before.1)?,
                ))
            });
            best.map(|(_, position)| position)
        })
        .collect()
}

macro_rules! positions {
    ($($op:ident = $name:literal, $better:expr, $order:expr;)*) => {$(
        impl $op {
            pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
                Ok(Self {
                    axis: attributes.take_parsed("axis")?,
                    last: attributes.take_parsed("last")?,
                })
            }
        }

        impl Operation for $op {
            fn name(&self) -> &'static str {
                $name
            }

            fn attributes(&self) -> Vec<Attribute> {
                vec![
                    Attribute::new("axis", self.axis),
                    Attribute::new("last", self.last),
                ]
            }

            fn derive(
                &self,
                args: &[Operand<'_>],
                declared: Option<&TensorType>,
            ) -> Result<Derived, String> {
                derive(self.axis, args, declared)
            }

            fn evaluate(&self, args: &[Values<'_>], _result: &TensorType) -> Vec<i64> {
                evaluate(self.axis, self.last, args[0], $better)
            }

            fn lower(
                &self,
                args: &[Wires<'_>],
                _result: &TensorType,
                circuit: &mut Builder,
            ) -> Result<Vec<Wire>, String> {
                lower(self.axis, args[0], circuit, |circuit, before, after| {
                    let (small, large) = $order(before, after);
                    match self.last {
                        true => circuit.less_equal(small, large),
                        false => circuit.less(small, large),
                    }
                })
            }
        }
    )*};
}

positions! {
    ArgMax = "arg_max", |m, than| m > than, |before, after| (before, after);
    ArgMin = "arg_min", |m, than| m < than, |before, after| (after, before);
}
