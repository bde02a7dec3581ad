//! Batch normalisation that goes into weights and biases.

use super::{Net, ParameterId};

/// A layer whose results are normalised while the network is in floating point.
#[derive(Debug, Clone, Copy)]
pub struct Normalisation {
    /// The weights of the layer.
    pub weight: ParameterId,
    /// Its biases, one for each channel.
    pub bias: ParameterId,
    /// Whether the channel is the first axis of the weights; else it is the last.
    pub channel_first: bool,
    /// What the normalised results are multiplied by.
    pub factor: ParameterId,
    /// What is then added.
    pub offset: ParameterId,
    /// Mean of past batches.
    pub mean: ParameterId,
    /// Their variance, and a small number so that it is not 0.
    pub variance: ParameterId,
}

impl Net {
    /// Puts every normalisation, with the statistics of past batches, into weights and bias of its
    /// layer, and leaves one behind that changes nothing. With `s = factor / sqrt(variance)` a
    /// weight becomes `s w` and a bias `s (b - mean) + offset`.
    pub fn fold(&self, parameters: &mut [f32]) {
        for this in &self.normalisations {
            let range = |parameter: ParameterId| self.parameters[parameter.0].range();
            let channels = range(this.bias).len();
            let of = |parameter| -> Vec<f64> {
                let values = parameters[range(parameter)].iter();
                values.map(|value| f64::from(*value)).collect()
            };
            let [factor, offset] = [this.factor, this.offset].map(of);
            let [mean, variance] = [this.mean, this.variance].map(of);
            let scale = |channel: usize| factor[channel] / variance[channel].sqrt();
            let weights = range(this.weight);
            let inner = match this.channel_first {
                true => weights.len() / channels.max(1),
                false => 1,
            };
            for (element, weight) in parameters[weights].iter_mut().enumerate() {
                let channel = element / inner % channels;
                *weight = (f64::from(*weight) * scale(channel)) as f32;
            }
            for (channel, bias) in parameters[range(this.bias)].iter_mut().enumerate() {
                let centred = f64::from(*bias) - mean[channel];
                *bias = (centred * scale(channel) + offset[channel]) as f32;
            }
            parameters[range(this.factor)].fill(1.0);
            parameters[range(this.offset)].fill(0.0);
            parameters[range(this.mean)].fill(0.0);
            parameters[range(this.variance)].fill(1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, Tensor};

    use crate::net::{Builder, Granularity, Mode, Net, Prepared, Ranges, Run, Widths, ops};
    use crate::seed::{Purpose, Stream};

    /// A dense layer on a list, and a convolution of an image, both normalised.
    fn net() -> Net {
        let widths = Widths {
            granularity: Granularity::Element,
            bits: 4,
        };
        let mut builder = Builder::new("net", widths, widths);
        let list = builder.input("list", &[3, 2]);
        let image = builder.input("image", &[2, 4, 4]);
        let rounded = ops::activation(&mut builder, "list.rounded", list, false);
        let sum = ops::dense(&mut builder, "dense", rounded, 5, true).expect("dense");
        let sum = ops::batch_norm(&mut builder, "dense", sum, 1).expect("norm");
        let sum = ops::activation(&mut builder, "dense.out", sum, true);
        builder.output("list", sum);
        let rounded = ops::image_activation(&mut builder, "image.rounded", image, false);
        let windows = ops::Windows {
            kernel: [2, 2],
            stride: [1, 1],
            padding: [0, 0],
        };
        let sum = ops::conv(&mut builder, "conv", rounded, 3, windows, true).expect("conv");
        let sum = ops::batch_norm(&mut builder, "conv", sum, 0).expect("norm");
        builder.output("image", sum);
        builder.finish()
    }

    /// Multiples of 1/8 for all numbers; powers of four for the variances.
    fn parameters(net: &Net) -> Vec<f32> {
        let mut stream = Stream::new(3, Purpose::Initialise(0));
        let mut numbers = vec![0f32; net.parameter_count()];
        for parameter in &net.parameters {
            for value in &mut numbers[parameter.range()] {
                let whole = stream.below(17) as f32 - 8.0;
                *value = match parameter.name.rsplit('.').next() {
                    Some("variance") => 4f32.powi(whole as i32 / 4),
                    Some("factor") => 2f32.powi(whole as i32 / 4),
                    Some("bits") => 16.0,
                    _ => whole / 8.0,
                };
            }
        }
        numbers
    }

    fn outputs(net: &Net, mode: Mode, parameters: &[f32]) -> Vec<f64> {
        let mut ranges = Ranges::unseen(net);
        ranges.high.fill(1e4);
        ranges.low.fill(-1e4);
        let prepared = Prepared::new(net, mode, parameters, &ranges);
        let device = Device::flex();
        let run = Run::new(&prepared, &device, DType::F64);
        let mut stream = Stream::new(4, Purpose::Initialise(0));
        let mut input = |width: usize| {
            let values = (0..7 * width).map(|_| stream.below(65) as f32 / 8.0 - 4.0);
            let values: Vec<f32> = values.collect();
            crate::net::forward::constant(values, &device, DType::F64).reshape([7, width])
        };
        let inputs = [input(6), input(32)];
        let outputs: Vec<Tensor<2>> = net.forward(&run, &inputs);
        let numbers = |output: &Tensor<2>| output.try_to_vec_as::<f64>().expect("numbers");
        outputs.iter().flat_map(numbers).collect()
    }

    #[test]
    fn folded_networks_give_the_same_numbers() {
        let net = net();
        let before = parameters(&net);
        let mut after = before.clone();
        net.fold(&mut after);
        let expected = outputs(&net, Mode::Float, &before);
        assert_eq!(outputs(&net, Mode::Float, &after), expected);
        assert_ne!(outputs(&net, Mode::Quantised, &before), expected);
        // With formats that hold every number the rounded network is the float one.
        assert_eq!(outputs(&net, Mode::Quantised, &after), expected);
        let mut again = after.clone();
        net.fold(&mut again);
        assert_eq!(again, after);
    }

    #[test]
    fn learning_takes_the_statistics_of_the_batch() {
        let net = net();
        let numbers = parameters(&net);
        let prepared = Prepared::learning(&net, Mode::Float, &numbers, &Ranges::unseen(&net));
        let device = Device::flex().autodiff();
        let run = Run::new(&prepared, &device, DType::F32).tracked();
        let values: Vec<f32> = (0..4 * 6).map(|n| (n * n % 23) as f32).collect();
        let list = crate::net::forward::constant(values.clone(), &device, DType::F32);
        let image = crate::net::forward::constant(vec![1.0; 4 * 32], &device, DType::F32);
        net.forward(&run, &[list.reshape([4, 6]), image.reshape([4, 32])]);
        let measured = run.measured().expect("numbers");
        let named = |name: &str| {
            let found = measured
                .iter()
                .find(|(p, _)| net.parameters[p.0].name == name);
            found.expect("measured").1.clone()
        };
        let of = |name: &str| {
            let parameter = net.parameters.iter().find(|p| p.name == name);
            numbers[parameter.expect("parameter").range()].to_vec()
        };
        let (weight, bias) = (of("dense.weight"), of("dense.bias"));
        for channel in 0..5 {
            let sums: Vec<f32> = values
                .chunks(2)
                .map(|x| x[0] * weight[channel] + x[1] * weight[5 + channel] + bias[channel])
                .collect();
            let mean = sums.iter().sum::<f32>() / 12.0;
            let variance = sums.iter().map(|s| (s - mean).powi(2)).sum::<f32>() / 12.0;
            assert!((named("dense.mean")[channel] - mean).abs() < 1e-4);
            let found = named("dense.variance")[channel];
            assert!(
                (found - variance).abs() < 1e-3 * (1.0 + variance),
                "{found} {variance}"
            );
        }
    }
}
