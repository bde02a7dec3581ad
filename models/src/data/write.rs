//! Parts of the data as NPZ files, for programs of others.

use std::fs::File;
use std::path::{Path, PathBuf};

use ndarray::{Array1, ArrayD, IxDyn};
use ndarray_npy::NpzWriter;

use super::{DataError, Events, InputSpec, Part, Source};

impl Source {
    /// Writes `train.npz`, `validation.npz` and `test.npz` into a folder, which is made if it is
    /// not there: float32 arrays by the names of the inputs, of shape `(rows, ...)` in physical
    /// units; `labels` (int64) or `targets` (float32, `(rows, targets)`); `weights` (float32). The
    /// order of the rows is that in which the trainer takes them before it shuffles. A part is
    /// held in memory while it is written.
    ///
    /// # Errors
    ///
    /// A file that cannot be written, and those of [`Source::chunks`].
    pub fn write(&self, folder: &Path) -> Result<Vec<PathBuf>, DataError> {
        let io = |path: &Path, source| DataError::Io {
            path: path.to_owned(),
            source,
        };
        std::fs::create_dir_all(folder).map_err(|error| io(folder, error))?;
        let mut paths = Vec::new();
        for part in Part::ALL {
            let mut events = Events::empty(self.inputs().len());
            for chunk in self.chunks(part, None) {
                events.append(chunk?);
            }
            let path = folder.join(format!("{}.npz", part.name()));
            // A reader sees a whole file or none.
            let partial = path.with_extension("npz.partial");
            let file = File::create(&partial).map_err(|error| io(&partial, error))?;
            write(file, self.inputs(), events).map_err(|error| DataError::Unwritten {
                path: path.clone(),
                reason: error.to_string(),
            })?;
            std::fs::rename(&partial, &path).map_err(|error| io(&path, error))?;
            paths.push(path);
        }
        Ok(paths)
    }
}

fn write(
    file: File,
    specs: &[InputSpec],
    events: Events,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut writer = NpzWriter::new(file);
    let mut add_real = |name: &str, shape: &[usize], values: Vec<f32>| {
        let shape: Vec<usize> = [&[events.rows], shape].concat();
        let array = ArrayD::from_shape_vec(IxDyn(&shape), values)?;
        writer.add_array(name, &array)?;
        Ok::<(), Box<dyn std::error::Error>>(())
    };
    for (spec, values) in specs.iter().zip(events.inputs) {
        add_real(&spec.name, &spec.shape, values)?;
    }
    if !events.targets.is_empty() {
        let width = events.targets.len() / events.rows.max(1);
        add_real("targets", &[width], events.targets)?;
    }
    add_real("weights", &[], events.weights)?;
    if !events.labels.is_empty() {
        let labels: Array1<i64> = events.labels.iter().map(|label| *label as i64).collect();
        writer.add_array("labels", &labels)?;
    }
    let file = writer.finish()?;
    file.sync_all()?;
    Ok(())
}
