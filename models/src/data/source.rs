//! The events of a configuration: checked, split, and held in memory or streamed.

use std::path::{Path, PathBuf};

use super::assemble::{Assembled, Place};
use super::plan::{self, Plan};
use super::read::{self, Cells, Reader};
use super::summary::Summaries;
use super::{ColumnSummary, DataConfig, DataError, Events, Fractions, InputSpec, Part, Split};

/// Most numbers that are held in memory unless the configuration says how many rows.
const MOST_NUMBERS: usize = 1 << 27;
/// Most rows that are held in memory unless the configuration says how many.
const MOST_ROWS: usize = 2_000_000;

/// An open file and the columns that are read of it.
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) reader: Box<dyn Reader>,
    wanted: Vec<usize>,
    /// Rows of all files before this one.
    first_row: usize,
}

/// The events that a configuration describes.
pub struct Source {
    pub(super) plan: Plan,
    pub(super) files: Vec<File>,
    split: Fractions,
    /// Train, validation and test part; none where they are streamed.
    held: Option<[Events; 3]>,
    counts: Counts,
    columns: Vec<Vec<ColumnSummary>>,
}

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

impl Source {
    /// Opens all files and reads them once: every value that is used is checked, and the training
    /// part summarised.
    ///
    /// # Errors
    ///
    /// Files that cannot be read; columns that are missing or of the wrong type or size, and
    /// expressions that cannot be computed, all of them at once; then the first NaN, infinity,
    /// null or label that is no class, by file, column and row; columns that are constant in the
    /// training part; classes and parts without a row.
    pub fn open(config: &DataConfig) -> Result<Self, DataError> {
        let (plan, files) = open_files(config)?;
        let all: usize = files.iter().map(File::rows).sum();
        let numbers: usize = plan.specs.iter().map(InputSpec::elements).sum();
        let default = (MOST_NUMBERS / (numbers + plan.targets.len() + 2)).min(MOST_ROWS);
        let memory_rows = config.memory_rows.unwrap_or(default);
        let streams = all > memory_rows && files.iter().all(|file| file.reader.streams());
        let mut source = Self {
            plan,
            files,
            split: config.split.clone(),
            held: None,
            counts: Counts {
                all,
                ..Counts::default()
            },
            columns: Vec::new(),
        };
        match streams {
            false => source.hold()?,
            true => {
                return Err(DataError::UnknownKind {
                    path: source.path().to_owned(),
                });
            }
        }
        source.check_counts()?;
        Ok(source)
    }

    /// What each input is made of.
    pub fn inputs(&self) -> &[InputSpec] {
        &self.plan.specs
    }

    /// Rows of one part.
    pub fn rows(&self, part: Part) -> usize {
        self.counts.parts[part as usize]
    }

    /// Rows by part, by class, and left out.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Whether all events are in memory.
    pub fn in_memory(&self) -> bool {
        self.held.is_some()
    }

    /// The columns of an input over the training part; none for an input that there is not.
    pub fn column_summary(&self, input: usize) -> &[ColumnSummary] {
        self.columns.get(input).map_or(&[], Vec::as_slice)
    }

