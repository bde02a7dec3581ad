//! Small files of every kind, written and read back.

mod files;
mod kinds;
mod observables;
mod parquet;
mod refusals;
mod streaming;

use std::path::Path;

use files::parquet as write_parquet;

use super::*;
use crate::Config;

/// The table `[data]` of this text, in which `DIR` stands for a folder.
fn config(dir: &Path, text: &str) -> DataConfig {
    let text = format!(
        "[data]\n{text}\n[model]\nname = \"t\"\nlayers = []\n[train]\nfloat_epochs = 1\n\
         quantised_epochs = 1\nbatch_size = 8\nlearning_rate = 0.1\n\
         quantised_learning_rate = 0.1\npatience = 1\nseed = 1\n"
    );
    let text = text.replace("DIR", &dir.display().to_string());
    let config = Config::from_text(&text, Path::new("c.toml")).expect("config");
    config.data
}

/// All events of a part, in the order in which they come.
fn events(source: &Source, part: Part, shuffle: Option<(u64, usize)>) -> Events {
    let mut all = Events::empty(source.inputs().len());
    for chunk in source.chunks(part, shuffle) {
        all.append(chunk.expect("chunk"));
    }
    all
}

const SPLIT: &str = "split = { train = 0.6, validation = 0.2, test = 0.2, seed = 1 }\n";
