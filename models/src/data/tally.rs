//! What is counted while all rows are read: rows by part and class, weights, columns.

use std::path::Path;

use super::assemble::Assembled;
use super::plan::Plan;
use super::split::RANKS;
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
    /// Rows of each part that are not used, because the part is larger than what is held of it.
    pub unused: [usize; 3],
}

/// The counts so far.
pub(super) struct Tally {
    counts: Counts,
    /// For each part its rows by their rank.
    ranks: [Vec<Rank>; 3],
    /// For each part the sum of the weights of its rows.
    weights: [f64; 3],
    summaries: Summaries,
}

/// Rows of one part and rank.
#[derive(Debug, Clone)]
struct Rank {
    rows: usize,
    classes: Vec<usize>,
    weight: f64,
}

impl Tally {
    /// No rows yet, of `all` that the files have.
    pub(super) fn new(plan: &Plan, all: usize) -> Self {
        let none = Rank {
            rows: 0,
            classes: vec![0; plan.classes.len()],
            weight: 0.0,
        };
        Self {
            counts: Counts {
                all,
                ..Counts::default()
            },
            ranks: [0; 3].map(|_| vec![none.clone(); RANKS]),
            weights: [0.0; 3],
            summaries: Summaries::new(&plan.specs, &plan.targets()),
        }
    }

    /// Counts the rows that a batch does not give.
    pub(super) fn add_left_out(&mut self, batch: &Assembled) {
        self.counts.skipped += batch.skipped;
        self.counts.deselected += batch.deselected;
    }

    /// Counts some rows as rows of a part; `rank` is below [`RANKS`].
    pub(super) fn add(
        &mut self,
        part: Part,
        events: &Events,
        rows: &[usize],
        rank: impl Fn(usize) -> usize,
    ) {
        let ranks = &mut self.ranks[part as usize];
        if part == Part::Train {
            let before: usize = ranks.iter().map(|rank| rank.rows).sum();
            self.summaries.add(events, rows, before as u64);
        }
        for row in rows {
            let rank = &mut ranks[rank(*row)];
            rank.rows += 1;
            rank.weight += f64::from(events.weights[*row]);
            if let Some(label) = events.labels.get(*row) {
                rank.classes[*label] += 1;
            }
        }
    }

    /// The least rank with which a part has at most `most` rows; rows below it no longer count.
    pub(super) fn thin(&mut self, part: Part, most: usize) -> usize {
        let ranks = &mut self.ranks[part as usize];
        let rows = |ranks: &[Rank]| ranks.iter().map(|rank| rank.rows).sum::<usize>();
        let fits = |least: &usize| rows(&ranks[*least..]) <= most;
        // Some row is always left.
        let last = ranks.iter().rposition(|rank| rank.rows > 0).unwrap_or(0);
        let least = (0..last).find(fits).unwrap_or(last);
        self.counts.unused[part as usize] = rows(&ranks[..least]);
        ranks.drain(..least);
        least
    }

    /// Adds up the rows of all ranks.
    fn add_up(&mut self, classes: usize) {
        for (part, ranks) in self.ranks.iter().enumerate() {
            self.counts.parts[part] = ranks.iter().map(|rank| rank.rows).sum();
            self.weights[part] = ranks.iter().map(|rank| rank.weight).sum();
            let of_class = |class| ranks.iter().map(|rank| rank.classes[class]).sum();
            self.counts.classes[part] = (0..classes).map(of_class).collect();
        }
    }

    /// The counts, and for each input its columns, then the targets; `path` is what errors call the
    /// data.
    ///
    /// # Errors
    ///
    /// Classes without rows, weights that cancel and constant columns, all at once.
    pub(super) fn finish(
        mut self,
        plan: &Plan,
        path: &Path,
    ) -> Result<(Counts, Vec<Vec<ColumnSummary>>), DataError> {
        self.add_up(plan.classes.len());
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
