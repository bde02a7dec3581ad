//! From a batch of cells to events: columns are derived, rows selected and every value checked.

use std::path::Path;

use super::derived::{Rule, observe};
use super::plan::{Column, Cut, Plan};
use super::read::{Cells, Values};
use super::{DataError, Events, InputSpec};
use crate::observables::{Observable, ObservableError};
use crate::seed::{Purpose, Stream};

/// What a batch gives.
#[derive(Debug, Default)]
pub(super) struct Assembled {
    pub(super) events: Events,
    /// What decides the part of each event: the number in the column that the split goes by, or
    /// the number of the row in all files together.
    pub(super) keys: Vec<u64>,
    /// Rows that the selection leaves out.
    pub(super) deselected: usize,
    /// Rows left out for what is in them.
    pub(super) skipped: usize,
}

/// Where a batch stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) path: &'a Path,
    /// Number of its first row in that file.
    pub(super) row: usize,
    /// Number of its first row in all files.
    pub(super) row_of_all: usize,
}

/// The columns of a batch, in the order of the plan.
struct Batch<'a> {
    plan: &'a Plan,
    place: Place<'a>,
    rows: usize,
    cells: Vec<Cells>,
    refused: Vec<Refused>,
}

/// A derived cell that is NaN because its observable refused the lists of the row.
struct Refused {
    column: usize,
    row: usize,
    error: ObservableError,
}

impl Plan {
    /// Makes events of the stored columns of a batch.
    ///
    /// # Errors
    ///
    /// The first value that cannot be used, unless its row may be skipped; a label that is no class
    /// in any case.
    pub(super) fn assemble(
        &self,
        place: Place<'_>,
        cells: Vec<Cells>,
    ) -> Result<Assembled, DataError> {
        let slots = self.columns.first().and_then(|column| column.slots);
        let length = cells.first().map_or(0, |cells| cells.values.len());
        let mut batch = Batch {
            plan: self,
            place,
            rows: length / slots.unwrap_or(1).max(1),
            cells,
            refused: Vec::new(),
        };
        batch.derive();
        let mut bad = vec![false; batch.rows];
        let mut kept = batch.select(&mut bad)?;
        let deselected = batch.rows - kept.len() - count(&bad);
        for (input, spec) in self.specs.iter().enumerate() {
            for at in &self.inputs[input] {
                batch.check(*at, Some(spec), &kept, &mut bad)?;
            }
        }
        let alone = self.targets.iter().chain(&self.spectators);
        for at in alone.chain(&self.weight) {
            batch.check(*at, None, &kept, &mut bad)?;
        }
        for at in self.label.iter().chain(&self.by) {
            batch.check_null(*at, &kept, &mut bad)?;
        }
        kept.retain(|row| !bad[*row]);
        let skipped = count(&bad);
        Ok(Assembled {
            events: Events {
                rows: kept.len(),
                inputs: (0..self.specs.len())
                    .map(|input| batch.input(input, &kept))
                    .collect(),
                labels: batch.labels(&kept)?,
                targets: batch.noisy(batch.interleave(&self.targets, &kept), &kept),
                spectators: batch.interleave(&self.spectators, &kept),
                weights: match self.weight {
                    Some(at) => batch.interleave(&[at], &kept),
                    None => vec![1.0; kept.len()],
                },
            },
            keys: batch.keys(&kept),
            deselected,
            skipped,
        })
    }
}

fn count(flags: &[bool]) -> usize {
    flags.iter().filter(|flag| **flag).count()
}

