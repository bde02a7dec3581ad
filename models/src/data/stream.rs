//! Events read from disk in chunks, in an order that is a pure function of seed and epoch.
//!
//! A part is not a list of row numbers here, which would not fit into memory either: the number of
//! a row, or what the split goes by, is hashed with the seed of the split. To shuffle, the groups
//! of all files are taken in random order, a few of them are read side by side, and a buffer that
//! they fill is permuted.

use super::assemble::Assembled;
use super::{DataError, Events, Part, Source};
use crate::seed::{Purpose, Stream};

/// Groups that are read side by side when rows are shuffled, so that a file that is sorted (by
/// class, by run) gives mixed chunks.
const SIDE_BY_SIDE: usize = 4;

type Batches<'a> = Box<dyn Iterator<Item = Result<Assembled, DataError>> + 'a>;

/// The chunks of a part.
pub(super) struct Chunks<'a> {
    source: &'a Source,
    part: Part,
    /// Rows of a chunk; the last batch of a chunk may go beyond it.
    room: usize,
    /// File and group, the next one last.
    groups: Vec<(usize, usize)>,
    open: Vec<Batches<'a>>,
    random: Option<Stream>,
    failed: bool,
}

impl<'a> Chunks<'a> {
    pub(super) fn new(
        source: &'a Source,
        part: Part,
        room: usize,
        shuffle: Option<(u64, usize)>,
    ) -> Self {
        let files = source.files.iter().enumerate();
        let groups = files.flat_map(|(file, opened)| {
            let groups = 0..opened.reader.groups().len();
            groups.map(move |group| (file, group))
        });
        let mut groups: Vec<_> = groups.collect();
        groups.reverse();
        let mut random = shuffle.map(|(seed, epoch)| Stream::new(seed, Purpose::Pieces(epoch)));
        if let Some(random) = &mut random {
            let order = random.permutation(groups.len());
            groups = order.into_iter().map(|at| groups[at]).collect();
        }
        Self {
            source,
            part,
            room,
            groups,
            open: Vec::new(),
            random,
            failed: false,
        }
    }

    /// The next batch of one of the open groups; none where all are read.
    fn batch(&mut self) -> Option<Result<Assembled, DataError>> {
        let side_by_side = match self.random {
            Some(_) => SIDE_BY_SIDE,
            None => 1,
        };
        loop {
            while self.open.len() < side_by_side
                && let Some((file, group)) = self.groups.pop()
            {
                match self.source.files[file].events(&self.source.plan, group) {
                    Ok(batches) => self.open.push(Box::new(batches)),
                    Err(error) => return Some(Err(error)),
                }
            }
            let at = match &mut self.random {
                Some(random) => random.below(self.open.len()),
                None => 0,
            };
            match self.open.get_mut(at)?.next() {
                Some(batch) => return Some(batch),
                None => drop(self.open.remove(at)),
            }
        }
    }

    fn fill(&mut self) -> Result<Events, DataError> {
        let mut chunk = Events::empty(self.source.inputs().len());
        while chunk.rows < self.room
            && let Some(batch) = self.batch()
        {
            let batch = batch?;
            let rows = self.source.rows_of(self.part, &batch.keys);
            chunk.extend(&batch.events, &rows);
        }
        Ok(match &mut self.random {
            Some(random) => {
                let order = random.permutation(chunk.rows);
                chunk.select(&order)
            }
            None => chunk,
        })
    }
}

impl Iterator for Chunks<'_> {
    type Item = Result<Events, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        match self.fill() {
            Ok(chunk) if chunk.rows == 0 => None,
            Ok(chunk) => Some(Ok(chunk)),
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }
}
