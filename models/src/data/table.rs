//! A plain table of named columns.

use std::path::{Path, PathBuf};

use super::{DataError, npz, parquet};

/// The values of one column, all rows.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Values {
    /// Floating-point numbers (double precision is rounded to single).
    Float(Vec<f32>),
    /// Integers of any stored width.
    Int(Vec<i64>),
}

impl Values {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Float(values) => values.len(),
            Self::Int(values) => values.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The name in the file.
    pub name: String,
    /// The values.
    pub values: Values,
}

/// Columns of equal length, read from one file.
#[derive(Debug, Clone)]
pub struct Table {
    path: PathBuf,
    columns: Vec<Column>,
}

impl Table {
    /// Reads the named columns of a `.parquet` or `.npz` file.
    ///
    /// In an NPZ file a column is a one-dimensional array, or column `j` of a two-dimensional array
    /// `name`, spelled `name[j]`.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, columns that it lacks (all at once), a type that is no number,
    /// nulls, or columns of different lengths.
    pub fn read(path: &Path, names: &[&str]) -> Result<Self, DataError> {
        let extension = path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default();
        let columns = match extension.to_ascii_lowercase().as_str() {
            "parquet" => parquet::read(path, names)?,
            "npz" => npz::read(path, names)?,
            _ => {
                return Err(DataError::UnknownKind {
                    path: path.to_owned(),
                });
            }
        };
        Self::new(path, columns)
    }

    /// Makes a table of columns that are already in memory; `path` is what errors call it.
    ///
    /// # Errors
    ///
    /// Columns of different lengths.
    pub fn new(path: &Path, columns: Vec<Column>) -> Result<Self, DataError> {
        if let Some((first, rest)) = columns.split_first() {
            let expected = first.values.len();
            if let Some(column) = rest.iter().find(|c| c.values.len() != expected) {
                return Err(DataError::Length {
                    path: path.to_owned(),
                    column: column.name.clone(),
                    found: column.values.len(),
                    reference: first.name.clone(),
                    expected,
                });
            }
        }
        Ok(Self {
            path: path.to_owned(),
            columns,
        })
    }

    /// The file the table came from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }

    /// The values of one column.
    ///
    /// # Errors
    ///
    /// A name that is not in the table.
    pub fn column(&self, name: &str) -> Result<&Values, DataError> {
        match self.columns.iter().find(|column| column.name == name) {
            Some(column) => Ok(&column.values),
            None => Err(DataError::MissingColumns {
                path: self.path.clone(),
                missing: vec![name.to_owned()],
                found: self
                    .columns
                    .iter()
                    .map(|column| column.name.clone())
                    .collect(),
            }),
        }
    }
}

/// Fails with all of `names` that are not in `found`.
pub(super) fn require(path: &Path, names: &[&str], found: &[String]) -> Result<(), DataError> {
    let absent = |name: &&&str| !found.iter().any(|f| f == **name);
    let missing: Vec<String> = names
        .iter()
        .filter(absent)
        .map(|name| name.to_string())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(DataError::MissingColumns {
        path: path.to_owned(),
        missing,
        found: found.to_vec(),
    })
}
