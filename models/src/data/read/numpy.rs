//! NumPy files, NPZ and NPY, loaded whole.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use ndarray::{ArrayD, ArrayViewD, Axis, Slice};
use ndarray_npy::{NpzReader, ReadNpyError, ReadNpyExt, ReadNpzError, ReadableElement};

use super::arrays::{Columns, Place};
use super::{BATCH, Batches, Cells, Field, Kind, Reader, Values};
use crate::data::DataError;

type Npz = NpzReader<BufReader<File>>;

/// One array, converted to single precision or to 64-bit integers.
enum Stored {
    Float(ArrayD<f32>),
    Int(ArrayD<i64>),
}

/// The arrays of a file.
pub(super) struct Arrays {
    arrays: Vec<Stored>,
    columns: Columns,
    groups: Vec<usize>,
}

impl Arrays {
    /// Loads the arrays of an NPZ file that are mentioned.
    pub(super) fn open_npz(path: &Path, mentioned: &BTreeSet<String>) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|source| DataError::Io {
            path: path.to_owned(),
            source,
        })?;
        let mut reader = Npz::new(BufReader::new(file)).map_err(|e| malformed(path, "NPZ", &e))?;
        let keys = reader.names().map_err(|e| malformed(path, "NPZ", &e))?;
        let mut named = Vec::with_capacity(keys.len());
        for key in keys {
            let array = match mentioned.contains(&key) {
                true => load(&mut Member {
                    path,
                    reader: &mut reader,
                    key: &key,
                })?,
                false => None,
            };
            named.push((key, array));
        }
        Self::new(path, named)
    }

    /// Loads the array of an NPY file, which is called `x`.
    pub(super) fn open_npy(path: &Path) -> Result<Self, DataError> {
        let bytes = std::fs::read(path).map_err(|source| DataError::Io {
            path: path.to_owned(),
            source,
        })?;
        let array = load(&mut Npy {
            path,
            bytes: &bytes,
        })?;
        Self::new(path, vec![("x".to_owned(), array)])
    }

    fn new(path: &Path, named: Vec<(String, Option<Stored>)>) -> Result<Self, DataError> {
        let (mut arrays, mut columns) = (Vec::new(), Columns::default());
        for (key, array) in named {
            let Some(array) = array else {
                columns.refuse(key);
                continue;
            };
            let kind = match &array {
                Stored::Float(_) => Kind::Float,
                Stored::Int(_) => Kind::Int,
            };
            columns.add(path, key, arrays.len(), &kind, array.shape())?;
            arrays.push(array);
        }
        Ok(Self {
            arrays,
            groups: vec![columns.rows()],
            columns,
        })
    }

    fn cells(&self, column: usize, start: usize, end: usize) -> Cells {
        fn pick<T: Copy>(
            array: ArrayViewD<'_, T>,
            start: usize,
            end: usize,
            element: Option<usize>,
        ) -> Vec<T> {
            let rows = array.slice_axis_move(Axis(0), Slice::from(start..end));
            match element {
                Some(j) => rows
                    .index_axis(Axis(rows.ndim() - 1), j)
                    .iter()
                    .copied()
                    .collect(),
                None => rows.iter().copied().collect(),
            }
        }
        let values = match &self.columns.places[column] {
            Some(Place { array, element }) => match &self.arrays[*array] {
                Stored::Float(array) => Values::Float(pick(array.view(), start, end, *element)),
                Stored::Int(array) => Values::Int(pick(array.view(), start, end, *element)),
            },
            None => return Cells::none(),
        };
        Cells {
            values,
            nulls: Vec::new(),
        }
    }
}

impl Reader for Arrays {
    fn fields(&self) -> &[Field] {
        &self.columns.fields
    }

    fn groups(&self) -> &[usize] {
        &self.groups
    }

    fn streams(&self) -> bool {
        false
    }

    fn read(&self, group: usize, wanted: &[usize]) -> Result<Batches<'_>, DataError> {
        let rows = self.groups[group];
        let wanted = wanted.to_vec();
        Ok(Box::new((0..rows).step_by(BATCH).map(move |start| {
            let end = rows.min(start + BATCH);
            let cells = |column: &usize| self.cells(*column, start, end);
            Ok(wanted.iter().map(cells).collect())
        })))
    }
}

impl Stored {
    fn shape(&self) -> &[usize] {
        match self {
            Self::Float(array) => array.shape(),
            Self::Int(array) => array.shape(),
        }
    }
}

/// Where an array comes from.
trait Origin {
    /// The array, if its elements are of this type.
    fn array<T: ReadableElement>(&mut self) -> Result<Option<ArrayD<T>>, DataError>;
}

/// An array of an NPZ file.
struct Member<'a> {
    path: &'a Path,
    reader: &'a mut Npz,
    key: &'a str,
}

impl Origin for Member<'_> {
    fn array<T: ReadableElement>(&mut self) -> Result<Option<ArrayD<T>>, DataError> {
        match self.reader.by_name(self.key) {
            Ok(array) => Ok(Some(array)),
            Err(ReadNpzError::Npy(ReadNpyError::WrongDescriptor(_))) => Ok(None),
            Err(error) => Err(malformed(self.path, "NPZ", &error)),
        }
    }
}

/// The array of an NPY file.
struct Npy<'a> {
    path: &'a Path,
    bytes: &'a [u8],
}

impl Origin for Npy<'_> {
    fn array<T: ReadableElement>(&mut self) -> Result<Option<ArrayD<T>>, DataError> {
        match ArrayD::<T>::read_npy(self.bytes) {
            Ok(array) => Ok(Some(array)),
            Err(ReadNpyError::WrongDescriptor(_)) => Ok(None),
            Err(error) => Err(malformed(self.path, "NPY", &error)),
        }
    }
}

/// Loads one array, whatever number type it has; none for a type that is no number.
fn load(origin: &mut impl Origin) -> Result<Option<Stored>, DataError> {
    macro_rules! attempt {
        ($stored:ident, $kind:ty, $convert:expr) => {
            if let Some(array) = origin.array::<$kind>()? {
                return Ok(Some(Stored::$stored(array.mapv($convert))));
            }
        };
    }
    if let Some(array) = origin.array::<f32>()? {
        return Ok(Some(Stored::Float(array)));
    }
    attempt!(Float, f64, |v| v as f32);
    if let Some(array) = origin.array::<i64>()? {
        return Ok(Some(Stored::Int(array)));
    }
    attempt!(Int, i32, i64::from);
    attempt!(Int, i16, i64::from);
    attempt!(Int, i8, i64::from);
    attempt!(Int, u8, i64::from);
    attempt!(Int, u16, i64::from);
    attempt!(Int, u32, i64::from);
    attempt!(Int, u64, |v| v as i64);
    attempt!(Int, bool, i64::from);
    Ok(None)
}

fn malformed(path: &Path, kind: &'static str, error: &impl std::fmt::Display) -> DataError {
    DataError::Malformed {
        path: path.to_owned(),
        kind,
        reason: error.to_string(),
    }
}
