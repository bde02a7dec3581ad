//! Models that others made, where they are at hand: `../shared/models` beside
//! the repository. Without it these tests say so and check nothing.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use ndarray::ArrayD;
use ndarray_npy::{NpzReader, read_npy};
use prost::Message;
use trigforge_codegen::import::onnx::proto::TensorProto;
use trigforge_codegen::import::onnx::{Options, read_tensor};
use trigforge_codegen::import::{read, read_with};
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::quantize::{Calibration, PostTraining, load, post_training, to_integer};
use trigforge_codegen::real::evaluate;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn models() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/models");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: {} is not there", folder.display());
    None
}

/// Events and outputs that another executor computed.
fn golden(path: &Path) -> Result<[ArrayD<f32>; 2], Box<dyn std::error::Error>> {
    let mut archive = NpzReader::new(std::fs::File::open(path)?)?;
    Ok([archive.by_name("x")?, archive.by_name("y")?])
}

fn rows(array: &ArrayD<f32>) -> Vec<Vec<f64>> {
    array
        .outer_iter()
        .map(|row| row.iter().map(|&v| v.into()).collect())
        .collect()
}

/// The largest difference, relative to the largest value.
fn difference(found: &[f64], expected: &[f64]) -> f64 {
    let scale = expected.iter().fold(1e-30, |a: f64, b| a.max(b.abs()));
    let largest = found
        .iter()
        .zip(expected)
        .fold(0.0, |a: f64, (x, y)| a.max((x - y).abs()));
    largest / scale
}

/// Files with outputs that another executor recorded, event by event.
const GOLDEN: &[&str] = &[
    "example-models/onnx/bnn_model_fc_1layer",
    "example-models/onnx/conv1d_small_keras",
    "example-models/onnx/dense_big_keras",
    "example-models/onnx/three_layer_keras",
    "example-models/onnx/two_layer_keras",
    "example-models/onnx/two_layer_pytorch",
    "qonnx_model_zoo/JetTagging/QKeras_hls4ml_3layer/qkeras_jettagging",
];

/// One event, where a file fixes another number of them.
const ONE_EVENT: Options = Options {
    constants: BTreeMap::new(),
    batch: Some(NonZeroUsize::MIN),
};

#[test]
fn models_compute_what_others_recorded() -> Outcome {
    let Some(models) = models() else {
        return Ok(());
    };
    for name in GOLDEN {
        let graph = read_with(&models.join(format!("{name}.onnx")), &ONE_EVENT)?;
        let [x, y] = golden(&models.join(format!("{name}.golden.npz")))?;
        // Relative to the largest output of the file: ONNX Runtime's own sigmoid
        // is no better than that for small results.
        let mut found = Vec::new();
        for event in rows(&x) {
            let outputs = evaluate(&graph, &[&event])?;
            found.extend(outputs[0].iter().map(|&v| f64::from(v as f32)));
        }
        let worst = difference(&found, &rows(&y).concat());
        println!("executed: {name}: off by {worst:.1e} at most");
        assert!(worst < 1e-6, "{name}: off by {worst:e}");
    }
    Ok(())
}

fn tensor(path: &Path) -> Result<Vec<f64>, Box<dyn std::error::Error>> {
    let proto = TensorProto::decode(std::fs::read(path)?.as_slice())?;
    Ok(read_tensor(&proto)?.iter().copied().collect())
}

/// The test data of qonnx that hold an output for their input.
#[test]
fn qonnx_test_data_is_computed() -> Outcome {
    let Some(models) = models() else {
        return Ok(());
    };
    let folder = models.join("qonnx/mnist-conv");
    let graph = read(&folder.join("model.onnx"))?;
    let x = tensor(&folder.join("test_data_set_0/input_0.pb"))?;
    let y = tensor(&folder.join("test_data_set_0/output_0.pb"))?;
    let found = evaluate(&graph, &[&x])?;
    let off = difference(&found[0].iter().copied().collect::<Vec<_>>(), &y);
    println!("executed: mnist-conv: off by {off:.1e}");
    assert!(off < 1e-6, "off by {off:e}");
    let folder = models.join("qonnx/floatquant_exec");
    let graph = read(&folder.join("qonnx_act_weight_fp8.onnx"))?;
    let array = |name: &str| read_npy::<_, ArrayD<f32>>(folder.join("test_data").join(name));
    let flat = |array: ArrayD<f32>| array.iter().map(|&v| v.into()).collect::<Vec<f64>>();
    let (x, y) = (flat(array("input.npy")?), flat(array("output.npy")?));
    let found = evaluate(&graph, &[&x])?;
    let off = difference(&found[0].iter().copied().collect::<Vec<_>>(), &y);
    println!("executed: floatquant_exec: off by {off:.1e}");
    assert!(off < 1e-6, "off by {off:e}");
    Ok(())
}

