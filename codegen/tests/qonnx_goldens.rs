//! QONNX models of others as integers, where they are at hand:
//! `../shared/models` beside the repository.

use std::path::{Path, PathBuf};

use ndarray::ArrayD;
use ndarray_npy::NpzReader;
use trigforge_codegen::import::read;
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::quantize::{Calibration, post_training, to_integer, to_integer_noted};
use trigforge_codegen::real::{Graph, Op, evaluate};
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

/// Rows of inputs and outputs that the executor of qonnx computed.
fn golden(path: &Path) -> Result<[Vec<Vec<f64>>; 2], Box<dyn std::error::Error>> {
    let mut archive = NpzReader::new(std::fs::File::open(path)?)?;
    let x: ArrayD<f32> = archive.by_name("x")?;
    let y: ArrayD<f32> = archive.by_name("y")?;
    let rows = |array: &ArrayD<f32>| {
        let rows = array.outer_iter();
        rows.map(|row| row.iter().map(|&v| v.into()).collect())
            .collect()
    };
    Ok([rows(&x), rows(&y)])
}

fn integers(graph: &Graph, event: &[f64]) -> Result<Vec<f64>, Box<dyn std::error::Error>> {
    let module = to_integer(graph).map_err(|items| format!("{items:?}"))?;
    let interpreter = Interpreter::new(&module)?;
    let encoded = interpreter.encode(0, event)?;
    let outputs = interpreter.run(&[&encoded.mantissas])?;
    Ok(interpreter.decode(0, &outputs[0]))
}

/// Brevitas: weights, inputs and outputs of one bit each, a bias of four.
#[test]
fn the_binary_layer_is_bit_for_bit_that_of_qonnx() -> Outcome {
    let Some(models) = models() else {
        return Ok(());
    };
    let folder = models.join("example-models/onnx");
    let graph = read(&folder.join("bnn_model_fc_1layer.onnx"))?;
    let [x, y] = golden(&folder.join("bnn_model_fc_1layer.golden.npz"))?;
    assert!(!x.is_empty());
    for (event, expected) in x.iter().zip(&y) {
        assert_eq!(&integers(&graph, event)?, expected);
    }
    Ok(())
}

/// QKeras: all but the softmax, which the file's executor computes in floating
/// point. The float engine is what agrees with the recorded outputs; up to the
/// softmax the integers are bit for bit its values.
#[test]
fn the_qkeras_tagger_is_bit_for_bit_that_of_the_float_engine() -> Outcome {
    let Some(models) = models() else {
        return Ok(());
    };
    let folder = models.join("qonnx_model_zoo/JetTagging/QKeras_hls4ml_3layer");
    let mut graph = read(&folder.join("qkeras_jettagging.onnx"))?;
    let [x, y] = golden(&folder.join("qkeras_jettagging.golden.npz"))?;
    let (name, softmax) = graph.outputs[0].clone();
    assert!(matches!(graph.node(softmax).op, Op::Softmax { .. }));
    graph.outputs = vec![(name, graph.node(softmax).args[0])];
    let calibration = Calibration {
        events: x.iter().map(|event| vec![event.clone()]).collect(),
    };
    // An input as wide as a single-precision number needs here loses nothing.
    let graph = post_training(&graph, &calibration, 30)?;
    for (event, expected) in x.iter().zip(&y) {
        let logits = evaluate(&graph, &[event])?.swap_remove(0);
        let logits: Vec<_> = logits.iter().copied().collect();
        assert_eq!(integers(&graph, event)?, logits);
        let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = logits.iter().map(|x| libm::exp(x - largest)).sum();
        for (logit, expected) in logits.iter().zip(expected) {
            let share = libm::exp(logit - largest) / total;
            assert!((share - expected).abs() < 1e-5, "{share} is not {expected}");
        }
    }
    Ok(())
}

/// Models with larger values than this are read alone.
const MOST_ELEMENTS: usize = 1 << 17;

/// Every QONNX file that is read, with formats for what it leaves open: it
/// becomes integers, or everything in the way is named.
#[test]
fn every_qonnx_file_becomes_integers_or_is_refused_by_name() -> Outcome {
    let Some(models) = models() else {
        return Ok(());
    };
    let files = [
        "example-models/onnx/bnn_model_fc_1layer.onnx",
        "qonnx/bsd300x3-espcn/nn_resize/quant_model.onnx",
        "qonnx/bsd300x3-espcn/subpixel/quant_model.onnx",
        "qonnx/eltwise_chanlast_testcase.onnx",
        "qonnx/floatquant_exec/qonnx_act_weight_fp8.onnx",
        "qonnx/matmul_update/sdp.onnx",
        "qonnx/mnist-conv/model.onnx",
        "qonnx/residual_block_clean.onnx",
        "qonnx_model_zoo/JetTagging/QKeras_hls4ml_3layer/qkeras_jettagging.onnx",
    ];
    for file in files {
        let graph = match read(&models.join(file)) {
            Ok(graph) => graph,
            Err(error) => {
                assert!(error.to_string().contains("node `"), "{error}");
                println!("{file}: refused: {error}");
                continue;
            }
        };
        let sizes = graph.nodes.iter().map(|node| node.shape.iter().product());
        let largest: usize = sizes.max().unwrap_or(0);
        if largest > MOST_ELEMENTS {
            println!("{file}: read; a value has {largest} elements, too many for this test");
            continue;
        }
        let zeros = graph.inputs().map(|(_, node)| {
            let size: usize = node.shape.iter().product();
            (0..size).map(|i| (i % 7) as f64 / 8.0).collect()
        });
        let calibration = Calibration {
            events: vec![zeros.collect()],
        };
        let graph = post_training(&graph, &calibration, 10)?;
        let (module, notes) = match to_integer_noted(&graph) {
            Ok(written) => written,
            Err(items) => {
                // The one file with floating-point activations.
                let differ = items
                    .iter()
                    .any(|item| item.reason.contains("steps differ"));
                assert!(differ, "{file}: {items:?}");
                println!("{file}: refused: {items:?}");
                continue;
            }
        };
        validate(&module)?;
        println!("{file}: {} nodes", module.nodes().len());
        for note in notes {
            println!("  {note}");
        }
    }
    Ok(())
}
