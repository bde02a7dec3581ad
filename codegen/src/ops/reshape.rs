//! `reshape x {shape}`: the same elements in C order, in another shape.

use super::{
    Attribute, Attributes, Derived, Operand, Operation, Values, Wires, expect_args, expect_declared,
};
use crate::circuit::{Builder, Wire};
use crate::ir::{Formats, TensorType, element_count};

/// The same elements in another shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reshape {
    /// The new shape.
    pub shape: Vec<usize>,
}

impl Reshape {
    pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
        Ok(Self {
            shape: attributes.take_list("shape")?,
        })
    }
}

impl Operation for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn attributes(&self) -> Vec<Attribute> {
        vec![Attribute::list("shape", &self.shape)]
    }

    fn derive(
        &self,
        args: &[Operand<'_>],
        declared: Option<&TensorType>,
    ) -> Result<Derived, String> {
        expect_args::<1>(args)?;
        let x = &args[0];
        if element_count(&self.shape) != x.ty.len() {
            return Err(format!(
                "shape {:?} has {} elements, the operand {}",
                self.shape,
                element_count(&self.shape),
                x.ty.len()
            ));
        }
        let formats = match &x.ty.formats {
            Formats::Uniform(format) => Formats::Uniform(*format),
            Formats::Each { .. } => Formats::each(self.shape.clone(), x.ty.element_formats()),
        };
        let ty = TensorType {
            shape: self.shape.clone(),
            formats,
        };
        let range = x.range.to_vec();
        expect_declared(Derived { ty, range }, declared)
    }

    fn evaluate(&self, args: &[Values<'_>], _result: &TensorType) -> Vec<i64> {
        args[0].mantissas.to_vec()
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
