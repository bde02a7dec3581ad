//! Self-attention and linear attention, with pairwise features as a bias.

use crate::check::{LARGE, Scope, WHOLE, check};
use crate::net::{Net, Steps};
use crate::particles::{layer, particles};
use crate::support::Outcome;

/// `[1, P, H D]` as `[1, H, P, D]`.
fn heads(net: &mut Net, x: &str, particles: usize, heads: usize, size: usize) -> String {
    let shape = [-1, particles as i64, heads as i64, size as i64];
    let x = net.reshape(x, &shape);
    net.transpose(&x, &[0, 2, 1, 3])
}

/// One over a value that can be 0, as a table.
fn inverse(net: &mut Net, x: &str, steps: &Steps) -> String {
    let least = net.scalar(1.0 / 64.0);
    let x = net.op("Max", &[x, &least]);
    let x = net.op("Reciprocal", &[&x]);
    net.quant(&x, steps)
}

/// Differences of all pairs of particles, multiplied and added up.
fn pairs(net: &mut Net, x: &str, steps: &Steps) -> String {
    let (a, b) = (net.unsqueeze(x, &[2]), net.unsqueeze(x, &[1]));
    let difference = net.op("Sub", &[&a, &b]);
    let square = net.op("Mul", &[&difference, &difference]);
    let distance = net.reduce_sum(&square, -1, true);
    net.quant(&distance, steps)
}

/// Attention over `count` particles in `H` heads of `D`.
fn attention(net: &mut Net, count: usize, shifted: bool) -> String {
    let (h, d) = (2, 2);
    let (x, mask) = particles(net, count, 3);
    let x = net.quant(&x, &Steps::cycle(&[3], true, &[(6, 1), (5, 2), (6, 3)]));
    let steps = Steps::cycle(&[count, h * d], true, &[(5, 2), (4, 1), (6, 3), (0, 0)]);
    let [q, k, v] = [41, 43, 47].map(|seed| {
        let y = layer(net, &x, 3, h * d, seed);
        let y = net.quant(&y, &steps);
        heads(net, &y, count, h, d)
    });
    let k = net.transpose(&k, &[0, 1, 3, 2]);
    let scores = net.op("MatMul", &[&q, &k]);
    let root = net.scalar(0.5);
    let scores = net.op("Mul", &[&scores, &root]);
    // [1, P, P, 1] to [1, H, P, P] by a layer.
    let bias = pairs(net, &x, &Steps::all(false, 6, 1));
    let bias = layer(net, &bias, 1, h, 53);
    let bias = net.quant(&bias, &Steps::cycle(&[h], true, &[(6, 2), (5, 3)]));
    let bias = net.transpose(&bias, &[0, 3, 1, 2]);
    let scores = net.op("Add", &[&scores, &bias]);
    let row = net.reshape(&mask, &[-1, 1, 1, count as i64]);
    let zero = net.scalar(0.0);
    let present = net.op("Greater", &[&row, &zero]);
    let e = match shifted {
        true => {
            let far = net.scalar(-128.0);
            let scores = net.op("Where", &[&present, &scores, &far]);
            let most = net.reduce("ReduceMax", &scores, -1, true);
            let below = net.op("Sub", &[&scores, &most]);
            let below = net.quant(&below, &Steps::all(true, 8, 3));
            let e = net.op("Exp", &[&below]);
            net.quant(&e, &Steps::all(false, 8, 7))
        }
        false => {
            let scores = net.quant(&scores, &Steps::cycle(&[h, 1, 1], true, &[(7, 4), (8, 5)]));
            let e = net.op("Exp", &[&scores]);
            let e = net.quant(&e, &Steps::all(false, 10, 4));
            net.op("Mul", &[&e, &row])
        }
    };
    let total = net.reduce_sum(&e, -1, true);
    let total = net.quant(&total, &Steps::all(false, 10, 4));
    let share = inverse(net, &total, &Steps::all(false, 8, 7));
    let weights = net.op("Mul", &[&e, &share]);
    let weights = net.quant(&weights, &Steps::all(false, 6, 6));
    let y = net.op("MatMul", &[&weights, &v]);
    let y = net.transpose(&y, &[0, 2, 1, 3]);
    let y = net.reshape(&y, &[-1, count as i64, (h * d) as i64]);
    let y = net.quant(&y, &Steps::cycle(&[h * d], true, &[(6, 3), (7, 4)]));
    // A residual and a layer.
    let y = layer(net, &y, h * d, 3, 59);
    let y = net.op("Add", &[&y, &x]);
    net.quant(&y, &Steps::cycle(&[3], true, &[(7, 3), (8, 4)]))
}

