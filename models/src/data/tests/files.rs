//! Files for the tests.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::file::properties::WriterProperties;
use arrow_array::types::Float32Type;
use arrow_array::{ArrayRef, FixedSizeListArray, Float32Array, Int64Array, RecordBatch};

/// Rows of a jet with four slots, of which the last ones are empty.
pub(super) const ROWS: usize = 50;

/// Number of constituents of a row.
pub(super) fn constituents(row: usize) -> usize {
    row % 5
}

/// `pt` of a slot.
pub(super) fn pt(row: usize, slot: usize) -> f32 {
    match slot < constituents(row) {
        true => 100.0 / (slot + 1) as f32 + row as f32,
        false => 0.0,
    }
}

/// `phi` of a slot: not 0 in empty ones, as it may be in a file.
pub(super) fn phi(row: usize, slot: usize) -> f32 {
    (row + 7 * slot) as f32 * 0.1
}

/// A column of scalars.
pub(super) fn scalars(values: impl Iterator<Item = f32>) -> ArrayRef {
    Arc::new(Float32Array::from_iter_values(values))
}

/// A column of integers.
pub(super) fn integers(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

/// A column of lists of one size.
pub(super) fn lists(rows: usize, slots: usize, cell: impl Fn(usize, usize) -> f32) -> ArrayRef {
    let list = |row| {
        Some(
            (0..slots)
                .map(|slot| Some(cell(row, slot)))
                .collect::<Vec<_>>(),
        )
    };
    Arc::new(
        FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(
            (0..rows).map(list),
            slots as i32,
        ),
    )
}

/// The columns of a set of jets.
pub(super) fn jets() -> Vec<(&'static str, ArrayRef)> {
    vec![
        ("mass", scalars((0..ROWS).map(|row| 80.0 + row as f32))),
        ("n", integers((0..ROWS).map(|row| constituents(row) as i64))),
        ("jet_phi", scalars((0..ROWS).map(|row| row as f32 * 0.1))),
        ("pt", lists(ROWS, 4, pt)),
        ("phi", lists(ROWS, 4, phi)),
        ("image", lists(ROWS, 6, |row, cell| (row * 6 + cell) as f32)),
        ("w", scalars((0..ROWS).map(|row| 1.0 + (row % 3) as f32))),
        ("event", integers((0..ROWS).map(|row| (row / 2) as i64))),
        ("label", integers((0..ROWS).map(|row| (row % 2) as i64))),
    ]
}

/// Writes a Parquet file with `group` rows in a row group.
pub(super) fn parquet(path: &Path, columns: Vec<(&str, ArrayRef)>, group: usize) {
    let batch = RecordBatch::try_from_iter(columns).expect("batch");
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group));
    let out = File::create(path).expect("create");
    let mut writer =
        ArrowWriter::try_new(out, batch.schema(), Some(properties.build())).expect("writer");
    writer.write(&batch).expect("write");
    writer.close().expect("close");
}
