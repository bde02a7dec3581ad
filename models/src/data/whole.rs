//! All rows of one more file, such as a signal beside the background of a training.

use std::path::Path;

use super::source::open_files;
use super::{DataConfig, DataError, Events};

impl DataConfig {
    /// All rows of another file of the same inputs that pass `selection`, in their order. Labels,
    /// targets, weights and the selection of this table do not count.
    ///
    /// # Errors
    ///
    /// As [`Source::open`](super::Source::open), but for what depends on parts: columns may be
    /// constant.
    pub fn read_whole(&self, path: &Path, selection: &[String]) -> Result<Events, DataError> {
        let mut config = Self {
            path: Some(path.to_owned()),
            paths: Vec::new(),
            label: None,
            classes: Vec::new(),
            targets: Vec::new(),
            spectators: Vec::new(),
            weight: None,
            selection: selection.to_vec(),
            ..self.clone()
        };
        config.split.by = None;
        let (plan, files) = open_files(&config)?;
        let mut all = Events::empty(plan.specs.len());
        for file in &files {
            for group in 0..file.reader.groups().len() {
                for batch in file.events(&plan, group)? {
                    all.append(batch?.events);
                }
            }
        }
        Ok(all)
    }
}
