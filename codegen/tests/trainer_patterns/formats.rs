//! Formats per element of activations and weights, and elements without bits.

use crate::check::{Numbers, Scope, WHOLE, check, check_against};
use crate::net::{Net, Steps};
use crate::support::Outcome;

/// What `Quant` says of one number: round half to even, then the range.
fn rounded(x: f64, steps: &Steps, at: usize) -> f64 {
    let (width, f) = (steps.widths[at], steps.f[at]);
    let (lo, hi) = match (steps.signed, width) {
        (_, 0) => (0.0, 0.0),
        (false, width) => (0.0, libm::scalbn(1.0, width as i32) - 1.0),
        (true, width) => {
            let half = libm::scalbn(1.0, width as i32 - 1);
            (f64::from(u8::from(steps.narrow)) - half, half - 1.0)
        }
    };
    libm::scalbn(libm::rint(libm::scalbn(x, f)).clamp(lo, hi), -f)
}

/// Formats that differ in every property, with elements of width 0.
const MIXED: &[(u32, i32)] = &[(6, 3), (0, 2), (3, -1), (8, 7), (1, 0), (12, 4), (0, 9)];

#[test]
fn activations_have_formats_per_element() -> Outcome {
    let shapes: [(&[i64], &[usize], usize); 5] = [
        (&[0, 7], &[7], 7),
        (&[0, 7], &[1, 7], 7),
        (&[0, 3, 7], &[3, 7], 21),
        (&[0, 3, 7], &[1, 3, 1], 21),
        (&[0, 3, 7], &[1, 1, 7], 21),
    ];
    for (shape, dims, count) in shapes {
        for (signed, narrow) in [(true, false), (true, true), (false, false)] {
            let mut steps = Steps::cycle(dims, signed, MIXED);
            steps.narrow = narrow;
            let wide = Steps::all(true, 16, 9);
            let mut net = Net::default();
            let x = net.input("x", shape);
            let raw = net.quant(&x, &wide);
            let y = net.quant(&raw, &steps);
            let direct = net.input("direct", shape);
            let direct = net.quant(&direct, &steps);
            net.output("y", &y);
            net.output("z", &direct);
            let entry = |at: usize| match (dims, shape) {
                ([3, 7], _) => at,
                ([1, 3, 1], _) => at / 7,
                _ => at % 7,
            };
            assert_eq!(shape[1..].iter().product::<i64>(), count as i64);
            // One kernel per shape of the formats.
            let scope = Scope {
                kernel: narrow,
                ..WHOLE
            };
            check_against(net, &[40.0, 20.0], scope, |inputs| {
                let all = |x: &[f64], inner: &dyn Fn(f64) -> f64| {
                    let each = x.iter().enumerate();
                    each.map(|(at, &x)| rounded(inner(x), &steps, entry(at)))
                        .collect()
                };
                Some(vec![
                    all(&inputs[0], &|x| rounded(x, &wide, 0)),
                    all(&inputs[1], &|x| x),
                ])
            })?;
        }
    }
    Ok(())
}

#[test]
fn weights_have_formats_per_element() -> Outcome {
    let mut numbers = Numbers::new(3);
    let (inputs, hidden, outputs) = (7, 5, 3);
    let x_steps = Steps::cycle(&[inputs], true, MIXED);
    let mut weights = Steps::cycle(&[inputs, hidden], true, &[(5, 3), (0, 0), (2, 1), (7, 8)]);
    weights.narrow = true;
    // A row without a bit.
    weights.widths[4 * hidden..5 * hidden].fill(0);
    let stored = numbers.spread(inputs * hidden, 1.5);
    let biases = Steps::cycle(&[hidden], true, &[(6, 5), (0, 0), (4, 2)]);
    let stored_bias = numbers.spread(hidden, 1.0);
    let h_steps = Steps::cycle(&[1, hidden], false, &[(4, 2), (7, 3), (0, 0), (2, -2)]);
    let last = Steps::all(true, 5, 4).narrow();
    let stored_last = numbers.spread(hidden * outputs, 1.0);

    let mut net = Net::default();
    let x = net.input("x", &[0, inputs as i64]);
    let x = net.quant(&x, &x_steps);
    let w = net.weights(&[inputs, hidden], &stored, &weights);
    let h = net.op("MatMul", &[&x, &w]);
    let b = net.weights(&[hidden], &stored_bias, &biases);
    let h = net.op("Add", &[&h, &b]);
    let h = net.op("Relu", &[&h]);
    let h = net.quant(&h, &h_steps);
    let w = net.weights(&[hidden, outputs], &stored_last, &last);
    let y = net.op("MatMul", &[&h, &w]);
    net.output("logits", &y);
    net.output("hidden", &h);

    let found = check_against(net, &[20.0], WHOLE, |event| {
        let x: Vec<_> = (0..inputs)
            .map(|i| rounded(event[0][i], &x_steps, i))
            .collect();
        let h: Vec<_> = (0..hidden)
            .map(|j| {
                let weight = |i| rounded(stored[i * hidden + j], &weights, i * hidden + j);
                let sum: f64 = (0..inputs).map(|i| x[i] * weight(i)).sum();
                let sum = sum + rounded(stored_bias[j], &biases, j);
                rounded(sum.max(0.0), &h_steps, j)
            })
            .collect();
        let y = (0..outputs).map(|j| {
            let weight = |i| rounded(stored_last[i * outputs + j], &last, 0);
            (0..hidden).map(|i| h[i] * weight(i)).sum()
        });
        Some(vec![y.collect(), h.clone()])
    })?;
    assert!(found.ebops > 0);
    // By the formats alone, as a training counts: bits without signs, and the
    // bits of what is added.
    let bits = |steps: &Steps, at: usize| match steps.widths[at] {
        0 => 0,
        width => u64::from(width) - u64::from(steps.signed),
    };
    let first = (0..inputs * hidden).map(|at| bits(&x_steps, at / hidden) * bits(&weights, at));
    let added = (0..hidden).map(|at| bits(&biases, at));
    let second = (0..hidden).map(|at| bits(&h_steps, at) * bits(&last, 0) * outputs as u64);
    let expected: u64 = first.chain(added).chain(second).sum();
    assert_eq!(found.format_ebops, expected);
    Ok(())
}

