//! Float results of layers on particles against the formulas, written out.

use burn::tensor::{DType, Device, Tensor};

use super::*;
use crate::net::{Granularity, Mode, Prepared, Ranges, Run};

const WIDTHS: Widths = Widths {
    granularity: Granularity::Element,
    bits: 6,
};

/// Four particles of two numbers; the last slot is empty.
const PARTICLES: [[f64; 2]; 4] = [[0.0, 0.5], [1.0, -0.25], [0.125, 0.75], [0.0, 0.0]];
const PRESENT: [f64; 4] = [1.0, 1.0, 1.0, 0.0];

/// A layer behind an input of particles, its numbers, and what it gives, `[4][...]`.
struct Built {
    net: Net,
    parameters: Vec<f32>,
    outputs: Vec<Vec<f64>>,
}

fn built(layer: &dyn Layer) -> Built {
    let mut builder = Builder::new("test", WIDTHS, WIDTHS);
    let x = builder.input("x", &[4, 2]);
    let mask = builder.input("mask", &[4]);
    let x = activation(&mut builder, "rounded", x, false);
    let columns = vec!["a".to_owned(), "b".to_owned()];
    let input = Input {
        name: "x".to_owned(),
        columns,
        value: x,
        prepared: x,
        mask: Some(mask),
    };
    let mut flow = Flow {
        value: x,
        mask: Some(mask),
        inputs: vec![input],
    };
    layer
        .build("layer", &mut builder, &mut flow)
        .expect("layer");
    builder.output("y", flow.value);
    let net = builder.finish();
    let number = |at: usize| ((at * 37 % 19) as f32 - 9.0) / 12.0;
    let parameters: Vec<f32> = (0..net.parameter_count()).map(number).collect();
    let device = Device::flex();
    let matrix = |values: Vec<f64>| {
        let values: Vec<f32> = values.iter().map(|v| *v as f32).collect();
        Tensor::<1>::from_floats(values.as_slice(), &device).unsqueeze::<2>()
    };
    let inputs = [matrix(PARTICLES.concat()), matrix(PRESENT.to_vec())];
    let ranges = Ranges::unseen(&net);
    let prepared = Prepared::new(&net, Mode::Float, &parameters, &ranges);
    let run = Run::new(&prepared, &device, DType::F32);
    let results = net.forward(&run, &inputs);
    let result: Vec<f64> = results[0].try_to_vec_as().expect("numbers");
    drop(run);
    Built {
        outputs: result
            .chunks(result.len() / 4)
            .map(<[f64]>::to_vec)
            .collect(),
        parameters,
        net,
    }
}

impl Built {
    fn numbers(&self, name: &str) -> Vec<f64> {
        let found = self.net.parameters.iter().find(|p| p.name == name);
        let range = found.unwrap_or_else(|| panic!("no {name}")).range();
        self.parameters[range]
            .iter()
            .map(|v| f64::from(*v))
            .collect()
    }

    /// `x W + b`, without `b` where it has none.
    fn dense(&self, name: &str, x: &[f64], bias: bool) -> Vec<f64> {
        let weights = self.numbers(&format!("layer.{name}.weight"));
        let units = weights.len() / x.len();
        let offset = if bias {
            self.numbers(&format!("layer.{name}.bias"))
        } else {
            vec![0.0; units]
        };
        let sum = |unit: usize| {
            let products = x
                .iter()
                .enumerate()
                .map(|(f, x)| x * weights[f * units + unit]);
            products.sum::<f64>() + offset[unit]
        };
        (0..units).map(sum).collect()
    }

    fn assert(&self, expected: &[Vec<f64>]) {
        for (slot, expected) in expected.iter().enumerate() {
            for (found, expected) in self.outputs[slot].iter().zip(expected) {
                // Single precision.
                let close = (found - expected).abs() < 1e-5 * (1.0 + expected.abs());
                assert!(close, "slot {slot}: {found}, expected {expected}");
            }
        }
    }
}

#[test]
fn full_attention_is_a_softmax() {
    let config = AttentionConfig {
        heads: 1,
        key: 2,
        kind: AttentionKind::Full,
        pairwise: vec![PairConfig::Least("b".to_owned())],
    };
    let built = built(&config);
    let all = |name| PARTICLES.map(|x| built.dense(name, &x, true));
    let [query, key, value] = ["query", "key", "value"].map(all);
    let expected = [0, 1, 2].map(|i| {
        let weight = |j: usize| {
            let score: f64 = query[i].iter().zip(&key[j]).map(|(q, k)| q * k).sum();
            // 1 / sqrt(2) lies between 1 and 1/2; the layer takes the lesser.
            let scale = 0.5;
            let pair = PARTICLES[i][1].min(PARTICLES[j][1]);
            (score * scale + built.dense("bias", &[pair], true)[0]).exp()
        };
        let total: f64 = (0..3).map(weight).sum();
        let mean = |d: usize| (0..3).map(|j| weight(j) * value[j][d]).sum::<f64>() / total;
        (0..2).map(mean).collect::<Vec<f64>>()
    });
    built.assert(&expected);
}

#[test]
fn linear_attention_is_its_quotient() {
    let config = AttentionConfig {
        heads: 1,
        key: 2,
        kind: AttentionKind::Linear,
        pairwise: Vec::new(),
    };
    let built = built(&config);
    let positive = |name| {
        PARTICLES.map(|x| {
            let y = built.dense(name, &x, true);
            y.iter().map(|v| v.max(0.0)).collect::<Vec<f64>>()
        })
    };
    let [query, key] = ["query", "key"].map(positive);
    let value = PARTICLES.map(|x| built.dense("value", &x, true));
    let expected = [0, 1, 2].map(|i| {
        let weight = |j: usize| -> f64 {
            let products = query[i].iter().zip(&key[j]).map(|(q, k)| q * k);
            products.sum::<f64>() / 4.0
        };
        let total: f64 = (0..3).map(weight).sum();
        let mean = |d: usize| (0..3).map(|j| weight(j) * value[j][d]).sum::<f64>() / (total + 1.0);
        (0..2).map(mean).collect::<Vec<f64>>()
    });
    built.assert(&expected);
}

#[test]
fn edges_are_made_of_a_particle_and_a_difference() {
    let config = EdgeConvConfig {
        k: 1,
        units: vec![3],
        coordinates: Some(1),
        pooling: EdgePooling::Mean,
        relu: true,
    };
    let built = built(&config);
    // In the first coordinate particles 0 and 2 are near, 1 is far; the empty slot is none.
    let neighbours = [2, 2, 0];
    let expected = [0, 1, 2].map(|i| {
        let edge = |j: usize| {
            // W_2 = B, W_1 = A + B: the layer on (x_i, x_j - x_i).
            let difference = [0, 1].map(|f| PARTICLES[j][f] - PARTICLES[i][f]);
            let here = built.dense("here", &PARTICLES[i], true);
            let own = built.dense("there", &PARTICLES[i], false);
            let moved = built.dense("there", &difference, false);
            let sums = (0..3).map(|u| (here[u] + own[u] + moved[u]).max(0.0));
            sums.collect::<Vec<f64>>()
        };
        edge(neighbours[i])
    });
    built.assert(&expected);
}

#[test]
fn slots_share_widths_unless_each_has_its_own() {
    for (per_slot, groups) in [(false, 2), (true, 8)] {
        let mut builder = Builder::new("test", WIDTHS, WIDTHS);
        builder.per_slot = per_slot;
        let x = builder.input("x", &[4, 2]);
        activation(&mut builder, "rounded", x, false);
        assert_eq!(builder.finish().width_count(), groups);
    }
}
