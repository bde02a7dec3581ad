//! Parquet files, by row group.

use std::fs::File;
use std::path::{Path, PathBuf};

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field as ArrowField, Schema};

use super::{BATCH, Batches, Cells, Field, Kind, Reader, Values};
use crate::data::DataError;

/// An open Parquet file.
pub(super) struct Parquet {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    fields: Vec<Field>,
    groups: Vec<usize>,
}

impl Parquet {
    /// Reads the schema and where the row groups are.
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let file = open(path)?;
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
            .map_err(|error| malformed(path, &error))?;
        let groups = metadata.metadata().row_groups().iter();
        let mut parquet = Self {
            path: path.to_owned(),
            groups: groups
                .map(|group| usize::try_from(group.num_rows()).unwrap_or(0))
                .collect(),
            fields: Vec::new(),
            metadata,
        };
        parquet.fields = parquet.all_fields()?;
        Ok(parquet)
    }

    fn all_fields(&self) -> Result<Vec<Field>, DataError> {
        let schema = self.metadata.schema();
        let units = units(schema);
        let mut fields = Vec::with_capacity(schema.fields().len());
        for (index, field) in schema.fields().iter().enumerate() {
            let (kind, slots) = match field.data_type() {
                DataType::FixedSizeList(of, slots) => {
                    (kind(of.data_type()), usize::try_from(*slots).ok())
                }
                // Only the rows say how long such lists are.
                DataType::List(of) | DataType::LargeList(of) => {
                    (kind(of.data_type()), self.first_length(index)?)
                }
                other => (kind(other), None),
            };
            fields.push(Field {
                name: field.name().clone(),
                kind,
                slots,
                unit: unit(field, &units),
            });
        }
        Ok(fields)
    }

    /// The length of the first list of a column; 0 where there is none.
    fn first_length(&self, column: usize) -> Result<Option<usize>, DataError> {
        let Some(group) = self.groups.iter().position(|rows| *rows > 0) else {
            return Ok(Some(0));
        };
        let mut reader = self.reader(group, &[column], 1)?;
        let batch = match reader.next() {
            Some(batch) => batch.map_err(|error| malformed(&self.path, &error))?,
            None => return Ok(Some(0)),
        };
        Ok(Some(lengths(batch.column(0)).map_or(0, |all| all[0])))
    }

    fn reader(
        &self,
        group: usize,
        columns: &[usize],
        batch: usize,
    ) -> Result<ParquetRecordBatchReader, DataError> {
        let metadata = self.metadata.clone();
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(open(&self.path)?, metadata);
        let roots = columns.iter().copied();
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        builder
            .with_projection(mask)
            .with_row_groups(vec![group])
            .with_batch_size(batch)
            .build()
            .map_err(|error| malformed(&self.path, &error))
    }

    /// The wanted columns of a batch, in their order.
    fn cells(
        &self,
        batch: &RecordBatch,
        wanted: &[usize],
        first_row: usize,
    ) -> Result<Vec<Cells>, DataError> {
        let fields = wanted.iter().map(|column| &self.fields[*column]);
        fields
            .map(|field| match batch.column_by_name(&field.name) {
                Some(array) => self.column(field, array, first_row),
                None => Err(DataError::Malformed {
                    path: self.path.clone(),
                    kind: "Parquet",
                    reason: format!("column '{}' is not in a row group", field.name),
                }),
            })
            .collect()
    }

    fn column(
        &self,
        field: &Field,
        array: &ArrayRef,
        first_row: usize,
    ) -> Result<Cells, DataError> {
        let nulls = (0..array.len()).filter(|row| array.is_null(*row));
        let mut nulls: Vec<usize> = match array.null_count() {
            0 => Vec::new(),
            _ => nulls.collect(),
        };
        let Some(slots) = field.slots else {
            let values = self.numbers(field, array)?;
            return Ok(Cells { values, nulls });
        };
        if let Some(all) = lengths(array) {
            let differs = |row: &usize| all[*row] != slots && !array.is_null(*row);
            if let Some(row) = (0..array.len()).find(differs) {
                return Err(DataError::Slots {
                    path: self.path.clone(),
                    column: field.name.clone(),
                    row: first_row + row,
                    found: all[row],
                    expected: slots,
                });
            }
        }
        let Some(slice) = flat(array) else {
            return Err(self.type_error(field, array.data_type()));
        };
        if slice.null_count() > 0 {
            let null = |row: &usize| (0..slots).any(|slot| slice.is_null(row * slots + slot));
            nulls.extend(
                (0..array.len())
                    .filter(|row| !array.is_null(*row))
                    .filter(null),
            );
        }
        let mut values = self.numbers(field, &slice)?;
        if values.len() < array.len() * slots {
            // Null lists of a variable size take no room.
            values = spread(&values, &nulls, array.len(), slots);
        }
        Ok(Cells { values, nulls })
    }

    fn type_error(&self, field: &Field, found: &DataType) -> DataError {
        DataError::ColumnType {
            path: self.path.clone(),
            column: field.name.clone(),
            found: format!("of type {found}"),
            expected: "the same numeric type in every row group",
        }
    }

    fn numbers(&self, field: &Field, array: &ArrayRef) -> Result<Values, DataError> {
        macro_rules! numbers {
            ($variant:ident, $to:ty, $kind:ty) => {{
                let values = array.as_primitive::<$kind>().values();
                Values::$variant(values.iter().map(|v| *v as $to).collect())
            }};
        }
        Ok(match array.data_type() {
            DataType::Float32 => {
                Values::Float(array.as_primitive::<Float32Type>().values().to_vec())
            }
            DataType::Float64 => numbers!(Float, f32, Float64Type),
            DataType::Int8 => numbers!(Int, i64, Int8Type),
            DataType::Int16 => numbers!(Int, i64, Int16Type),
            DataType::Int32 => numbers!(Int, i64, Int32Type),
            DataType::Int64 => numbers!(Int, i64, Int64Type),
            DataType::UInt8 => numbers!(Int, i64, UInt8Type),
            DataType::UInt16 => numbers!(Int, i64, UInt16Type),
            DataType::UInt32 => numbers!(Int, i64, UInt32Type),
            DataType::UInt64 => numbers!(Int, i64, UInt64Type),
            DataType::Boolean => {
                let values = array.as_boolean();
                Values::Int(
                    (0..values.len())
                        .map(|i| i64::from(values.value(i)))
                        .collect(),
                )
            }
            other => return Err(self.type_error(field, other)),
        })
    }
}

