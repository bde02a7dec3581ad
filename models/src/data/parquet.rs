//! Named columns of a Parquet file.

use std::fs::File;
use std::path::Path;

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use super::table::require;
use super::{Column, DataError, Values};

/// Reads the columns called `names`, in that order.
pub(super) fn read(path: &Path, names: &[&str]) -> Result<Vec<Column>, DataError> {
    let malformed = |reason: String| DataError::Malformed {
        path: path.to_owned(),
        kind: "Parquet",
        reason,
    };
    let file = File::open(path).map_err(|source| DataError::Io {
        path: path.to_owned(),
        source,
    })?;
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| malformed(e.to_string()))?;
    let schema = builder.schema().clone();
    let found: Vec<String> = schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    require(path, names, &found)?;

    let mut columns = Vec::with_capacity(names.len());
    for name in names {
        let kind = schema
            .fields()
            .iter()
            .find(|f| f.name() == name)
            .map(|f| f.data_type());
        columns.push(Column {
            name: (*name).to_owned(),
            values: empty(path, name, kind)?,
        });
    }
    let wanted = |name: &String| names.contains(&name.as_str());
    let indices = found
        .iter()
        .enumerate()
        .filter(|(_, name)| wanted(name))
        .map(|(i, _)| i);
    let mask = ProjectionMask::roots(builder.parquet_schema(), indices);
    let reader = builder
        .with_projection(mask)
        .build()
        .map_err(|e| malformed(e.to_string()))?;
    for batch in reader {
        let batch = batch.map_err(|e| malformed(e.to_string()))?;
        for column in &mut columns {
            if let Some(array) = batch.column_by_name(&column.name) {
                append(path, column, array)?;
            }
        }
    }
    Ok(columns)
}

fn empty(path: &Path, column: &str, kind: Option<&DataType>) -> Result<Values, DataError> {
    match kind {
        Some(DataType::Float32 | DataType::Float64) => Ok(Values::Float(Vec::new())),
        Some(kind) if kind.is_integer() && *kind != DataType::UInt64 => Ok(Values::Int(Vec::new())),
        other => Err(DataError::ColumnType {
            path: path.to_owned(),
            column: column.to_owned(),
            found: other.map_or_else(|| "absent".to_owned(), |kind| format!("of type {kind}")),
            expected: "float32, float64 or an integer of up to 63 bits",
        }),
    }
}

fn append(path: &Path, column: &mut Column, array: &ArrayRef) -> Result<(), DataError> {
    if let Some(row) = (0..array.len()).find(|row| array.is_null(*row)) {
        return Err(DataError::Null {
            path: path.to_owned(),
            column: column.name.clone(),
            row: column.values.len() + row,
        });
    }
    macro_rules! extend {
        ($target:expr, $to:ty, $kind:ty) => {
            $target.extend(
                array
                    .as_primitive::<$kind>()
                    .values()
                    .iter()
                    .map(|v| *v as $to),
            )
        };
    }
    match (&mut column.values, array.data_type()) {
        (Values::Float(target), DataType::Float32) => extend!(target, f32, Float32Type),
        (Values::Float(target), DataType::Float64) => extend!(target, f32, Float64Type),
        (Values::Int(target), DataType::Int8) => extend!(target, i64, Int8Type),
        (Values::Int(target), DataType::Int16) => extend!(target, i64, Int16Type),
        (Values::Int(target), DataType::Int32) => extend!(target, i64, Int32Type),
        (Values::Int(target), DataType::Int64) => extend!(target, i64, Int64Type),
        (Values::Int(target), DataType::UInt8) => extend!(target, i64, UInt8Type),
        (Values::Int(target), DataType::UInt16) => extend!(target, i64, UInt16Type),
        (Values::Int(target), DataType::UInt32) => extend!(target, i64, UInt32Type),
        (_, other) => {
            return Err(DataError::ColumnType {
                path: path.to_owned(),
                column: column.name.clone(),
                found: format!("of type {other}"),
                expected: "the same numeric type in every row group",
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ::parquet::arrow::ArrowWriter;
    use arrow_array::{Float32Array, Int8Array, RecordBatch, StringArray};

    use super::*;
    use crate::data::Table;

    fn file(dir: &tempfile::TempDir, x: Vec<Option<f32>>) -> std::path::PathBuf {
        let rows = x.len();
        let columns: Vec<(&str, ArrayRef, bool)> = vec![
            ("x", Arc::new(Float32Array::from(x)), true),
            (
                "label",
                Arc::new(Int8Array::from_iter_values((0..rows).map(|i| i as i8))),
                false,
            ),
            ("text", Arc::new(StringArray::from(vec!["a"; rows])), false),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(columns).expect("batch");
        let path = dir.path().join("a.parquet");
        let out = File::create(&path).expect("create");
        let mut writer = ArrowWriter::try_new(out, batch.schema(), None).expect("writer");
        writer.write(&batch).expect("write");
        writer.close().expect("close");
        path
    }

    #[test]
    fn reads_in_the_order_asked_for() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = file(&dir, vec![Some(1.5), Some(-2.0)]);
        let columns = read(&path, &["label", "x"]).expect("columns");
        assert_eq!(columns[0].values, Values::Int(vec![0, 1]));
        assert_eq!(columns[1].values, Values::Float(vec![1.5, -2.0]));
    }

    #[test]
    fn errors_name_column_and_row() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = file(&dir, vec![Some(1.0), None]);
        let text = |names: &[&str]| Table::read(&path, names).expect_err("error").to_string();
        assert!(
            text(&["x"]).contains("column 'x', row 1 is null"),
            "{}",
            text(&["x"])
        );
        assert!(text(&["y", "x", "z"]).contains("no column 'y', 'z'; the file has 'x', 'label'"));
        assert!(text(&["text"]).contains("column 'text' is of type"));
    }

    #[test]
    fn a_damaged_file_is_one_error() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("broken.parquet");
        std::fs::write(&path, b"PAR1 and then nothing").expect("write");
        let error = Table::read(&path, &["x"]).expect_err("error");
        assert!(
            matches!(
                error,
                DataError::Malformed {
                    kind: "Parquet",
                    ..
                }
            ),
            "{error}"
        );
        let absent = Table::read(&dir.path().join("absent.parquet"), &["x"]).expect_err("error");
        assert!(matches!(absent, DataError::Io { .. }), "{absent}");
    }
}
