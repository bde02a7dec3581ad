use burn::tensor::{Device, Tensor, TensorData};

use super::*;
use crate::net::ops::{activation, dropout};
use crate::net::{Granularity, Mode, Net, Prepared, Ranges, Widths};

const WIDTHS: Widths = Widths {
    granularity: Granularity::Tensor,
    bits: 8,
};
const X: [f32; 3] = [0.5, -1.0, 2.0];
const EVENTS: usize = 4000;

/// What `layer` gives for many equal events under the noise of a step, or without noise.
fn outputs(net: &Net, parameters: &[f32], frozen: bool) -> Vec<f32> {
    let device = Device::flex();
    let rows: Vec<usize> = (0..EVENTS).collect();
    let noises = crate::net::noise::draw(&net.noises, frozen, 7, 3, &rows, &device);
    let ranges = Ranges::unseen(net);
    let prepared = Prepared::new(net, Mode::Float, parameters, &ranges);
    let run = Run::new(&prepared, &device, burn::tensor::DType::F32).with_noise(noises);
    let x = TensorData::new(X.repeat(EVENTS), [EVENTS, 3]);
    let results = net.forward(&run, &[Tensor::from_data(x, &device)]);
    results[0].try_to_vec_as().expect("numbers")
}

fn moments(values: &[f32]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
    let square = values.iter().map(|v| (f64::from(*v) - mean).powi(2));
    (mean, square.sum::<f64>() / count)
}

fn start() -> (Builder, Value) {
    let mut builder = Builder::new("n", WIDTHS, WIDTHS);
    let x = builder.input("x", &[3]);
    let x = activation(&mut builder, "x.rounded", x, false);
    (builder, x)
}

/// A layer of one output with means 1, 2, 3 and -1 and widths 0.1, 0.2, 0.3 and 0.4.
fn bayesian() -> (Net, Vec<f32>) {
    let (mut builder, x) = start();
    let draws = Draws {
        members: 2,
        prior: 1.0,
        spread: 0.1,
        seed: 5,
    };
    let of = distribution(&mut builder, "d", 3, 1, &draws);
    let y = drawn(&mut builder, "y", x, &of, 1).expect("layer");
    builder.output("y", y);
    let net = builder.finish();
    let mut parameters = vec![0.0; net.parameter_count()];
    let set = |parameters: &mut Vec<f32>, id: ParameterId, values: &[f32]| {
        parameters[net.parameters[id.number()].range()].copy_from_slice(values);
    };
    set(&mut parameters, of.mean[0], &[1.0, 2.0, 3.0]);
    set(&mut parameters, of.mean[1], &[-1.0]);
    set(
        &mut parameters,
        of.spread[0],
        &[0.1f32, 0.2, 0.3].map(f32::ln),
    );
    set(&mut parameters, of.spread[1], &[0.4f32.ln()]);
    net.follow(&mut parameters);
    (net, parameters)
}

#[test]
fn drawn_sums_have_the_mean_and_variance_of_drawn_weights() {
    let (net, parameters) = bayesian();
    let (mean, variance) = moments(&outputs(&net, &parameters, false));
    // 0.5 - 2 + 6 - 1 and (0.05^2 + 0.2^2 + 0.6^2 + 0.4^2)
    assert!((mean - 3.5).abs() < 0.05, "{mean}");
    assert!((variance / 0.5625 - 1.0).abs() < 0.1, "{variance}");
}

#[test]
fn a_frozen_sample_is_one_set_of_weights() {
    let (net, parameters) = bayesian();
    let found = outputs(&net, &parameters, true);
    assert!(found.iter().all(|y| *y == found[0]));
    let sample = |posterior: &Posterior| {
        let weight = posterior.samples[1].weight.number();
        parameters[net.parameters[weight].range()].to_vec()
    };
    let [weights, bias] = [0, 1].map(|at| sample(&net.posteriors[at]));
    let expected: f32 = X.iter().zip(&weights).map(|(x, w)| x * w).sum::<f32>() + bias[0];
    assert!(
        (found[0] - expected).abs() < 1e-5,
        "{} {expected}",
        found[0]
    );
    assert!((found[0] - 3.5).abs() > 1e-3, "a sample is not the mean");
}

/// Dropout of rate `p` gives sums of the mean and variance of weights with `s^2 = m^2 p / (1 - p)`
/// (arXiv:1506.02557, section 3.2).
#[test]
fn dropout_is_a_distribution_of_weights_of_fixed_relative_width() {
    let rate = 0.2f32;
    let weights = [1.0f32, 2.0, 3.0];
    let (mut builder, x) = start();
    let x = dropout(&mut builder, "drop", x, rate);
    let y = crate::net::ops::dense(&mut builder, "y", x, 1, false).expect("layer");
    builder.output("y", y);
    let net = builder.finish();
    let mut parameters = vec![0.0; net.parameter_count()];
    let place = net.parameters.iter().find(|p| p.role == Role::Weight);
    parameters[place.expect("weights").range()].copy_from_slice(&weights);
    let dropped = moments(&outputs(&net, &parameters, true));

    let (bayesian, mut parameters) = bayesian();
    let set = |parameters: &mut Vec<f32>, id: ParameterId, values: &[f32]| {
        parameters[bayesian.parameters[id.number()].range()].copy_from_slice(values);
    };
    let factor = (rate / (1.0 - rate)).sqrt();
    let [of_weights, of_bias] = [&bayesian.posteriors[0], &bayesian.posteriors[1]];
    set(
        &mut parameters,
        of_weights.spread,
        &weights.map(|w| (w * factor).ln()),
    );
    set(&mut parameters, of_bias.mean, &[0.0]);
    set(&mut parameters, of_bias.spread, &[-20.0]);
    let drawn = moments(&outputs(&bayesian, &parameters, false));
    let expected: f32 = X
        .iter()
        .zip(weights)
        .map(|(x, w)| (x * w * factor).powi(2))
        .sum();
    for (mean, variance) in [dropped, drawn] {
        assert!((mean - 4.5).abs() < 0.15, "{mean}");
        assert!(
            (variance / f64::from(expected) - 1.0).abs() < 0.1,
            "{variance} {expected}"
        );
    }
}
