//! The sample with which a shipped model is verified.

use std::io::Cursor;

use ndarray::{Array1, ArrayD, IxDyn};
use ndarray_npy::NpzWriter;

use crate::data::Events;
use crate::inputs::InputTransform;

/// The first `rows` events as NPZ: for each input an array of its name, float32 in physical units,
/// a single input as `x`; `label` (int64) or `target` (float32) where there is one.
pub(super) fn encode(
    transforms: &[InputTransform],
    events: &Events,
    rows: usize,
) -> Result<Vec<u8>, String> {
    let rows = rows.min(events.rows);
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = NpzWriter::new(&mut bytes);
    for (transform, values) in transforms.iter().zip(&events.inputs) {
        let shape = [&[rows], transform.shape.as_slice()].concat();
        let values = values[..rows * transform.elements()].to_vec();
        let array = ArrayD::from_shape_vec(IxDyn(&shape), values).map_err(|e| e.to_string())?;
        let name = crate::inputs::port(transforms, transform);
        writer.add_array(name, &array).map_err(|e| e.to_string())?;
    }
    if !events.targets.is_empty() {
        let width = events.targets.len() / events.rows.max(1);
        let target: Array1<f32> = events.targets[..rows * width].iter().copied().collect();
        let target = target
            .into_shape_with_order((rows, width))
            .map_err(|e| e.to_string())?;
        writer
            .add_array("target", &target)
            .map_err(|e| e.to_string())?;
    } else if !events.labels.is_empty() {
        let label: Array1<i64> = events.labels[..rows].iter().map(|l| *l as i64).collect();
        writer
            .add_array("label", &label)
            .map_err(|e| e.to_string())?;
    }
    writer.finish().map_err(|e| e.to_string())?;
    Ok(bytes.into_inner())
}
