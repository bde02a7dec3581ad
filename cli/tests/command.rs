//! The command as scripts use it: exit codes, files, messages.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ndarray::{Array2, ArrayD};
use ndarray_npy::{NpzReader, read_npy, write_npy};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn zoo(file: &str) -> String {
    root()
        .join("models/zoo/jsc-mlp")
        .join(file)
        .display()
        .to_string()
}

fn trigforge(arguments: &[&str]) -> std::io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_trigforge"))
        .args(arguments)
        .output()
}

/// Standard output of a call that must succeed.
fn succeed(arguments: &[&str]) -> Result<String, Box<dyn std::error::Error>> {
    let output = trigforge(arguments)?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} failed: {errors}");
    Ok(String::from_utf8(output.stdout)?)
}

/// Standard error of a call that must fail, in one line.
fn fail(arguments: &[&str]) -> Result<String, Box<dyn std::error::Error>> {
    let output = trigforge(arguments)?;
    assert!(!output.status.success(), "{arguments:?} succeeded");
    let text = String::from_utf8(output.stderr)?;
    Ok(text
        .replace('│', " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" "))
}

fn json(text: &str) -> Result<serde_json::Value, serde_json::Error> {
    serde_json::from_str(text)
}

#[test]
fn both_engines_give_the_same_file() -> Outcome {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (model, sample) = (zoo("model.onnx"), zoo("sample.npz"));
    let mut files = Vec::new();
    for engine in ["interp", "rust"] {
        let out = at(&format!("{engine}.npy"));
        let printed = succeed(&[
            "run", &model, "--input", &sample, "--out", &out, "--engine", engine, "--json",
        ])?;
        assert_eq!(json(&printed)?["events"], 4_000);
        files.push(std::fs::read(&out)?);
    }
    assert_eq!(files[0], files[1]);
    let logits: Array2<f64> = read_npy(at("interp.npy"))?;
    assert_eq!(logits.dim(), (4_000, 5));
    Ok(())
}

#[test]
fn mantissas_and_real_values_agree() -> Outcome {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name).display().to_string();
    let model = zoo("model.onnx");
    // The raw format of the multiplicity is ap_fixed<12,9>: steps of 1/8.
    let mantissas = Array2::from_shape_fn((50, 16), |(row, column)| (row * 7 + column) as i64);
    write_npy(at("m.npy"), &mantissas)?;
    succeed(&[
        "run",
        &model,
        "--input",
        &at("m.npy"),
        "--out",
        &at("ym.npz"),
        "--raw",
    ])?;
    let mut archive = NpzReader::new(std::fs::File::open(at("ym.npz"))?)?;
    assert_eq!(archive.names()?, ["logits"]);
    let result: ArrayD<i64> = archive.by_name("logits")?;
    assert_eq!(result.shape(), [50, 5]);
    // Beyond its format a mantissa is refused, by row.
    let mut beyond = mantissas;
    beyond[[49, 3]] = 4_000;
    write_npy(at("beyond.npy"), &beyond)?;
    let message = fail(&[
        "run",
        &model,
        "--input",
        &at("beyond.npy"),
        "--out",
        &at("n.npy"),
        "--raw",
    ])?;
    assert!(
        message.contains("row 49") && message.contains("element 3"),
        "{message}"
    );
    assert!(!Path::new(&at("n.npy")).exists());
    Ok(())
}

#[test]
fn events_that_do_not_fit_are_named() -> Outcome {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name).display().to_string();
    let model = zoo("model.onnx");
    let mut events = Array2::<f32>::zeros((10, 16));
    events[[7, 2]] = f32::NAN;
    write_npy(at("nan.npy"), &events)?;
    let message = fail(&[
        "run",
        &model,
        "--input",
        &at("nan.npy"),
        "--out",
        &at("y.npy"),
    ])?;
    assert!(
        message.contains("row 7") && message.contains("NaN"),
        "{message}"
    );
    write_npy(at("wide.npy"), &Array2::<f32>::zeros((10, 17)))?;
    let message = fail(&[
        "run",
        &model,
        "--input",
        &at("wide.npy"),
        "--out",
        &at("y.npy"),
    ])?;
    assert!(
        message.contains("[10, 17]") && message.contains("[n, 16]"),
        "{message}"
    );
    let message = fail(&[
        "run",
        &model,
        "--input",
        &at("none.npy"),
        "--out",
        &at("y.npy"),
    ])?;
    assert!(message.contains("none.npy"), "{message}");
    Ok(())
}

