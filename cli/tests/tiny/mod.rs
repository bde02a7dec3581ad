//! A small problem with two features and two classes, which a training in a test learns in seconds.

use std::path::Path;

use ndarray::{Array1, Array2};
use ndarray_npy::NpzWriter;

/// Writes `tiny.npz` with so many points inside and outside of a circle, and `config.toml`, which
/// trains on them with these layers and these lines of the table `[train]`.
pub fn write(
    dir: &Path,
    rows: usize,
    layers: &str,
    train: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let data = dir.join("tiny.npz");
    let x = Array2::from_shape_fn((rows, 2), |(i, j)| {
        (i * (37 + 22 * j) % 1009) as f32 / 500.0 - 1.0
    });
    let inside = |row: ndarray::ArrayView1<'_, f32>| row[0].powi(2) + row[1].powi(2) < 0.6;
    let label: Array1<i64> = x.rows().into_iter().map(|r| i64::from(inside(r))).collect();
    let mut writer = NpzWriter::new(std::fs::File::create(&data)?);
    writer.add_array("x", &x)?;
    writer.add_array("label", &label)?;
    writer.finish()?;
    let path = data.display().to_string().escape_default().to_string();
    let config = format!(
        r#"
[data]
path = "{path}"
features = ["x[0]", "x[1]"]
label = "label"
classes = ["outside", "inside"]
split = {{ train = 0.6, validation = 0.2, test = 0.2, seed = 1 }}
[model]
name = "tiny"
layers = [{layers}]
[train]
batch_size = 32
learning_rate = 0.02
quantised_learning_rate = 0.01
seed = 3
{train}
"#
    );
    Ok(std::fs::write(dir.join("config.toml"), config)?)
}
