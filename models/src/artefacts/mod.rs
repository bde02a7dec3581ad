//! The files that a training leaves.

mod card;
mod front;
mod sample;

use std::path::{Path, PathBuf};

pub(crate) use front::FrontModel;

use crate::config::Config;
use crate::data::Events;
use crate::files;
use crate::inputs::InputTransform;
use crate::report::Report;
use crate::train::{TrainError, TrainOptions};

/// What the files are made of.
#[derive(Debug, Clone)]
pub(crate) struct Artefacts {
    /// The quantised network as QONNX.
    pub(crate) quantised: Vec<u8>,
    /// Its float twin as ONNX.
    pub(crate) float: Vec<u8>,
    /// The test part.
    pub(crate) test: Events,
    /// The transforms of the inputs.
    pub(crate) transforms: Vec<InputTransform>,
    /// The networks on the front of quality against cost.
    pub(crate) front: Vec<FrontModel>,
    /// Everything that is reported.
    pub(crate) report: Report,
}

/// Writes every artefact into the output directory and gives their paths.
pub(crate) fn write(
    config: &Config,
    options: &TrainOptions,
    artefacts: &Artefacts,
) -> Result<Vec<PathBuf>, TrainError> {
    let io = |path: &Path, source| TrainError::Io {
        path: path.to_owned(),
        source,
    };
    let out = |name: &str| options.out_dir.join(name);
    let sample = sample::encode(
        &artefacts.transforms,
        &artefacts.test,
        config.output.sample_rows,
    )
    .map_err(|e| io(&out("sample.npz"), std::io::Error::other(e)))?;
    let json = artefacts
        .report
        .json()
        .map_err(|e| io(&out("metrics.json"), std::io::Error::other(e)))?;
    let html = artefacts
        .report
        .html()
        .map_err(|e| io(&out("report.html"), std::io::Error::other(e)))?;
    let card = card::text(config, artefacts);
    let mut files = vec![
        (out("model.onnx"), artefacts.quantised.clone()),
        (out("float.onnx"), artefacts.float.clone()),
        (out("sample.npz"), sample),
        (out("metrics.json"), json.into_bytes()),
        (out("report.html"), html.into_bytes()),
        (out("CARD.md"), card.into_bytes()),
    ];
    if config.output.front {
        let folder = out("front");
        std::fs::create_dir_all(&folder).map_err(|e| io(&folder, e))?;
        let list = front::json(&artefacts.front)
            .map_err(|e| io(&out("front.json"), std::io::Error::other(e)))?;
        files.push((out("front.json"), list));
        for model in &artefacts.front {
            files.push((folder.join(model.file()), model.model.clone()));
        }
    }
    let mut paths = Vec::with_capacity(files.len());
    for (path, bytes) in files {
        files::replace(&path, &bytes).map_err(|source| io(&path, source))?;
        paths.push(path);
    }
    Ok(paths)
}
