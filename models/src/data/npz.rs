//! Named columns of an NPZ file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use ndarray::{ArrayD, Axis};
use ndarray_npy::{NpzReader, ReadNpyError, ReadNpzError, ReadableElement};

use super::table::require;
use super::{Column, DataError, Values};

type Reader = NpzReader<BufReader<File>>;

/// One array of the file, converted to single precision or to 64-bit integers.
enum Stored {
    Float(ArrayD<f32>),
    Int(ArrayD<i64>),
}

/// Reads the columns called `names`, in that order.
pub(super) fn read(path: &Path, names: &[&str]) -> Result<Vec<Column>, DataError> {
    let file = File::open(path).map_err(|source| DataError::Io {
        path: path.to_owned(),
        source,
    })?;
    let mut reader = NpzReader::new(BufReader::new(file)).map_err(|e| malformed(path, &e))?;
    let keys = reader.names().map_err(|e| malformed(path, &e))?;
    let mut arrays = BTreeMap::new();
    let mut found = Vec::new();
    for key in keys {
        if !names
            .iter()
            .any(|name| *name == key || within(name, &key).is_some())
        {
            found.push(key);
            continue;
        }
        let array = load(path, &mut reader, &key)?;
        match array.shape() {
            [_, width] => found.extend((0..*width).map(|j| format!("{key}[{j}]"))),
            _ => found.push(key.clone()),
        }
        arrays.insert(key, array);
    }
    require(path, names, &found)?;
    names
        .iter()
        .map(|name| column(path, name, &arrays))
        .collect()
}

/// The index `j` of a column spelled `key[j]`.
fn within(name: &str, key: &str) -> Option<usize> {
    name.strip_prefix(key)?
        .strip_prefix('[')?
        .strip_suffix(']')?
        .parse()
        .ok()
}

fn column(path: &Path, name: &str, arrays: &BTreeMap<String, Stored>) -> Result<Column, DataError> {
    let part = arrays.iter().find_map(|(key, array)| {
        let index = within(name, key);
        (key == name || index.is_some()).then_some((array, index))
    });
    let values = match part {
        Some((array, index)) => array.column(index),
        None => None,
    };
    values
        .map(|values| Column {
            name: name.to_owned(),
            values,
        })
        .ok_or_else(|| DataError::ColumnType {
            path: path.to_owned(),
            column: name.to_owned(),
            found: "an array of another shape".to_owned(),
            expected: "one dimension, or two and a name like 'x[3]'",
        })
}

impl Stored {
    fn shape(&self) -> &[usize] {
        match self {
            Self::Float(array) => array.shape(),
            Self::Int(array) => array.shape(),
        }
    }

    fn column(&self, index: Option<usize>) -> Option<Values> {
        fn pick<T: Copy>(array: &ArrayD<T>, index: Option<usize>) -> Option<Vec<T>> {
            match (array.ndim(), index) {
                (1, None) => Some(array.iter().copied().collect()),
                (2, Some(j)) => Some(array.index_axis(Axis(1), j).iter().copied().collect()),
                _ => None,
            }
        }
        match self {
            Self::Float(array) => pick(array, index).map(Values::Float),
            Self::Int(array) => pick(array, index).map(Values::Int),
        }
    }
}

/// Loads one array, whatever number type it has.
fn load(path: &Path, reader: &mut Reader, key: &str) -> Result<Stored, DataError> {
    macro_rules! attempt {
        ($stored:ident, $kind:ty) => {
            if let Some(array) = typed::<$kind>(path, reader, key)? {
                return Ok(Stored::$stored(array.mapv(|v| v as _)));
            }
        };
    }
    attempt!(Float, f32);
    attempt!(Float, f64);
    attempt!(Int, i64);
    attempt!(Int, i32);
    attempt!(Int, i16);
    attempt!(Int, i8);
    attempt!(Int, u8);
    attempt!(Int, u16);
    attempt!(Int, u32);
    Err(DataError::ColumnType {
        path: path.to_owned(),
        column: key.to_owned(),
        found: "of another dtype".to_owned(),
        expected: "float32, float64 or an integer of up to 63 bits",
    })
}

fn typed<T: ReadableElement>(
    path: &Path,
    reader: &mut Reader,
    key: &str,
) -> Result<Option<ArrayD<T>>, DataError> {
    match reader.by_name(key) {
        Ok(array) => Ok(Some(array)),
        Err(ReadNpzError::Npy(ReadNpyError::WrongDescriptor(_))) => Ok(None),
        Err(error) => Err(malformed(path, &error)),
    }
}

fn malformed(path: &Path, error: &ReadNpzError) -> DataError {
    DataError::Malformed {
        path: path.to_owned(),
        kind: "NPZ",
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, arr2};
    use ndarray_npy::NpzWriter;

    use super::*;
    use crate::data::Table;

    fn file(dir: &tempfile::TempDir) -> std::path::PathBuf {
        let path = dir.path().join("a.npz");
        let mut writer = NpzWriter::new(File::create(&path).expect("create"));
        let x = arr2(&[[1.0f32, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        writer.add_array("x", &x).expect("x");
        writer
            .add_array("label", &Array1::from(vec![2i64, 1, 0]))
            .expect("label");
        writer
            .add_array("short", &Array1::from(vec![2i32, 1]))
            .expect("short");
        writer.finish().expect("finish");
        path
    }

    #[test]
    fn reads_arrays_and_columns_of_matrices() {
        let dir = tempfile::tempdir().expect("tempdir");
        let columns = read(&file(&dir), &["label", "x[1]"]).expect("columns");
        assert_eq!(columns[0].values, Values::Int(vec![2, 1, 0]));
        assert_eq!(columns[1].values, Values::Float(vec![2.0, 4.0, 6.0]));
    }

    #[test]
    fn refuses_what_is_missing_or_does_not_fit() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = file(&dir);
        let text = |names: &[&str]| Table::read(&path, names).expect_err("error").to_string();
        assert!(text(&["x[2]"]).contains("no column 'x[2]'; the file has 'x[0]', 'x[1]'"));
        assert!(text(&["x"]).contains("no column 'x'"));
        assert!(text(&["label", "short"]).contains("'short' has 2 rows, but 'label' has 3"));
    }
}
