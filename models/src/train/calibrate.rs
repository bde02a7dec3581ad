//! Formats of the quantised stage, from a float network and the inputs it sees.

use burn::tensor::{Device, activation};

use super::TrainError;
use super::forward::{accumulate, matrix, numbers, upload};
use crate::config::{Config, ConfigError};
use crate::format::Format;
use crate::network::{LayerFormats, Network, NetworkFormats};

/// At most so many rows are used for the ranges of the activations.
const ROWS: usize = 16_384;

/// The input format that a configuration asks for.
pub(super) fn input_format(config: &Config) -> Format {
    let (bits, integer) = (config.model.input_bits, config.model.input_integer_bits);
    Format {
        bits,
        signed: true,
        exponent: integer as i32 + 1 - bits as i32,
    }
}

/// Chooses the formats layer by layer, each from what the quantised layers before it give.
///
/// Weights and activations take the power-of-two step with the least squared error.
pub(super) fn calibrate(
    config: &Config,
    network: &Network,
    inputs: &[f32],
) -> Result<NetworkFormats, TrainError> {
    let device = Device::flex();
    let input = input_format(config);
    let width = network.layers.first().map_or(1, |layer| layer.inputs);
    let rows = inputs.get(..ROWS * width).unwrap_or(inputs);
    let mut x = matrix(rows.to_vec(), width, &device);
    let mut step = input.exponent;
    let mut layers = Vec::with_capacity(network.layers.len());
    let tensors = upload(network, &device);
    for (index, (layer, tensors)) in network.layers.iter().zip(&tensors).enumerate() {
        let weight_bits = bits(
            config.model.weight_bits.of(index),
            "model.weight_bits",
            index,
        )?;
        let mut formats = LayerFormats::calibrate(layer, step, weight_bits, config.model.bias_bits);
        if index + 1 < network.layers.len() {
            let wanted = config.model.activation_bits.of(index);
            let wanted = bits(wanted, "model.activation_bits", index)?;
            let positive = activation::relu(accumulate(tensors, x, Some(&formats)));
            let format = Format::calibrate(wanted, false, &numbers(&positive)?);
            x = super::forward::fake_quantise(positive, &format);
            step = format.exponent;
            formats.activation = Some(format);
        } else {
            x = matrix(Vec::new(), 1, &device);
        }
        layers.push(formats);
    }
    Ok(NetworkFormats { input, layers })
}

fn bits(found: Option<u32>, key: &'static str, layer: usize) -> Result<u32, ConfigError> {
    found.ok_or_else(|| ConfigError::Value {
        key,
        found: "too short".to_owned(),
        expected: format!("a width for layer {layer}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::tests::tiny_config;

    #[test]
    fn steps_follow_the_ranges() {
        let mut config = tiny_config();
        config.model.hidden = vec![4];
        let mut network = Network::initialise(&[2, 4, 2], 3);
        for weight in &mut network.layers[1].weight {
            *weight *= 8.0;
        }
        let inputs: Vec<f32> = (0..600).map(|i| (i % 40) as f32 / 10.0 - 2.0).collect();
        let formats = calibrate(&config, &network, &inputs).expect("formats");
        assert_eq!(
            formats.input,
            Format {
                bits: 10,
                signed: true,
                exponent: -7
            }
        );
        assert!(formats.layers[1].weight.exponent > formats.layers[0].weight.exponent);
        assert!(
            formats.layers[0]
                .activation
                .is_some_and(|f| !f.signed && f.bits == 8)
        );
        assert_eq!(formats.layers[1].activation, None);
    }
}
