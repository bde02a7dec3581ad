//! `relu x`: the larger of the value and zero, element by element.
//!
//! Fractional bits stay; the derived format is unsigned.

use super::{
    Attribute, Attributes, Derived, Operand, Operation, Values, Wires, derive_exact, expect_args,
    expect_declared,
};
use crate::circuit::{Builder, Wire};
use crate::ir::TensorType;

/// Larger of the value and zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relu;

impl Relu {
    pub(super) fn from_attributes(_: &mut Attributes) -> Result<Self, String> {
        Ok(Self)
    }
}

impl Operation for Relu {
    fn name(&self) -> &'static str {
        "relu"
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
            .map(|(r, format)| (r.lo.max(0).into(), r.hi.max(0).into(), format.f()))
            .collect();
        expect_declared(derive_exact(&x.ty.shape, &exact)?, declared)
    }

    fn evaluate(&self, args: &[Values<'_>], _result: &TensorType) -> Vec<i64> {
        args[0].mantissas.iter().map(|&m| m.max(0)).collect()
    }

    fn lower(
        &self,
        args: &[Wires<'_>],
        _result: &TensorType,
        circuit: &mut Builder,
    ) -> Result<Vec<Wire>, String> {
        let f = args[0].ty.fractional_bits();
        let relu = |(index, &x): (usize, &Wire)| {
            let zero = circuit.constant(0, f.at(index));
            circuit.max(x, zero)
        };
        args[0].wires.iter().enumerate().map(relu).collect()
    }
}
