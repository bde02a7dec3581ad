//! `select c, a, b`: element by element, `a` where `c` is not zero, else `b`.
//!
//! The three shapes broadcast as NumPy's do. Both choices are first brought to
//! f = max(f(a), f(b)), exactly. The range is that of both choices, or of the
//! one that is always taken, where the range of `c` decides.

use super::{
    Attribute, Attributes, Derived, Operand, Operation, Values, Wires, derive_exact, expect_args,
    expect_declared,
};
use crate::circuit::{Builder, Wire};
use crate::exact::{shift_left, shift_left_wrapping};
use crate::ir::{Interval, TensorType, broadcast_indices, broadcast_shape, check_size};

/// One of two values, by a third.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Select;

impl Select {
    pub(super) fn from_attributes(_: &mut Attributes) -> Result<Self, String> {
        Ok(Self)
    }
}

/// For each element of the result, the flat index into each operand.
fn triples(shapes: [&[usize]; 3], result: &[usize]) -> impl Iterator<Item = [usize; 3]> {
    let [c, a, b] = shapes.map(|shape| broadcast_indices(shape, result));
    c.zip(a).zip(b).map(|((c, a), b)| [c, a, b])
}

impl Operation for Select {
    fn name(&self) -> &'static str {
        "select"
    }

    fn attributes(&self) -> Vec<Attribute> {
        Vec::new()
    }

    fn derive(
        &self,
        args: &[Operand<'_>],
        declared: Option<&TensorType>,
    ) -> Result<Derived, String> {
        expect_args::<3>(args)?;
        let (c, a, b) = (&args[0], &args[1], &args[2]);
        let shapes = [c, a, b].map(|arg| arg.ty.shape.as_slice());
        let shape = broadcast_shape(shapes[1], shapes[2])
            .and_then(|choices| broadcast_shape(shapes[0], &choices))
            .ok_or_else(|| {
                let [c, a, b] = shapes;
                format!("shapes {c:?}, {a:?} and {b:?} do not broadcast")
            })?;
        check_size(&shape)?;
        let (a_f, b_f) = (a.ty.fractional_bits(), b.ty.fractional_bits());
        let exact: Vec<_> = triples(shapes, &shape)
            .map(|[k, i, j]| {
                let f = a_f.at(i).max(b_f.at(j));
                let ends = |range: Interval, shift| {
                    [range.lo, range.hi].map(|m| shift_left(m.into(), shift))
                };
                let [x, y] = [
                    ends(a.range[i], f - a_f.at(i)),
                    ends(b.range[j], f - b_f.at(j)),
                ];
                let condition = c.range[k];
                let (lo, hi) = if condition == Interval::point(0) {
                    (y[0], y[1])
                } else if condition.lo > 0 || condition.hi < 0 {
                    (x[0], x[1])
                } else {
                    (x[0].min(y[0]), x[1].max(y[1]))
                };
                (lo, hi, f)
            })
            .collect();
        expect_declared(derive_exact(&shape, &exact)?, declared)
    }

    fn evaluate(&self, args: &[Values<'_>], result: &TensorType) -> Vec<i64> {
        let (c, a, b) = (args[0], args[1], args[2]);
        let (a_f, b_f) = (a.ty.fractional_bits(), b.ty.fractional_bits());
        let shapes = [c, a, b].map(|arg| arg.ty.shape.as_slice());
        triples(shapes, &result.shape)
            .map(|[k, i, j]| {
                let f = a_f.at(i).max(b_f.at(j));
                match c.mantissas[k] {
                    0 => shift_left_wrapping(b.mantissas[j], f - b_f.at(j)),
                    _ => shift_left_wrapping(a.mantissas[i], f - a_f.at(i)),
                }
            })
            .collect()
    }

    fn lower(
        &self,
        args: &[Wires<'_>],
        result: &TensorType,
        circuit: &mut Builder,
    ) -> Result<Vec<Wire>, String> {
        let (c, a, b) = (args[0], args[1], args[2]);
        let shapes = [c, a, b].map(|arg| arg.ty.shape.as_slice());
        triples(shapes, &result.shape)
            .map(|[k, i, j]| circuit.select(c.wires[k], a.wires[i], b.wires[j]))
            .collect()
    }
}
