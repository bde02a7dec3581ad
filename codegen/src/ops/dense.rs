//! `dense x, w[, b]`: product with a constant matrix, and a bias.
//!
//! `x` is `[..., n]`, `w` a constant `[n, m]`, `b` a constant `[m]`; the result
//! is `[..., m]`:
//!
//! y[.., j] = sum over i of x[.., i] w[i, j] + b[j], exact.
//!
//! All elements have f = the largest of f(x[.., i]) + f(w[i, j]) and f(b[j]).
//! The range follows from those of x, so no sum can overflow.

use super::{
    Attribute, Attributes, Cost, Derived, Operand, Operation, Values, Wires, derive_exact,
    expect_declared,
};
use crate::circuit::{Builder, Wire};
use crate::exact::{shift_left, shift_left_wrapping};
use crate::ir::{TensorType, check_size};

/// A product with a constant matrix, and a bias.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dense;

impl Dense {
    pub(super) fn from_attributes(_: &mut Attributes) -> Result<Self, String> {
        Ok(Self)
    }

    /// The fractional bits that all results share.
    pub fn result_f(x: &TensorType, w: &TensorType, b: Option<&TensorType>) -> i32 {
        let largest = |ty: &TensorType| ty.formats.entries().iter().map(|f| f.f()).max();
        let product = match (x.formats.uniform_f(), w.formats.uniform_f()) {
            (Some(x), Some(w)) => Some(x + w),
            _ => {
                let columns = w.shape[1];
                let rows = w.shape[0];
                let w = w.element_formats();
                x.element_formats()
                    .iter()
                    .enumerate()
                    .flat_map(|(flat, x)| {
                        let row = (flat % rows) * columns;
                        w[row..row + columns].iter().map(|w| x.f() + w.f())
                    })
                    .max()
            }
        };
        product.max(b.and_then(largest)).unwrap_or(0)
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
        let bias = match b {
            None => vec![0; columns],
            Some(b) if b.ty.shape == [columns] => {
                b.constant.ok_or("the bias must be a constant")?.to_vec()
            }
            Some(b) => {
                return Err(format!(
                    "the bias has shape {:?}, expected [{columns}]",
                    b.ty.shape
                ));
            }
        };
        let f = Self::result_f(x.ty, w.ty, b.map(|b| b.ty));
        let x_formats = x.ty.element_formats();
        let w_formats = w.ty.element_formats();
        let b_formats = b.map(|b| b.ty.element_formats());
        let mut shape = x.ty.shape.clone();
        shape.pop();
        shape.push(columns);
        check_size(&shape)?;
        let mut exact = Vec::with_capacity(x.ty.len() / rows * columns);
        for event in (0..x.ty.len()).step_by(rows) {
            for j in 0..columns {
                let offset = b_formats
                    .as_ref()
                    .map_or(0, |b| shift_left(bias[j].into(), f - b[j].f()));
                let (mut lo, mut hi) = (offset, offset);
                for i in 0..rows {
                    let weight = i128::from(weights[i * columns + j]);
                    let shift = f - x_formats[event + i].f() - w_formats[i * columns + j].f();
                    let ends = [x.range[event + i].lo, x.range[event + i].hi]
                        .map(|m| shift_left(i128::from(m) * weight, shift));
                    lo = lo.saturating_add(ends[0].min(ends[1]));
                    hi = hi.saturating_add(ends[0].max(ends[1]));
                }
                exact.push((lo, hi, f));
            }
        }
        expect_declared(derive_exact(&shape, &exact)?, declared)
    }

    fn evaluate(&self, args: &[Values<'_>], result: &TensorType) -> Vec<i64> {
        let (x, w) = (args[0], args[1]);
        let (rows, columns) = (w.ty.shape[0], w.ty.shape[1]);
        let f = result.formats.uniform_f().unwrap_or(0);
        let bias = match args.get(2) {
            None => vec![0; columns],
            Some(b) => b
                .mantissas
                .iter()
                .zip(b.ty.element_formats())
                .map(|(&m, format)| shift_left_wrapping(m, f - format.f()))
                .collect(),
        };
        let aligned = x.ty.formats.uniform_f().is_some() && w.ty.formats.uniform_f().is_some();
        let mut y = Vec::with_capacity(result.len());
        if aligned {
            let shift = f - x.ty.formats.entries()[0].f() - w.ty.formats.entries()[0].f();
            for x in x.mantissas.chunks(rows) {
                let mut sums = vec![0i64; columns];
                for (x, weights) in x.iter().zip(w.mantissas.chunks(columns)) {
                    for (sum, weight) in sums.iter_mut().zip(weights) {
                        *sum = sum.wrapping_add(x.wrapping_mul(*weight));
                    }
                }
                // The final sum fits in 64 bits, so arithmetic modulo 2^64 is exact.
                y.extend(
                    sums.iter()
                        .zip(&bias)
                        .map(|(sum, bias)| shift_left_wrapping(*sum, shift).wrapping_add(*bias)),
                );
            }
        } else {
            let x_formats = x.ty.element_formats();
            let w_formats = w.ty.element_formats();
            for event in (0..x.mantissas.len()).step_by(rows) {
                for (j, &bias) in bias.iter().enumerate() {
                    let terms = (0..rows).map(|i| {
                        let at = i * columns + j;
                        let shift = f - x_formats[event + i].f() - w_formats[at].f();
                        let product = x.mantissas[event + i].wrapping_mul(w.mantissas[at]);
                        shift_left_wrapping(product, shift)
                    });
                    y.push(terms.fold(bias, i64::wrapping_add));
                }
            }
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
        let bias = match args.get(2) {
            None => vec![(0, 0); columns],
            Some(b) => {
                let mantissas = b.constant.ok_or("the bias must be a constant")?;
                let formats = b.ty.element_formats();
                mantissas
                    .iter()
                    .zip(formats)
                    .map(|(&m, f)| (m, f.f()))
                    .collect()
            }
        };
        let mut sums = Vec::with_capacity(x.wires.len() / rows * columns);
        for row in x.wires.chunks(rows) {
            for (j, &bias) in bias.iter().enumerate() {
                let terms: Vec<_> = row
                    .iter()
                    .enumerate()
                    .map(|(i, &wire)| {
                        let at = i * columns + j;
                        (wire, weights[at], w_formats[at].f())
                    })
                    .collect();
                sums.push(circuit.linear(&terms, bias)?);
            }
        }
        Ok(sums)
    }

    fn cost(&self, args: &[Operand<'_>]) -> Cost {
        let (x, w) = (&args[0], &args[1]);
        let Some(weights) = w.constant else {
            return Cost::default();
        };
        let (rows, columns) = (w.ty.shape[0], w.ty.shape[1]);
        let x_formats = x.ty.element_formats();
        let positions = (x.ty.len() / rows) as u64;
        let mut cost = Cost::default();
        for (at, &weight) in weights.iter().enumerate().filter(|(_, w)| **w != 0) {
            let row = at / columns;
            cost.parameters += 1;
            cost.macs += positions;
            // Bits between the first and the last set bit of the magnitude.
            let magnitude = weight.unsigned_abs();
            let bits = u64::from(64 - magnitude.leading_zeros() - magnitude.trailing_zeros());
            let inputs = x_formats.iter().skip(row).step_by(rows);
            cost.ebops += inputs.map(|f| bits * u64::from(f.width())).sum::<u64>();
        }
        if let Some(bias) = args.get(2).and_then(|b| b.constant) {
            cost.parameters += bias.iter().filter(|b| **b != 0).count() as u64;
        }
        cost
    }
}
