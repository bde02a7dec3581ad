//! Functions between two roundings: one table, computed in double precision
//! through the whole chain, rounded once.

use libm::{erf, exp, log, log1p, scalbn, sqrt, tanh};

use crate::check::{Scope, WHOLE, check, check_against};
use crate::net::{Net, Steps};
use crate::support::{Outcome, with_int};

/// A raw input of 16 bits with a step per column, its shift and its scale.
fn scaled_input(net: &mut Net, columns: usize) -> String {
    let dims = [1, columns];
    let x = net.input("x", &[0, columns as i64]);
    let raw = Steps::cycle(&dims, true, &[(16, 8), (12, 3), (14, 10)]);
    let x = net.quant(&x, &raw);
    let offsets: Vec<_> = (0..columns).map(|at| at as f64 / 8.0 - 1.0).collect();
    let offsets = net.constant(&dims, &offsets);
    let x = net.op("Sub", &[&x, &offsets]);
    let factors: Vec<_> = (0..columns)
        .map(|at| scalbn(1.0, at as i32 % 5 - 4))
        .collect();
    let factors = net.constant(&dims, &factors);
    net.op("Mul", &[&x, &factors])
}

#[test]
fn inputs_are_shifted_scaled_and_clipped_exactly() -> Outcome {
    for clip in [false, true] {
        let mut net = Net::default();
        let mut x = scaled_input(&mut net, 5);
        if clip {
            let (lo, hi) = (net.scalar(-1.0), net.scalar(2.5));
            x = net.op("Clip", &[&x, &lo, &hi]);
        }
        let steps = Steps::cycle(&[5], true, &[(8, 4), (5, 2), (0, 0), (10, 8)]);
        let x = net.quant(&x, &steps);
        net.output("y", &x);
        check(net, &[150.0], WHOLE)?;
    }
    Ok(())
}

/// Bounds that need all bits of single precision are exact too.
#[test]
fn long_constants_between_two_roundings_are_exact() -> Outcome {
    let mut net = Net::default();
    let x = net.input("x", &[0, 3]);
    let raw = Steps::cycle(&[3], true, &[(12, 5), (10, 3), (11, 8)]);
    let x = net.quant(&x, &raw);
    let (lo, hi) = (net.scalar(0.1), net.scalar(7.3));
    let clipped = net.op("Clip", &[&x, &lo, &hi]);
    let y = net.quant(&clipped, &Steps::all(false, 12, 9));
    net.output("clipped", &y);
    let mean = net.constant(&[3], &[0.123, -0.456, 1.789]);
    let spread = net.constant(&[3], &[1.1, 0.37, 2.9]);
    let z = net.op("Sub", &[&x, &mean]);
    let z = net.op("Div", &[&z, &spread]);
    let z = net.quant(&z, &Steps::cycle(&[3], true, &[(12, 5), (9, 3)]));
    net.output("standard", &z);
    let factor = net.constant(&[3], &[1.1, 0.37, 2.9]);
    let w = net.op("Mul", &[&x, &factor]);
    let w = net.quant(&w, &Steps::cycle(&[3], true, &[(12, 5), (9, 3)]));
    net.output("product", &w);
    let found = check(net, &[20.0], WHOLE)?;
    // A single factor needs no table.
    assert_eq!(found.text.matches(" = table ").count(), 3 + 3);
    Ok(())
}