impl Batch<'_> {
    /// Appends the derived columns.
    fn derive(&mut self) {
        let plan = self.plan;
        for derivation in &plan.derived {
            let values = match &derivation.rule {
                Rule::Formula(formula) => {
                    let slots = plan.columns[self.cells.len()].slots;
                    let count = self.rows * slots.unwrap_or(1);
                    let operands = derivation.operands.iter();
                    let operands: Vec<_> = operands.map(|at| self.doubles(*at, slots)).collect();
                    let operands: Vec<&[f64]> = operands.iter().map(Vec::as_slice).collect();
                    let values = formula.evaluate(count, &operands);
                    values.into_iter().map(|v| v as f32).collect()
                }
                Rule::Observable { observable, .. } => {
                    self.observe(observable, &derivation.operands)
                }
            };
            self.cells.push(Cells {
                values: Values::Float(values),
                nulls: Vec::new(),
            });
        }
    }

    /// The next column, an observable of the lists in the columns `operands`; NaN where one of them
    /// is null or refused.
    fn observe(&mut self, observable: &Observable, operands: &[usize]) -> Vec<f32> {
        let column = self.cells.len();
        let singles = |at: &usize| -> Vec<f32> {
            let cells = 0..self.rows * self.width(*at);
            cells.map(|cell| self.value(*at, cell)).collect()
        };
        let lists: Vec<Vec<f32>> = operands.iter().map(singles).collect();
        let mut values = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            let slices = lists.iter().zip(operands).map(|(list, at)| {
                let width = self.width(*at);
                &list[row * width..(row + 1) * width]
            });
            let slices: Vec<&[f32]> = slices.collect();
            let is_null = |at: &usize| self.cells[*at].nulls.contains(&row);
            values.push(match observe(observable, &slices) {
                _ if operands.iter().any(is_null) => f32::NAN,
                Ok(value) => value,
                Err(error) => {
                    self.refused.push(Refused { column, row, error });
                    f32::NAN
                }
            });
        }
        values
    }

    /// A column in double precision, each scalar once for all `slots`; NaN where it is null.
    fn doubles(&self, at: usize, slots: Option<usize>) -> Vec<f64> {
        let cells = &self.cells[at];
        let mut values: Vec<f64> = match &cells.values {
            Values::Float(values) => values.iter().map(|v| f64::from(*v)).collect(),
            Values::Int(values) => values.iter().map(|v| *v as f64).collect(),
        };
        let width = self.width(at);
        for row in &cells.nulls {
            values[row * width..(row + 1) * width].fill(f64::NAN);
        }
        match (slots, self.plan.columns[at].slots) {
            (Some(slots), None) => {
                let repeated = values.iter().flat_map(|v| std::iter::repeat_n(*v, slots));
                repeated.collect()
            }
            _ => values,
        }
    }

    fn width(&self, at: usize) -> usize {
        self.plan.columns[at].slots.unwrap_or(1)
    }

    /// The rows that pass the selection; those for which it is not known are `bad`.
    fn select(&self, bad: &mut [bool]) -> Result<Vec<usize>, DataError> {
        let mut kept: Vec<usize> = (0..self.rows).collect();
        for cut in &self.plan.selection {
            let values = |side: usize| -> Vec<f64> {
                match cut.comparison.sides()[side] {
                    super::expression::Side::Number(number) => vec![*number; self.rows],
                    super::expression::Side::Formula(formula) => {
                        let operands = cut.operands[side].iter();
                        let operands: Vec<_> = operands.map(|at| self.doubles(*at, None)).collect();
                        let operands: Vec<&[f64]> = operands.iter().map(Vec::as_slice).collect();
                        formula.evaluate(self.rows, &operands)
                    }
                }
            };
            let (left, right) = (values(0), values(1));
            let mut passed = Vec::with_capacity(kept.len());
            for row in kept {
                if left[row].is_finite() && right[row].is_finite() {
                    if cut.comparison.passes(left[row], right[row]) {
                        passed.push(row);
                    }
                } else if self.plan.skip_bad_rows {
                    bad[row] = true;
                } else {
                    return Err(self.unknown(cut, row, left[row] + right[row]));
                }
            }
            kept = passed;
        }
        Ok(kept)
    }

    /// Why a comparison has no answer: a cell, or else the expression itself.
    fn unknown(&self, cut: &Cut, row: usize, value: f64) -> DataError {
        for at in cut.operands.iter().flatten() {
            if self.cells[*at].nulls.contains(&row) {
                return self.null(&self.plan.columns[*at], row);
            }
            let value = self.value(*at, row);
            if !value.is_finite() {
                return self.not_finite(self.plan.columns[*at].name.clone(), row, value);
            }
        }
        self.not_finite(cut.comparison.text.clone(), row, value as f32)
    }

    fn null(&self, column: &Column, row: usize) -> DataError {
        DataError::Null {
            path: self.place.path.to_owned(),
            column: column.name.clone(),
            row: self.place.row + row,
        }
    }

    fn not_finite(&self, column: String, row: usize, value: f32) -> DataError {
        let here = |r: &&Refused| r.row == row && self.plan.columns[r.column].name == column;
        if let Some(refused) = self.refused.iter().find(here) {
            return DataError::Observable {
                path: self.place.path.to_owned(),
                column,
                row: self.place.row + row,
                reason: refused.error.clone(),
            };
        }
        DataError::NotFinite {
            path: self.place.path.to_owned(),
            column,
            row: self.place.row + row,
            value,
        }
    }

    /// Element `at` of a column of the batch in single precision.
    fn value(&self, column: usize, at: usize) -> f32 {
        match &self.cells[column].values {
            Values::Float(values) => values[at],
            Values::Int(values) => values[at] as f32,
        }
    }

    fn check_null(&self, at: usize, kept: &[usize], bad: &mut [bool]) -> Result<(), DataError> {
        let nulls = &self.cells[at].nulls;
        for row in kept.iter().filter(|row| nulls.contains(row)) {
            match self.plan.skip_bad_rows {
                true => bad[*row] = true,
                false => return Err(self.null(&self.plan.columns[at], *row)),
            }
        }
        Ok(())
    }

    /// Checks the cells of a column that an input uses, or all of a column of scalars.
    fn check(
        &self,
        at: usize,
        spec: Option<&InputSpec>,
        kept: &[usize],
        bad: &mut [bool],
    ) -> Result<(), DataError> {
        self.check_null(at, kept, bad)?;
        let column = &self.plan.columns[at];
        // What is derived of a null is NaN, so only stored integers are sure to be finite.
        let Values::Float(values) = &self.cells[at].values else {
            return Ok(());
        };
        let width = self.width(at);
        let used = match (spec, column.slots) {
            (Some(spec), Some(_)) if spec.shape.len() == 2 => spec.shape[0],
            _ => width,
        };
        let mask = spec.and_then(|spec| {
            let name = &spec.columns[spec.mask?];
            self.plan.columns.iter().position(|c| c.name == *name)
        });
        for &row in kept {
            let cells = &values[row * width..row * width + used];
            let wrong = cells.iter().enumerate().find(|(slot, value)| {
                let empty = |mask| mask != at && self.value(mask, row * width + slot) == 0.0;
                !value.is_finite() && !mask.is_some_and(empty)
            });
            let Some((slot, value)) = wrong else { continue };
            if self.plan.skip_bad_rows {
                bad[row] = true;
                continue;
            }
            let name = match column.slots {
                Some(_) => format!("{}[{slot}]", column.name),
                None => column.name.clone(),
            };
            return Err(self.not_finite(name, row, *value));
        }
        Ok(())
    }

    /// The values of one input, row after row.
    fn input(&self, input: usize, kept: &[usize]) -> Vec<f32> {
        let spec = &self.plan.specs[input];
        let columns = &self.plan.inputs[input];
        let [slots, features] = spec.shape[..] else {
            // Scalars, or the one column of an image.
            return self.interleave(columns, kept);
        };
        let mut values = vec![0.0; kept.len() * slots * features];
        for (feature, at) in columns.iter().enumerate() {
            let width = self.width(*at);
            for (to, row) in kept.iter().enumerate() {
                for slot in 0..slots {
                    values[(to * slots + slot) * features + feature] =
                        self.value(*at, row * width + slot);
                }
            }
        }
        if let Some(mask) = spec.mask {
            for slot in values.chunks_mut(features) {
                if slot[mask] == 0.0 {
                    slot.fill(0.0);
                }
            }
        }
        values
    }

    /// Columns of equal width side by side, row after row.
    fn interleave(&self, columns: &[usize], kept: &[usize]) -> Vec<f32> {
        let width: usize = columns.iter().map(|at| self.width(*at)).sum();
        let mut values = vec![0.0; kept.len() * width];
        let mut start = 0;
        for at in columns {
            let of_column = self.width(*at);
            for (to, row) in kept.iter().enumerate() {
                for cell in 0..of_column {
                    values[to * width + start + cell] = self.value(*at, row * of_column + cell);
                }
            }
            start += of_column;
        }
        values
    }

    /// Targets with the noise that the configuration adds: a function of seed and row.
    fn noisy(&self, mut targets: Vec<f32>, kept: &[usize]) -> Vec<f32> {
        let (widths, seed) = &self.plan.noise;
        if widths.iter().all(|width| *width == 0.0) {
            return targets;
        }
        for (row, values) in kept.iter().zip(targets.chunks_mut(widths.len())) {
            let row = (self.place.row_of_all + row) as u64;
            for (target, (value, width)) in values.iter_mut().zip(widths).enumerate() {
                let purpose = Purpose::TargetNoise { row, target };
                let [normal, _] = Stream::new(*seed, purpose).normal_pair();
                *value *= 1.0 + *width as f32 * normal;
            }
        }
        targets
    }

    fn labels(&self, kept: &[usize]) -> Result<Vec<usize>, DataError> {
        let Some(at) = self.plan.label else {
            return Ok(Vec::new());
        };
        let Values::Int(values) = &self.cells[at].values else {
            return Ok(Vec::new());
        };
        let expected = &self.plan.label_values;
        let class = |row: &usize| {
            let found = values[*row];
            let class = expected.iter().position(|value| *value == found);
            class.ok_or_else(|| DataError::Label {
                path: self.place.path.to_owned(),
                column: self.plan.columns[at].name.clone(),
                row: self.place.row + row,
                found,
                expected: expected.clone(),
            })
        };
        kept.iter().map(class).collect()
    }

    fn keys(&self, kept: &[usize]) -> Vec<u64> {
        let by = self.plan.by.map(|at| &self.cells[at].values);
        let key = |row: &usize| match by {
            Some(Values::Int(values)) => values[*row] as u64,
            _ => (self.place.row_of_all + row) as u64,
        };
        kept.iter().map(key).collect()
    }
}
