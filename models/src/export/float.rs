//! The float network as plain ONNX.

use super::builder::Builder;
use super::qonnx::properties;
use crate::config::Config;
use crate::train::TrainedModel;

/// Encodes the float network: the same shift and scale of the features, nothing rounded.
pub fn float_model(config: &Config, model: &TrainedModel) -> Vec<u8> {
    let features = &model.scaling.features;
    let row = [1, features.len()];
    let mut graph = Builder::new(&format!("{}-float", config.model.name), features.len());
    let offsets: Vec<f32> = features.iter().map(|f| f.offset_value()).collect();
    let offsets = graph.constant("input.offset", &row, &offsets);
    let x = graph.node("Sub", "input.centred", &["x", &offsets], &row);
    let factors: Vec<f32> = features.iter().map(|f| f.scale()).collect();
    let factors = graph.constant("input.factor", &row, &factors);
    let mut x = graph.node("Mul", "input.scaled", &[&x, &factors], &row);
    for (index, layer) in model.float.layers.iter().enumerate() {
        let name = format!("fc{}", index + 1);
        let row = [1, layer.outputs];
        let shape = [layer.inputs, layer.outputs];
        let weight = graph.constant(&format!("{name}.weight"), &shape, &layer.weight);
        let bias = graph.constant(&format!("{name}.bias"), &row, &layer.bias);
        x = graph.node("MatMul", &format!("{name}.product"), &[&x, &weight], &row);
        x = graph.node("Add", &format!("{name}.sum"), &[&x, &bias], &row);
        if index + 1 < model.float.layers.len() {
            x = graph.node("Relu", &format!("{name}.relu"), &[&x], &row);
        }
    }
    graph.finish(config.data.classes.len(), &properties(config))
}
