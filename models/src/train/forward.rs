//! The forward pass on burn tensors, in float or with every number quantised.

use burn::tensor::{Device, Tensor, TensorData, activation};

use super::TrainError;
use crate::format::Format;
use crate::network::{Dense, LayerFormats, Network, NetworkFormats};

/// Weight and bias of one layer as tensors; the bias has one row.
#[derive(Clone)]
pub(super) struct LayerTensors {
    pub(super) weight: Tensor<2>,
    pub(super) bias: Tensor<2>,
}

/// The tensors of a network on a device.
pub(super) fn upload(network: &Network, device: &Device) -> Vec<LayerTensors> {
    let tensors = |layer: &Dense| LayerTensors {
        weight: matrix(layer.weight.clone(), layer.outputs, device),
        bias: matrix(layer.bias.clone(), layer.outputs, device),
    };
    network.layers.iter().map(tensors).collect()
}

/// The numbers of tensors that were made from a network of the shape of `like`.
pub(super) fn download(like: &Network, layers: &[LayerTensors]) -> Result<Network, TrainError> {
    let numbers = |(shape, tensors): (&Dense, &LayerTensors)| {
        let (weight, bias) = (numbers(&tensors.weight)?, numbers(&tensors.bias)?);
        Ok(Dense {
            weight,
            bias,
            ..*shape
        })
    };
    let layers: Result<_, TrainError> = like.layers.iter().zip(layers).map(numbers).collect();
    Ok(Network { layers: layers? })
}

/// A matrix with `columns` columns from numbers in row order.
pub(super) fn matrix(values: Vec<f32>, columns: usize, device: &Device) -> Tensor<2> {
    let rows = values.len() / columns.max(1);
    Tensor::from_data(TensorData::new(values, [rows, columns]), device)
}

/// The numbers of a tensor in row order.
pub(super) fn numbers(tensor: &Tensor<2>) -> Result<Vec<f32>, TrainError> {
    tensor.try_to_vec_as().map_err(|error| TrainError::Backend {
        reason: error.to_string(),
    })
}

/// Logits of a batch. With formats, `x` is on the grid of the input format.
pub(super) fn forward(
    layers: &[LayerTensors],
    x: Tensor<2>,
    formats: Option<&NetworkFormats>,
) -> Tensor<2> {
    let mut x = x;
    for (index, layer) in layers.iter().enumerate() {
        let formats = formats.and_then(|formats| formats.layers.get(index));
        x = accumulate(layer, x, formats);
        if index + 1 < layers.len() {
            x = match formats.and_then(|formats| formats.activation) {
                Some(format) => fake_quantise(x, &format),
                None => activation::relu(x),
            };
        }
    }
    x
}

/// Product and bias of one layer, before its ReLU.
pub(super) fn accumulate(
    layer: &LayerTensors,
    x: Tensor<2>,
    formats: Option<&LayerFormats>,
) -> Tensor<2> {
    let LayerTensors { weight, bias } = layer.clone();
    match formats {
        Some(formats) => {
            let weight = fake_quantise(weight, &formats.weight);
            x.matmul(weight) + fake_quantise(bias, &formats.bias)
        }
        None => x.matmul(weight) + bias,
    }
}

/// Rounds to a format going forward; going back, passes the gradient inside the range and stops it
/// outside (straight-through estimator). An unsigned format is the ReLU at the same time.
///
/// The result is exactly on the grid: the difference between a number and its rounded value is
/// representable, and so is their sum.
pub(super) fn fake_quantise(value: Tensor<2>, format: &Format) -> Tensor<2> {
    let (low, high) = format.range();
    let clipped = value.clamp(low, high);
    let exact = clipped.clone().inner();
    let rounded = exact
        .clone()
        .mul_scalar(1.0 / format.lsb())
        .round()
        .mul_scalar(format.lsb());
    let correction = rounded - exact;
    if clipped.is_autodiff() {
        clipped + Tensor::from_inner(correction)
    } else {
        clipped + correction
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Purpose, Stream};

    #[test]
    fn fake_quantisation_equals_the_format() {
        let mut stream = Stream::new(1, Purpose::Initialise(0));
        let values: Vec<f32> = (0..20_000)
            .map(|i| {
                let value = (stream.uniform() - 0.5) * 8.0;
                if i % 5 == 0 {
                    (value * 64.0).round() / 64.0
                } else {
                    value
                }
            })
            .collect();
        for format in [
            Format {
                bits: 8,
                signed: true,
                exponent: -6,
            },
            Format {
                bits: 8,
                signed: false,
                exponent: -5,
            },
            Format {
                bits: 3,
                signed: true,
                exponent: 0,
            },
        ] {
            let tensor = matrix(values.clone(), 100, &Device::flex());
            let found = numbers(&fake_quantise(tensor, &format)).expect("numbers");
            let expected: Vec<f32> = values.iter().map(|v| format.quantise(*v)).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn gradient_passes_inside_the_range_and_stops_outside() {
        let device = Device::flex().autodiff();
        let format = Format {
            bits: 4,
            signed: true,
            exponent: -2,
        };
        let x = matrix(vec![-3.0, -1.3, 0.1, 1.6, 2.0], 5, &device).require_grad();
        let gradients = fake_quantise(x.clone(), &format).sum().backward();
        let found = x.grad(&gradients).map(|g| numbers(&g).expect("numbers"));
        assert_eq!(found, Some(vec![0.0, 1.0, 1.0, 1.0, 0.0]));
    }
}
