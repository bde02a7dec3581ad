//! The sample with which a shipped model is verified.

use std::io::Cursor;

use ndarray::{Array1, Array2};
use ndarray_npy::NpzWriter;

use crate::data::Dataset;

/// The first `rows` rows as NPZ: `x`, float32 in physical units, and `label`, int64.
pub(super) fn encode(data: &Dataset, rows: usize) -> Result<Vec<u8>, String> {
    let rows = rows.min(data.rows());
    let values = data.features()[..rows * data.width()].to_vec();
    let x = Array2::from_shape_vec((rows, data.width()), values).map_err(|e| e.to_string())?;
    let label: Array1<i64> = data.labels()[..rows].iter().map(|l| *l as i64).collect();
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = NpzWriter::new(&mut bytes);
    writer.add_array("x", &x).map_err(|e| e.to_string())?;
    writer
        .add_array("label", &label)
        .map_err(|e| e.to_string())?;
    writer.finish().map_err(|e| e.to_string())?;
    Ok(bytes.into_inner())
}
