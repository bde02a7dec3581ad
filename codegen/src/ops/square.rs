//! `square x`: each element times itself, exact.
//!
//! An element with f fractional bits gives one with 2 f; the range is not
//! negative, which `mul x, x` cannot know.

use trigforge::Format;

use super::{
    Attribute, Attributes, Cost, Derived, Operand, Operation, Values, Wires, derive_exact,
    expect_args, expect_declared, value_bits,
};
use crate::circuit::{Builder, Wire};
use crate::ir::TensorType;

/// Each element times itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Square;

impl Square {
    pub(super) fn from_attributes(_: &mut Attributes) -> Result<Self, String> {
        Ok(Self)
    }
}

impl Operation for Square {
    fn name(&self) -> &'static str {
        "square"
    }

    fn attributes(&self) -> Vec<Attribute> {
        Vec::new()
    }

    fn derive(
        &self,
        args: &[Operand<'_>],
        declared: Option<&TensorType>,
    ) -> Result<Derived, String> {
        expect_args::<1>(args)?;
        let x = &args[0];
        let exact: Vec<_> = x
            .range
            .iter()
            .zip(x.ty.element_formats())
            .map(|(range, format)| {
                let [lo, hi] = [range.lo, range.hi].map(|m| i128::from(m) * i128::from(m));
                let least = match range.lo <= 0 && range.hi >= 0 {
                    true => 0,
                    false => lo.min(hi),
                };
                (least, lo.max(hi), 2 * format.f())
            })
            .collect();
        expect_declared(derive_exact(&x.ty.shape, &exact)?, declared)
    }

    fn evaluate(&self, args: &[Values<'_>], _result: &TensorType) -> Vec<i64> {
        args[0]
            .mantissas
            .iter()
            .map(|m| m.wrapping_mul(*m))
            .collect()
    }

    fn lower(
        &self,
        args: &[Wires<'_>],
        _result: &TensorType,
        circuit: &mut Builder,
    ) -> Result<Vec<Wire>, String> {
        args[0].wires.iter().map(|&x| circuit.mul(x, x)).collect()
    }

    fn cost(&self, args: &[Operand<'_>]) -> Cost {
        let formats = args[0].ty.element_formats();
        let squares = |bits: fn(Format) -> u64| formats.iter().map(|&f| bits(f).pow(2)).sum();
        Cost {
            macs: formats.len() as u64,
            ebops: squares(|format| u64::from(format.width())),
            format_ebops: squares(value_bits),
            parameters: 0,
        }
    }
}
