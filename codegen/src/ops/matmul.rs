//! `matmul a, b`: the matrix product of two tensors, exact.
//!
//! Shapes are as in NumPy's `matmul`: `a` is `[.., n, k]`, `b` is `[.., k, m]`,
//! the axes in front broadcast, and the result is `[.., n, m]`. An `a` of shape
//! `[k]` is one row, a `b` of shape `[k]` one column, which the result does
//! not keep.
//!
//! y[.., i, j] = sum over k of a[.., i, k] b[.., k, j].
//!
//! All elements have f = the largest over k of the largest f(a[.., k]) plus the
//! largest f(b[.., k, ..]). Either operand may be a constant.

use super::contraction::{aligned, largest_f, weight_bits};
use super::{
    Attribute, Attributes, Cost, Derived, Operand, Operation, Values, Wires, derive_exact,
    expect_args, expect_declared, value_bits,
};
use crate::circuit::{Builder, Wire};
use crate::exact::shift_left;
use crate::ir::{TensorType, broadcast_indices, broadcast_shape, check_size};

/// The matrix product of two tensors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatMul;

/// Sizes of a matrix product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatMulSizes {
    /// For each pair of matrices, in the result's order, which of `a` and
    /// which of `b`.
    pub pairs: Vec<(usize, usize)>,
    /// Rows of `a`.
    pub rows: usize,
    /// Columns of `a` and rows of `b`.
    pub inner: usize,
    /// Columns of `b`.
    pub columns: usize,
    /// Shape of the result.
    pub shape: Vec<usize>,
}

impl MatMulSizes {
    /// The sizes for operands of these shapes.
    ///
    /// # Errors
    ///
    /// Shapes that do not multiply.
    pub fn new(a: &[usize], b: &[usize]) -> Result<Self, String> {
        let refuse = || format!("shapes {a:?} and {b:?} do not multiply");
        let (a_batch, rows, inner) = match a {
            [] => return Err(refuse()),
            [k] => (&a[..0], 1, *k),
            [batch @ .., n, k] => (batch, *n, *k),
        };
        let (b_batch, b_inner, columns) = match b {
            [] => return Err(refuse()),
            [k] => (&b[..0], *k, 1),
            [batch @ .., k, m] => (batch, *k, *m),
        };
        if inner != b_inner || a.contains(&0) || b.contains(&0) {
            return Err(refuse());
        }
        let batch = broadcast_shape(a_batch, b_batch).ok_or_else(refuse)?;
        let mut shape = batch.clone();
        if a.len() > 1 {
            shape.push(rows);
        }
        if b.len() > 1 {
            shape.push(columns);
        }
        check_size(&shape)?;
        let pairs = broadcast_indices(a_batch, &batch)
            .zip(broadcast_indices(b_batch, &batch))
            .collect();
        Ok(Self {
            pairs,
            rows,
            inner,
            columns,
            shape,
        })
    }

    /// For each index of the inner axis, the fractional bits of `a` and of `b`
    /// that make those of the result, which come last.
    pub fn fractions(&self, a: &TensorType, b: &TensorType) -> (Vec<i32>, Vec<i32>, i32) {
        let mut a = largest_f(a, 1, self.inner);
        let b = largest_f(b, self.columns, self.inner);
        let f = a.iter().zip(&b).map(|(a, b)| a + b).max().unwrap_or(0);
        for (a, b) in a.iter_mut().zip(&b) {
            *a = f - b;
        }
        (a, b, f)
    }
}

impl MatMul {
    pub(super) fn from_attributes(_: &mut Attributes) -> Result<Self, String> {
        Ok(Self)
    }
}

/// The ranges of an operand in units of the fractional bits that its class is
/// given.
fn aligned_ranges(x: &Operand<'_>, inner: usize, to: &[i32]) -> Vec<(i128, i128)> {
    let formats = x.ty.element_formats();
    x.range
        .iter()
        .zip(formats)
        .enumerate()
        .map(|(at, (range, format))| {
            let shift = to[at / inner % to.len()] - format.f();
            (
                shift_left(range.lo.into(), shift),
                shift_left(range.hi.into(), shift),
            )
        })
        .collect()
}

