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
