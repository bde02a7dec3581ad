//! `table x, entries {first}`: a function by its values.
//!
//! `entries` is a constant `[n]`; the result for a mantissa m of `x` is
//! `entries[m - first]`, with the format of `entries`. The range of `x` must
//! lie within `first ..= first + n - 1`: requantize it so. The entries are data,
//! the same on every target.

use super::{
    Attribute, Attributes, Derived, Operand, Operation, Values, Wires, expect_args, expect_declared,
};
use crate::circuit::{Builder, Wire};
use crate::ir::{Formats, Interval, TensorType};

/// A function by its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// The mantissa of the first entry.
    pub first: i64,
}

impl Table {
    pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
        Ok(Self {
            first: attributes.take_parsed("first")?,
        })
    }
}

impl Operation for Table {
    fn name(&self) -> &'static str {
        "table"
    }

    fn attributes(&self) -> Vec<Attribute> {
        vec![Attribute::new("first", self.first)]
    }

    fn derive(
        &self,
        args: &[Operand<'_>],
        declared: Option<&TensorType>,
    ) -> Result<Derived, String> {
        expect_args::<2>(args)?;
        let (x, entries) = (&args[0], &args[1]);
        let values = entries.constant.ok_or("the entries must be a constant")?;
        let (Formats::Uniform(format), 1) = (&entries.ty.formats, entries.ty.shape.len()) else {
            return Err(format!(
                "the entries are `{}`, expected [n] of one format",
                entries.ty
            ));
        };
        if x.ty.formats.uniform_f().is_none() {
            return Err("the index must have the same fractional bits everywhere".to_owned());
        }
        let at = |m: i64| {
            m.checked_sub(self.first)
                .and_then(|index| usize::try_from(index).ok())
                .filter(|index| *index < values.len())
        };
        let range = x
            .range
            .iter()
            .map(|range| match (at(range.lo), at(range.hi)) {
                (Some(lo), Some(hi)) => Ok(values[lo..=hi]
                    .iter()
                    .map(|&m| Interval::point(m))
                    .reduce(Interval::hull)
                    .unwrap_or(Interval::point(0))),
                _ => Err(format!(
                    "the index ranges over {}..={}, the table over {}..={}",
                    range.lo,
                    range.hi,
                    self.first,
                    i128::from(self.first) + values.len() as i128 - 1,
                )),
            })
            .collect::<Result<_, _>>()?;
        let ty = TensorType::uniform(x.ty.shape.clone(), *format);
        expect_declared(Derived { ty, range }, declared)
    }

    fn evaluate(&self, args: &[Values<'_>], _result: &TensorType) -> Vec<i64> {
        let (x, entries) = (args[0], args[1]);
        x.mantissas
            .iter()
            .map(|m| entries.mantissas[(m - self.first) as usize])
            .collect()
    }

    fn lower(
        &self,
        args: &[Wires<'_>],
        result: &TensorType,
        circuit: &mut Builder,
    ) -> Result<Vec<Wire>, String> {
        let (x, entries) = (args[0], args[1]);
        let values = entries.constant.ok_or("the entries must be a constant")?;
        let format = result.formats.entries()[0];
        x.wires
            .iter()
            .map(|&wire| circuit.table(wire, self.first, values, format))
            .collect()
    }
}
