//! What the integers of exported files gave, kept beside the checkpoint: a training that is killed
//! while it is judged neither trains again nor executes again.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use ndarray::{Array1, ArrayView1};
use ndarray_npy::{NpzReader, NpzWriter};

use super::TrainError;
use super::checkpoint::FOLDER;
use super::integer::{self, IntegerOutputs};
use crate::data::{Events, InputSpec};
use crate::files;

/// The folder of a checkpoint, as a place for outputs.
pub(super) struct Kept {
    folder: PathBuf,
}

impl Kept {
    pub(super) fn new(out_dir: &Path) -> Self {
        Self {
            folder: out_dir.join(FOLDER),
        }
    }

    /// Writes the file of a model with this name and says where it is.
    pub(super) fn place(&self, name: &str, model: &[u8]) -> Result<PathBuf, TrainError> {
        let path = self.folder.join(format!("{name}.onnx"));
        files::replace(&path, model).map_err(|source| io(&path, source))?;
        Ok(path)
    }

    /// The outputs of a model, named `name`, for the events of a part: those that were kept of the
    /// same bytes, or else executed now and kept.
    pub(super) fn outputs(
        &self,
        name: &str,
        model: &[u8],
        part: &str,
        specs: &[InputSpec],
        events: &Events,
    ) -> Result<IntegerOutputs, TrainError> {
        let (path, file) = (
            self.folder.join(format!("{name}-{part}.npz")),
            self.place(name, model)?,
        );
        if let Some(values) = read(&path, model, events.rows) {
            return integer::outputs(&file, |_| Ok(values));
        }
        let outputs = integer::integer_outputs(&file, specs, events)?;
        let bytes =
            encode(model, &outputs.values).map_err(|e| io(&path, std::io::Error::other(e)))?;
        files::replace(&path, &bytes).map_err(|source| io(&path, source))?;
        Ok(outputs)
    }
}

fn io(path: &Path, source: std::io::Error) -> TrainError {
    TrainError::Io {
        path: path.to_owned(),
        source,
    }
}

fn encode(model: &[u8], values: &[f64]) -> Result<Vec<u8>, ndarray_npy::WriteNpzError> {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = NpzWriter::new(&mut bytes);
    writer.add_array("model", &ArrayView1::from(model))?;
    writer.add_array("values", &ArrayView1::from(values))?;
    writer.finish()?;
    Ok(bytes.into_inner())
}

/// The outputs in a file, if they are of this model and of so many rows. Whatever is wrong with the
/// file, executing again mends it.
fn read(path: &Path, model: &[u8], rows: usize) -> Option<Vec<f64>> {
    let bytes = std::fs::read(path).ok()?;
    let mut reader = NpzReader::new(Cursor::new(bytes)).ok()?;
    let of: Array1<u8> = reader.by_name("model").ok()?;
    let values: Array1<f64> = reader.by_name("values").ok()?;
    let fits = values.len().is_multiple_of(rows.max(1)) && (rows > 0 || values.is_empty());
    (of.as_slice()? == model && fits).then(|| values.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_come_back_for_the_same_model_and_rows_alone() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("model-test.npz");
        let values = vec![1.0 / 3.0, -2.0, 0.5, 4.0];
        assert_eq!(read(&path, b"model", 2), None);
        let bytes = encode(b"model", &values).expect("bytes");
        std::fs::write(&path, &bytes).expect("write");
        assert_eq!(read(&path, b"model", 2), Some(values));
        assert_eq!(read(&path, b"other", 2), None);
        assert_eq!(read(&path, b"model", 3), None);
        std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("write");
        assert_eq!(read(&path, b"model", 2), None);
    }
}