impl Reader for Parquet {
    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn groups(&self) -> &[usize] {
        &self.groups
    }

    fn streams(&self) -> bool {
        true
    }

    fn read(&self, group: usize, wanted: &[usize]) -> Result<Batches<'_>, DataError> {
        let mut columns = wanted.to_vec();
        columns.sort_unstable();
        columns.dedup();
        let reader = self.reader(group, &columns, BATCH)?;
        let mut row: usize = self.groups[..group].iter().sum();
        let wanted = wanted.to_vec();
        Ok(Box::new(reader.map(move |batch| {
            let batch = batch.map_err(|error| malformed(&self.path, &error))?;
            let cells = self.cells(&batch, &wanted, row);
            row += batch.num_rows();
            cells
        })))
    }
}

fn open(path: &Path) -> Result<File, DataError> {
    File::open(path).map_err(|source| DataError::Io {
        path: path.to_owned(),
        source,
    })
}

fn malformed(path: &Path, error: &impl std::fmt::Display) -> DataError {
    DataError::Malformed {
        path: path.to_owned(),
        kind: "Parquet",
        reason: error.to_string(),
    }
}

fn kind(of: &DataType) -> Kind {
    match of {
        DataType::Float32 | DataType::Float64 => Kind::Float,
        DataType::Boolean => Kind::Int,
        integer if integer.is_integer() => Kind::Int,
        other => Kind::Other(format!("of type {other}")),
    }
}

/// The length of each list, for columns whose type does not fix it.
fn lengths(array: &ArrayRef) -> Option<Vec<usize>> {
    fn differences<T: Copy + TryInto<usize> + std::ops::Sub<Output = T>>(
        offsets: &[T],
    ) -> Vec<usize> {
        let pairs = offsets.windows(2);
        pairs
            .map(|pair| (pair[1] - pair[0]).try_into().unwrap_or(0))
            .collect()
    }
    match array.data_type() {
        DataType::List(_) => Some(differences(array.as_list::<i32>().value_offsets())),
        DataType::LargeList(_) => Some(differences(array.as_list::<i64>().value_offsets())),
        _ => None,
    }
}

/// The cells of all lists, one after the other.
fn flat(array: &ArrayRef) -> Option<ArrayRef> {
    fn between<T: Copy + TryInto<usize>>(values: &ArrayRef, offsets: &[T]) -> Option<ArrayRef> {
        let first: usize = (*offsets.first()?).try_into().ok()?;
        let last: usize = (*offsets.last()?).try_into().ok()?;
        Some(values.slice(first, last - first))
    }
    match array.data_type() {
        DataType::FixedSizeList(_, slots) => {
            let lists = array.as_fixed_size_list();
            let slots = usize::try_from(*slots).ok()?;
            Some(
                lists
                    .values()
                    .slice(lists.value_offset_at(0), lists.len() * slots),
            )
        }
        DataType::List(_) => {
            let lists = array.as_list::<i32>();
            between(lists.values(), lists.value_offsets())
        }
        DataType::LargeList(_) => {
            let lists = array.as_list::<i64>();
            between(lists.values(), lists.value_offsets())
        }
        _ => None,
    }
}

/// Puts zeros where a list is null.
fn spread(values: &Values, nulls: &[usize], rows: usize, slots: usize) -> Values {
    fn fill<T: Copy + Default>(values: &[T], nulls: &[usize], rows: usize, slots: usize) -> Vec<T> {
        let mut lists = values.chunks(slots.max(1));
        let mut result = Vec::with_capacity(rows * slots);
        for row in 0..rows {
            match nulls.contains(&row) {
                true => result.resize(result.len() + slots, T::default()),
                false => result.extend(lists.next().unwrap_or_default()),
            }
        }
        result
    }
    match values {
        Values::Float(values) => Values::Float(fill(values, nulls, rows, slots)),
        Values::Int(values) => Values::Int(fill(values, nulls, rows, slots)),
    }
}

/// The map of units that may be in the metadata of the file, as JSON.
fn units(schema: &Schema) -> serde_json::Value {
    let text = schema.metadata().get("units");
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

fn unit(field: &ArrowField, units: &serde_json::Value) -> Option<String> {
    let of_field = field.metadata().get("unit").cloned();
    let of_file = || Some(units.get(field.name())?.as_str()?.to_owned());
    of_field.or_else(of_file)
}