#[test]
fn a_kernel_on_disk_is_verified() -> Outcome {
    let folder = tempfile::tempdir()?;
    let kernel = folder.path().join("kernel").display().to_string();
    let model = zoo("model.onnx");
    succeed(&["compile", &model, "--target", "rust", "--out", &kernel])?;
    let arguments = ["verify", &model, "--kernel", &kernel, "--random", "3000"];
    assert!(succeed(&arguments)?.contains("all 5 outputs of 3000 events agree"));
    let tables = Path::new(&kernel).join("src/tables.rs");
    let text = std::fs::read_to_string(&tables)?;
    let first_row = "&[\n        [";
    let start = text.find(first_row).ok_or("no matrix")? + first_row.len();
    let end = start + text[start..].find([',', ']']).ok_or("no element")?;
    let flipped: i64 = text[start..end].parse::<i64>()? ^ 1;
    std::fs::write(
        &tables,
        format!("{}{flipped}{}", &text[..start], &text[end..]),
    )?;
    let message = fail(&arguments)?;
    assert!(
        message.contains("event") && message.contains("output `logits`"),
        "{message}"
    );
    Ok(())
}

#[test]
fn a_float_model_needs_calibration_and_takes_it() -> Outcome {
    let (float, sample) = (zoo("float.onnx"), zoo("sample.npz"));
    let message = fail(&["inspect", &float])?;
    assert!(message.contains("--calib"), "{message}");
    let calibrated = ["--calib", &sample, "--width", "10"];
    let inspected = succeed(&[&["inspect", &float, "--json"], &calibrated[..]].concat())?;
    assert_eq!(json(&inspected)?["outputs"][0], "logits");
    succeed(&[&["verify", &float, "--random", "2000"], &calibrated[..]].concat())?;
    Ok(())
}

#[test]
fn the_textual_form_is_a_model() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("model.ir");
    std::fs::write(&path, succeed(&["inspect", &zoo("model.onnx"), "--ir"])?)?;
    let path = path.display().to_string();
    let printed = succeed(&["inspect", &path, "--ir"])?;
    assert_eq!(printed, std::fs::read_to_string(&path)?);
    Ok(())
}

/// A circuit of alkaid through the verbs; its textual form is a model too.
#[test]
fn a_circuit_is_a_model() -> Outcome {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name).display().to_string();
    let program = root().join("codegen/tests/alir/every_operation.json");
    let program = program.display().to_string();
    let text = at("circuit.ir");
    std::fs::write(&text, succeed(&["inspect", &program, "--ir"])?)?;
    write_npy(
        at("x.npy"),
        &Array2::from_shape_vec((2, 2), vec![3.5, 7.0, -5.25, 12.0])?,
    )?;
    for model in [&program, &text] {
        let counted = json(&succeed(&["inspect", model, "--json"])?)?;
        assert_eq!(counted["gates"]["table"], 1, "{model}");
        let verified = succeed(&["verify", model, "--random", "500"])?;
        assert!(
            verified.contains("all 12 outputs of 500 events"),
            "{verified}"
        );
        let out = at("y.npy");
        succeed(&["run", model, "--input", &at("x.npy"), "--out", &out])?;
        let y: Array2<f64> = read_npy(&out)?;
        assert_eq!((y[[0, 0]], y[[1, 0]]), (-35.0, 4.125), "{model}");
    }
    let kernel = at("kernel");
    let done = succeed(&[
        "compile", &program, "--target", "rust", "--out", &kernel, "--json",
    ])?;
    assert!(json(&done)?["gates"].is_u64(), "{done}");
    let verify = ["verify", &program, "--random", "500", "--kernel", &kernel];
    assert!(succeed(&verify)?.contains("bit for bit"));
    std::fs::write(
        at("broken.json"),
        "{\"meta\": \"ALIRModel\", \"spec_version\": 9}",
    )?;
    let refusal = fail(&["inspect", &at("broken.json")])?;
    assert!(refusal.contains("versions 2, 3, 4 are taken"), "{refusal}");
    Ok(())
}

