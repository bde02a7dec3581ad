//! What every graph of a trainer must show.

use trigforge_codegen::circuit;
use trigforge_codegen::emit::rust::{Options, emit};
use trigforge_codegen::import::read;
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::print;
use trigforge_codegen::lower::lower;
use trigforge_codegen::ports::Execute;
use trigforge_codegen::quantize::load_noted;
use trigforge_codegen::real::{Graph, evaluate};
use trigforge_codegen::verify::{BuildOptions, Events, RustKernel, compare, random_events};

use crate::net::Net;
use crate::support::write;

/// What is checked of a graph beyond the interpreter's bits.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    pub events: usize,
    pub circuit: bool,
    pub kernel: bool,
}

/// Everything, on thousands of events.
pub const WHOLE: Scope = Scope {
    events: 3000,
    circuit: true,
    kernel: true,
};

/// Without the circuit, for graphs that unroll to too many gates.
pub const LARGE: Scope = Scope {
    events: 2000,
    circuit: false,
    kernel: true,
};

/// Real numbers from a seed: SplitMix64.
pub struct Numbers(u64);

impl Numbers {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From -1 to 1.
    pub fn unit(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    /// So many numbers of a size, as single precision holds them.
    pub fn spread(&mut self, count: usize, size: f64) -> Vec<f64> {
        let single = |value: f64| f64::from(value as f32);
        (0..count).map(|_| single(self.unit() * size)).collect()
    }

    /// Values of an input of a scale: many inside, halves of steps, zeros, and
    /// some far outside.
    fn input(&mut self, scale: f64) -> f64 {
        let value = match self.word() % 16 {
            0 => 0.0,
            1 => self.unit() * scale * 1000.0,
            2 => (self.unit() * scale * 64.0).floor() / 128.0,
            3..6 => self.unit() * scale / 16.0,
            _ => self.unit() * scale,
        };
        f64::from(value as f32)
    }
}

/// Numbers of a graph that a test can ask for.
#[derive(Debug)]
pub struct Found {
    pub ebops: u64,
    pub format_ebops: u64,
    pub text: String,
    /// Gates of the circuit.
    pub gates: Option<usize>,
}

type Failure = Box<dyn std::error::Error>;

/// The graph as the float engine computes it, which is exact where every value
/// between roundings has at most 53 bits.
pub fn by_float_engine(graph: &Graph, inputs: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, Failure> {
    let inputs: Vec<_> = inputs.iter().map(Vec::as_slice).collect();
    let values = evaluate(graph, &inputs)?;
    Ok(values.iter().map(|v| v.iter().copied().collect()).collect())
}

/// Checks a graph whose inputs have values of these sizes against the float
/// engine, and what can be made of it.
pub fn check(net: Net, sizes: &[f64], scope: Scope) -> Result<Found, Failure> {
    check_against(net, sizes, scope, |_| None)
}

/// As [`check`], and against a reference of the test's own where it gives one.
pub fn check_against(
    net: Net,
    sizes: &[f64],
    scope: Scope,
    reference: impl Fn(&[Vec<f64>]) -> Option<Vec<Vec<f64>>>,
) -> Result<Found, Failure> {
    let folder = tempfile::tempdir()?;
    let path = write(folder.path(), &net.finish())?;
    let graph = read(&path)?;
    let (module, notes) = load_noted(&path, None)?;
    let notes: Vec<_> = notes.iter().map(ToString::to_string).collect();
    assert!(notes.is_empty(), "not exact: {notes:#?}");
    let interpreter = Interpreter::new(&module)?;
    let lowered = scope.circuit.then(|| lower(&module)).transpose()?;
    let gates = lowered
        .as_ref()
        .map(circuit::Interpreter::new)
        .transpose()?;
    let mut numbers = Numbers::new(11);
    let shapes: Vec<_> = graph.inputs().map(|(_, node)| node.shape.clone()).collect();
    assert_eq!(shapes.len(), sizes.len(), "a size per input");
    let mut events = Events::new(&module);
    let mut different = std::collections::HashSet::new();
    for event in 0..scope.events {
        let inputs: Vec<Vec<f64>> = shapes
            .iter()
            .zip(sizes)
            .map(|(shape, &size)| {
                let count = shape.iter().product();
                (0..count).map(|_| numbers.input(size)).collect()
            })
            .collect();
        let encoded = inputs.iter().enumerate();
        let encoded: Vec<_> = encoded
            .map(|(at, values)| interpreter.encode(at, values).map(|e| e.mantissas))
            .collect::<Result<_, _>>()?;
        let mantissas: Vec<_> = encoded.iter().map(Vec::as_slice).collect();
        let result = interpreter.run(&mantissas)?;
        let decoded = result.iter().enumerate();
        let found: Vec<_> = decoded
            .map(|(at, mantissas)| interpreter.decode(at, mantissas))
            .collect();
        let expected = by_float_engine(&graph, &inputs)?;
        assert_eq!(found, expected, "event {event}: {inputs:?}");
        if let Some(expected) = reference(&inputs) {
            assert_eq!(found, expected, "event {event}, by the test: {inputs:?}");
        }
        if let Some(gates) = &gates {
            assert_eq!(
                gates.run(&mantissas)?,
                result,
                "event {event}, as a circuit"
            );
        }
        different.insert(result);
        events.push(&encoded);
    }
    assert!(different.len() > 3, "the results hardly differ");
    if scope.kernel {
        let kernel = emit(&module, interpreter.info(), Options::default())?;
        let built = RustKernel::build(&module, &kernel, &BuildOptions { cpu: None })?;
        compare(&interpreter, &built, &events)?;
        compare(&interpreter, &built, &random_events(&module, 2000, 5))?;
    }
    let costs = interpreter.info().costs(&module);
    Ok(Found {
        ebops: costs.iter().map(|cost| cost.ebops).sum(),
        format_ebops: costs.iter().map(|cost| cost.format_ebops).sum(),
        text: print(&module),
        gates: lowered.map(|circuit| circuit.definitions().len()),
    })
}
