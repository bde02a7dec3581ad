//! Formats chosen by a search, and thresholds, as scripts use them.

use std::path::Path;
use std::process::{Command, Output};

use ndarray::{Array1, Array2};
use ndarray_npy::{NpzWriter, read_npy};
use prost::Message;
use trigforge_codegen::import::onnx::proto::tensor_proto::DataType;
use trigforge_codegen::import::onnx::proto::tensor_shape_proto::{Dimension, dimension};
use trigforge_codegen::import::onnx::proto::type_proto::{Tensor, Value};
use trigforge_codegen::import::onnx::proto::{
    GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
    TypeProto, ValueInfoProto,
};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn trigforge(folder: &Path, arguments: &[&str]) -> std::io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_trigforge"))
        .current_dir(folder)
        .args(arguments)
        .output()
}

/// Standard output of a call that must succeed.
fn succeed(folder: &Path, arguments: &[&str]) -> Result<String, Box<dyn std::error::Error>> {
    let output = trigforge(folder, arguments)?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} failed: {errors}");
    Ok(String::from_utf8(output.stdout)?)
}

/// Standard error of a call that must fail, in one line.
fn fail(folder: &Path, arguments: &[&str]) -> Result<String, Box<dyn std::error::Error>> {
    let output = trigforge(folder, arguments)?;
    assert!(!output.status.success(), "{arguments:?} succeeded");
    let text = String::from_utf8(output.stderr)?;
    Ok(text
        .replace('│', " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" "))
}

fn value(name: &str, shape: [usize; 2]) -> ValueInfoProto {
    let dims = shape.map(|size| Dimension {
        value: Some(dimension::Value::DimValue(size as i64)),
        ..Dimension::default()
    });
    let tensor = Tensor {
        elem_type: Some(DataType::Float as i32),
        shape: Some(TensorShapeProto { dim: dims.to_vec() }),
    };
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            value: Some(Value::TensorType(tensor)),
            ..TypeProto::default()
        }),
        ..ValueInfoProto::default()
    }
}

fn weights(name: &str, shape: [usize; 2]) -> TensorProto {
    let value = |at: usize| ((at * 37 + 11) % 29) as f32 / 16.0 - 0.875;
    let values = (0..shape[0] * shape[1]).map(value);
    TensorProto {
        dims: shape.map(|size| size as i64).to_vec(),
        data_type: Some(DataType::Float as i32),
        name: Some(name.to_owned()),
        raw_data: Some(values.flat_map(f32::to_le_bytes).collect()),
        ..TensorProto::default()
    }
}

/// A float tagger of two classes, and 240 events with their true classes.
fn tagger(folder: &Path) -> Outcome {
    let node = |operator: &str, inputs: &[&str], output: &str| NodeProto {
        op_type: Some(operator.to_owned()),
        name: Some(output.to_owned()),
        input: inputs.iter().map(|input| (*input).to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    };
    let model = ModelProto {
        ir_version: Some(8),
        opset_import: vec![OperatorSetIdProto {
            domain: Some(String::new()),
            version: Some(13),
        }],
        graph: Some(GraphProto {
            name: Some("tagger".to_owned()),
            input: vec![value("x", [1, 4])],
            output: vec![value("p", [1, 2])],
            initializer: vec![weights("w1", [4, 3]), weights("w2", [3, 2])],
            node: vec![
                node("MatMul", &["x", "w1"], "hidden"),
                node("Relu", &["hidden"], "relu"),
                node("MatMul", &["relu", "w2"], "logits"),
                node("Softmax", &["logits"], "p"),
            ],
            ..GraphProto::default()
        }),
        ..ModelProto::default()
    };
    std::fs::write(folder.join("float.onnx"), model.encode_to_vec())?;
    let x = Array2::from_shape_fn((240, 4), |(event, column)| {
        ((event * 13 + column * 29 + event * event * (column + 1)) % 64) as f32 / 8.0 - 4.0
    });
    let y = Array1::from_shape_fn(240, |event| i64::from(x[[event, 0]] + x[[event, 1]] > 0.5));
    for (name, labels) in [("calib.npz", "y"), ("unlabelled.npz", "weight")] {
        let mut writer = NpzWriter::new(std::fs::File::create(folder.join(name))?);
        writer.add_array("x", &x)?;
        writer.add_array(labels, &y)?;
        writer.finish()?;
    }
    Ok(())
}

const COMPILE: [&str; 7] = [
    "compile",
    "float.onnx",
    "--target",
    "rust",
    "--out",
    "kernel",
    "--calib",
];

fn compile<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&COMPILE[..], more].concat()
}

