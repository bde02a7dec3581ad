//! The quantised network as QONNX.

use super::ExportError;
use super::builder::Builder;
use crate::config::Config;
use crate::format::Format;
use crate::train::TrainedModel;

/// Sums below this many steps are exact in single precision.
const EXACT: i64 = 1 << 24;

/// Encodes the quantised network with the scaling of its features.
///
/// # Errors
///
/// A layer whose sums could leave the range in which single precision is exact.
pub fn quantised_model(config: &Config, model: &TrainedModel) -> Result<Vec<u8>, ExportError> {
    for (index, accumulator) in model.accumulators.iter().enumerate() {
        if accumulator.bound >= EXACT {
            let bound = accumulator.bound;
            return Err(ExportError::NotExact {
                layer: index + 1,
                bound,
            });
        }
    }
    let features = &model.scaling.features;
    let width = features.len();
    let row = [1, width];
    let mut graph = Builder::new(&config.model.name, width);

    let raw = Format {
        bits: config.model.raw_bits,
        signed: true,
        exponent: 0,
    };
    let steps: Vec<f32> = features.iter().map(|f| f.raw.lsb()).collect();
    let x = graph.quant("input.raw", "x", &raw, &steps, &row);
    let offsets: Vec<f32> = features.iter().map(|f| f.offset_value()).collect();
    let offsets = graph.constant("input.offset", &row, &offsets);
    let x = graph.node("Sub", "input.centred", &[&x, &offsets], &row);
    let factors: Vec<f32> = features.iter().map(|f| f.scale()).collect();
    let factors = graph.constant("input.factor", &row, &factors);
    let x = graph.node("Mul", "input.scaled", &[&x, &factors], &row);
    let input = &model.scaling.input;
    let mut x = graph.quant("input", &x, input, &[input.lsb()], &row);

    let network = model.quantised.quantised(&model.formats);
    for (index, (layer, formats)) in network.layers.iter().zip(&model.formats.layers).enumerate() {
        let name = format!("fc{}", index + 1);
        let shape = [layer.inputs, layer.outputs];
        let row = [1, layer.outputs];
        let stored = graph.constant(&format!("{name}.weight.stored"), &shape, &layer.weight);
        let weight = &formats.weight;
        let weight = graph.quant(
            &format!("{name}.weight"),
            &stored,
            weight,
            &[weight.lsb()],
            &shape,
        );
        let stored = graph.constant(&format!("{name}.bias.stored"), &row, &layer.bias);
        let bias = &formats.bias;
        let bias = graph.quant(&format!("{name}.bias"), &stored, bias, &[bias.lsb()], &row);
        x = graph.node("MatMul", &format!("{name}.product"), &[&x, &weight], &row);
        x = graph.node("Add", &format!("{name}.sum"), &[&x, &bias], &row);
        if let Some(activation) = &formats.activation {
            x = graph.node("Relu", &format!("{name}.relu"), &[&x], &row);
            let scale = [activation.lsb()];
            x = graph.quant(&format!("{name}.out"), &x, activation, &scale, &row);
        }
    }
    Ok(graph.finish(config.data.classes.len(), &properties(config)))
}

/// What a user of the file alone would want to know.
pub(super) fn properties(config: &Config) -> [(&'static str, String); 2] {
    [
        ("trigforge.features", config.data.features.join(",")),
        ("trigforge.classes", config.data.classes.join(",")),
    ]
}