/// QKeras through QONNX: its weights and activations are quantised, its input
/// and its softmax are not.
#[test]
fn the_qkeras_tagger_computes_what_qonnx_computes() -> Outcome {
    let Some(models) = models() else {
        return Ok(());
    };
    let folder = models.join("qonnx_model_zoo/JetTagging/QKeras_hls4ml_3layer");
    let path = folder.join("qkeras_jettagging.onnx");
    let graph = read(&path)?;
    let [x, y] = golden(&folder.join("qkeras_jettagging.golden.npz"))?;
    let events = rows(&x);
    for (event, expected) in events.iter().zip(rows(&y)) {
        let found: Vec<_> = evaluate(&graph, &[event])?[0].iter().copied().collect();
        assert!(
            difference(&found, &expected) < 1e-5,
            "{found:?} is not {expected:?}"
        );
    }
    // With a wide input the integers follow as far as the softmax tables do.
    let calibration = Calibration {
        events: events.iter().map(|event| vec![event.clone()]).collect(),
    };
    let module = load(
        &path,
        Some(&PostTraining {
            calibration,
            width: 24,
        }),
    )?;
    let interpreter = Interpreter::new(&module)?;
    for (event, expected) in events.iter().zip(rows(&y)) {
        let encoded = interpreter.encode(0, event)?;
        let outputs = interpreter.run(&[&encoded.mantissas])?;
        let found = interpreter.decode(0, &outputs[0]);
        let largest = found
            .iter()
            .zip(&expected)
            .fold(0.0, |a: f64, (x, y)| a.max((x - y).abs()));
        assert!(largest < 0.01, "{found:?} is not {expected:?}");
    }
    Ok(())
}

/// Post-training quantisation follows the float model, closer with more bits.
#[test]
fn a_float_tagger_is_brought_to_integers() -> Outcome {
    let Some(models) = models() else {
        return Ok(());
    };
    let folder = models.join("example-models/onnx");
    let graph = read(&folder.join("three_layer_keras.onnx"))?;
    let [x, y] = golden(&folder.join("three_layer_keras.golden.npz"))?;
    let (events, expected) = (rows(&x), rows(&y));
    let calibration = Calibration {
        events: events.iter().map(|event| vec![event.clone()]).collect(),
    };
    let mut errors = Vec::new();
    for width in [6, 9, 12, 16] {
        let module = to_integer(&post_training(&graph, &calibration, width)?)
            .map_err(|items| format!("{items:?}"))?;
        let interpreter = Interpreter::new(&module)?;
        let mut total = 0.0;
        for (event, expected) in events.iter().zip(&expected) {
            let encoded = interpreter.encode(0, event)?;
            let outputs = interpreter.run(&[&encoded.mantissas])?;
            let found = interpreter.decode(0, &outputs[0]);
            total += found
                .iter()
                .zip(expected)
                .map(|(x, y)| (x - y).abs())
                .sum::<f64>();
        }
        errors.push(total / (events.len() * expected[0].len()) as f64);
    }
    println!("mean deviation at 6, 9, 12, 16 bits: {errors:?}");
    assert!(
        errors.windows(2).all(|pair| pair[1] < pair[0]),
        "{errors:?}"
    );
    assert!(errors[3] < 2e-3, "{errors:?}");
    Ok(())
}

/// Every model file is either taken or refused with a reason, quickly.
#[test]
fn every_file_is_taken_or_refused_by_name() -> Outcome {
    let Some(models) = models() else {
        return Ok(());
    };
    let mut folders = vec![models];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "onnx")
            {
                seen += 1;
                match read(&path) {
                    Ok(graph) => {
                        println!("taken: {} ({} nodes)", path.display(), graph.nodes.len())
                    }
                    Err(error) => {
                        let error = error.to_string();
                        assert!(error.contains(&path.display().to_string()), "{error}");
                        println!("refused: {error}");
                    }
                }
            }
        }
    }
    assert!(seen > 10, "only {seen} files");
    Ok(())
}
