//! Files of named columns, read in pieces.
//!
//! A [`Reader`] knows the columns of one file and how its rows fall into groups, each of which can
//! be read without the others: row groups of a Parquet file, runs of lines of a CSV file. A group
//! is read batch by batch, so a reader never holds more than a batch.

mod arrays;
mod csv;
#[cfg(feature = "hdf5")]
mod hdf5;
mod numpy;
mod parquet;

use std::collections::BTreeSet;
use std::path::Path;

use super::DataError;

/// Rows of a batch, at most.
pub(super) const BATCH: usize = 4096;

/// The number type of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Floating point.
    Float,
    /// Integers or truth values.
    Int,
    /// Something that no role takes, in words.
    Other(String),
}

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: String,
    /// Its number type.
    pub(super) kind: Kind,
    /// Slots of its lists; none for a column of scalars.
    pub(super) slots: Option<usize>,
    /// Its unit, if the file says one.
    pub(super) unit: Option<String>,
}

/// Numbers of one type.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    /// Floating-point numbers; double precision is rounded to single.
    Float(Vec<f32>),
    /// Integers of any stored width, and truth values.
    Int(Vec<i64>),
}

impl Values {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Float(values) => values.len(),
            Self::Int(values) => values.len(),
        }
    }
}

/// The cells of one column in one batch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cells {
    /// Row after row; for lists slot after slot.
    pub(super) values: Values,
    /// Rows in which something is null; their values mean nothing.
    pub(super) nulls: Vec<usize>,
}

impl Cells {
    /// Those of a column that holds no numbers.
    fn none() -> Self {
        Self {
            values: Values::Float(Vec::new()),
            nulls: Vec::new(),
        }
    }
}

/// The wanted columns of successive rows.
pub(super) type Batches<'a> = Box<dyn Iterator<Item = Result<Vec<Cells>, DataError>> + 'a>;

/// An open file of named columns.
pub(super) trait Reader {
    /// All columns.
    fn fields(&self) -> &[Field];

    /// Rows in each group, in the order of the file.
    fn groups(&self) -> &[usize];

    /// Whether it reads from the disk, rather than holding all columns itself.
    fn streams(&self) -> bool;

    /// Reads the columns with the numbers `wanted` of one group.
    ///
    /// # Errors
    ///
    /// A file that changed or is damaged. Lists of differing sizes are found while reading.
    fn read(&self, group: usize, wanted: &[usize]) -> Result<Batches<'_>, DataError>;
}

/// Opens a file by its extension. `mentioned` holds all names in the configuration: a reader that
/// can only load whole columns leaves out the others.
pub(super) fn open(
    path: &Path,
    mentioned: &BTreeSet<String>,
) -> Result<Box<dyn Reader>, DataError> {
    let extension = path.extension().and_then(|e| e.to_str());
    match extension.unwrap_or_default().to_ascii_lowercase().as_str() {
        "parquet" => Ok(Box::new(parquet::Parquet::open(path)?)),
        "csv" => Ok(Box::new(csv::Csv::open(path, mentioned)?)),
        "npz" => Ok(Box::new(numpy::Arrays::open_npz(path, mentioned)?)),
        "npy" => Ok(Box::new(numpy::Arrays::open_npy(path)?)),
        #[cfg(feature = "hdf5")]
        "h5" | "hdf5" => Ok(Box::new(hdf5::Hdf5::open(path, mentioned)?)),
        #[cfg(not(feature = "hdf5"))]
        "h5" | "hdf5" => Err(DataError::WithoutHdf5 {
            path: path.to_owned(),
        }),
        _ => Err(DataError::UnknownKind {
            path: path.to_owned(),
        }),
    }
}
