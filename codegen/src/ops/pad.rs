//! `pad x, value {before, after}`: a frame of one value around a tensor.
//!
//! Along axis a, `before[a]` positions come in front of the operand's and
//! `after[a]` behind them. An element of the frame has the format of the
//! operand's element that is nearest to it along every axis, and the value of
//! the constant `value`, which that format must hold exactly.

use trigforge::Format;

use super::movement::{indices_of, moved_formats};
use super::{
    Attribute, Attributes, Derived, Operand, Operation, Values, Wires, expect_args, expect_declared,
};
use crate::circuit::{Builder, Wire};
use crate::exact::rescale;
use crate::ir::{Formats, Interval, TensorType, check_size};

/// A frame of one value around a tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pad {
    /// For each axis, how many positions come first.
    pub before: Vec<usize>,
    /// For each axis, how many positions come last.
    pub after: Vec<usize>,
}

impl Pad {
    pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
        Ok(Self {
            before: attributes.take_list("before")?,
            after: attributes.take_list("after")?,
        })
    }

    fn result_shape(&self, shape: &[usize]) -> Result<Vec<usize>, String> {
        if self.before.len() != shape.len() || self.after.len() != shape.len() {
            return Err(format!(
                "{} and {} paddings for the {} axes of shape {shape:?}",
                self.before.len(),
                self.after.len(),
                shape.len()
            ));
        }
        if shape.contains(&0) {
            return Err(format!("shape {shape:?} has no element to pad"));
        }
        let sizes = shape.iter().zip(&self.before).zip(&self.after);
        sizes
            .map(|((size, before), after)| size.checked_add(*before)?.checked_add(*after))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| "its elements are too many".to_owned())
    }

    /// For each element of the result, in C order, the flat index of the
    /// operand's nearest element.
    fn nearest(&self, shape: &[usize]) -> Vec<usize> {
        let along = |axis: usize| -> Vec<usize> {
            let last = shape[axis] - 1;
            (0..self.before[axis] + shape[axis] + self.after[axis])
                .map(|p| p.saturating_sub(self.before[axis]).min(last))
                .collect()
        };
        let positions: Vec<_> = (0..shape.len()).map(along).collect();
        indices_of(shape, &positions)
    }

    /// For each element of the operand, in C order, its flat index in the result.
    pub fn places(&self, shape: &[usize], result: &[usize]) -> Vec<usize> {
        let along = |axis: usize| -> Vec<usize> {
            (self.before[axis]..self.before[axis] + shape[axis]).collect()
        };
        let positions: Vec<_> = (0..shape.len()).map(along).collect();
        indices_of(result, &positions)
    }

    /// The mantissa that each element of the result has if it is of the frame;
    /// `None` where its format does not hold the value.
    pub fn frame(value: &TensorType, m: i64, result: &TensorType) -> Vec<Option<i64>> {
        let f = value.fractional_bits().at(0);
        let mantissa =
            |to: Format| rescale(m, to.f() - f).filter(|&mantissa| to.contains(mantissa));
        match &result.formats {
            Formats::Uniform(format) => vec![mantissa(*format); result.len()],
            Formats::Each { .. } => result.element_formats().into_iter().map(mantissa).collect(),
        }
    }
}

impl Operation for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn attributes(&self) -> Vec<Attribute> {
        vec![
            Attribute::list("before", &self.before),
            Attribute::list("after", &self.after),
        ]
    }

    fn derive(
        &self,
        args: &[Operand<'_>],
        declared: Option<&TensorType>,
    ) -> Result<Derived, String> {
        expect_args::<2>(args)?;
        let (x, value) = (&args[0], &args[1]);
        let &[m] = value
            .constant
            .ok_or("the padded value must be a constant")?
        else {
            return Err(format!(
                "the padded value is `{}`, expected one element",
                value.ty
            ));
        };
        let shape = self.result_shape(&x.ty.shape)?;
        check_size(&shape)?;
        let formats = moved_formats(x.ty, &shape, &self.nearest(&x.ty.shape));
        let ty = TensorType { shape, formats };
        let mut range: Vec<_> = Self::frame(value.ty, m, &ty)
            .into_iter()
            .map(|m| m.map(Interval::point))
            .collect();
        for (at, &own) in self.places(&x.ty.shape, &ty.shape).into_iter().zip(x.range) {
            range[at] = Some(own);
        }
        let range = range.into_iter().enumerate().map(|(index, range)| {
            range.ok_or_else(|| {
                let format = ty.element_formats()[index];
                format!(
                    "element {index}, of the frame, has {format}, which does not hold {m} of {}",
                    value.ty
                )
            })
        });
        let range = range.collect::<Result<_, _>>()?;
        expect_declared(Derived { ty, range }, declared)
    }

    fn evaluate(&self, args: &[Values<'_>], result: &TensorType) -> Vec<i64> {
        let (x, value) = (args[0], args[1]);
        let frame = Self::frame(value.ty, value.mantissas[0], result);
        // What is not of the frame may have a format that lacks the value.
        let mut y: Vec<_> = frame.into_iter().map(|m| m.unwrap_or(0)).collect();
        let places = self.places(&x.ty.shape, &result.shape);
        for (at, &m) in places.into_iter().zip(x.mantissas) {
            y[at] = m;
        }
        y
    }

    fn lower(
        &self,
        args: &[Wires<'_>],
        result: &TensorType,
        circuit: &mut Builder,
    ) -> Result<Vec<Wire>, String> {
        let (x, value) = (args[0], args[1]);
        let &[m] = value
            .constant
            .ok_or("the padded value must be a constant")?
        else {
            return Err("the padded value must be one element".to_owned());
        };
        let frame = circuit.constant(m, value.ty.fractional_bits().at(0));
        let mut y = vec![frame; result.len()];
        let places = self.places(&x.ty.shape, &result.shape);
        for (at, &wire) in places.into_iter().zip(x.wires) {
            y[at] = wire;
        }
        Ok(y)
    }
}
