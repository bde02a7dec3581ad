//! `concat a, b, .. {axis}`: operands one after the other along an axis.
//!
//! The shapes are equal but for that axis. Each element keeps its format, so
//! operands of different formats give a result with more than one.

use super::{Attribute, Attributes, Derived, Operand, Operation, Values, Wires, expect_declared};
use crate::circuit::{Builder, Wire};
use crate::ir::{Formats, TensorType, check_size, element_count};

/// Operands one after the other along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concat {
    /// The axis, from 0.
    pub axis: usize,
}

impl Concat {
    pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
        Ok(Self {
            axis: attributes.take_parsed("axis")?,
        })
    }

    /// The elements of an operand that stand in a row in the result.
    pub fn row(&self, shape: &[usize]) -> usize {
        element_count(&shape[self.axis..])
    }

    /// Values of the result from those of each operand, all in C order.
    fn join<T: Copy>(&self, parts: &[(&TensorType, &[T])]) -> Vec<T> {
        let outer = parts
            .first()
            .map_or(0, |(ty, _)| element_count(&ty.shape[..self.axis]));
        let mut all = Vec::with_capacity(parts.iter().map(|(_, values)| values.len()).sum());
        for at in 0..outer {
            for (ty, values) in parts {
                let row = self.row(&ty.shape);
                all.extend_from_slice(&values[at * row..][..row]);
            }
        }
        all
    }

    fn shape(&self, args: &[Operand<'_>]) -> Result<Vec<usize>, String> {
        let first = args
            .first()
            .ok_or("expected one operand or more, found 0")?;
        let mut result = first.ty.shape.clone();
        if self.axis >= result.len() {
            return Err(format!("no axis {} in shape {result:?}", self.axis));
        }
        result[self.axis] = 0;
        for arg in args {
            let mut shape = arg.ty.shape.clone();
            let size = shape.get_mut(self.axis).map(std::mem::take);
            let grown = size.and_then(|size| result[self.axis].checked_add(size));
            result[self.axis] = 0;
            if shape != result {
                return Err(format!(
                    "shapes {:?} and {:?} differ in more than axis {}",
                    first.ty.shape, arg.ty.shape, self.axis
                ));
            }
            result[self.axis] = grown.ok_or("its elements are too many")?;
        }
        check_size(&result)?;
        Ok(result)
    }

    fn formats(&self, args: &[Operand<'_>], shape: &[usize]) -> Formats {
        let uniform = args.iter().map(|arg| match &arg.ty.formats {
            Formats::Uniform(format) => Some((arg.ty.shape[self.axis], *format)),
            Formats::Each { .. } => None,
        });
        if let Some(uniform) = uniform.collect::<Option<Vec<_>>>() {
            let mut dims = vec![1; shape.len()];
            dims[self.axis] = shape[self.axis];
            let along = uniform
                .iter()
                .flat_map(|&(size, f)| std::iter::repeat_n(f, size));
            return Formats::each(dims, along.collect());
        }
        let formats: Vec<_> = args.iter().map(|arg| arg.ty.element_formats()).collect();
        let parts: Vec<_> = args
            .iter()
            .map(|arg| arg.ty)
            .zip(formats.iter().map(Vec::as_slice))
            .collect();
        Formats::each(shape.to_vec(), self.join(&parts))
    }
}

impl Operation for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn attributes(&self) -> Vec<Attribute> {
        vec![Attribute::new("axis", self.axis)]
    }

    fn derive(
        &self,
        args: &[Operand<'_>],
        declared: Option<&TensorType>,
    ) -> Result<Derived, String> {
        let shape = self.shape(args)?;
        let ranges: Vec<_> = args.iter().map(|arg| (arg.ty, arg.range)).collect();
        let derived = Derived {
            ty: TensorType {
                formats: self.formats(args, &shape),
                shape,
            },
            range: self.join(&ranges),
        };
        expect_declared(derived, declared)
    }

    fn evaluate(&self, args: &[Values<'_>], _result: &TensorType) -> Vec<i64> {
        let parts: Vec<_> = args.iter().map(|arg| (arg.ty, arg.mantissas)).collect();
        self.join(&parts)
    }

    fn lower(
        &self,
        args: &[Wires<'_>],
        _result: &TensorType,
        _circuit: &mut Builder,
    ) -> Result<Vec<Wire>, String> {
        let parts: Vec<_> = args.iter().map(|arg| (arg.ty, arg.wires)).collect();
        Ok(self.join(&parts))
    }
}
