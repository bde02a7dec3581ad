//! Float models of others brought to integers by calibration events, where
//! they are at hand: `../shared/models` beside the repository. How far the
//! integers are from the float model is printed.

use std::path::{Path, PathBuf};

use trigforge_codegen::emit::rust;
use trigforge_codegen::import::read;
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::quantize::{Calibration, post_training, to_integer_noted};
use trigforge_codegen::real::{Graph, evaluate};
use trigforge_codegen::validate::validate;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn models() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/models");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: {} is not there", folder.display());
    None
}

/// Sums of four uniform numbers: bell-shaped, between -2 and 2.
fn events(graph: &Graph, count: usize) -> Vec<Vec<Vec<f64>>> {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    };
    let sizes: Vec<usize> = graph
        .inputs()
        .map(|(_, node)| node.shape.iter().product())
        .collect();
    (0..count)
        .map(|_| {
            let mut input = |size: usize| -> Vec<f64> {
                (0..size).map(|_| (0..4).map(|_| uniform()).sum()).collect()
            };
            sizes.iter().map(|&size| input(size)).collect()
        })
        .collect()
}

/// The mean deviation of the integers, of the spread of the float outputs.
fn deviation(graph: &Graph, width: u32) -> Result<f64, Box<dyn std::error::Error>> {
    let all = events(graph, 40);
    let (calibration, fresh) = all.split_at(32);
    let calibration = Calibration {
        events: calibration.to_vec(),
    };
    let quantized = post_training(graph, &calibration, width)?;
    let (module, _) = to_integer_noted(&quantized).map_err(|items| {
        let items: Vec<_> = items.iter().map(ToString::to_string).collect();
        items.join("\n")
    })?;
    let info = validate(&module)?;
    rust::emit(&module, &info, rust::Options::default())?;
    let interpreter = Interpreter::new(&module)?;
    let (mut off, mut expected, mut count) = (0.0, Vec::new(), 0.0);
    for event in fresh {
        let inputs: Vec<_> = event.iter().map(Vec::as_slice).collect();
        let real = evaluate(graph, &inputs)?;
        let mantissas = event
            .iter()
            .enumerate()
            .map(|(index, values)| Ok(interpreter.encode(index, values)?.mantissas))
            .collect::<Result<Vec<_>, Box<dyn std::error::Error>>>()?;
        let mantissas: Vec<_> = mantissas.iter().map(Vec::as_slice).collect();
        let outputs = interpreter.run(&mantissas)?;
        for (index, (real, integers)) in real.iter().zip(&outputs).enumerate() {
            for (real, integer) in real.iter().zip(interpreter.decode(index, integers)) {
                off += (real - integer).abs();
                count += 1.0;
                expected.push(*real);
            }
        }
    }
    let mean = expected.iter().sum::<f64>() / count;
    let spread = expected
        .iter()
        .map(|value| (value - mean).abs())
        .sum::<f64>()
        / count;
    Ok(off / count / spread)
}

fn follows(name: &str, most: f64) -> Outcome {
    let Some(models) = models() else {
        return Ok(());
    };
    let graph = read(&models.join(name))?;
    let mut found = Vec::new();
    for width in [8, 16] {
        found.push(deviation(&graph, width)?);
    }
    println!("{name}: mean deviation at 8 and 16 bits, of the spread of the outputs: {found:.5?}");
    assert!(found[1] < most, "{name}: {found:?}");
    assert!(found[1] < found[0], "{name}: {found:?}");
    Ok(())
}

#[test]
fn a_tagger_follows() -> Outcome {
    follows("shapes/jsc_mlp.onnx", 0.02)
}

#[test]
fn an_autoencoder_follows() -> Outcome {
    follows("shapes/ae.onnx", 0.02)
}

#[test]
fn a_convolutional_network_follows() -> Outcome {
    follows("shapes/cnn.onnx", 0.02)
}

#[test]
fn a_deep_set_follows() -> Outcome {
    follows("shapes/deepsets.onnx", 0.02)
}

#[test]
fn a_transformer_follows() -> Outcome {
    follows("shapes/transformer.onnx", 0.1)
}

#[test]
fn convolutions_of_one_axis_follow() -> Outcome {
    follows("example-models/onnx/conv1d_small_keras.onnx", 0.02)
}

#[test]
fn a_sigmoid_follows() -> Outcome {
    follows("example-models/onnx/two_layer_keras.onnx", 0.02)
}

#[test]
fn attention_follows() -> Outcome {
    follows("qonnx/matmul_update/sdp.onnx", 0.1)
}

#[test]
fn digits_follow() -> Outcome {
    follows("qonnx/mnist-conv/model.onnx", 0.02)
}