impl Operation for MatMul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn attributes(&self) -> Vec<Attribute> {
        Vec::new()
    }

    fn derive(
        &self,
        args: &[Operand<'_>],
        declared: Option<&TensorType>,
    ) -> Result<Derived, String> {
        expect_args::<2>(args)?;
        let sizes = MatMulSizes::new(&args[0].ty.shape, &args[1].ty.shape)?;
        let (a_f, b_f, f) = sizes.fractions(args[0].ty, args[1].ty);
        let a = aligned_ranges(&args[0], 1, &a_f);
        let b = aligned_ranges(&args[1], sizes.columns, &b_f);
        let (inner, columns) = (sizes.inner, sizes.columns);
        let mut exact = Vec::with_capacity(sizes.shape.iter().product());
        for &(a_at, b_at) in &sizes.pairs {
            let a = &a[a_at * sizes.rows * inner..][..sizes.rows * inner];
            let b = &b[b_at * inner * columns..][..inner * columns];
            for a in a.chunks(inner) {
                let mut sums = vec![(0i128, 0i128, f); columns];
                for (a, b) in a.iter().zip(b.chunks(columns)) {
                    for (sum, b) in sums.iter_mut().zip(b) {
                        let ends = [a.0, a.1].map(|a| [b.0, b.1].map(|b| a.saturating_mul(b)));
                        let ends = ends.as_flattened();
                        let lo = ends.iter().copied().fold(i128::MAX, i128::min);
                        let hi = ends.iter().copied().fold(i128::MIN, i128::max);
                        sum.0 = sum.0.saturating_add(lo);
                        sum.1 = sum.1.saturating_add(hi);
                    }
                }
                exact.extend(sums);
            }
        }
        expect_declared(derive_exact(&sizes.shape, &exact)?, declared)
    }

    fn evaluate(&self, args: &[Values<'_>], result: &TensorType) -> Vec<i64> {
        let Ok(sizes) = MatMulSizes::new(&args[0].ty.shape, &args[1].ty.shape) else {
            return vec![0; result.len()];
        };
        let (a_f, b_f, _) = sizes.fractions(args[0].ty, args[1].ty);
        let a = aligned(&args[0], 1, &a_f);
        let b = aligned(&args[1], sizes.columns, &b_f);
        let (inner, columns) = (sizes.inner, sizes.columns);
        let mut y = vec![0i64; result.len()];
        let matrices = y.chunks_mut(sizes.rows * columns);
        for (&(a_at, b_at), y) in sizes.pairs.iter().zip(matrices) {
            let a = &a[a_at * sizes.rows * inner..];
            let b = &b[b_at * inner * columns..];
            for (a, y) in a.chunks(inner).zip(y.chunks_mut(columns)) {
                for (a, b) in a.iter().zip(b.chunks(columns)) {
                    // The final sum fits in 64 bits: modulo 2^64 is exact.
                    for (y, b) in y.iter_mut().zip(b) {
                        *y = y.wrapping_add(a.wrapping_mul(*b));
                    }
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
        let (a, b) = (args[0], args[1]);
        let sizes = MatMulSizes::new(&a.ty.shape, &b.ty.shape)?;
        let (inner, columns) = (sizes.inner, sizes.columns);
        let mut sums = Vec::new();
        for &(a_at, b_at) in &sizes.pairs {
            let rows = a.wires[a_at * sizes.rows * inner..].chunks(inner);
            let mut dots = Vec::with_capacity(sizes.rows * columns);
            for a in rows.take(sizes.rows) {
                for j in 0..columns {
                    let b = b.wires[b_at * inner * columns + j..].iter();
                    let b = b.step_by(columns);
                    dots.push(circuit.dot(a.iter().zip(b).map(|(&a, &b)| (a, b)))?);
                }
            }
            // Sums of one row read the same elements of the left operand, those
            // of one column the same of the right.
            if b.constant.is_some() {
                for row in dots.chunks(columns) {
                    sums.extend(circuit.sums(row)?);
                }
            } else if a.constant.is_some() {
                let mut found = vec![Vec::new(); sizes.rows];
                for j in 0..columns {
                    let column: Vec<_> = dots[j..].iter().step_by(columns).cloned().collect();
                    for (row, sum) in found.iter_mut().zip(circuit.sums(&column)?) {
                        row.push(sum);
                    }
                }
                sums.extend(found.into_iter().flatten());
            } else {
                for dot in &dots {
                    sums.push(circuit.linear(&dot.terms, dot.offset)?);
                }
            }
        }
        Ok(sums)
    }

    /// Products with a constant zero are none.
    fn cost(&self, args: &[Operand<'_>]) -> Cost {
        let Ok(sizes) = MatMulSizes::new(&args[0].ty.shape, &args[1].ty.shape) else {
            return Cost::default();
        };
        let bits = |x: &Operand<'_>| -> Vec<u64> {
            match x.constant {
                Some(mantissas) => mantissas.iter().map(|&m| weight_bits(m)).collect(),
                None => (x.ty.element_formats().iter())
                    .map(|format| u64::from(format.width()))
                    .collect(),
            }
        };
        let parameters = args.iter().filter_map(|x| x.constant).flatten();
        let mut cost = Cost {
            parameters: parameters.filter(|m| **m != 0).count() as u64,
            ..Cost::default()
        };
        let value_widths = |x: &Operand<'_>| -> Vec<u64> {
            let formats = x.ty.element_formats();
            formats.into_iter().map(value_bits).collect()
        };
        let (a, b) = (bits(&args[0]), bits(&args[1]));
        let (a_values, b_values) = (value_widths(&args[0]), value_widths(&args[1]));
        // All products that share an inner index, by distributivity.
        let total = |bits: &[u64]| (bits.iter().sum::<u64>(), count(bits));
        let column = |a: &[u64], at: usize, k: usize| -> Vec<u64> {
            let matrix = a[at * sizes.rows * sizes.inner..][..sizes.rows * sizes.inner].iter();
            matrix.skip(k).step_by(sizes.inner).copied().collect()
        };
        for &(a_at, b_at) in &sizes.pairs {
            for k in 0..sizes.inner {
                let row = |b: &[u64]| {
                    total(&b[(b_at * sizes.inner + k) * sizes.columns..][..sizes.columns])
                };
                let ((a_bits, a_count), (b_bits, b_count)) = (total(&column(&a, a_at, k)), row(&b));
                cost.macs += a_count * b_count;
                cost.ebops += a_bits * b_bits;
                cost.format_ebops += total(&column(&a_values, a_at, k)).0 * row(&b_values).0;
            }
        }
        cost
    }
}

/// How many elements are not known to be zero.
fn count(bits: &[u64]) -> u64 {
    bits.iter().filter(|bits| **bits != 0).count() as u64
}