/// Weights and activations without bits are no work, and inputs that reach
/// nothing reach no gate.
#[test]
fn what_has_no_bits_costs_nothing() -> Outcome {
    let build = |width: u32, signed: bool, narrow: bool| {
        let mut net = Net::default();
        let x = net.input("x", &[0, 4]);
        let mut x_steps = Steps::all(true, 6, 2);
        if !signed {
            x_steps = Steps::each(&[4], true, &[(6, 2), (6, 2), (width, 2), (width, 2)]);
        }
        let x = net.quant(&x, &x_steps);
        let mut steps = Steps::all(true, 5, 4).narrow();
        if signed {
            let rows = [(5, 4), (5, 4), (width, 4), (width, 4)];
            steps = Steps::each(&[4, 1], true, &rows);
            steps.narrow = narrow;
        }
        let w = net.weights(
            &[4, 2],
            &[0.5, -0.75, 0.875, 0.3, 0.9, -0.9, 0.6, 0.6],
            &steps,
        );
        let y = net.op("MatMul", &[&x, &w]);
        net.output("y", &y);
        net
    };
    let whole = check(build(5, false, false), &[10.0], WHOLE)?;
    let activations = check(build(0, false, false), &[10.0], WHOLE)?;
    let weights = check(build(0, true, true), &[10.0], WHOLE)?;
    let wide_weights = check(build(0, true, false), &[10.0], WHOLE)?;
    // A signed bit that is symmetric about zero is 0.
    let symmetric = check(build(1, true, true), &[10.0], WHOLE)?;
    for less in [&activations, &weights, &wide_weights, &symmetric] {
        assert!(
            less.ebops < whole.ebops * 2 / 3,
            "{} {}",
            less.ebops,
            whole.ebops
        );
        assert!(
            less.gates < whole.gates,
            "{:?} {:?}",
            less.gates,
            whole.gates
        );
    }
    assert_eq!(weights.ebops, symmetric.ebops);
    assert_eq!(weights.gates, symmetric.gates);
    Ok(())
}

#[test]
fn a_layer_without_bits_gives_zeros() -> Outcome {
    let mut net = Net::default();
    let x = net.input("x", &[0, 3]);
    let x = net.quant(&x, &Steps::all(true, 6, 2));
    let w = net.weights(&[3, 2], &[1.0; 6], &Steps::all(true, 0, 4).narrow());
    let dead = net.op("MatMul", &[&x, &w]);
    let dead = net.quant(&dead, &Steps::all(false, 3, 2));
    net.output("dead", &dead);
    net.output("seen", &x);
    let found = check(net, &[10.0], WHOLE)?;
    assert_eq!(found.ebops, 0);
    Ok(())
}

#[test]
fn convolutions_have_weights_per_channel_and_per_element() -> Outcome {
    let mut numbers = Numbers::new(5);
    let stored = numbers.spread(3 * 2 * 2 * 2, 1.5);
    let grains = [
        Steps::all(true, 4, 2).narrow(),
        Steps::each(&[3, 1, 1, 1], true, &[(5, 3), (2, 0), (0, 0)]),
        Steps::cycle(
            &[3, 2, 2, 2],
            true,
            &[(5, 4), (0, 9), (3, 1), (6, 2), (2, 6)],
        )
        .narrow(),
    ];
    for steps in grains {
        let mut net = Net::default();
        let x = net.input("x", &[0, 2, 4, 4]);
        let x_steps = Steps::cycle(&[2, 4, 4], true, &[(5, 2), (0, 1), (4, 3), (7, 5)]);
        let x = net.quant(&x, &x_steps);
        let w = net.weights(&[3, 2, 2, 2], &stored, &steps);
        let b = net.weights(
            &[3],
            &[0.5, -0.25, 1.0],
            &Steps::each(&[3], true, &[(3, 1), (4, 3), (0, 0)]),
        );
        let y = net.op("Conv", &[&x, &w, &b]);
        let y = net.quant(
            &y,
            &Steps::cycle(&[3, 1, 1], false, &[(6, 3), (4, 0), (9, 5)]),
        );
        net.output("y", &y);
        check(net, &[5.0], WHOLE)?;
    }
    Ok(())
}