#[test]
fn a_search_prints_its_front_and_writes_model_and_report() -> Outcome {
    let folder = tempfile::tempdir()?;
    let at = folder.path();
    tagger(at)?;
    let arguments = compile(&["calib.npz", "--max-loss", "0.005", "--metric", "kl"]);
    let printed = succeed(
        at,
        &[&arguments[..], &["--json", "--report", "report"]].concat(),
    )?;
    let json: serde_json::Value = serde_json::from_str(&printed)?;
    let search = &json["search"];
    assert_eq!(
        (
            &search["metric"],
            &search["search_events"],
            &search["held_out_events"]
        ),
        (&"kl".into(), &160.into(), &80.into())
    );
    let chosen = &search["chosen"];
    let loss = &chosen["search_loss"];
    let upper = loss["value"].as_f64().zip(loss["error"].as_f64());
    let (value, error) = upper.ok_or("no loss")?;
    assert!(value.max(0.0) + error <= 0.005, "{loss}");
    assert!(chosen["held_out_loss"]["value"].is_f64());
    assert_eq!(chosen["ebops"], json["ebops"]);
    let uniform = &search["uniform"]["ebops"];
    assert!(
        chosen["ebops"].as_u64() < uniform.as_u64(),
        "{chosen} {uniform}"
    );
    let front = search["front"].as_array().ok_or("no front")?;
    assert!(front.len() > 2 && front.contains(chosen), "{front:?}");
    // Per output channel for both matrices, per tensor for the values.
    let formats = search["formats"].as_array().ok_or("no formats")?;
    let widths = |name: &str| {
        let site = formats.iter().find(|site| site["name"] == name);
        site.and_then(|site| site["widths"].as_array().map(Vec::len))
    };
    assert_eq!(
        ["w1", "w2", "x", "relu"].map(widths),
        [3, 2, 1, 1].map(Some)
    );
    let input = &json["profile"][0];
    assert_eq!(
        (&input["name"], &input["values"]),
        (&"x".into(), &960.into())
    );
    assert!(input["saturated"].is_f64() && input["sizes"][0].is_array());

    let report = std::fs::read_to_string(at.join("report/report.html"))?;
    assert!(report.contains("<svg") && report.contains("Chosen formats"));
    let stored: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(at.join("report/report.json"))?)?;
    assert_eq!(stored["search"]["chosen"], *chosen);

    // The module that was compiled is there to be run and verified.
    let inspected = succeed(at, &["inspect", "kernel/model.ir", "--json"])?;
    let inspected: serde_json::Value = serde_json::from_str(&inspected)?;
    assert_eq!(inspected["ebops"], json["ebops"]);
    // The same again, for a reader.
    let text = succeed(at, &arguments)?;
    for expected in [
        "Cost against loss",
        "bits everywhere",
        "chosen",
        "loss (held out)",
    ] {
        assert!(text.contains(expected), "{text}");
    }
    Ok(())
}

#[test]
fn labels_are_asked_for_by_the_metrics_that_need_them() -> Outcome {
    let folder = tempfile::tempdir()?;
    let at = folder.path();
    tagger(at)?;
    for metric in ["auc", "accuracy"] {
        let arguments = ["unlabelled.npz", "--max-loss", "0.1", "--metric", metric];
        let message = fail(at, &compile(&arguments))?;
        let expected = format!("the metric {metric} needs labels");
        assert!(
            message.contains(&expected) && message.contains("the arrays x, weight"),
            "{message}"
        );
    }
    assert!(!at.join("kernel").exists());
    // Labels choose the metric where none is asked for.
    for (file, metric) in [("calib.npz", "accuracy"), ("unlabelled.npz", "mse")] {
        let printed = succeed(at, &compile(&[file, "--max-loss", "0.1", "--json"]))?;
        let json: serde_json::Value = serde_json::from_str(&printed)?;
        assert_eq!(json["search"]["metric"], metric);
    }
    let message = fail(
        at,
        &compile(&["calib.npz", "--max-loss", "-1", "--metric", "mse"]),
    )?;
    assert!(message.contains("above the limit of -1"), "{message}");
    let message = fail(
        at,
        &compile(&["calib.npz", "--max-loss", "0.1", "--width", "8"]),
    )?;
    assert!(message.contains("cannot be used with"), "{message}");
    Ok(())
}

#[test]
fn a_threshold_decides_as_the_scores_do() -> Outcome {
    let folder = tempfile::tempdir()?;
    let at = folder.path();
    tagger(at)?;
    let text = succeed(
        at,
        &compile(&["calib.npz", "--width", "8", "--threshold", "0.7"]),
    )?;
    assert!(
        text.contains("folded `p` (softmax) into the threshold")
            && text.contains("output `p_decision` is 1 where `logits.difference`"),
        "{text}"
    );
    let run = |model: &str, out: &str, more: &[&str]| {
        let arguments = ["run", model, "--input", "calib.npz", "--out", out];
        succeed(at, &[&arguments, more].concat())
    };
    run("kernel/model.ir", "decisions.npy", &[])?;
    run(
        "float.onnx",
        "scores.npy",
        &["--calib", "calib.npz", "--width", "8"],
    )?;
    let decisions: Array2<f64> = read_npy(at.join("decisions.npy"))?;
    let scores: Array2<f64> = read_npy(at.join("scores.npy"))?;
    let expected = scores.mapv(|score| f64::from(u8::from(score >= 0.7)));
    assert_eq!(decisions, expected);
    assert!(expected.sum() > 20.0);
    let message = fail(at, &compile(&["calib.npz", "--threshold", "1.5"]))?;
    assert!(
        message.contains("element 0 of `p` never passes"),
        "{message}"
    );
    let message = fail(
        at,
        &compile(&["calib.npz", "--threshold", "0.5", "--output", "q"]),
    )?;
    assert!(message.contains("its outputs are p"), "{message}");
    Ok(())
}