#[test]
fn several_inputs_and_outputs_go_by_name() -> Outcome {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name).display().to_string();
    let model = root()
        .join("tests/in/broadcast_pairs.ir")
        .display()
        .to_string();
    let mut writer = ndarray_npy::NpzWriter::new(std::fs::File::create(at("x.npz"))?);
    writer.add_array("a", &ndarray::arr3(&[[[3i64], [-4]], [[0], [1]]]))?;
    writer.add_array("b", &ndarray::arr2(&[[1i64, 2, -8], [5, 5, 5]]))?;
    writer.finish()?;
    for engine in ["interp", "rust"] {
        let arguments = [
            "--raw",
            "--input",
            &at("x.npz"),
            "--out",
            &at("y.npz"),
            "--engine",
            engine,
        ];
        succeed(&[&["run", &model], &arguments[..]].concat())?;
        let mut archive = NpzReader::new(std::fs::File::open(at("y.npz"))?)?;
        let sum: ArrayD<i64> = archive.by_name("sum")?;
        assert_eq!(sum.shape(), [2, 2, 3]);
        let first: Vec<_> = sum.iter().copied().take(6).collect();
        assert_eq!(first, [28, 32, -8, -28, -24, -64]);
    }
    let message = fail(&[
        "run",
        &model,
        "--raw",
        "--input",
        &at("x.npz"),
        "--out",
        &at("y.npy"),
    ])?;
    assert!(
        message.contains("3 outputs") && message.contains(".npz"),
        "{message}"
    );
    Ok(())
}

#[test]
fn a_budget_is_kept_or_the_command_fails() -> Outcome {
    let model = zoo("model.onnx");
    let measured = succeed(&[
        "latency", &model, "--events", "2000", "--budget", "1s", "--json",
    ])?;
    let measured = json(&measured)?;
    assert_eq!(measured["events"], 2_000);
    assert!(measured["kernel_ns"]["p50"].as_u64() > measured["null_loop_ns"]["p50"].as_u64());
    let message = fail(&["latency", &model, "--events", "2000", "--budget", "1ns"])?;
    assert!(message.contains("over budget"), "{message}");
    Ok(())
}

#[test]
fn every_verb_teaches_by_example() -> Outcome {
    for verb in [
        "inspect", "compile", "run", "verify", "latency", "train", "demo",
    ] {
        let help = succeed(&[verb, "--help"])?;
        assert!(help.contains("Example"), "{verb} --help has no example");
    }
    Ok(())
}

#[test]
fn projects_for_vitis_hls_are_written_and_other_options_refused() -> Outcome {
    let folder = tempfile::tempdir()?;
    let out = folder.path().display().to_string();
    let model = zoo("model.onnx");
    let compile = ["compile", &model, "--out", &out, "--target"];
    let streams = ["hls", "--io", "stream", "--reuse", "4", "--clock", "250MHz"];
    succeed(&[&compile, &streams[..]].concat())?;
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name));
    assert!(read("build_prj.tcl")?.contains("create_clock -period 4.0000"));
    assert!(read("firmware/parameters.h")?.contains("reuse_factor = 4"));
    assert!(read("firmware/tf_jsc_mlp.h")?.contains("hls::stream<"));
    let cases: [(&[&str], &str); 4] = [
        (&["rust", "--reuse", "2"], "are for --target hls"),
        (&["hls", "--cycles", "3"], "are for --target verilog"),
        (&["hls", "--part", "lfe5u"], "parts of AMD"),
        (&["hls", "--single-file"], "is for the Rust kernel"),
    ];
    for (options, expected) in cases {
        let said = fail(&[&compile, options].concat())?;
        assert!(said.contains(expected), "{options:?}: {said}");
    }
    let verify = ["verify", &model, "--random", "10", "--targets", "hls"];
    let said = fail(&[&verify, &["--ap-types", &out][..]].concat())?;
    assert!(said.contains("there is no ap_fixed.h"), "{said}");
    Ok(())
}
