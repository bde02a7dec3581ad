//! `requantize x {rounding, overflow}`: the one operation that loses bits.
//!
//! Each mantissa is rounded to the fractional bits of the declared format of
//! its element, then brought into that format by the overflow mode:
//! [`trigforge::requantize`] defines the result for every mantissa.

use trigforge::{Format, Overflow, Rounding, requantize};

use super::{Attribute, Attributes, Derived, Operand, Operation, Values, Wires, expect_args};
use crate::circuit::{Builder, Wire};
use crate::ir::{Interval, TensorType};

/// Loss of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requantize {
    /// How fractional bits are dropped.
    pub rounding: Rounding,
    /// What becomes of a value outside of the format.
    pub overflow: Overflow,
}

impl Requantize {
    pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
        let (rounding, overflow) = take_modes(attributes)?;
        Ok(Self { rounding, overflow })
    }

    /// The range of the result for a range of mantissas with `f`.
    pub(crate) fn range(&self, x: Interval, f: i32, to: Format) -> Interval {
        let apply = |m| requantize(m, f, to, self.rounding, self.overflow);
        let saturate = |m| requantize(m, f, to, self.rounding, Overflow::Sat);
        let ends = Interval {
            lo: saturate(x.lo),
            hi: saturate(x.hi),
        };
        // Rounding is monotonic; so is overflow, if no end overflows.
        if apply(x.lo) == ends.lo && apply(x.hi) == ends.hi {
            return ends;
        }
        match self.overflow {
            Overflow::Sat | Overflow::SatSym => Interval {
                lo: apply(x.lo),
                hi: apply(x.hi),
            },
            Overflow::SatZero => ends.hull(Interval::point(0)),
            Overflow::Wrap => Interval::of(to),
        }
    }
}

/// Reads `rounding` and `overflow`.
pub(super) fn take_modes(attributes: &mut Attributes) -> Result<(Rounding, Overflow), String> {
    let rounding = attributes.take("rounding")?;
    let overflow = attributes.take("overflow")?;
    Ok((
        Rounding::from_name(&rounding).ok_or_else(|| format!("unknown rounding `{rounding}`"))?,
        Overflow::from_name(&overflow).ok_or_else(|| format!("unknown overflow `{overflow}`"))?,
    ))
}

/// Writes `rounding` and `overflow`.
pub(super) fn mode_attributes(rounding: Rounding, overflow: Overflow) -> Vec<Attribute> {
    vec![
        Attribute::new("rounding", rounding.name()),
        Attribute::new("overflow", overflow.name()),
    ]
}

impl Operation for Requantize {
    fn name(&self) -> &'static str {
        "requantize"
    }

    fn attributes(&self) -> Vec<Attribute> {
        mode_attributes(self.rounding, self.overflow)
    }

    fn derive(
        &self,
        args: &[Operand<'_>],
        declared: Option<&TensorType>,
    ) -> Result<Derived, String> {
        expect_args::<1>(args)?;
        let x = &args[0];
        let ty = declared.ok_or("requantize must state its type")?.clone();
        if ty.shape != x.ty.shape {
            return Err(format!(
                "shape {:?} is not the operand's, {:?}",
                ty.shape, x.ty.shape
            ));
        }
        // Neighbours are mostly alike.
        let mut before = None;
        let range = x
            .range
            .iter()
            .zip(x.ty.element_formats())
            .zip(ty.element_formats())
            .map(|((&range, from), to)| match before {
                Some((given, made)) if given == (range, from.f(), to) => made,
                _ => {
                    let made = self.range(range, from.f(), to);
                    before = Some(((range, from.f(), to), made));
                    made
                }
            })
            .collect();
        Ok(Derived { ty, range })
    }

    fn evaluate(&self, args: &[Values<'_>], result: &TensorType) -> Vec<i64> {
        let x = args[0];
        x.mantissas
            .iter()
            .zip(x.ty.element_formats())
            .zip(result.element_formats())
            .map(|((&m, from), to)| requantize(m, from.f(), to, self.rounding, self.overflow))
            .collect()
    }

    fn lower(
        &self,
        args: &[Wires<'_>],
        result: &TensorType,
        circuit: &mut Builder,
    ) -> Result<Vec<Wire>, String> {
        args[0]
            .wires
            .iter()
            .zip(result.element_formats())
            .map(|(&wire, to)| circuit.requantize(wire, to, self.rounding, self.overflow))
            .collect()
    }
}
