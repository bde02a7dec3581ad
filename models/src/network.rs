//! A dense network as plain numbers, and the formats it is quantised to.

use serde::{Deserialize, Serialize};

use crate::config::ModelConfig;
use crate::format::{Format, MAX_EXPONENT, MIN_EXPONENT};
use crate::seed::{Purpose, Stream};

/// Weights and biases of one dense layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    /// Number of inputs.
    pub inputs: usize,
    /// Number of outputs.
    pub outputs: usize,
    /// Weights, `weight[input * outputs + output]`.
    pub weight: Vec<f32>,
    /// One bias for each output.
    pub bias: Vec<f32>,
}

/// A stack of dense layers with ReLU between them and none after the last.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// The layers, first to last.
    pub layers: Vec<Dense>,
}

/// Formats of one layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerFormats {
    /// Format of the weights.
    pub weight: Format,
    /// Format of the biases; its step is a multiple of the accumulator's.
    pub bias: Format,
    /// Format after the ReLU; `None` for the last layer, whose accumulator is the output.
    pub activation: Option<Format>,
}

/// Formats of a whole network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkFormats {
    /// Format of the input.
    pub input: Format,
    /// Formats of the layers, first to last.
    pub layers: Vec<LayerFormats>,
}

/// The exact accumulator of one layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accumulator {
    /// Power of two of its step: the product of the input's and the weight's.
    pub exponent: i32,
    /// The greatest magnitude that any input can cause, in steps.
    pub bound: i64,
}

impl Network {
    /// Fresh weights, uniform with He's variance, and zero biases.
    pub fn initialise(widths: &[usize], seed: u64) -> Self {
        let layer = |(index, pair): (usize, &[usize])| {
            let (inputs, outputs) = (pair[0], pair[1]);
            let mut stream = Stream::new(seed, Purpose::Initialise(index));
            let bound = (6.0 / inputs as f32).sqrt();
            let mut draw = |_| bound * (2.0 * stream.uniform() - 1.0);
            let weight = (0..inputs * outputs).map(&mut draw).collect();
            Dense {
                inputs,
                outputs,
                weight,
                bias: vec![0.0; outputs],
            }
        };
        Self {
            layers: widths.windows(2).enumerate().map(layer).collect(),
        }
    }

    /// A network of the same shape with every number zero.
    pub fn zeros_like(&self) -> Self {
        let zero = |layer: &Dense| Dense {
            weight: vec![0.0; layer.weight.len()],
            bias: vec![0.0; layer.bias.len()],
            ..*layer
        };
        Self {
            layers: self.layers.iter().map(zero).collect(),
        }
    }

    /// Number of weights and biases.
    pub fn parameters(&self) -> usize {
        self.layers
            .iter()
            .map(|layer| layer.weight.len() + layer.bias.len())
            .sum()
    }

    /// Multiplications for one event.
    pub fn multiplications(&self) -> usize {
        self.layers.iter().map(|layer| layer.weight.len()).sum()
    }

    /// All numbers in a row: weights, then biases, layer after layer.
    pub fn flatten(&self) -> Vec<f32> {
        let numbers = |layer: &Dense| [&layer.weight[..], &layer.bias[..]].concat();
        self.layers.iter().flat_map(numbers).collect()
    }

    /// A network of this shape with the numbers of [`Network::flatten`]; `None` if their count
    /// differs.
    pub fn unflatten(&self, numbers: &[f32]) -> Option<Self> {
        let mut rest = numbers;
        let mut take = |count: usize| {
            let (head, tail) = rest.split_at_checked(count)?;
            rest = tail;
            Some(head.to_vec())
        };
        let mut layers = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let (weight, bias) = (take(layer.weight.len())?, take(layer.bias.len())?);
            layers.push(Dense {
                weight,
                bias,
                ..*layer
            });
        }
        rest.is_empty().then_some(Self { layers })
    }

    /// The same network with every weight and bias rounded to its format.
    pub fn quantised(&self, formats: &NetworkFormats) -> Self {
        let layer = |(layer, formats): (&Dense, &LayerFormats)| Dense {
            weight: layer
                .weight
                .iter()
                .map(|v| formats.weight.quantise(*v))
                .collect(),
            bias: layer
                .bias
                .iter()
                .map(|v| formats.bias.quantise(*v))
                .collect(),
            ..*layer
        };
        Self {
            layers: self.layers.iter().zip(&formats.layers).map(layer).collect(),
        }
    }
}

