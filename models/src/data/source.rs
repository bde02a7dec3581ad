//! The events of a configuration: checked, split, and held in memory or streamed.

use std::path::{Path, PathBuf};

use super::assemble::{Assembled, Place};
use super::plan::{self, Plan};
use super::read::{self, Reader};
use super::split::refuse_empty;
use super::stream::Chunks;
use super::tally::Tally;
use super::{
    ColumnSummary, Counts, DataConfig, DataError, Events, Fractions, InputSpec, Mixture, Part,
    Split,
};

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
    mixture: Option<Mixture>,
    /// For each part the least rank of the rows that are used, where rows are streamed.
    least_ranks: [usize; 3],
    /// Train, validation and test part; none where they are streamed.
    held: Option<[Events; 3]>,
    counts: Counts,
    /// For each input its columns, then the targets.
    columns: Vec<Vec<ColumnSummary>>,
    /// Rows of a chunk where they are streamed.
    chunk_rows: usize,
}

impl Source {
    /// Opens all files and reads them once: every value that is used is checked, and the training
    /// part summarised.
    ///
    /// # Errors
    ///
    /// Files that cannot be read; columns that are missing or of the wrong type or size, and
    /// expressions that cannot be computed, all of them at once; then the first NaN, infinity,
    /// null or label that is no class, by file, column and row; parts and classes without a row;
    /// columns that are constant in the training part.
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
            mixture: config.mixture,
            least_ranks: [0; 3],
            held: None,
            counts: Counts::default(),
            columns: Vec::new(),
            chunk_rows: (memory_rows / 4).max(1),
        };
        let mut tally = Tally::new(&source.plan, all);
        if streams && source.mixture.is_some() {
            return Err(DataError::StreamedMixture {
                path: source.path().to_owned(),
                rows: all,
            });
        }
        match streams {
            false => source.held = Some(source.hold(&mut tally)?),
            true => {
                source.survey(&mut tally)?;
                let most = config.held_back_rows.unwrap_or(source.chunk_rows);
                for part in [Part::Validation, Part::Test] {
                    source.least_ranks[part as usize] = tally.thin(part, most);
                }
            }
        }
        (source.counts, source.columns) = tally.finish(&source.plan, source.path())?;
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

    /// The targets of a regression over the training part.
    pub fn target_summary(&self) -> &[ColumnSummary] {
        self.column_summary(self.plan.specs.len())
    }

    /// The events of a part. In memory it is one chunk, whose order never changes. Streamed, it is
    /// chunks of a quarter of `memory_rows`, in the order of the files, or shuffled by a seed and
    /// the number of an epoch; every epoch has the same rows. The validation and the test part of
    /// a streamed file have at most `held_back_rows` rows: those of the highest ranks.
    ///
    /// # Errors
    ///
    /// Each chunk may fail where a file has changed since [`Source::open`].
    pub fn chunks(
        &self,
        part: Part,
        shuffle: Option<(u64, usize)>,
    ) -> impl Iterator<Item = Result<Events, DataError>> + '_ {
        let held = self.held.iter();
        let held = held.map(move |parts| Ok(parts[part as usize].clone()));
        let streamed = match self.held {
            Some(_) => None,
            None => Some(Chunks::new(self, part, self.chunk_rows, shuffle)),
        };
        held.chain(streamed.into_iter().flatten())
    }

    /// The rows of a batch that belong to a part, where rows are streamed.
    pub(super) fn rows_of(&self, part: Part, keys: &[u64]) -> Vec<usize> {
        let least = self.least_ranks[part as usize];
        let used = |key: &u64| {
            self.split.part_of(*key) == Some(part)
                && (least == 0 || self.split.rank_of(*key) >= least)
        };
        let rows = keys.iter().enumerate().filter(|(_, key)| used(key));
        rows.map(|(row, _)| row).collect()
    }

    /// What errors call the data as a whole.
    fn path(&self) -> &Path {
        self.files.first().map_or(Path::new(""), |file| &file.path)
    }

    /// All batches of all files, in order.
    fn batches(&self, mut each: impl FnMut(Assembled)) -> Result<(), DataError> {
        for file in &self.files {
            for group in 0..file.reader.groups().len() {
                for batch in file.events(&self.plan, group)? {
                    each(batch?);
                }
            }
        }
        Ok(())
    }

    /// Reads all rows and divides them.
    fn hold(&self, tally: &mut Tally) -> Result<[Events; 3], DataError> {
        let mut all = Events::empty(self.plan.specs.len());
        let mut keys = Vec::new();
        self.batches(|batch| {
            tally.add_left_out(&batch);
            all.append(batch.events);
            keys.extend(batch.keys);
        })?;
        let split = match self.plan.by {
            Some(_) => Split::by_number(self.path(), &keys, &self.split)?,
            None => Split::new(self.path(), all.rows, &self.split)?,
        };
        drop(keys);
        let mut parts = [(); 3].map(|()| Events::empty(self.plan.specs.len()));
        for part in Part::ALL {
            let rows = match &self.mixture {
                Some(mixture) => mixture.mix(
                    self.path(),
                    part,
                    self.split.seed,
                    &mut all.labels,
                    split.rows(part),
                )?,
                None => split.rows(part).to_vec(),
            };
            tally.add(part, &all, &rows, |_| 0);
            parts[part as usize] = all.select(&rows);
        }
        Ok(parts)
    }

    /// Reads all rows and keeps none of them.
    fn survey(&self, tally: &mut Tally) -> Result<(), DataError> {
        let mut parts = [0; 3];
        self.batches(|batch| {
            tally.add_left_out(&batch);
            for part in Part::ALL {
                let rows = self.rows_of(part, &batch.keys);
                let rank = |row: usize| match part {
                    Part::Train => 0,
                    Part::Validation | Part::Test => self.split.rank_of(batch.keys[row]),
                };
                tally.add(part, &batch.events, &rows, rank);
                parts[part as usize] += rows.len();
            }
        })?;
        refuse_empty(self.path(), parts.iter().sum(), parts)
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
            let place = Place {
                path: &self.path,
                row,
                row_of_all: self.first_row + row,
            };
            let assembled = plan.assemble(place, cells?)?;
            row += assembled.events.rows + assembled.deselected + assembled.skipped;
            Ok(assembled)
        }))
    }
}

pub(super) fn open_files(config: &DataConfig) -> Result<(Plan, Vec<File>), DataError> {
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
        None => Err(DataError::NoFile),
    }
}
