//! `abs x` and `sign x`: element by element.
//!
//! The magnitude keeps the fractional bits; the derived format is unsigned. The
//! sign is -1, 0 or 1, without fractional bits.

use super::{
    Attribute, Attributes, Derived, Operand, Operation, Values, Wires, derive_exact, expect_args,
    expect_declared,
};
use crate::circuit::{Builder, Wire};
use crate::ir::{Interval, TensorType};

/// The value without its sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abs;

/// -1, 0 or 1, as the value is negative, zero or positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sign;

impl Abs {
    pub(super) fn from_attributes(_: &mut Attributes) -> Result<Self, String> {
        Ok(Self)
    }
}

impl Sign {
    pub(super) fn from_attributes(_: &mut Attributes) -> Result<Self, String> {
        Ok(Self)
    }
}

impl Operation for Abs {
    fn name(&self) -> &'static str {
        "abs"
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
        let f = x.ty.fractional_bits();
        let magnitudes = |(index, range): (usize, &Interval)| {
            let ends = [range.lo, range.hi].map(|m| i128::from(m).abs());
            let crosses = range.lo < 0 && range.hi > 0;
            let lo = if crosses { 0 } else { ends[0].min(ends[1]) };
            (lo, ends[0].max(ends[1]), f.at(index))
        };
        let exact: Vec<_> = x.range.iter().enumerate().map(magnitudes).collect();
        expect_declared(derive_exact(&x.ty.shape, &exact)?, declared)
    }

    fn evaluate(&self, args: &[Values<'_>], _result: &TensorType) -> Vec<i64> {
        args[0].mantissas.iter().map(|m| m.wrapping_abs()).collect()
    }

    fn lower(
        &self,
        args: &[Wires<'_>],
        _result: &TensorType,
        circuit: &mut Builder,
    ) -> Result<Vec<Wire>, String> {
        let f = args[0].ty.fractional_bits();
        let magnitude = |(index, &x): (usize, &Wire)| {
            let zero = circuit.constant(0, f.at(index));
            let negative = circuit.less(x, zero)?;
            let negated = circuit.sub(zero, x)?;
            circuit.select(negative, negated, x)
        };
        args[0].wires.iter().enumerate().map(magnitude).collect()
    }
}

impl Operation for Sign {
    fn name(&self) -> &'static str {
        "sign"
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
        let signs = x.range.iter();
        let exact: Vec<_> = signs
            .map(|range| (range.lo.signum().into(), range.hi.signum().into(), 0))
            .collect();
        expect_declared(derive_exact(&x.ty.shape, &exact)?, declared)
    }

    fn evaluate(&self, args: &[Values<'_>], _result: &TensorType) -> Vec<i64> {
        args[0].mantissas.iter().map(|m| m.signum()).collect()
    }

    fn lower(
        &self,
        args: &[Wires<'_>],
        _result: &TensorType,
        circuit: &mut Builder,
    ) -> Result<Vec<Wire>, String> {
        let zero = circuit.constant(0, 0);
        let sign = |&x: &Wire| {
            let positive = circuit.less(zero, x)?;
            let negative = circuit.less(x, zero)?;
            circuit.sub(positive, negative)
        };
        args[0].wires.iter().map(sign).collect()
    }
}
