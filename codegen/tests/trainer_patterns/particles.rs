//! Deep sets: the same layers for every particle, a mask, a pooling.

use crate::check::{LARGE, Numbers, Scope, WHOLE, check};
use crate::net::{Net, Steps};
use crate::support::{Outcome, with_int};

const PARTICLES: usize = 4;
const FEATURES: usize = 3;

/// Particles as a raw input, and their mask: 1 where the first column is not 0.
pub fn particles(net: &mut Net, count: usize, columns: usize) -> (String, String) {
    let x = net.input("particles", &[0, count as i64, columns as i64]);
    let raw = Steps::cycle(&[1, columns], true, &[(12, 4), (10, 6), (8, 5)]);
    let raw = net.quant(&x, &raw);
    let pt = net.slice(&raw, 2, 0, 1);
    let zero = net.scalar(0.0);
    let present = net.op("Greater", &[&pt, &zero]);
    let mask = net.op_with("Cast", &[&present], |n| with_int(n, "to", 1));
    (raw, mask)
}

/// A layer on the last axis: weights and biases of their own formats, a ReLU
/// by an unsigned rounding.
pub fn layer(net: &mut Net, x: &str, from: usize, to: usize, seed: u64) -> String {
    let mut numbers = Numbers::new(seed);
    let steps = [(5, 4), (3, 1), (0, 0), (6, 3), (4, 4)];
    let steps = Steps::cycle(&[from, to], true, &steps).narrow();
    let w = net.weights(&[from, to], &numbers.spread(from * to, 1.2), &steps);
    let y = net.op("MatMul", &[x, &w]);
    let biases = Steps::cycle(&[to], true, &[(5, 3), (6, 5), (0, 0)]);
    let b = net.weights(&[to], &numbers.spread(to, 1.0), &biases);
    net.op("Add", &[&y, &b])
}

fn embedded(net: &mut Net, x: &str, seed: u64) -> String {
    let h = layer(net, x, FEATURES, 5, seed);
    let steps = [(6, 3), (4, 2), (7, 3), (0, 0)];
    net.quant(&h, &Steps::cycle(&[PARTICLES, 5], false, &steps))
}

#[test]
fn layers_act_on_every_particle() -> Outcome {
    for pooling in ["ReduceSum", "ReduceMean", "ReduceMax"] {
        for keep in [false, true] {
            let mut net = Net::default();
            let (x, mask) = particles(&mut net, PARTICLES, FEATURES);
            let h = embedded(&mut net, &x, 7);
            let h = net.op("Mul", &[&h, &mask]);
            let pooled = match pooling {
                "ReduceSum" => net.reduce_sum(&h, 1, keep),
                _ => net.reduce(pooling, &h, 1, keep),
            };
            let pooled = net.quant(&pooled, &Steps::cycle(&[5], false, &[(8, 3), (5, 1)]));
            let pooled = match keep {
                true => net.squeeze(&pooled, &[1]),
                false => pooled,
            };
            let y = layer(&mut net, &pooled, 5, 2, 9);
            net.output("y", &y);
            let scope = Scope {
                kernel: keep,
                ..WHOLE
            };
            check(net, &[100.0], scope)?;
        }
    }
    Ok(())
}

/// The mask chooses rather than multiplies, and empty slots can be far below.
#[test]
fn a_mask_chooses() -> Outcome {
    let mut net = Net::default();
    let (x, mask) = particles(&mut net, PARTICLES, FEATURES);
    let h = layer(&mut net, &x, FEATURES, 5, 17);
    let h = net.quant(&h, &Steps::cycle(&[5], true, &[(6, 3), (8, 2)]));
    let zero = net.scalar(0.0);
    let present = net.op("Greater", &[&mask, &zero]);
    let far = net.scalar(-64.0);
    let chosen = net.op("Where", &[&present, &h, &far]);
    let most = net.reduce("ReduceMax", &chosen, 1, false);
    let most = net.quant(&most, &Steps::all(true, 9, 2));
    let count = net.reduce_sum(&mask, 1, false);
    let cleared = net.op("Where", &[&present, &h, &zero]);
    let least = net.reduce("ReduceMin", &cleared, 1, false);
    net.output("most", &most);
    net.output("least", &least);
    net.output("count", &count);
    check(net, &[100.0], WHOLE)?;
    Ok(())
}

/// A mean over the particles that are there: one over their number is a table.
#[test]
fn a_masked_mean_divides_by_the_count() -> Outcome {
    let mut net = Net::default();
    let (x, mask) = particles(&mut net, PARTICLES, FEATURES);
    let h = embedded(&mut net, &x, 23);
    let h = net.op("Mul", &[&h, &mask]);
    let sum = net.reduce_sum(&h, 1, false);
    let count = net.reduce_sum(&mask, 1, false);
    let one = net.scalar(1.0);
    let count = net.op("Max", &[&count, &one]);
    let share = net.op("Reciprocal", &[&count]);
    let share = net.quant(&share, &Steps::all(false, 8, 7));
    let mean = net.op("Mul", &[&sum, &share]);
    let mean = net.quant(&mean, &Steps::cycle(&[5], false, &[(8, 4), (6, 3)]));
    net.output("mean", &mean);
    check(net, &[100.0], WHOLE)?;
    Ok(())
}

/// A feature vector beside the particles, two results, one of them early.
#[test]
fn several_inputs_and_outputs() -> Outcome {
    let mut net = Net::default();
    let (x, mask) = particles(&mut net, 16, FEATURES);
    let jet = net.input("jet", &[0, 2]);
    let jet = net.quant(&jet, &Steps::cycle(&[2], true, &[(12, 3), (9, 4)]));
    let h = layer(&mut net, &x, FEATURES, 8, 27);
    let h = net.quant(&h, &Steps::cycle(&[8], false, &[(6, 3), (4, 2), (7, 3)]));
    let h = layer(&mut net, &h, 8, 6, 29);
    let h = net.quant(&h, &Steps::cycle(&[6], false, &[(6, 2), (4, 1)]));
    let h = net.op("Mul", &[&h, &mask]);
    let pooled = net.reduce("ReduceMean", &h, 1, false);
    let pooled = net.quant(&pooled, &Steps::all(false, 8, 4));
    let all = net.concat(&[&pooled, &jet], 1);
    let h = layer(&mut net, &all, 8, 5, 31);
    let h = net.quant(&h, &Steps::all(false, 6, 2));
    let logits = layer(&mut net, &h, 5, 3, 33);
    let energy = layer(&mut net, &pooled, 6, 1, 35);
    net.output("logits", &logits);
    net.output("energy", &energy);
    check(net, &[100.0, 300.0], LARGE)?;
    Ok(())
}
