//! `dense x, w[, b]`: product with a constant matrix, and a bias.
//!
//! `x` is `[..., n]`, `w` a constant `[n, m]`, `b` a constant `[m]`; the result
//! is `[..., m]`:
//!
//! y[.., j] = sum over i of x[.., i] w[i, j] + b[j], exact.
//!
//! All elements have f = the largest of f(x[.., i]) + f(w[i, j]) and f(b[j]).
//! The range follows from those of x, so no sum can overflow.

use std::collections::HashMap;

use super::contraction::{
    aligned, aligned_bias, constant_bias, largest_f, stated_bias, weight_bits,
};
use super::{
    Attribute, Attributes, Cost, Derived, Operand, Operation, Values, Wires, bias_bits,
    derive_exact, expect_declared, value_bits,
};
use crate::circuit::{Builder, Sum, Wire};
use crate::exact::shift_left;
use crate::ir::{TensorType, check_size};

/// A product with a constant matrix, and a bias.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dense;

impl Dense {
    pub(super) fn from_attributes(_: &mut Attributes) -> Result<Self, String> {
        Ok(Self)
    }

    /// The fractional bits of each input, and those that all results share.
    pub fn fractions(x: &TensorType, w: &TensorType, b: Option<&TensorType>) -> (Vec<i32>, i32) {
        let (rows, columns) = (w.shape[0], w.shape[1]);
        let x = largest_f(x, 1, rows);
        let w = largest_f(w, columns, rows);
        let products = x.iter().zip(w).map(|(x, w)| x + w);
        let bias = b.into_iter().flat_map(|b| b.formats.entries());
        let f = products.chain(bias.map(|format| format.f())).max();
        (x, f.unwrap_or(0))
    }

    /// Weights with the fractional bits that, with those of their input, make
    /// `f`; each with the exact value, which may be too large.
    pub(crate) fn aligned_weights<'a>(
        (x_f, f): (&'a [i32], i32),
        w: &TensorType,
        weights: &'a [i64],
    ) -> impl Iterator<Item = i128> + 'a {
        let columns = w.shape[1];
        let formats = w.element_formats();
        let all = weights.iter().zip(formats).enumerate();
        all.map(move |(at, (&m, format))| shift_left(m.into(), f - x_f[at / columns] - format.f()))
    }
}

