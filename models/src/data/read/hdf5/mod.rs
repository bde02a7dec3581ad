//! HDF5 files, by runs of rows.
//!
//! A data set is an array (see [`super::arrays`]) called by its path, without the first slash. Of
//! a data set of records (a compound type) each member that is a number is an array of its own,
//! called `path/member`.

mod lzf;
mod number;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hdf5_reader::error::Error;
use hdf5_reader::group::Group;
use hdf5_reader::{
    Dataset, Datatype, FilterRegistry, Hdf5File, OpenOptions, SliceInfo, SliceInfoElem,
};
use ndarray::ArrayD;

use super::arrays::{Columns, Place};
use super::{BATCH, Batches, Cells, Field, Kind, Reader, Values};
use crate::data::DataError;
use number::{Float, Int, Number, Record};

/// Rows of a group.
const GROUP: usize = 1 << 15;
/// Most bytes of a batch of one data set, and of a chunk: what a damaged file may ask for.
const MOST_BYTES: usize = 1 << 30;

/// The records of each data set that was read.
type Records = BTreeMap<usize, ArrayD<Record>>;

/// An array of the columns: a data set, or a member of its records.
struct Array {
    set: usize,
    number: Number,
    member: bool,
}

/// An open HDF5 file.
pub(super) struct Hdf5 {
    path: PathBuf,
    sets: Vec<Dataset>,
    arrays: Vec<Array>,
    columns: Columns,
    groups: Vec<usize>,
}

impl Hdf5 {
    /// Reads names, types and shapes of all data sets. Only those that are mentioned have to have
    /// one number of rows: files hold other tables, too.
    pub(super) fn open(path: &Path, mentioned: &BTreeSet<String>) -> Result<Self, DataError> {
        let failed = |error: Error| malformed(path, &error);
        let file = Hdf5File::open_with_options(path, options()).map_err(failed)?;
        let root = file.root_group().map_err(failed)?;
        let mut found = BTreeMap::new();
        collect(&root, "", &mut BTreeSet::new(), &mut found).map_err(failed)?;
        let mut all = Self {
            path: path.to_owned(),
            sets: Vec::new(),
            arrays: Vec::new(),
            columns: Columns::default(),
            groups: Vec::new(),
        };
        for (key, set) in found {
            match set {
                Ok(set) => all.add(&key, set, mentioned)?,
                Err(error) => all
                    .columns
                    .push_other(key, format!("not readable: {error}")),
            }
        }
        let rows = all.columns.rows();
        let group = |start: usize| GROUP.min(rows - start);
        all.groups = (0..rows).step_by(GROUP).map(group).collect();
        Ok(all)
    }

    /// The columns of a data set.
    fn add(
        &mut self,
        key: &str,
        set: Dataset,
        mentioned: &BTreeSet<String>,
    ) -> Result<(), DataError> {
        let at = self.sets.len();
        let mut members = Vec::new();
        match set.dtype() {
            Datatype::Compound { fields, .. } => {
                for field in fields {
                    let number = Number::of(&field.datatype)
                        .map(|number| number.at(field.byte_offset as usize));
                    members.push((format!("{key}/{}", field.name), number, true));
                }
            }
            other => members.push((key.to_owned(), Number::of(other), false)),
        }
        let sizes = set.shape().iter().map(|size| usize::try_from(*size));
        let shape: Vec<usize> = sizes.map_while(Result::ok).collect();
        let unit = unit(&set);
        let before = self.columns.fields.len();
        for (name, number, member) in members {
            // In an expression a path may stand beside the sign of a division.
            let within = |text: &String| name.contains('/') && text.contains(&name);
            let used = mentioned.contains(&name) || mentioned.iter().any(within);
            match number {
                Some(number) if used && !shape.is_empty() => {
                    let kind = match number.is_float() {
                        true => Kind::Float,
                        false => Kind::Int,
                    };
                    let (path, array) = (&self.path, self.arrays.len());
                    self.columns.add(path, name, array, &kind, &shape)?;
                    self.arrays.push(Array {
                        set: at,
                        number,
                        member,
                    });
                }
                _ => self.columns.refuse(name),
            }
        }
        for field in &mut self.columns.fields[before..] {
            field.unit.clone_from(&unit);
        }
        self.sets.push(set);
        Ok(())
    }

    /// The cells of some rows; every data set is read once.
    fn batch(&self, wanted: &[usize], start: usize, end: usize) -> Result<Vec<Cells>, Error> {
        let mut records = Records::new();
        let mut numbers: BTreeMap<usize, Values> = BTreeMap::new();
        let mut cells = Vec::with_capacity(wanted.len());
        for column in wanted {
            let Some(place) = &self.columns.places[*column] else {
                cells.push(Cells::none());
                continue;
            };
            let array = &self.arrays[place.array];
            let values = match numbers.entry(place.array) {
                Entry::Occupied(read) => read.into_mut(),
                Entry::Vacant(unread) => {
                    unread.insert(self.numbers(array, start, end, &mut records)?)
                }
            };
            let width = self.sets[array.set].shape().last().copied().unwrap_or(1);
            cells.push(pick(values, width as usize, place));
        }
        Ok(cells)
    }

