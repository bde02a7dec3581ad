//! The trained models that are shipped inside the binary.

/// A shipped model and what belongs to it, as the bytes of the files in `models/zoo/<name>/`.
#[derive(Debug, Clone, Copy)]
pub struct ZooEntry {
    /// Name of the folder.
    pub name: &'static str,
    /// `config.toml`: how it was trained.
    pub config: &'static str,
    /// `model.onnx`: the quantised network as QONNX.
    pub model: &'static [u8],
    /// `float.onnx`: its float twin.
    pub float: &'static [u8],
    /// `sample.npz`: rows of the test part, `x` and `label`.
    pub sample: &'static [u8],
    /// `metrics.json`: figures, formats and training curves.
    pub metrics: &'static str,
    /// `CARD.md`: the model card.
    pub card: &'static str,
}

/// Five-class jet substructure tagger, dense 16-64-32-32-5.
pub const JSC_MLP: ZooEntry = ZooEntry {
    name: "jsc-mlp",
    config: include_str!("../zoo/jsc-mlp/config.toml"),
    model: include_bytes!("../zoo/jsc-mlp/model.onnx"),
    float: include_bytes!("../zoo/jsc-mlp/float.onnx"),
    sample: include_bytes!("../zoo/jsc-mlp/sample.npz"),
    metrics: include_str!("../zoo/jsc-mlp/metrics.json"),
    card: include_str!("../zoo/jsc-mlp/CARD.md"),
};
#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::path::Path;

    use ndarray::{Array1, Array2};
    use ndarray_npy::NpzReader;

    use super::*;
    use crate::config::Config;
    use crate::data::{Events, InputSpec};
    use crate::metrics::accuracy;
    use crate::train::integer_outputs;

    #[test]
    fn the_shipped_model_keeps_its_promise_on_the_shipped_sample() {
        let config = Config::from_text(JSC_MLP.config, Path::new("config.toml")).expect("config");
        let mut sample = NpzReader::new(Cursor::new(JSC_MLP.sample)).expect("sample");
        let x: Array2<f32> = sample.by_name("x").expect("x");
        let label: Array1<i64> = sample.by_name("label").expect("label");
        let events = Events {
            rows: x.nrows(),
            inputs: vec![x.iter().copied().collect()],
            labels: label.iter().map(|l| *l as usize).collect(),
            targets: Vec::new(),
            spectators: Vec::new(),
            weights: vec![1.0; x.nrows()],
        };
        assert_eq!(events.rows, config.output.sample_rows);
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("model.onnx");
        std::fs::write(&path, JSC_MLP.model).expect("write");
        let spec = InputSpec {
            name: "x".to_owned(),
            columns: config.data.features.clone(),
            shape: vec![config.data.features.len()],
            mask: None,
        };
        let outputs = integer_outputs(&path, &[spec], &events).expect("outputs");
        let found = accuracy(&outputs.values, config.data.classes.len(), &events.labels);
        assert!(found >= 0.6325, "accuracy {found} on the sample");
    }
}
