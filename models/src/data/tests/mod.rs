//! Small files of every kind, written and read back.

mod big;
mod docs;
mod files;
#[cfg(feature = "hdf5")]
mod hdf5;
mod kinds;
mod mixture;
mod observables;
mod parquet;
mod refusals;
mod streaming;

use std::path::Path;

use files::parquet as write_parquet;

use super::*;

/// The table `[data]` of this text, in which `DIR` stands for a folder.
fn config(dir: &Path, text: &str) -> DataConfig {
    let text = format!("[data]\n{text}").replace("DIR", &dir.display().to_string());
    let whole: Whole = toml::from_str(&text).expect("toml");
    whole.data.check().expect("config");
    whole.data
}

/// A configuration of nothing but data.
#[derive(serde::Deserialize)]
struct Whole {
    data: DataConfig,
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
