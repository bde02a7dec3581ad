//! Convolutions in one and two dimensions, pooling, layers behind.

use crate::check::{LARGE, Numbers, Scope, WHOLE, check};
use crate::net::{Net, Steps};
use crate::particles::layer;
use crate::support::{Outcome, with_ints};

/// A convolution with its bias: weights of formats of their own.
fn convolution(
    net: &mut Net,
    x: &str,
    shape: &[usize],
    [pads, strides]: [&[i64]; 2],
    seed: u64,
) -> String {
    let mut numbers = Numbers::new(seed);
    let count = shape.iter().product();
    let steps = Steps::cycle(shape, true, &[(5, 3), (3, 1), (0, 0), (6, 4)]).narrow();
    let w = net.weights(shape, &numbers.spread(count, 1.0), &steps);
    let biases = Steps::cycle(&shape[..1], true, &[(5, 3), (0, 0)]);
    let b = net.weights(&shape[..1], &numbers.spread(shape[0], 1.0), &biases);
    net.op_with("Conv", &[x, &w, &b], |n| {
        let n = with_ints(n, "kernel_shape", &[3, 3][..shape.len() - 2]);
        with_ints(with_ints(n, "pads", pads), "strides", strides)
    })
}

#[test]
fn images_are_convolved_and_pooled() -> Outcome {
    for pool in ["MaxPool", "AveragePool", "GlobalAveragePool"] {
        let mut net = Net::default();
        let x = net.input("image", &[0, 1, 8, 8]);
        let x = net.quant(&x, &Steps::all(false, 8, 3));
        let h = convolution(&mut net, &x, &[3, 1, 3, 3], [&[1, 1, 1, 1], &[1, 1]], 91);
        let h = net.quant(
            &h,
            &Steps::each(&[3, 1, 1], false, &[(6, 2), (5, 1), (0, 0)]),
        );
        let h = match pool {
            "GlobalAveragePool" => net.op(pool, &[&h]),
            _ => net.op_with(pool, &[&h], |n| {
                with_ints(with_ints(n, "kernel_shape", &[2, 2]), "strides", &[2, 2])
            }),
        };
        let size = if pool == "GlobalAveragePool" { 1 } else { 4 };
        let steps = Steps::cycle(&[3, size, size], false, &[(6, 3), (5, 2), (7, 4)]);
        let h = net.quant(&h, &steps);
        let h = match size {
            1 => h,
            _ => {
                let h = convolution(&mut net, &h, &[2, 3, 3, 3], [&[0, 1, 0, 1], &[2, 1]], 93);
                net.quant(&h, &Steps::each(&[2, 1, 1], false, &[(6, 2), (5, 1)]))
            }
        };
        let h = net.op("Flatten", &[&h]);
        let from = if size == 1 { 3 } else { 2 * 4 };
        let y = layer(&mut net, &h, from, 2, 97);
        net.output("y", &y);
        check(net, &[20.0], WHOLE)?;
    }
    Ok(())
}

#[test]
fn sequences_are_convolved() -> Outcome {
    let mut net = Net::default();
    // Particles as channels last, which a convolution takes transposed.
    let x = net.input("particles", &[0, 6, 3]);
    let x = net.quant(&x, &Steps::cycle(&[3], true, &[(8, 3), (6, 2), (7, 5)]));
    let x = net.transpose(&x, &[0, 2, 1]);
    let h = convolution(&mut net, &x, &[4, 3, 3], [&[1, 1], &[1]], 101);
    let h = net.quant(&h, &Steps::cycle(&[4, 1], false, &[(6, 2), (5, 1)]));
    let h = convolution(&mut net, &h, &[4, 4, 3], [&[1, 0], &[2]], 103);
    let h = net.quant(&h, &Steps::cycle(&[4, 3], false, &[(6, 2), (5, 1), (4, 0)]));
    let h = net.reshape(&h, &[-1, 12]);
    let y = layer(&mut net, &h, 12, 2, 107);
    net.output("y", &y);
    check(net, &[20.0], WHOLE)?;
    Ok(())
}

#[test]
fn a_jet_image_of_twenty_by_twenty() -> Outcome {
    let mut net = Net::default();
    let x = net.input("image", &[0, 1, 20, 20]);
    let x = net.quant(&x, &Steps::all(false, 10, 3));
    let h = convolution(&mut net, &x, &[4, 1, 3, 3], [&[1, 1, 1, 1], &[1, 1]], 109);
    let h = net.quant(&h, &Steps::cycle(&[4, 1, 1], false, &[(6, 2), (5, 1)]));
    let h = net.op_with("MaxPool", &[&h], |n| {
        with_ints(with_ints(n, "kernel_shape", &[2, 2]), "strides", &[2, 2])
    });
    let h = convolution(&mut net, &h, &[4, 4, 3, 3], [&[1, 1, 1, 1], &[1, 1]], 113);
    let h = net.quant(&h, &Steps::cycle(&[4, 1, 1], false, &[(6, 2), (5, 1)]));
    // The mean of a number of pixels that is no power of two, as a factor of
    // single precision.
    let h = net.reshape(&h, &[-1, 4, 100]);
    let h = net.reduce_sum(&h, 2, false);
    let share = net.scalar(0.01);
    let h = net.op("Mul", &[&h, &share]);
    let h = net.quant(&h, &Steps::all(false, 9, 5));
    let y = layer(&mut net, &h, 4, 2, 127);
    net.output("y", &y);
    let scope = Scope {
        events: 300,
        ..LARGE
    };
    check(net, &[20.0], scope)?;
    Ok(())
}