impl LayerFormats {
    /// Formats for a layer whose input has the step `2^input_exponent`.
    ///
    /// The bias gets the finest step that leaves it room to grow fourfold and is no finer than the
    /// product of an input step and a weight step, so that adding it is exact.
    pub fn calibrate(layer: &Dense, input_exponent: i32, weight_bits: u32, bias_bits: u32) -> Self {
        let weight = Format::calibrate(weight_bits, true, &layer.weight);
        let grown = layer.bias.iter().map(|v| 4.0 * v);
        let mut bias = Format::covering(bias_bits, true, grown);
        let product = input_exponent + weight.exponent;
        bias.exponent = bias.exponent.max(product).clamp(MIN_EXPONENT, MAX_EXPONENT);
        Self {
            weight,
            bias,
            activation: None,
        }
    }
}

impl NetworkFormats {
    /// The accumulators of a quantised network, from its actual weights and the input ranges.
    pub fn accumulators(&self, network: &Network) -> Vec<Accumulator> {
        let mut input = self.input;
        let mut accumulators = Vec::with_capacity(self.layers.len());
        for (layer, formats) in network.layers.iter().zip(&self.layers) {
            let exponent = input.exponent + formats.weight.exponent;
            let top = input.max().max(-input.min());
            let sum = |output: usize| -> i64 {
                let column = layer.weight.iter().skip(output).step_by(layer.outputs);
                let weights: i64 = column.map(|w| formats.weight.mantissa(*w).abs()).sum();
                let bias = formats.bias.mantissa(layer.bias[output]).abs();
                weights * top + (bias << (formats.bias.exponent - exponent).clamp(0, 40))
            };
            let bound = (0..layer.outputs).map(sum).max().unwrap_or(0);
            accumulators.push(Accumulator { exponent, bound });
            input = formats.activation.unwrap_or(input);
        }
        accumulators
    }
}

/// The widths of the network's layers: features, hidden layers, classes.
pub fn widths(features: usize, model: &ModelConfig, classes: usize) -> Vec<usize> {
    let mut widths = vec![features];
    widths.extend(&model.hidden);
    widths.push(classes);
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flattening_and_back() {
        let network = Network::initialise(&[3, 4, 2], 5);
        assert_eq!((network.parameters(), network.multiplications()), (26, 20));
        let numbers = network.flatten();
        assert_eq!(
            network.zeros_like().unflatten(&numbers),
            Some(network.clone())
        );
        assert_eq!(network.unflatten(&numbers[1..]), None);
        assert_eq!(network.unflatten(&[numbers, vec![0.0]].concat()), None);
    }

    #[test]
    fn bias_steps_are_multiples_of_the_accumulator_step() {
        let mut layer = Network::initialise(&[16, 8], 1).layers.remove(0);
        layer.bias = vec![0.001; 8];
        let small = LayerFormats::calibrate(&layer, -7, 8, 16);
        assert_eq!(small.bias.exponent, -7 + small.weight.exponent);
        layer.bias[3] = 100.0;
        let large = LayerFormats::calibrate(&layer, -7, 8, 16);
        assert!(large.bias.range().1 >= 400.0 && large.bias.exponent > small.bias.exponent);
    }

    #[test]
    fn accumulator_bounds_by_hand() {
        let weight = Format {
            bits: 4,
            signed: true,
            exponent: -2,
        };
        let bias = Format {
            bits: 8,
            signed: true,
            exponent: -3,
        };
        let input = Format {
            bits: 3,
            signed: false,
            exponent: -2,
        };
        let layer = Dense {
            inputs: 2,
            outputs: 1,
            weight: vec![0.5, -1.0],
            bias: vec![0.25],
        };
        let formats = NetworkFormats {
            input,
            layers: vec![LayerFormats {
                weight,
                bias,
                activation: None,
            }],
        };
        // (2 + 4) weight steps times 7 input steps, and 2 bias steps of two accumulator steps each.
        let expected = Accumulator {
            exponent: -4,
            bound: 6 * 7 + 2 * 2,
        };
        assert_eq!(
            formats.accumulators(&Network {
                layers: vec![layer]
            }),
            [expected]
        );
    }
}
