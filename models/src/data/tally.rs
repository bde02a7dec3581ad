//! What is counted while all rows are read: rows by part and class, weights, columns.

use std::path::Path;

use super::assemble::Assembled;
use super::plan::Plan;
use super::summary::Summaries;
use super::{ColumnSummary, DataError, Events, Part};

/// How many rows there are of what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows of all files.
    pub all: usize,
    /// Rows that the selection leaves out.
    pub deselected: usize,
    /// Rows left out because of NaN, infinities or nulls.
    pub skipped: usize,
    /// Rows of the train, validation and test part.
    pub parts: [usize; 3],
    /// For each part the rows of each class; empty for regression.
    pub classes: [Vec<usize>; 3],
}

/// The counts so far.
pub(super) struct Tally {
    counts: Counts,
    /// For each part the sum of its weights.
    weights: [f64; 3],
    summaries: Summaries,
}

impl Tally {
    /// No rows yet, of `all` that the files have.
    pub(super) fn new(plan: &Plan, all: usize) -> Self {
        let classes = vec![0; plan.classes.len()];
        Self {
            counts: Counts {
                all,
                classes: [classes.clone(), classes.clone(), classes],
                ..Counts::default()
            },
            weights: [0.0; 3],
            summaries: Summaries::new(&plan.specs, &plan.targets()),
        }
    }

    /// Counts the rows that a batch does not give.
    pub(super) fn add_left_out(&mut self, batch: &Assembled) {
        self.counts.skipped += batch.skipped;
        self.counts.deselected += batch.deselected;
    }

    /// Counts some rows as rows of a part.
    pub(super) fn add(&mut self, part: Part, events: &Events, rows: &[usize]) {
        let before = self.counts.parts[part as usize];
        if part == Part::Train {
            self.summaries.add(events, rows, before as u64);
        }
        self.counts.parts[part as usize] = before + rows.len();
        for row in rows {
            self.weights[part as usize] += f64::from(events.weights[*row]);
            if let Some(label) = events.labels.get(*row) {
                self.counts.classes[part as usize][*label] += 1;
            }
        }
    }

    /// The counts, and for each input its columns, then the targets; `path` is what errors call the
    /// data.
    ///
    /// # Errors
    ///
    /// Classes without rows, weights that cancel and constant columns, all at once.
    pub(super) fn finish(
        self,
        plan: &Plan,
        path: &Path,
    ) -> Result<(Counts, Vec<Vec<ColumnSummary>>), DataError> {
        let mut problems = self.empty_classes(plan, path);
        problems.extend(self.lost_weights(plan, path));
        let unit = |name: &str| plan.columns.iter().find(|c| c.name == name)?.unit.clone();
        let columns = self.summaries.finish(unit);
        for column in columns.iter().flatten().filter(|c| c.min == c.max) {
            problems.push(DataError::Constant {
                path: path.to_owned(),
                column: column.name.clone(),
                value: column.max,
            });
        }
        let empty = columns.iter().flatten().filter(|c| c.count == 0);
        problems.extend(empty.map(|column| DataError::NoSlots {
            path: path.to_owned(),
            column: column.name.clone(),
        }));
        DataError::all(problems).map(|()| (self.counts, columns))
    }

    fn empty_classes(&self, plan: &Plan, path: &Path) -> Vec<DataError> {
        let Some(label) = plan.label else {
            return Vec::new();
        };
        let column = &plan.columns[label].name;
        let classes = plan.classes.iter().enumerate();
        let problems = classes.filter_map(|(class, name)| {
            let [train, validation, test] = [0, 1, 2].map(|part| self.counts.classes[part][class]);
            match (train, validation + test) {
                (0, 0) => Some(DataError::EmptyClass {
                    path: path.to_owned(),
                    column: column.clone(),
                    class,
                    name: name.clone(),
                }),
                (0, _) => Some(DataError::AbsentClass {
                    path: path.to_owned(),
                    column: column.clone(),
                    part: Part::Train.name(),
                    class,
                    name: name.clone(),
                }),
                _ => None,
            }
        });
        problems.collect()
    }

    fn lost_weights(&self, plan: &Plan, path: &Path) -> Vec<DataError> {
        let Some(weight) = plan.weight else {
            return Vec::new();
        };
        let sums = Part::ALL.iter().zip(self.weights);
        sums.filter(|(_, sum)| *sum <= 0.0)
            .map(|(part, sum)| DataError::Weights {
                path: path.to_owned(),
                column: plan.columns[weight].name.clone(),
                part: part.name(),
                sum,
            })
            .collect()
    }
}
