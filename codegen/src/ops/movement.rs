//! What `transpose`, `slice`, `gather` and `expand` have in common: each
//! element of the result is one element of the operand, with its format.

use super::{Attribute, Derived, Operand, Operation, Values, Wires, expect_args, expect_declared};
use crate::circuit::{Builder, Wire};
use crate::ir::{Formats, TensorType, check_size};

/// An operation that moves the elements of one operand and computes nothing.
pub trait Movement {
    /// Name in the textual form.
    fn name(&self) -> &'static str;

    /// Attributes in the textual form.
    fn attributes(&self) -> Vec<Attribute>;

    /// The shape of the result for an operand of this shape.
    ///
    /// # Errors
    ///
    /// Says why the attributes do not go with the shape.
    fn result_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String>;

    /// For each element of the result, in C order, the operand's flat index.
    ///
    /// The shape is one that [`result_shape`](Self::result_shape) takes.
    fn indices(&self, shape: &[usize]) -> Vec<usize>;
}

impl<M: Movement> Operation for M {
    fn name(&self) -> &'static str {
        Movement::name(self)
    }

    fn attributes(&self) -> Vec<Attribute> {
        Movement::attributes(self)
    }

    fn derive(
        &self,
        args: &[Operand<'_>],
        declared: Option<&TensorType>,
    ) -> Result<Derived, String> {
        expect_args::<1>(args)?;
        let x = &args[0];
        let shape = self.result_shape(&x.ty.shape)?;
        check_size(&shape)?;
        let indices = self.indices(&x.ty.shape);
        let derived = Derived {
            ty: TensorType {
                formats: moved_formats(x.ty, &shape, &indices),
                shape,
            },
            range: indices.iter().map(|&i| x.range[i]).collect(),
        };
        expect_declared(derived, declared)
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

/// The formats of a result whose elements are those of `x` at these indices.
pub(super) fn moved_formats(x: &TensorType, shape: &[usize], indices: &[usize]) -> Formats {
    match &x.formats {
        Formats::Uniform(format) => Formats::Uniform(*format),
        Formats::Each { .. } => {
            let formats = x.element_formats();
            Formats::each(
                shape.to_vec(),
                indices.iter().map(|&i| formats[i]).collect(),
            )
        }
    }
}

/// Flat indices of the elements that stand at these positions of each axis.
///
/// The result has one axis for each list, as long as the list.
pub(super) fn indices_of(shape: &[usize], positions: &[Vec<usize>]) -> Vec<usize> {
    let mut indices = vec![0];
    for (&size, positions) in shape.iter().zip(positions) {
        indices = indices
            .iter()
            .flat_map(|outer| {
                positions
                    .iter()
                    .map(move |position| outer * size + position)
            })
            .collect();
    }
    indices
}
