//! Trigger emulators that were recorded vector by vector, where they are at
//! hand: `../shared/models/trigger-emulator-golden` beside the repository.
//! Without it these tests say so and check nothing.
//!
//! Each is written in the textual form from its layer list and `ap_fixed`
//! types, and must give every recorded integer, interpreted and compiled.

mod model;
mod text;

use std::path::{Path, PathBuf};

use model::{Emulator, exactly};
use text::{DenseTypes, Notes, module_text};
use trigforge_codegen::emit::hls;
use trigforge_codegen::emit::rust::{Options, emit};
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::{Module, parse, print};
use trigforge_codegen::model::Model;
use trigforge_codegen::verify::hls::{Headers, HlsKernel};
use trigforge_codegen::verify::{BuildOptions, Events, Runs, RustKernel};

type Failure = Box<dyn std::error::Error>;
type Outcome = Result<(), Failure>;

/// The anomaly trigger: scaled inputs, an encoder, the sum of squares.
const AXOL1TL: Notes = Notes {
    port: "unscaled_t",
    dense: &[
        DenseTypes {
            weight: "weight2_t",
            bias: "bias2_t",
            accumulator: "q_dense_accum_t",
        },
        DenseTypes {
            weight: "weight4_t",
            bias: "bias4_t",
            accumulator: "q_dense_1_accum_t",
        },
        DenseTypes {
            weight: "weight6_t",
            bias: "bias6_t",
            accumulator: "mu_accum_t",
        },
    ],
    normalise: ["", ""],
    results: &["score", "mu"],
};

/// The endcap muon regressor: products truncated one by one, sums that wrap.
const EMTF: Notes = Notes {
    port: "input_t",
    dense: &[
        DenseTypes {
            weight: "dense_weight_t",
            bias: "bias3_t",
            accumulator: "accum_t",
        },
        DenseTypes {
            weight: "dense_1_weight_t",
            bias: "bias7_t",
            accumulator: "accum_t",
        },
        DenseTypes {
            weight: "dense_2_weight_t",
            bias: "dense_2_bias_t",
            accumulator: "accum_t",
        },
    ],
    normalise: ["batch_normalization_scale_t", "batch_normalization_bias_t"],
    results: &["out"],
};

fn file(name: &str) -> Option<PathBuf> {
    let folder = "../../shared/models/trigger-emulator-golden";
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join(name);
    if path.is_file() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there", path.display());
    None
}

/// The recorded vectors as mantissas: those of the inputs, those of all
/// outputs in a row.
struct Golden {
    events: Events,
    outputs: Vec<Vec<i64>>,
}

fn golden(emulator: &Emulator, module: &Module) -> Result<Golden, Failure> {
    let mut events = Events::new(module);
    let (_, port) = module.inputs().next().ok_or("no input")?;
    for values in emulator.inputs()? {
        let formats = port.ty.element_formats();
        let mantissas = values.iter().zip(formats).map(|(&v, to)| exactly(v, to));
        events.push(&[mantissas.collect::<Result<_, _>>()?]);
    }
    let mut outputs = vec![Vec::new(); events.len()];
    for output in module.outputs() {
        let formats = module.node(output.node).ty.element_formats();
        for (row, values) in outputs.iter_mut().zip(emulator.results(&output.name)?) {
            assert_eq!(values.len(), formats.len(), "{}", output.name);
            for (&value, &format) in values.iter().zip(&formats) {
                row.push(exactly(value, format)?);
            }
        }
    }
    Ok(Golden { events, outputs })
}

/// The first vector whose integers are not the recorded ones.
fn first_difference(module: &Module, golden: &Golden) -> Result<Option<usize>, Failure> {
    let interpreter = Interpreter::new(module)?;
    for (event, expected) in golden.outputs.iter().enumerate() {
        let found = interpreter.run(&golden.events.inputs(event))?.concat();
        if found != *expected {
            return Ok(Some(event));
        }
    }
    Ok(None)
}

/// Every vector, interpreted and compiled; then the same with one bit wrong.
fn check(name: &str, notes: &Notes) -> Outcome {
    let Some(path) = file(name) else {
        return Ok(());
    };
    let emulator = Emulator::read(&path)?;
    let text = module_text(&emulator, notes)?;
    let module = parse(&text).map_err(|error| format!("{name}: {error}\n{text}"))?;
    assert_eq!(parse(&print(&module))?, module, "printed and read back");
    let mut golden = golden(&emulator, &module)?;
    assert!(!golden.events.is_empty(), "{name} holds no vector");
    assert_eq!(first_difference(&module, &golden)?, None, "interpreter");

    let interpreter = Interpreter::new(&module)?;
    let kernel = emit(&module, interpreter.info(), Options::default())?;
    let kernel = RustKernel::build(&module, &kernel, &BuildOptions { cpu: None })?;
    assert!(kernel.run(&golden.events)? == golden.outputs, "kernel");
    println!(
        "{name}: {} vectors equal, interpreted and compiled",
        golden.events.len()
    );

    compiled_as_cpp(&module, &golden)?;

    // A wrong bit in the recorded result of the last vector.
    let last = golden.outputs.len() - 1;
    golden.outputs[last][0] ^= 1;
    assert_eq!(first_difference(&module, &golden)?, Some(last));
    assert!(kernel.run(&golden.events)? != golden.outputs);
    golden.outputs[last][0] ^= 1;

    // A wrong bit in the first weight that is not 0.
    let mutant = parse(&flipped(&text)?)?;
    assert!(first_difference(&mutant, &golden)?.is_some());
    Ok(())
}

/// Every vector through HLS C++, where the environment names the headers.
fn compiled_as_cpp(module: &Module, golden: &Golden) -> Outcome {
    let headers = match Headers::find(None) {
        Ok(headers) => headers,
        Err(error) => {
            eprintln!("SKIPPED: {error}");
            return Ok(());
        }
    };
    let options = hls::Options::default();
    let model = Model::Graph(module.clone());
    let (ports, kernel) = model.hls_kernel(&options, None)?;
    let kernel = HlsKernel::build(&ports, &kernel, options.io, &headers)?;
    assert!(kernel.run(&golden.events)? == golden.outputs, "HLS C++");
    println!("{} vectors equal in HLS C++", golden.events.len());
    Ok(())
}

/// The text with the lowest bit flipped in the first weight that is not 0.
fn flipped(text: &str) -> Result<String, Failure> {
    let mark = "\"weights\" = const {mantissas=[";
    let start = text.find(mark).ok_or("no weights")? + mark.len();
    let length = text[start..].find(']').ok_or("no end of weights")?;
    let mut weights = text[start..start + length]
        .split(", ")
        .map(str::parse)
        .collect::<Result<Vec<i64>, _>>()?;
    let weight = weights.iter_mut().find(|weight| **weight != 0);
    *weight.ok_or("no weight")? ^= 1;
    let weights = format!("{weights:?}");
    let (before, after) = (&text[..start - 1], &text[start + length + 1..]);
    Ok(format!("{before}{weights}{after}"))
}

#[test]
fn axol1tl_v4_gives_every_recorded_vector() -> Outcome {
    check("axol1tl_v4.json", &AXOL1TL)
}

#[test]
fn emtf_nn_v1_gives_every_recorded_vector() -> Outcome {
    check("emtf_nn_v1.json", &EMTF)
}