#[test]
fn softmax_is_built_of_roundings() -> Outcome {
    for shifted in [true, false] {
        let mut net = Net::default();
        let y = attention(&mut net, 3, shifted);
        net.output("y", &y);
        check(net, &[100.0], WHOLE)?;
    }
    let mut net = Net::default();
    let y = attention(&mut net, 12, true);
    net.output("y", &y);
    let scope = Scope {
        events: 400,
        ..LARGE
    };
    check(net, &[100.0], scope)?;
    Ok(())
}

#[test]
fn linear_attention_multiplies_keys_and_values_first() -> Outcome {
    let (count, h, d) = (4, 2, 2);
    let mut net = Net::default();
    let (x, mask) = particles(&mut net, count, 3);
    let positive = Steps::cycle(&[h * d], false, &[(5, 2), (4, 1), (6, 3)]);
    let signed = Steps::cycle(&[h * d], true, &[(5, 2), (4, 1), (6, 3)]);
    let [q, k, v] = [(61, &positive), (67, &positive), (71, &signed)].map(|(seed, steps)| {
        let y = layer(&mut net, &x, 3, h * d, seed);
        let y = net.quant(&y, steps);
        let y = net.op("Mul", &[&y, &mask]);
        heads(&mut net, &y, count, h, d)
    });
    let turned = net.transpose(&k, &[0, 1, 3, 2]);
    let context = net.op("MatMul", &[&turned, &v]);
    let context = net.quant(
        &context,
        &Steps::cycle(&[h, d, d], true, &[(8, 3), (7, 2), (9, 3)]),
    );
    let y = net.op("MatMul", &[&q, &context]);
    let total = net.reduce_sum(&k, 2, true);
    let weight = net.op("Mul", &[&q, &total]);
    let weight = net.reduce_sum(&weight, -1, true);
    let weight = net.quant(&weight, &Steps::all(false, 10, 2));
    let share = inverse(&mut net, &weight, &Steps::all(false, 10, 8));
    let y = net.op("Mul", &[&y, &share]);
    let y = net.quant(&y, &Steps::cycle(&[h, 1, d], true, &[(8, 4), (6, 3)]));
    let y = net.transpose(&y, &[0, 2, 1, 3]);
    let y = net.reshape(&y, &[-1, count as i64, (h * d) as i64]);
    let y = net.reduce_sum(&y, 1, false);
    net.output("y", &y);
    check(net, &[100.0], WHOLE)?;
    Ok(())
}

/// Products and differences of all pairs, and layers on them.
#[test]
fn pairwise_features_are_layers_input() -> Outcome {
    let count = 4;
    let mut net = Net::default();
    let (x, _) = particles(&mut net, count, 3);
    let x = net.quant(&x, &Steps::cycle(&[3], true, &[(6, 1), (5, 2), (7, 3)]));
    let distance = pairs(&mut net, &x, &Steps::all(false, 8, 2));
    let (a, b) = (net.unsqueeze(&x, &[2]), net.unsqueeze(&x, &[1]));
    let product = net.op("Mul", &[&a, &b]);
    let least = net.op("Min", &[&a, &b]);
    let least = net.slice(&least, 3, 0, 1);
    let log = net.op("Abs", &[&least]);
    let small = net.scalar(0.05);
    let log = net.op("Max", &[&log, &small]);
    let log = net.op("Log", &[&log]);
    let log = net.quant(&log, &Steps::all(true, 8, 4));
    let product = net.quant(&product, &Steps::cycle(&[3], true, &[(8, 2), (6, 1)]));
    let all = net.concat(&[&distance, &product, &log], 3);
    let h = layer(&mut net, &all, 5, 4, 73);
    let h = net.quant(&h, &Steps::cycle(&[4], false, &[(6, 2), (5, 1)]));
    let h = layer(&mut net, &h, 4, 1, 79);
    let h = net.squeeze(&h, &[3]);
    net.output("bias", &h);
    check(net, &[100.0], WHOLE)?;
    Ok(())
}
