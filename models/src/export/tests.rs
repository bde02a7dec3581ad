//! Exported graphs: well formed, the same bytes each time, and integer arithmetic equal to the
//! trainer's own quantised forward pass.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use trigforge_codegen::import::onnx::proto::{GraphProto, ModelProto, NodeProto};

use super::*;
use crate::config::Config;
use crate::format::Format;
use crate::network::{Dense, LayerFormats, Network, NetworkFormats};
use crate::scaling::{InputScaling, ScalingOptions};
use crate::seed::{Purpose, Stream};
use crate::train::{TrainedModel, quantised_logits, tests::tiny_config};

const FEATURES: usize = 2;
const CLASSES: usize = 2;

/// A random model of the shape of the tiny configuration and rows in physical units.
fn random_model(config: &Config) -> (TrainedModel, Vec<f32>) {
    let mut stream = Stream::new(9, Purpose::Split);
    let rows: Vec<f32> = (0..3000)
        .map(|i| (stream.uniform() - 0.3) * if i % 2 == 0 { 500.0 } else { 0.01 })
        .collect();
    let input = Format {
        bits: 10,
        signed: true,
        exponent: -7,
    };
    let options = ScalingOptions {
        raw_bits: 12,
        tail: 0.02,
        input,
    };
    let scaling = InputScaling::fit(&config.data.features, &rows, &options);
    let mut float = Network::initialise(&[FEATURES, 8, 6, CLASSES], 4);
    for bias in float.layers.iter_mut().flat_map(|layer| &mut layer.bias) {
        *bias = stream.uniform() - 0.5;
    }
    let mut step = input.exponent;
    let formats = |(index, layer): (usize, &Dense)| {
        let mut formats = LayerFormats::calibrate(layer, step, 8, 16);
        if index < 2 {
            step = -5;
            formats.activation = Some(Format {
                bits: 7,
                signed: false,
                exponent: step,
            });
        }
        formats
    };
    let layers = float.layers.iter().enumerate().map(formats).collect();
    let formats = NetworkFormats { input, layers };
    let accumulators = formats.accumulators(&float);
    let quantised = float.clone();
    (
        TrainedModel {
            scaling,
            float,
            quantised,
            formats,
            accumulators,
        },
        rows,
    )
}

/// The integers of an exported graph, from nothing but the file.
struct Integers {
    constants: BTreeMap<String, Vec<f64>>,
    graph: GraphProto,
}

impl Integers {
    fn new(bytes: &[u8]) -> Self {
        let graph = ModelProto::decode(bytes)
            .expect("model")
            .graph
            .expect("graph");
        let constants = graph.initializer.iter().map(|tensor| {
            let bytes = tensor.raw_data().chunks_exact(4);
            let float = |b: &[u8]| f64::from(f32::from_le_bytes(b.try_into().expect("four bytes")));
            (tensor.name().to_owned(), bytes.map(float).collect())
        });
        Self {
            constants: constants.collect(),
            graph,
        }
    }

    /// Runs one row; values are exact rationals in double precision.
    fn run(&self, row: &[f32]) -> Vec<f64> {
        let mut values = self.constants.clone();
        values.insert("x".to_owned(), row.iter().map(|v| f64::from(*v)).collect());
        for node in &self.graph.node {
            let inputs: Vec<&Vec<f64>> = node.input.iter().map(|name| &values[name]).collect();
            let out = evaluate(node, &inputs);
            values.insert(node.output[0].clone(), out);
        }
        values["logits"].clone()
    }
}

fn evaluate(node: &NodeProto, inputs: &[&Vec<f64>]) -> Vec<f64> {
    let a = inputs[0];
    let pairs = |f: fn(f64, f64) -> f64| a.iter().zip(inputs[1]).map(|(a, b)| f(*a, *b)).collect();
    match node.op_type() {
        "Sub" => pairs(|a, b| a - b),
        "Mul" => pairs(|a, b| a * b),
        "Add" => pairs(|a, b| a + b),
        "Relu" => a.iter().map(|v| v.max(0.0)).collect(),
        "MatMul" => {
            let columns = inputs[1].len() / a.len();
            let sum = |j| {
                (0..a.len())
                    .map(|i| a[i] * inputs[1][i * columns + j])
                    .sum()
            };
            (0..columns).map(sum).collect()
        }
        "Quant" => {
            let signed = node
                .attribute
                .iter()
                .any(|a| a.name() == "signed" && a.i() == 1);
            let bits = inputs[3][0] as u32;
            let format = Format {
                bits,
                signed,
                exponent: 0,
            };
            let scale = |i: usize| inputs[1].get(i).unwrap_or(&inputs[1][0]);
            let quantise = |(i, v): (usize, &f64)| {
                let m = (v / scale(i)).round_ties_even() as i64;
                m.clamp(format.min(), format.max()) as f64 * scale(i)
            };
            a.iter().enumerate().map(quantise).collect()
        }
        other => panic!("unexpected node {other}"),
    }
}

#[test]
fn integers_of_the_file_equal_the_trainers_forward_pass() {
    let config = tiny_config();
    let (model, mut rows) = random_model(&config);
    rows.extend([1e9, -1e9, 0.0, f32::MIN_POSITIVE]);
    let file = Integers::new(&quantised_model(&config, &model).expect("export"));
    let trainer = quantised_logits(&model, &rows).expect("logits");
    let found: Vec<f64> = rows
        .chunks_exact(FEATURES)
        .flat_map(|row| file.run(row))
        .collect();
    assert_eq!(found, trainer);
    let distinct: BTreeSet<String> = found.iter().map(|v| v.to_string()).collect();
    assert!(
        distinct.len() > 500,
        "only {} distinct outputs",
        distinct.len()
    );
}

#[test]
fn names_are_unique_and_every_input_is_known() {
    let config = tiny_config();
    let (model, _) = random_model(&config);
    for bytes in [
        quantised_model(&config, &model).expect("export"),
        float_model(&config, &model),
    ] {
        let graph = ModelProto::decode(&bytes[..])
            .expect("model")
            .graph
            .expect("graph");
        let mut known: BTreeSet<String> = ["x".to_owned()].into();
        for tensor in &graph.initializer {
            assert!(
                known.insert(tensor.name().to_owned()),
                "{} twice",
                tensor.name()
            );
        }
        for node in &graph.node {
            assert!(
                node.input.iter().all(|name| known.contains(name)),
                "{}",
                node.name()
            );
            assert!(
                known.insert(node.output[0].clone()),
                "{} twice",
                node.output[0]
            );
        }
        assert!(known.contains("logits"));
        assert_eq!(graph.output[0].name(), "logits");
    }
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let config = tiny_config();
    let (model, _) = random_model(&config);
    assert_eq!(
        quantised_model(&config, &model),
        quantised_model(&config, &model)
    );
    assert_eq!(float_model(&config, &model), float_model(&config, &model));
}

#[test]
fn sums_beyond_single_precision_are_refused() {
    let config = tiny_config();
    let (mut model, _) = random_model(&config);
    model.accumulators[1].bound = 1 << 24;
    let error = quantised_model(&config, &model).expect_err("error");
    assert_eq!(
        error,
        ExportError::NotExact {
            layer: 2,
            bound: 1 << 24
        }
    );
}
