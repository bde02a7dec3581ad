//! Combination and Lorentz layers (arXiv:1707.08966), and what stands between
//! layers: residuals, parts, joints, numbers of classes.

use crate::check::{Numbers, WHOLE, check};
use crate::net::{Net, Steps};
use crate::particles::layer;
use crate::support::{Outcome, with_int};

#[test]
fn sums_of_four_vectors_have_masses_and_momenta() -> Outcome {
    let (count, sums) = (4, 3);
    let mut numbers = Numbers::new(131);
    let mut net = Net::default();
    let x = net.input("particles", &[0, count as i64, 4]);
    let x = net.quant(&x, &Steps::all(true, 12, 3));
    // Learned sums: weights on the left.
    let steps = Steps::cycle(&[sums, count], true, &[(5, 3), (4, 2), (0, 0)]).narrow();
    let c = net.weights(&[sums, count], &numbers.spread(sums * count, 1.0), &steps);
    let k = net.op("MatMul", &[&c, &x]);
    let k = net.quant(&k, &Steps::cycle(&[sums, 4], true, &[(12, 2), (11, 1)]));
    // A learned metric, one number per component.
    let square = net.op("Mul", &[&k, &k]);
    let metric = Steps::all(true, 6, 4).narrow();
    let metric = net.weights(&[4, 1], &[0.99, -1.01, -1.02, -0.98], &metric);
    let mass = net.op("MatMul", &[&square, &metric]);
    let mass = net.quant(
        &mass,
        &Steps::cycle(&[sums, 1], true, &[(14, -2), (12, -1)]),
    );
    // pT from columns 1 and 2.
    let (px, py) = (net.slice(&k, 2, 1, 2), net.slice(&k, 2, 2, 3));
    let (px, py) = (net.op("Mul", &[&px, &px]), net.op("Mul", &[&py, &py]));
    let pt = net.op("Add", &[&px, &py]);
    let pt = net.quant(&pt, &Steps::all(false, 16, -1));
    let pt = net.op("Sqrt", &[&pt]);
    let pt = net.quant(&pt, &Steps::cycle(&[sums, 1], false, &[(10, 2), (9, 1)]));
    // The energy, by a position.
    let column = net.ints(&[1], &[0]);
    let energy = net.op_with("Gather", &[&k, &column], |n| with_int(n, "axis", 2));
    let all = net.concat(&[&mass, &pt, &energy], 2);
    let all = net.reshape(&all, &[-1, (3 * sums) as i64]);
    let h = net.quant(
        &all,
        &Steps::cycle(&[3 * sums], true, &[(9, -2), (8, -1), (10, 0)]),
    );
    let y = layer(&mut net, &h, 3 * sums, 2, 137);
    net.output("y", &y);
    check(net, &[100.0], WHOLE)?;
    Ok(())
}

#[test]
fn parts_residuals_and_joints() -> Outcome {
    let mut net = Net::default();
    let x = net.input("x", &[0, 6]);
    let x = net.quant(
        &x,
        &Steps::cycle(&[6], true, &[(8, 3), (6, 2), (0, 0), (7, 5)]),
    );
    let sizes = net.ints(&[2], &[4, 2]);
    let parts = net.several("Split", &[&x, &sizes], 2, |n| with_int(n, "axis", 1));
    let h = layer(&mut net, &parts[0], 4, 4, 139);
    let h = net.quant(&h, &Steps::cycle(&[4], false, &[(6, 2), (5, 1)]));
    let sum = net.op("Add", &[&h, &parts[0]]);
    let sum = net.quant(&sum, &Steps::cycle(&[4], true, &[(6, 2), (7, 1)]));
    let all = net.concat(&[&sum, &parts[1], &h], 1);
    let last = net.slice(&all, 1, 3, 9);
    let lifted = net.unsqueeze(&last, &[1]);
    let flat = net.squeeze(&lifted, &[1]);
    let y = layer(&mut net, &flat, 6, 3, 149);
    net.output("y", &y);
    net.output("sum", &sum);
    check(net, &[20.0], WHOLE)?;
    Ok(())
}

/// A column of particle numbers becomes columns of 0 and 1 beside the others.
#[test]
fn classes_become_columns() -> Outcome {
    let mut net = Net::default();
    let x = net.input("particles", &[0, 3, 2]);
    let x = net.quant(&x, &Steps::each(&[2], true, &[(10, 3), (10, 0)]));
    let (pt, id) = (net.slice(&x, 2, 0, 1), net.slice(&x, 2, 1, 2));
    let id = net.op("Abs", &[&id]);
    let classes = net.constant(&[3], &[22.0, 211.0, 130.0]);
    let hot = net.op("Equal", &[&id, &classes]);
    let hot = net.op_with("Cast", &[&hot], |n| with_int(n, "to", 1));
    let known = net.constant(&[1], &[1.0]);
    let charged = net.op("Equal", &[&id, &known]);
    let charged = net.op_with("Cast", &[&charged], |n| with_int(n, "to", 1));
    let all = net.concat(&[&pt, &hot, &charged], 2);
    let h = layer(&mut net, &all, 5, 4, 151);
    let h = net.quant(&h, &Steps::all(false, 6, 2));
    let y = net.reduce_sum(&h, 1, false);
    net.output("y", &y);
    check(net, &[200.0], WHOLE)?;
    Ok(())
}
