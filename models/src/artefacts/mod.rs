//! The files that a training leaves.

mod card;
mod report;
mod sample;

use std::path::Path;

use crate::config::Config;
use crate::data::Dataset;
use crate::export::{float_model, quantised_model};
use crate::files;
use crate::train::{TrainError, TrainOptions, TrainSummary};

/// Writes every artefact into the output directory and notes their paths in the summary.
pub(crate) fn write(
    config: &Config,
    test: &Dataset,
    options: &TrainOptions,
    summary: &mut TrainSummary,
) -> Result<(), TrainError> {
    let io = |path: &Path, source| TrainError::Io {
        path: path.to_owned(),
        source,
    };
    let shares = summary.model.scaling.saturated(test.features());
    let sample_path = options.out_dir.join("sample.npz");
    let other = |e: String| io(&sample_path, std::io::Error::other(e));
    let artefacts = [
        ("model.onnx", quantised_model(config, &summary.model)?),
        ("float.onnx", float_model(config, &summary.model)),
        (
            "sample.npz",
            sample::encode(test, config.output.sample_rows).map_err(other)?,
        ),
        (
            "metrics.json",
            report::encode(config, summary, &shares).map_err(other)?,
        ),
        ("CARD.md", card::text(config, summary, &shares).into_bytes()),
    ];
    for (name, bytes) in artefacts {
        let path = options.out_dir.join(name);
        files::replace(&path, &bytes).map_err(|source| io(&path, source))?;
        summary.files.push(path);
    }
    Ok(())
}
