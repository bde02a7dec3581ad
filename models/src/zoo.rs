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
    use std::path::Path;

    use super::*;
    use crate::config::Config;
    use crate::data::{Dataset, Table};
    use crate::metrics::accuracy;
    use crate::train::integer_logits;

    #[test]
    fn the_shipped_model_keeps_its_promise_on_the_shipped_sample() {
        let dir = tempfile::tempdir().expect("tempdir");
        let write = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).expect("write");
            path
        };
        let config = Config::from_text(JSC_MLP.config, Path::new("config.toml")).expect("config");
        let sample = write("sample.npz", JSC_MLP.sample);
        let features: Vec<String> = (0..16).map(|j| format!("x[{j}]")).collect();
        let mut columns: Vec<&str> = features.iter().map(String::as_str).collect();
        columns.push("label");
        let table = Table::read(&sample, &columns).expect("table");
        let classes = &config.data.classes;
        let data = Dataset::from_table(&table, &features, "label", classes).expect("data");
        assert_eq!(data.rows(), config.output.sample_rows);
        let model = write("model.onnx", JSC_MLP.model);
        let logits = integer_logits(&model, &data).expect("logits");
        let found = accuracy(&logits, classes.len(), data.labels());
        assert!(found >= 0.6325, "accuracy {found} on the sample");
    }
}
