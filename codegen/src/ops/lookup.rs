//! `lookup index, rows`: one row for each index, of an embedding or of computed
//! values.
//!
//! `rows` is `[n, d]`, `index` a tensor of whole numbers (f = 0) whose range
//! lies within 0 ..= n - 1; the result has the shape of `index` and a last axis
//! of d:
//!
//! y[.., j] = rows[index[..], j].
//!
//! The formats are those of `rows`, which may differ between columns, but not
//! between rows; the range of an element is the hull of all that it can be.

use super::{
    Attribute, Attributes, Derived, Operand, Operation, Values, Wires, expect_args, expect_declared,
};
use crate::circuit::{Builder, Wire};
use crate::ir::{Formats, Interval, TensorType, check_size};

/// One row for each index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lookup;

impl Lookup {
    pub(super) fn from_attributes(_: &mut Attributes) -> Result<Self, String> {
        Ok(Self)
    }
}

/// The formats of the result, of `rank` axes.
fn formats(rows: &TensorType, columns: usize, rank: usize) -> Result<Formats, String> {
    if let Formats::Uniform(format) = rows.formats {
        return Ok(Formats::Uniform(format));
    }
    let all = rows.element_formats();
    let first = &all[..columns];
    if all.chunks(columns).any(|row| row != first) {
        return Err("the rows differ in their formats; state formats per column".to_owned());
    }
    let mut dims = vec![1; rank];
    if let Some(last) = dims.last_mut() {
        *last = columns;
    }
    Ok(Formats::each(dims, first.to_vec()))
}

impl Operation for Lookup {
    fn name(&self) -> &'static str {
        "lookup"
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
        let (index, rows) = (&args[0], &args[1]);
        let (count, columns) = match rows.ty.shape[..] {
            [count, columns] if columns > 0 => (count, columns),
            _ => {
                return Err(format!(
                    "the rows have shape {:?}, expected [n, d]",
                    rows.ty.shape
                ));
            }
        };
        let whole = (index.ty.formats.entries().iter()).all(|format| format.f() == 0);
        if !whole {
            return Err("the index must be whole numbers, without fractional bits".to_owned());
        }
        let mut shape = index.ty.shape.clone();
        shape.push(columns);
        check_size(&shape)?;
        let at = |m: i64| usize::try_from(m).ok().filter(|at| *at < count);
        let mut range = Vec::with_capacity(index.range.len() * columns);
        let mut last: Option<(Interval, Vec<Interval>)> = None;
        for &of in index.range {
            let (Some(lo), Some(hi)) = (at(of.lo), at(of.hi)) else {
                return Err(format!(
                    "the index ranges over {}..={}, the rows are {count}",
                    of.lo, of.hi
                ));
            };
            // Indices of one tensor mostly share their range.
            let hulls = match last.take() {
                Some((known, hulls)) if known == of => hulls,
                _ => {
                    let ranges = |at: usize| &rows.range[at * columns..][..columns];
                    let mut hulls = ranges(lo).to_vec();
                    for row in lo + 1..=hi {
                        for (hull, range) in hulls.iter_mut().zip(ranges(row)) {
                            *hull = hull.hull(*range);
                        }
                    }
                    hulls
                }
            };
            range.extend_from_slice(&hulls);
            last = Some((of, hulls));
        }
        let formats = formats(rows.ty, columns, shape.len())?;
        let ty = TensorType { shape, formats };
        expect_declared(Derived { ty, range }, declared)
    }

    fn evaluate(&self, args: &[Values<'_>], result: &TensorType) -> Vec<i64> {
        let (index, rows) = (args[0], args[1]);
        let columns = rows.ty.shape[1];
        let mut y = Vec::with_capacity(result.len());
        for &at in index.mantissas {
            y.extend_from_slice(&rows.mantissas[at as usize * columns..][..columns]);
        }
        y
    }

    fn lower(
        &self,
        args: &[Wires<'_>],
        result: &TensorType,
        circuit: &mut Builder,
    ) -> Result<Vec<Wire>, String> {
        let (index, rows) = (args[0], args[1]);
        let columns = rows.ty.shape[1];
        let Some(values) = rows.constant else {
            return chosen(index.wires, rows.wires, columns, circuit);
        };
        let formats = result.element_formats();
        let column =
            |j: usize| -> Vec<i64> { values.iter().skip(j).step_by(columns).copied().collect() };
        let tables: Vec<_> = (0..columns).map(column).collect();
        let mut wires = Vec::with_capacity(index.wires.len() * columns);
        for &at in index.wires {
            for (entries, &format) in tables.iter().zip(&formats) {
                wires.push(circuit.table(at, 0, entries, format)?);
            }
        }
        Ok(wires)
    }
}

/// Rows of wires, by comparing the index with each row that it can name.
fn chosen(
    index: &[Wire],
    rows: &[Wire],
    columns: usize,
    circuit: &mut Builder,
) -> Result<Vec<Wire>, String> {
    let rows: Vec<&[Wire]> = rows.chunks(columns).collect();
    let mut wires = Vec::with_capacity(index.len() * columns);
    for &at in index {
        let at = circuit.align(at, 0)?;
        let range = circuit.range(at);
        let candidates = &rows[range.lo as usize..=range.hi as usize];
        let (last, others) = candidates.split_last().ok_or("it has no row")?;
        let mut found = last.to_vec();
        for (number, row) in (range.lo..).zip(others) {
            let number = circuit.constant(number, 0);
            let here = circuit.equal(at, number)?;
            for (found, &wire) in found.iter_mut().zip(*row) {
                *found = circuit.select(here, wire, *found)?;
            }
        }
        wires.extend(found);
    }
    Ok(wires)
}
