//! `metrics.json`.

use serde::Serialize;

use crate::config::Config;
use crate::network::{Accumulator, LayerFormats};
use crate::scaling::FeatureScaling;
use crate::train::{EpochRecord, Figures, TrainSummary};

#[derive(Serialize)]
struct Report<'a> {
    model: &'a str,
    classes: &'a [String],
    parameters: usize,
    multiplications: usize,
    validation: &'a Figures,
    test: &'a Figures,
    /// Share of test rows in which a feature saturates, by feature.
    saturated: &'a [f64],
    features: &'a [FeatureScaling],
    formats: &'a [LayerFormats],
    accumulators: &'a [Accumulator],
    training: &'a [EpochRecord],
}

/// The figures, formats and training curves as JSON; the same training gives the same bytes.
pub(super) fn encode(
    config: &Config,
    summary: &TrainSummary,
    saturated: &[f64],
) -> Result<Vec<u8>, String> {
    let report = Report {
        model: &config.model.name,
        classes: &config.data.classes,
        parameters: summary.model.quantised.parameters(),
        multiplications: summary.model.quantised.multiplications(),
        validation: &summary.validation,
        test: &summary.test,
        saturated,
        features: &summary.model.scaling.features,
        formats: &summary.model.formats.layers,
        accumulators: &summary.model.accumulators,
        training: &summary.history,
    };
    let mut bytes = serde_json::to_vec_pretty(&report).map_err(|e| e.to_string())?;
    bytes.push(b'\n');
    Ok(bytes)
}