    /// The events of a part. In memory it is one chunk, whose order never changes.
    ///
    /// # Errors
    ///
    /// Each chunk may fail where a file has changed since [`Source::open`].
    pub fn chunks(
        &self,
        part: Part,
        _shuffle: Option<(u64, usize)>,
    ) -> impl Iterator<Item = Result<Events, DataError>> + '_ {
        self.held
            .iter()
            .map(move |parts| Ok(parts[part as usize].clone()))
    }

    /// What errors call the data as a whole.
    fn path(&self) -> &Path {
        self.files.first().map_or(Path::new(""), |file| &file.path)
    }

    /// Reads all rows, splits and summarises them.
    fn hold(&mut self) -> Result<(), DataError> {
        let mut all = Events::empty(self.plan.specs.len());
        let mut keys = Vec::new();
        for file in &self.files {
            for group in 0..file.reader.groups().len() {
                for assembled in file.events(&self.plan, group)? {
                    let assembled = assembled?;
                    self.counts.skipped += assembled.skipped;
                    self.counts.deselected += assembled.deselected;
                    all.append(assembled.events);
                    keys.extend(assembled.keys);
                }
            }
        }
        let split = match self.plan.by {
            Some(_) => Split::by_number(self.path(), &keys, &self.split)?,
            None => Split::new(self.path(), all.rows, &self.split)?,
        };
        drop(keys);
        let parts = Part::ALL.map(|part| all.select(split.rows(part)));
        drop(all);
        for (part, events) in parts.iter().enumerate() {
            self.counts.parts[part] = events.rows;
            self.counts.classes[part] = count_classes(&events.labels, self.plan.classes.len());
        }
        let mut summaries = Summaries::new(&self.plan.specs);
        let rows: Vec<usize> = (0..parts[0].rows).collect();
        summaries.add(&parts[0], &rows, 0);
        self.finish(summaries);
        self.held = Some(parts);
        Ok(())
    }

    fn finish(&mut self, summaries: Summaries) {
        let columns = &self.plan.columns;
        let unit = |name: &str| columns.iter().find(|c| c.name == name)?.unit.clone();
        self.columns = summaries.finish(unit);
    }

    /// Refuses classes without rows and constant columns.
    fn check_counts(&self) -> Result<(), DataError> {
        let path = || self.path().to_owned();
        let mut problems = Vec::new();
        let label = self.plan.label.map(|at| self.plan.columns[at].name.clone());
        let classes = self.plan.classes.iter().enumerate();
        for ((class, name), column) in classes.zip(label.iter().cycle()) {
            let rows = |part: usize| self.counts.classes[part][class];
            if rows(0) + rows(1) + rows(2) == 0 {
                problems.push(DataError::EmptyClass {
                    path: path(),
                    column: column.clone(),
                    class,
                    name: name.clone(),
                });
            } else if rows(0) == 0 {
                problems.push(DataError::AbsentClass {
                    path: path(),
                    column: column.clone(),
                    part: Part::Train.name(),
                    class,
                    name: name.clone(),
                });
            }
        }
        for column in self.columns.iter().flatten() {
            if column.min >= column.max {
                problems.push(DataError::Constant {
                    path: path(),
                    column: column.name.clone(),
                    value: column.max.max(0.0).min(column.min),
                });
            }
        }
        DataError::all(problems)
    }
}

impl File {
    fn rows(&self) -> usize {
        self.reader.groups().iter().sum()
    }

    /// The events of one group, batch by batch.
    pub(super) fn events<'a>(
        &'a self,
        plan: &'a Plan,
        group: usize,
    ) -> Result<impl Iterator<Item = Result<Assembled, DataError>> + 'a, DataError> {
        let mut row: usize = self.reader.groups()[..group].iter().sum();
        let batches = self.reader.read(group, &self.wanted)?;
        Ok(batches.map(move |cells| {
            let cells: Vec<Cells> = cells?;
            let place = Place {
                path: &self.path,
                row,
                row_of_all: self.first_row + row,
            };
            let assembled = plan.assemble(place, cells)?;
            row += assembled.events.rows + assembled.deselected + assembled.skipped;
            Ok(assembled)
        }))
    }
}

fn open_files(config: &DataConfig) -> Result<(Plan, Vec<File>), DataError> {
    let mentioned = plan::mentioned(config);
    let mut opened: Option<Plan> = None;
    let mut files = Vec::new();
    let mut first_row = 0;
    for path in config.files() {
        let reader = read::open(&path, &mentioned)?;
        let plan = match &mut opened {
            Some(plan) => plan,
            none => none.insert(Plan::new(config, &path, reader.fields())?),
        };
        let wanted = plan.locate(&path, reader.fields())?;
        let rows: usize = reader.groups().iter().sum();
        files.push(File {
            path,
            reader,
            wanted,
            first_row,
        });
        first_row += rows;
    }
    match opened {
        Some(plan) => Ok((plan, files)),
        None => Err(DataError::UnknownKind {
            path: PathBuf::new(),
        }),
    }
}

/// Rows of each class.
pub(super) fn count_classes(labels: &[usize], classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    for label in labels {
        counts[*label] += 1;
    }
    counts
}