#[test]
fn logarithms_of_inputs_are_rounded_once() -> Outcome {
    for (width, kernel) in [(16u32, true), (9, false)] {
        let mut net = Net::default();
        let x = net.input("x", &[0, 4, 3]);
        let columns = [(width, 6), (width, 4), (width, 9)];
        let x = net.quant(&x, &Steps::each(&[1, 3], false, &columns));
        let least = net.scalar(0.01);
        let x = net.op("Max", &[&x, &least]);
        let x = net.op("Log", &[&x]);
        let factor = net.constant(&[3], &[0.3, 0.5, 1.7]);
        let x = net.op("Mul", &[&x, &factor]);
        let offset = net.constant(&[1, 3], &[1.1, -0.25, 0.7]);
        let x = net.op("Add", &[&x, &offset]);
        let steps = [(9, 6), (8, 4), (12, 8)];
        let x = net.quant(&x, &Steps::each(&[3], true, &steps));
        net.output("y", &x);
        let scope = Scope { kernel, ..WHOLE };
        let found = check_against(net, &[300.0], scope, |inputs| {
            let single = |x: f64| f64::from(x as f32);
            let value = |(at, &x): (usize, &f64)| {
                let column = at % 3;
                let (w, f) = (columns[column].0 as i32, columns[column].1);
                let x = libm::rint(scalbn(x, f)).clamp(0.0, scalbn(1.0, w) - 1.0);
                let x = scalbn(x, -f).max(single(0.01));
                let x = log(x) * single([0.3, 0.5, 1.7][column]);
                let x = x + single([1.1, -0.25, 0.7][column]);
                let (w, f) = (steps[column].0 as i32, steps[column].1);
                let half = scalbn(1.0, w - 1);
                scalbn(libm::rint(scalbn(x, f)).clamp(-half, half - 1.0), -f)
            };
            Some(vec![inputs[0].iter().enumerate().map(value).collect()])
        })?;
        // One table per column, not per particle.
        assert_eq!(found.text.matches(" = table ").count(), 3);
    }
    Ok(())
}

