//! `const`: a constant tensor.
//!
//! The result is the stated mantissas, each of which lies in its format.

use super::{Attribute, Attributes, Derived, Operand, Operation, Values, Wires, expect_args};
use crate::circuit::{Builder, Wire};
use crate::ir::{Interval, TensorType};

/// A constant tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constant {
    /// Mantissas in C order.
    pub mantissas: Vec<i64>,
}

impl Constant {
    pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
        let mantissas = attributes.take_list("mantissas")?;
        Ok(Self { mantissas })
    }
}

impl Operation for Constant {
    fn name(&self) -> &'static str {
        "const"
    }

    fn attributes(&self) -> Vec<Attribute> {
        vec![Attribute::list("mantissas", &self.mantissas)]
    }

    fn derive(
        &self,
        args: &[Operand<'_>],
        declared: Option<&TensorType>,
    ) -> Result<Derived, String> {
        expect_args::<0>(args)?;
        let ty = declared.ok_or("a constant must state its type")?.clone();
        if ty.len() != self.mantissas.len() {
            return Err(format!(
                "{} mantissas for {} elements",
                self.mantissas.len(),
                ty.len()
            ));
        }
        let formats = ty.element_formats();
        let outside = (0..formats.len()).find(|&i| !formats[i].contains(self.mantissas[i]));
        if let Some(index) = outside {
            return Err(format!(
                "element {index} is {}, outside of {}",
                self.mantissas[index], formats[index]
            ));
        }
        let range = self.mantissas.iter().map(|&m| Interval::point(m)).collect();
        Ok(Derived { ty, range })
    }

    fn evaluate(&self, _args: &[Values<'_>], _result: &TensorType) -> Vec<i64> {
        self.mantissas.clone()
    }

    fn lower(
        &self,
        _args: &[Wires<'_>],
        result: &TensorType,
        circuit: &mut Builder,
    ) -> Result<Vec<Wire>, String> {
        let formats = result.element_formats();
        let constants = self.mantissas.iter().zip(formats);
        Ok(constants
            .map(|(&m, format)| circuit.constant(m, format.f()))
            .collect())
    }
}
