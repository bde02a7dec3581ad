//! EdgeConv: layers on a particle and each of its nearest neighbours.

use std::num::NonZeroUsize;

use trigforge_codegen::import::onnx::{Options, read_with};
use trigforge_codegen::import::read;
use trigforge_codegen::real::evaluate;

use crate::check::{LARGE, Numbers, Scope, WHOLE, check};
use crate::net::{Net, Steps};
use crate::particles::{layer, particles};
use crate::support::{Outcome, with_int, write};

/// How the features of neighbours are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    GatherNd,
    GatherElements,
    Gather,
}

/// Squared distances of all pairs: x.x + y.y - 2 x.y.
fn distances(net: &mut Net, x: &str) -> String {
    let square = net.op("Mul", &[x, x]);
    let norm = net.reduce_sum(&square, -1, true);
    let turned = net.transpose(x, &[0, 2, 1]);
    let product = net.op("MatMul", &[x, &turned]);
    let two = net.scalar(-2.0);
    let product = net.op("Mul", &[&product, &two]);
    let sum = net.op("Add", &[&product, &norm]);
    let norm = net.transpose(&norm, &[0, 2, 1]);
    net.op("Add", &[&sum, &norm])
}

/// Features `[1, P, k, F]` of the nearest particles.
fn neighbours(net: &mut Net, x: &str, index: &str, form: Form, sizes: [usize; 3]) -> String {
    let [count, k, features] = sizes.map(|size| size as i64);
    match form {
        Form::GatherNd => {
            let index = net.unsqueeze(index, &[3]);
            net.op_with("GatherND", &[x, &index], |n| with_int(n, "batch_dims", 1))
        }
        Form::GatherElements => {
            let rows = net.reshape(index, &[-1, count * k, 1]);
            let shape = net.ints(&[3], &[1, count * k, features]);
            let rows = net.op("Expand", &[&rows, &shape]);
            let taken = net.op_with("GatherElements", &[x, &rows], |n| with_int(n, "axis", 1));
            net.reshape(&taken, &[-1, count, k, features])
        }
        Form::Gather => {
            let rows = net.reshape(x, &[count, features]);
            net.op_with("Gather", &[&rows, index], |n| with_int(n, "axis", 0))
        }
    }
}

fn edge_convolution(net: &mut Net, form: Form, count: usize, k: usize, mixed: bool) -> String {
    let features = 3;
    let (x, mask) = particles(net, count, features);
    let steps = [(6, 1), (5, 2), (7, 3)];
    // The slots may have formats of their own, too.
    let x = match mixed {
        true => {
            let steps = [(6, 1), (5, 2), (7, 3), (4, 0), (0, 1)];
            net.quant(&x, &Steps::cycle(&[count, features], true, &steps))
        }
        false => net.quant(&x, &Steps::each(&[features], true, &steps)),
    };
    let distance = distances(net, &x);
    // Empty slots are far from everything.
    let row = net.reshape(&mask, &[-1, 1, count as i64]);
    let zero = net.scalar(0.0);
    let present = net.op("Greater", &[&row, &zero]);
    let far = net.scalar(32768.0);
    let distance = net.op("Where", &[&present, &distance, &far]);
    let keep = net.ints(&[1], &[k as i64 + 1]);
    let found = net.several("TopK", &[&distance, &keep], 2, |n| {
        with_int(with_int(n, "largest", 0), "axis", -1)
    });
    // The nearest one is mostly the particle itself.
    let index = net.slice(&found[1], 2, 1, k as i64 + 1);
    let there = neighbours(net, &x, &index, form, [count, k, features]);
    let here = net.unsqueeze(&x, &[2]);
    let difference = net.op("Sub", &[&there, &here]);
    let shape = net.ints(&[4], &[1, count as i64, k as i64, features as i64]);
    let here = net.op("Expand", &[&here, &shape]);
    let edge = net.concat(&[&here, &difference], 3);
    let h = layer(net, &edge, 2 * features, 4, 83);
    let h = net.quant(&h, &Steps::cycle(&[4], false, &[(6, 2), (5, 1)]));
    let h = match mixed {
        true => net.reduce("ReduceMax", &h, 2, false),
        false => net.reduce("ReduceMean", &h, 2, false),
    };
    net.quant(&h, &Steps::cycle(&[count, 4], false, &[(6, 2), (5, 1)]))
}

#[test]
fn every_form_of_reading_neighbours_is_exact() -> Outcome {
    for form in [Form::GatherNd, Form::GatherElements, Form::Gather] {
        for mixed in [false, true] {
            let mut net = Net::default();
            let y = edge_convolution(&mut net, form, 4, 2, mixed);
            net.output("y", &y);
            let scope = Scope {
                kernel: form == Form::GatherNd || !mixed,
                ..WHOLE
            };
            check(net, &[100.0], scope)?;
        }
    }
    Ok(())
}

/// The batch stays free: several events at once give what each gives alone.
#[test]
fn several_events_at_once_are_read_apart() -> Outcome {
    for form in [Form::GatherNd, Form::GatherElements] {
        let (count, batch) = (4, 3);
        let mut net = Net::default();
        let y = edge_convolution(&mut net, form, count, 2, true);
        net.output("y", &y);
        let folder = tempfile::tempdir()?;
        let path = write(folder.path(), &net.finish())?;
        let together = Options {
            batch: NonZeroUsize::new(batch),
            ..Options::default()
        };
        let (one, several) = (read(&path)?, read_with(&path, &together)?);
        let mut numbers = Numbers::new(157);
        for _ in 0..50 {
            let x = numbers.spread(batch * count * 3, 60.0);
            let found = evaluate(&several, &[&x])?.swap_remove(0);
            let found: Vec<f64> = found.iter().copied().collect();
            let mut expected = Vec::new();
            for event in x.chunks(count * 3) {
                expected.extend(evaluate(&one, &[event])?.swap_remove(0));
            }
            assert_eq!(found, expected, "{form:?}");
        }
    }
    Ok(())
}

#[test]
fn sixteen_particles_with_eight_neighbours() -> Outcome {
    let mut net = Net::default();
    let y = edge_convolution(&mut net, Form::GatherNd, 16, 8, false);
    let y = net.reduce("ReduceMean", &y, 1, false);
    let y = net.quant(&y, &Steps::all(false, 8, 4));
    let y = layer(&mut net, &y, 4, 2, 89);
    net.output("y", &y);
    let scope = Scope {
        events: 400,
        ..LARGE
    };
    check(net, &[100.0], scope)?;
    Ok(())
}