    /// All numbers of some rows of an array.
    fn numbers(
        &self,
        array: &Array,
        start: usize,
        end: usize,
        records: &mut Records,
    ) -> Result<Values, Error> {
        let set = &self.sets[array.set];
        if array.member {
            let records = match records.entry(array.set) {
                Entry::Occupied(read) => read.into_mut(),
                Entry::Vacant(unread) => unread.insert(read(set, start, end)?),
            };
            return Ok(members(records, array.number));
        }
        Ok(match array.number.is_float() {
            true => Values::Float(read(set, start, end)?.iter().map(|v: &Float| v.0).collect()),
            false => Values::Int(read(set, start, end)?.iter().map(|v: &Int| v.0).collect()),
        })
    }
}

impl Reader for Hdf5 {
    fn fields(&self) -> &[Field] {
        &self.columns.fields
    }

    fn groups(&self) -> &[usize] {
        &self.groups
    }

    fn streams(&self) -> bool {
        true
    }

    fn read(&self, group: usize, wanted: &[usize]) -> Result<Batches<'_>, DataError> {
        let first: usize = self.groups[..group].iter().sum();
        let last = first + self.groups[group];
        let wanted = wanted.to_vec();
        Ok(Box::new((first..last).step_by(BATCH).map(move |start| {
            let end = last.min(start + BATCH);
            let batch = self.batch(&wanted, start, end);
            batch.map_err(|error| malformed(&self.path, &error))
        })))
    }
}

/// The built-in filters and LZF.
fn options() -> OpenOptions {
    let mut filters = FilterRegistry::new();
    let decode = |data: &[u8]| {
        lzf::decompress(data, MOST_BYTES)
            .ok_or_else(|| Error::DecompressionError("damaged LZF data".to_owned()))
    };
    filters.register(lzf::NUMBER, Box::new(move |_, data, _| decode(data)));
    OpenOptions {
        filter_registry: Some(filters),
        max_read_bytes: MOST_BYTES,
        max_chunk_bytes: MOST_BYTES,
        ..OpenOptions::default()
    }
}

/// All data sets below a group by their path, each as far as it can be opened. A group that links
/// to one above it is visited once.
fn collect(
    group: &Group,
    prefix: &str,
    visited: &mut BTreeSet<u64>,
    found: &mut BTreeMap<String, Result<Dataset, Error>>,
) -> Result<(), Error> {
    if !visited.insert(group.address()) {
        return Ok(());
    }
    let (groups, sets) = group.member_names()?;
    for name in sets {
        found.insert(format!("{prefix}{name}"), group.dataset(&name));
    }
    for name in groups {
        let prefix = format!("{prefix}{name}/");
        collect(&group.group(&name)?, &prefix, visited, found)?;
    }
    Ok(())
}

/// The unit that an attribute of a data set states.
fn unit(set: &Dataset) -> Option<String> {
    let named = |name| set.attribute(name).ok()?.read_string().ok();
    named("unit").or_else(|| named("units"))
}

/// Some rows of a data set.
fn read<T: hdf5_reader::H5Type>(
    set: &Dataset,
    start: usize,
    end: usize,
) -> Result<ArrayD<T>, Error> {
    let mut selection = SliceInfo::all(set.ndim());
    if let Some(rows) = selection.selections.first_mut() {
        *rows = SliceInfoElem::Slice {
            start: start as u64,
            end: end as u64,
            step: 1,
        };
    }
    set.read_slice(&selection)
}

/// One member of each record.
fn members(records: &ArrayD<Record>, number: Number) -> Values {
    let bytes = records.iter().map(|record| &*record.0);
    match number.is_float() {
        true => Values::Float(bytes.filter_map(|bytes| number.float(bytes)).collect()),
        false => Values::Int(bytes.filter_map(|bytes| number.int(bytes)).collect()),
    }
}

/// The cells of a column in the numbers of its array, `width` of which are on the last axis.
fn pick(values: &Values, width: usize, place: &Place) -> Cells {
    fn every<T: Copy>(values: &[T], width: usize, element: Option<usize>) -> Vec<T> {
        match element {
            Some(element) => values
                .iter()
                .skip(element)
                .step_by(width)
                .copied()
                .collect(),
            None => values.to_vec(),
        }
    }
    let values = match values {
        Values::Float(values) => Values::Float(every(values, width, place.element)),
        Values::Int(values) => Values::Int(every(values, width, place.element)),
    };
    Cells {
        values,
        nulls: Vec::new(),
    }
}

fn malformed(path: &Path, error: &Error) -> DataError {
    DataError::Malformed {
        path: path.to_owned(),
        kind: "HDF5",
        reason: error.to_string(),
    }
}