/// A chain of nodes that a test appends, and what it computes.
type Case = (&'static str, fn(&mut Net, &str) -> String, fn(f64) -> f64);

const SINGLE_THIRD: f64 = 0.333_333_343_267_440_8;

const CASES: &[Case] = &[
    ("exp", |n, x| n.op("Exp", &[x]), exp),
    ("tanh", |n, x| n.op("Tanh", &[x]), tanh),
    (
        "exp of a factor",
        |n, x| {
            let third = n.scalar(SINGLE_THIRD);
            let x = n.op("Mul", &[x, &third]);
            n.op("Exp", &[&x])
        },
        |x| exp(x * SINGLE_THIRD),
    ),
    (
        "reciprocal behind an offset",
        |n, x| {
            let x = n.op("Abs", &[x]);
            let third = n.scalar(SINGLE_THIRD);
            let x = n.op("Add", &[&x, &third]);
            n.op("Reciprocal", &[&x])
        },
        |x| 1.0 / (x.abs() + SINGLE_THIRD),
    ),
    (
        "square root",
        |n, x| {
            let x = n.op("Relu", &[x]);
            n.op("Sqrt", &[&x])
        },
        |x| sqrt(x.max(0.0)),
    ),
    (
        "logarithm",
        |n, x| {
            let (least, most) = (n.scalar(0.125), n.scalar(100.0));
            let x = n.op("Clip", &[x, &least, &most]);
            n.op("Log", &[&x])
        },
        |x| log(x.clamp(0.125, 100.0)),
    ),
    (
        "softplus",
        |n, x| n.op("Softplus", &[x]),
        |x| x.max(0.0) + log1p(exp(-x.abs())),
    ),
    (
        "sigmoid",
        |n, x| n.op("Sigmoid", &[x]),
        |x| match x < 0.0 {
            true => exp(x) / (1.0 + exp(x)),
            false => 1.0 / (1.0 + exp(-x)),
        },
    ),
    (
        "GELU in pieces",
        |n, x| {
            let root = n.scalar(std::f64::consts::SQRT_2);
            let y = n.op("Div", &[x, &root]);
            let y = n.op("Erf", &[&y]);
            let one = n.scalar(1.0);
            let y = n.op("Add", &[&y, &one]);
            let y = n.op("Mul", &[x, &y]);
            let half = n.scalar(0.5);
            n.op("Mul", &[&y, &half])
        },
        |x| x * (erf(x / f64::from(std::f32::consts::SQRT_2)) + 1.0) * 0.5,
    ),
    (
        "SiLU in pieces",
        |n, x| {
            let gate = n.op("Sigmoid", &[x]);
            n.op("Mul", &[&gate, x])
        },
        |x| match x < 0.0 {
            true => exp(x) / (1.0 + exp(x)) * x,
            false => 1.0 / (1.0 + exp(-x)) * x,
        },
    ),
    (
        "powers",
        |n, x| {
            let least = n.scalar(0.125);
            let x = n.op("Max", &[x, &least]);
            n.op("Pow", &[&x, &x])
        },
        |x| libm::pow(x.max(0.125), x.max(0.125)),
    ),
    (
        "one bit of the sign",
        |n, x| {
            let sign = n.quant(x, &Steps::all(true, 1, 1));
            n.op("Exp", &[&sign])
        },
        |x| exp(if x < 0.0 { -0.5 } else { 0.5 }),
    ),
    (
        "a choice",
        |n, x| {
            let zero = n.scalar(0.0);
            let positive = n.op("Greater", &[x, &zero]);
            let e = n.op("Exp", &[x]);
            n.op("Where", &[&positive, &e, x])
        },
        |x| if x > 0.0 { exp(x) } else { x },
    ),
];

#[test]
fn every_function_is_rounded_once() -> Outcome {
    let from = Steps::cycle(&[4], true, &[(8, 4), (6, 2), (0, 1), (10, 7)]);
    let into = Steps::cycle(&[2, 4], true, &[(9, 5), (5, 2), (12, 9)]).narrow();
    let mut net = Net::default();
    let x = net.input("x", &[0, 2, 4]);
    let x = net.quant(&x, &from);
    for (name, build, _) in CASES {
        let y = build(&mut net, &x);
        let y = net.quant(&y, &into);
        net.output(name, &y);
    }
    check_against(net, &[10.0], WHOLE, |inputs| {
        let column = |at: usize| {
            let (w, f) = (from.widths[at % 4] as i32, from.f[at % 4]);
            let half = if w == 0 { 0.0 } else { scalbn(1.0, w - 1) };
            let x = libm::rint(scalbn(inputs[0][at], f));
            scalbn(x.max(-half).min((half - 1.0).max(0.0)), -f)
        };
        let results = CASES.iter().map(|(_, _, function)| {
            let value = |at: usize| {
                let (w, f) = (into.widths[at] as i32, into.f[at]);
                let most = scalbn(1.0, w - 1) - 1.0;
                scalbn(
                    libm::rint(scalbn(function(column(at)), f)).clamp(-most, most),
                    -f,
                )
            };
            (0..8).map(value).collect()
        });
        Some(results.collect())
    })?;
    Ok(())
}

/// A function that two quantisers round, and that another operation needs.
#[test]
fn a_function_may_have_several_quantisers() -> Outcome {
    let mut net = Net::default();
    let x = net.input("x", &[0, 4]);
    let x = net.quant(&x, &Steps::all(true, 8, 4));
    let e = net.op("Exp", &[&x]);
    let coarse = net.quant(&e, &Steps::all(false, 4, 1));
    let fine = net.quant(&e, &Steps::all(false, 12, 6));
    let total = net.reduce_sum(&fine, 1, true);
    let total = net.quant(&total, &Steps::all(false, 14, 6));
    // The float engine takes no 1 / 0.
    let least = net.scalar(0.001);
    let inverse = net.op("Max", &[&total, &least]);
    let inverse = net.op("Reciprocal", &[&inverse]);
    let inverse = net.quant(&inverse, &Steps::all(false, 10, 9));
    let share = net.op("Mul", &[&fine, &inverse]);
    let share = net.quant(&share, &Steps::all(false, 8, 8));
    net.output("coarse", &coarse);
    net.output("share", &share);
    check(net, &[4.0], WHOLE)?;
    Ok(())
}

/// Booleans as numbers: a mask, a class by its number.
#[test]
fn comparisons_become_numbers() -> Outcome {
    let mut net = Net::default();
    let x = net.input("id", &[0, 5, 1]);
    let x = net.quant(&x, &Steps::all(true, 10, 0));
    let classes = net.constant(&[3], &[22.0, 211.0, -130.0]);
    let hot = net.op("Equal", &[&x, &classes]);
    let hot = net.op_with("Cast", &[&hot], |n| with_int(n, "to", 1));
    net.output("hot", &hot);
    check(net, &[300.0], WHOLE)?;
    Ok(())
}
