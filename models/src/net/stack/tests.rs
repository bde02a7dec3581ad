//! Stacks, and what every backend has, against the same primitives, one by one.

use burn::tensor::{DType, Device, Tensor};

use crate::net::{Builder, Granularity, Mode, Net, Prepared, Ranges, Run, Widths, ops};
use crate::seed::{Purpose, Stream};

/// Lists of three slots of two numbers; a dense layer for each slot, one for all, one without bias.
fn net() -> Net {
    let widths = |granularity, bits| Widths { granularity, bits };
    let weights = widths(Granularity::Element, 4);
    let mut builder = Builder::new("net", weights, widths(Granularity::Channel, 5));
    let input = builder.input("x", &[3, 2]);
    let rounded = ops::activation(&mut builder, "rounded", input, false);
    let hidden = ops::dense(&mut builder, "hidden", rounded, 4, true).expect("dense");
    let hidden = ops::activation(&mut builder, "hidden.relu", hidden, true);
    let flat = ops::reshape(&mut builder, "flat", hidden, &[12]);
    let next = ops::dense(&mut builder, "next", flat, 5, false).expect("dense");
    let next = ops::activation(&mut builder, "next.relu", next, true);
    let left = ops::dense(&mut builder, "left", next, 5, true).expect("dense");
    let both = ops::add(&mut builder, "both", left, next);
    builder.output("y", both);
    builder.finish()
}

struct Walked {
    outputs: Vec<f64>,
    gradient: Vec<f32>,
}

/// How a network is walked.
#[derive(Clone, Copy, PartialEq)]
enum How {
    Stacks,
    OneByOne,
    /// With what every backend has.
    Portable,
}

impl How {
    fn of<'a>(self, run: Run<'a>) -> Run<'a> {
        match self {
            Self::Portable => run.portable(),
            _ => run,
        }
    }
}

fn walk(net: &Net, mode: Mode, how: How) -> Walked {
    let mut stream = Stream::new(5, Purpose::Initialise(0));
    let mut parameters = vec![0f32; net.parameter_count()];
    for parameter in &net.parameters {
        let bits = parameter.role == crate::net::Role::Bits;
        for value in &mut parameters[parameter.range()] {
            let unit = stream.uniform() - 0.5;
            *value = if bits { 3.0 + 4.0 * unit } else { 2.0 * unit };
        }
    }
    let mut ranges = Ranges::unseen(net);
    ranges.high.fill(2.0);
    ranges.low.fill(-1.0);
    let mut prepared = Prepared::new(net, mode, &parameters, &ranges);
    if how == How::OneByOne {
        prepared.plans.clear();
    }
    // More than a block, and the last block is not full.
    let events = 300;
    let x: Vec<f32> = (0..events * 6)
        .map(|_| 3.0 * stream.uniform() - 1.5)
        .collect();
    let input = |device: &Device, dtype: DType| {
        crate::net::forward::constant(x.clone(), device, dtype).reshape([events, 6])
    };
    let exact = Device::flex();
    let run = how.of(Run::new(&prepared, &exact, DType::F64));
    let outputs = net.forward(&run, &[input(&exact, DType::F64)]);
    let outputs = outputs[0].try_to_vec_as().expect("numbers");
    let device = Device::flex().autodiff();
    let run = how.of(Run::new(&prepared, &device, DType::F32)).tracked();
    let y = net.forward(&run, &[input(&device, DType::F32)]).remove(0);
    let factors: Vec<f32> = (0..events * 5)
        .map(|i| ((i * 7 % 11) as f32 - 5.0) / 9.0)
        .collect();
    let factors = Tensor::<1>::from_floats(factors.as_slice(), &device).reshape([events, 5]);
    let mut gradients = (y.powi_scalar(2) * factors).sum().backward();
    let mut gradient = run.gradients(&mut gradients).expect("gradients");
    prepared.through_rounding(&mut gradient);
    Walked { outputs, gradient }
}

#[test]
fn a_stack_is_its_primitives_one_by_one() {
    let net = net();
    let lengths: Vec<usize> = net
        .stacks(Mode::Quantised)
        .iter()
        .map(|stack| stack.nodes.len())
        .collect();
    // `next.relu` is used twice: there a stack ends.
    assert_eq!(lengths, [3, 2, 1]);
    for mode in [Mode::Float, Mode::Quantised] {
        let single = walk(&net, mode, How::OneByOne);
        for how in [How::Stacks, How::Portable] {
            compare(mode, &walk(&net, mode, how), &single, net.parameter_count());
        }
    }
}

/// The same results, and gradients that differ by no more than the order of sums.
fn compare(mode: Mode, found: &Walked, single: &Walked, parameters: usize) {
    if mode == Mode::Quantised {
        assert_eq!(found.outputs, single.outputs);
    }
    for (one, other) in found.outputs.iter().zip(&single.outputs) {
        assert!((one - other).abs() < 1e-9, "{one} {other}");
    }
    let scale = single
        .gradient
        .iter()
        .fold(0f32, |most, g| most.max(g.abs()));
    assert!(scale > 0.1);
    for (index, (one, other)) in found.gradient.iter().zip(&single.gradient).enumerate() {
        assert!((one - other).abs() < 1e-5 * scale, "{index}: {one} {other}");
    }
    let some = found.gradient.iter().filter(|g| **g != 0.0).count();
    assert!(some > parameters / 4, "{some}");
}
