//! `input`: a tensor from outside.
//!
//! The result is the tensor given for the event. A mantissa that lies outside
//! its format is taken modulo 2^width, as a port of that width would take it.
//! Real values enter by `requantize` to the declared formats with the rounding
//! and overflow stated here; that conversion is the caller's, never a
//! kernel's.

use trigforge::{Format, Overflow, Rounding, requantize};

use super::requantize::{mode_attributes, take_modes};
use super::{Attribute, Attributes, Derived, Operand, Operation, Values, Wires, expect_args};
use crate::circuit::{Builder, Wire};
use crate::ir::{Interval, TensorType};

/// A tensor from outside, and how real values become its mantissas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// Rounding of real values.
    pub rounding: Rounding,
    /// Overflow of real values.
    pub overflow: Overflow,
}

impl Input {
    pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
        let (rounding, overflow) = take_modes(attributes)?;
        Ok(Self { rounding, overflow })
    }

    /// The mantissa that a port of this format takes from a wider word.
    pub fn port(m: i64, format: Format) -> i64 {
        requantize(m, format.f(), format, Rounding::Trn, Overflow::Wrap)
    }
}

impl Operation for Input {
    fn name(&self) -> &'static str {
        "input"
    }

    fn attributes(&self) -> Vec<Attribute> {
        mode_attributes(self.rounding, self.overflow)
    }

    fn derive(
        &self,
        args: &[Operand<'_>],
        declared: Option<&TensorType>,
    ) -> Result<Derived, String> {
        expect_args::<0>(args)?;
        let ty = declared.ok_or("an input must state its type")?.clone();
        let range = ty.element_formats().into_iter().map(Interval::of).collect();
        Ok(Derived { ty, range })
    }

    fn evaluate(&self, args: &[Values<'_>], result: &TensorType) -> Vec<i64> {
        args[0]
            .mantissas
            .iter()
            .zip(result.element_formats())
            .map(|(&m, format)| Self::port(m, format))
            .collect()
    }

    fn lower(
        &self,
        args: &[Wires<'_>],
        _result: &TensorType,
        _circuit: &mut Builder,
    ) -> Result<Vec<Wire>, String> {
        Ok(args[0].wires.to_vec())
    }
}