impl Operation for Dense {
    fn name(&self) -> &'static str {
        "dense"
    }

    fn attributes(&self) -> Vec<Attribute> {
        Vec::new()
    }

    fn derive(
        &self,
        args: &[Operand<'_>],
        declared: Option<&TensorType>,
    ) -> Result<Derived, String> {
        let (x, w, b) = match args {
            [x, w] => (x, w, None),
            [x, w, b] => (x, w, Some(b)),
            _ => return Err(format!("expected 2 or 3 operands, found {}", args.len())),
        };
        let weights = w.constant.ok_or("the matrix must be a constant")?;
        let &[rows, columns] = w.ty.shape.as_slice() else {
            return Err(format!(
                "the matrix has shape {:?}, expected [n, m]",
                w.ty.shape
            ));
        };
        if x.ty.shape.last() != Some(&rows) || x.ty.is_empty() || columns == 0 {
            return Err(format!(
                "shapes {:?} and {:?} do not multiply",
                x.ty.shape, w.ty.shape
            ));
        }
        let (x_f, f) = Self::fractions(x.ty, w.ty, b.map(|b| b.ty));
        let bias = constant_bias(b, f, columns)?;
        let mut shape = x.ty.shape.clone();
        shape.pop();
        shape.push(columns);
        check_size(&shape)?;
        let weights: Vec<_> = Self::aligned_weights((&x_f, f), w.ty, weights).collect();
        let x_formats = x.ty.element_formats();
        let ends = x.range.iter().zip(x_formats).enumerate();
        let ends: Vec<_> = ends
            .map(|(at, (range, format))| {
                let shift = x_f[at % rows] - format.f();
                [range.lo, range.hi].map(|m| shift_left(m.into(), shift))
            })
            .collect();
        // Positions mostly share their ranges, so each is worked out once.
        let mut known = HashMap::new();
        let mut exact = Vec::with_capacity(x.ty.len() / rows * columns);
        for x in ends.chunks(rows) {
            let sums = known.entry(x).or_insert_with(|| {
                let mut sums: Vec<_> = bias.iter().map(|&b| (b, b, f)).collect();
                for (ends, weights) in x.iter().zip(weights.chunks(columns)) {
                    for (sum, &weight) in sums.iter_mut().zip(weights) {
                        let ends = ends.map(|m| m.saturating_mul(weight));
                        sum.0 = sum.0.saturating_add(ends[0].min(ends[1]));
                        sum.1 = sum.1.saturating_add(ends[0].max(ends[1]));
                    }
                }
                sums
            });
            exact.extend_from_slice(sums);
        }
        expect_declared(derive_exact(&shape, &exact)?, declared)
    }

    fn evaluate(&self, args: &[Values<'_>], result: &TensorType) -> Vec<i64> {
        let (x, w, b) = (args[0], args[1], args.get(2));
        let (rows, columns) = (w.ty.shape[0], w.ty.shape[1]);
        let (x_f, f) = Self::fractions(x.ty, w.ty, b.map(|b| b.ty));
        // The final sums fit in 64 bits, so arithmetic modulo 2^64 is exact.
        let weights: Vec<_> = Self::aligned_weights((&x_f, f), w.ty, w.mantissas)
            .map(|weight| weight as i64)
            .collect();
        let bias = aligned_bias(b.map(|b| (b.ty, b.mantissas)), f, columns);
        let x = aligned(&x, 1, &x_f);
        let mut y = Vec::with_capacity(result.len());
        for x in x.chunks(rows) {
            let mut sums = bias.clone();
            for (x, weights) in x.iter().zip(weights.chunks(columns)) {
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum = sum.wrapping_add(x.wrapping_mul(*weight));
                }
            }
            y.extend(sums);
        }
        y
    }

    fn lower(
        &self,
        args: &[Wires<'_>],
        _result: &TensorType,
        circuit: &mut Builder,
    ) -> Result<Vec<Wire>, String> {
        let (x, w) = (args[0], args[1]);
        let weights = w.constant.ok_or("the matrix must be a constant")?;
        let (rows, columns) = (w.ty.shape[0], w.ty.shape[1]);
        let w_formats = w.ty.element_formats();
        let bias = stated_bias(args.get(2), columns)?;
        let mut sums = Vec::with_capacity(x.wires.len() / rows * columns);
        for row in x.wires.chunks(rows) {
            let products = bias.iter().enumerate().map(|(j, &offset)| Sum {
                terms: (row.iter().enumerate())
                    .map(|(i, &wire)| {
                        let at = i * columns + j;
                        (wire, weights[at], w_formats[at].f())
                    })
                    .collect(),
                offset,
            });
            sums.extend(circuit.sums(&products.collect::<Vec<_>>())?);
        }
        Ok(sums)
    }

    fn cost(&self, args: &[Operand<'_>]) -> Cost {
        let (x, w) = (&args[0], &args[1]);
        let Some(weights) = w.constant else {
            return Cost::default();
        };
        let (rows, columns) = (w.ty.shape[0], w.ty.shape[1]);
        let mut widths = vec![0; rows];
        let mut value_widths = vec![0; rows];
        for (at, &format) in x.ty.element_formats().iter().enumerate() {
            widths[at % rows] += u64::from(format.width());
            value_widths[at % rows] += value_bits(format);
        }
        let positions = (x.ty.len() / rows) as u64;
        let mut cost = Cost::default();
        for (at, &weight) in weights.iter().enumerate().filter(|(_, w)| **w != 0) {
            cost.parameters += 1;
            cost.macs += positions;
            cost.ebops += weight_bits(weight) * widths[at / columns];
        }
        let formats = w.ty.element_formats();
        let products = formats.iter().enumerate();
        let products = products.map(|(at, &w)| value_bits(w) * value_widths[at / columns]);
        cost.format_ebops = products.sum::<u64>() + positions * bias_bits(args.get(2));
        if let Some(bias) = args.get(2).and_then(|b| b.constant) {
            cost.parameters += bias.iter().filter(|b| **b != 0).count() as u64;
        }
        cost
    }
}
