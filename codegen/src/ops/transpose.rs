//! `transpose x {permutation}`: the same elements with axes permuted.
//!
//! Axis a of the result is axis `permutation[a]` of the operand.

use super::{
    Attribute, Attributes, Derived, Operand, Operation, Values, Wires, expect_args, expect_declared,
};
use crate::circuit::{Builder, Wire};
use crate::ir::{Formats, TensorType, element_count};

/// The same elements with axes permuted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transpose {
    /// For each axis of the result, the operand's axis.
    pub permutation: Vec<usize>,
}

impl Transpose {
    pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
        Ok(Self {
            permutation: attributes.take_list("permutation")?,
        })
    }

    /// For each element of the result, in C order, the operand's flat index.
    pub fn indices(&self, shape: &[usize]) -> Vec<usize> {
        let strides: Vec<_> = (0..shape.len())
            .map(|axis| element_count(&shape[axis + 1..]))
            .collect();
        let result: Vec<_> = self.permutation.iter().map(|&axis| shape[axis]).collect();
        (0..element_count(&result))
            .map(|flat| {
                let mut rest = flat;
                let mut source = 0;
                for (axis, &from) in self.permutation.iter().enumerate().rev() {
                    source += (rest % result[axis]) * strides[from];
                    rest /= result[axis];
                }
                source
            })
            .collect()
    }
}

impl Operation for Transpose {
    fn name(&self) -> &'static str {
        "transpose"
    }

    fn attributes(&self) -> Vec<Attribute> {
        vec![Attribute::list("permutation", &self.permutation)]
    }

    fn derive(
        &self,
        args: &[Operand<'_>],
        declared: Option<&TensorType>,
    ) -> Result<Derived, String> {
        expect_args::<1>(args)?;
        let x = &args[0];
        let mut sorted = self.permutation.clone();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..x.ty.shape.len()) {
            return Err(format!(
                "{:?} is not a permutation of the axes of shape {:?}",
                self.permutation, x.ty.shape
            ));
        }
        let shape: Vec<_> = self
            .permutation
            .iter()
            .map(|&axis| x.ty.shape[axis])
            .collect();
        let indices = self.indices(&x.ty.shape);
        let formats = match &x.ty.formats {
            Formats::Uniform(format) => Formats::Uniform(*format),
            Formats::Each { .. } => {
                let formats = x.ty.element_formats();
                Formats::each(shape.clone(), indices.iter().map(|&i| formats[i]).collect())
            }
        };
        let range = indices.iter().map(|&i| x.range[i]).collect();
        expect_declared(
            Derived {
                ty: TensorType { shape, formats },
                range,
            },
            declared,
        )
    }

    fn evaluate(&self, args: &[Values<'_>], _result: &TensorType) -> Vec<i64> {
        let x = args[0];
        let indices = self.indices(&x.ty.shape);
        indices.into_iter().map(|i| x.mantissas[i]).collect()
    }

    fn lower(
        &self,
        args: &[Wires<'_>],
        _result: &TensorType,
        _circuit: &mut Builder,
    ) -> Result<Vec<Wire>, String> {
        let x = args[0];
        let indices = self.indices(&x.ty.shape);
        Ok(indices.into_iter().map(|i| x.wires[i]).collect())
    }
}
