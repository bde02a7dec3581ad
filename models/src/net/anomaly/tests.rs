//! Trainings of detectors. Each one fails unless the integers of the exported file are the
//! trainer's own numbers, bit by bit.

use std::path::Path;

use ndarray::{Array1, Array2, Array3, Axis};
use ndarray_npy::NpzWriter;

use crate::config::Config;
use crate::data;
use crate::evaluate::{Request, evaluate};
use crate::metrics::{Anomaly, Options};
use crate::report::{Figures, Part};
use crate::seed::{Purpose, Stream};
use crate::train::{TrainError, TrainOptions, TrainSummary, train};

const ROWS: usize = 1000;

/// Background of two strongly correlated numbers beside a list of three slots, or a signal without
/// the correlation.
fn write(path: &Path, signal: bool) {
    let mut stream = Stream::new(u64::from(signal), Purpose::Split);
    let mut normal = || f64::from(stream.normal_pair()[0]);
    let mut x = Array2::<f32>::zeros((ROWS, 2));
    let mut list = Array2::<f32>::zeros((ROWS, 3));
    for row in 0..ROWS {
        let common = normal();
        let other = if signal { normal() } else { common };
        x[[row, 0]] = (common + 0.05 * normal()) as f32;
        x[[row, 1]] = (other + 0.05 * normal()) as f32;
        for slot in 0..3 {
            list[[row, slot]] = (common + 3.0 + 0.05 * normal()) as f32;
        }
    }
    let mut writer = NpzWriter::new(std::fs::File::create(path).expect("create"));
    writer
        .add_array("a", &x.index_axis(Axis(1), 0).to_owned())
        .expect("a");
    writer
        .add_array("b", &x.index_axis(Axis(1), 1).to_owned())
        .expect("b");
    writer.add_array("list", &list).expect("list");
    writer.finish().expect("finish");
}

/// Trains a detector on the correlated numbers, and leaves its file in `folder`.
fn trained(folder: &Path, layers: &str, anomaly: &str) -> Result<TrainSummary, TrainError> {
    let (background, signal) = (folder.join("background.npz"), folder.join("signal.npz"));
    write(&background, false);
    write(&signal, true);
    let text = format!(
        r#"
        [data]
        path = "{}"
        split = {{ train = 0.6, validation = 0.2, test = 0.2, seed = 1 }}
        [[data.inputs]]
        name = "pair"
        columns = ["a", "b"]
        [[data.inputs]]
        name = "slots"
        columns = ["list"]
        particles = 3
        [model]
        name = "detector"
        raw_bits = 10
        layers = [{layers}]
        [anomaly]
        {anomaly}
        [train]
        float_epochs = 40
        quantised_epochs = 10
        batch_size = 32
        learning_rate = 0.01
        patience = 100
        seed = 3
        cost = {{ beta = 1e-7 }}
        loss = {{ type = "mean_squared" }}
        [evaluation]
        background_rates = [0.05]
        crossing_rate = 1000.0
        [[evaluation.signals]]
        name = "uncorrelated"
        path = "{}"
        "#,
        background.display(),
        signal.display()
    );
    std::fs::write(folder.join("config.toml"), &text).expect("write");
    let config = Config::from_text(&text, Path::new("c.toml")).expect("config");
    let options = TrainOptions {
        out_dir: folder.to_owned(),
        quiet: true,
        ..TrainOptions::default()
    };
    train(&config, &options)
}

/// Area of the signal's curve, of the integers and of the float twin, on the test part.
fn areas(summary: &TrainSummary) -> (f64, f64) {
    let Some(Figures::Anomaly(figures)) = summary.report.parts.last().map(|p| &p.figures) else {
        panic!("no detector");
    };
    let area = |found: &crate::metrics::Anomaly| found.signals[0].auc.value;
    let point = &figures.integer.given[0];
    assert!((point.background.value - 0.05).abs() < 0.06, "{point:?}");
    let mantissa = figures.mantissa(point.threshold).expect("integer score") as f64;
    let back = mantissa * f64::from(-figures.fractional.expect("point")).exp2();
    assert_eq!(back, point.threshold, "thresholds are scores");
    (
        area(&figures.integer),
        figures.float.as_ref().map(area).expect("float"),
    )
}

/// Names of all nodes of the exported file.
fn exported(folder: &Path) -> String {
    let bytes = std::fs::read(folder.join("model.onnx")).expect("model");
    String::from_utf8_lossy(&bytes).into_owned()
}

const ENCODER: &str = r#"{ type = "all_inputs" }, { type = "dense", units = 8 }, { type = "dense", units = 1, relu = false }"#;
const DECODER: &str = r#"decoder = [{ type = "dense", units = 8 }]"#;

#[test]
fn an_autoencoder_finds_what_is_not_correlated() {
    let folder = tempfile::tempdir().expect("tempdir");
    let anomaly = format!("method = \"autoencoder\"\n{DECODER}\n[anomaly.weights]\na = 2.0");
    let summary = trained(folder.path(), ENCODER, &anomaly).expect("training");
    let (integer, float) = areas(&summary);
    assert!(
        integer > 0.85 && (integer - float).abs() < 0.1,
        "{integer} {float}"
    );
    let card = std::fs::read_to_string(folder.path().join("CARD.md")).expect("card");
    assert!(
        card.contains("efficiency uncorrelated at 0.05 background"),
        "{card}"
    );
    assert!(card.contains("rate, kHz"), "{card}");
    let page = std::fs::read_to_string(folder.path().join("report.html")).expect("report");
    assert!(
        page.contains("Working points, test part"),
        "no working points"
    );
    assert!(exported(folder.path()).contains("decoder"));
}

#[test]
fn an_evaluation_gives_the_figures_of_the_training() {
    let folder = tempfile::tempdir().expect("tempdir");
    let anomaly = format!("method = \"autoencoder\"\n{DECODER}");
    let summary = trained(folder.path(), ENCODER, &anomaly).expect("training");
    let figures = |parts: &[Part], name: &str| {
        let part = parts.iter().find(|part| part.name == name).expect("part");
        match &part.figures {
            Figures::Anomaly(figures) => figures.clone(),
            _ => panic!("no detector"),
        }
    };
    let mut areas = Vec::new();
    for part in [data::Part::Validation, data::Part::Test] {
        let request = Request {
            model: folder.path().join("model.onnx"),
            config: folder.path().join("config.toml"),
            part,
            float: Some(folder.path().join("float.onnx")),
            probabilities: false,
            options: Options::default(),
        };
        let report = evaluate(&request, &|_, _| {}).expect("evaluation");
        let found = figures(&report.parts, part.name());
        let said = figures(&summary.report.parts, part.name());
        assert_eq!(found.fractional, said.fractional);
        let area = |of: &Anomaly| of.signals[0].auc.value;
        let twins = [&found.float, &said.float].map(|twin| area(twin.as_ref().expect("float")));
        // The trainer's own twin computes in single precision.
        assert!((twins[0] - twins[1]).abs() < 1e-3, "{twins:?}");
        let (found, said) = (found.integer, said.integer);
        assert_eq!((found.rows, &found.points), (said.rows, &said.points));
        assert_eq!(area(&found), area(&said));
        areas.push(area(&found));
    }
    assert!(
        areas[0] != areas[1],
        "both parts have the same signals: {areas:?}"
    );
}

#[test]
fn an_input_can_be_judged_without_being_seen_and_differences_by_their_magnitude() {
    let blind = ENCODER.replace("\"all_inputs\"", "\"all_inputs\", without = [\"pair\"]");
    let setting =
        |absolute: &str| format!("method = \"autoencoder\"\nabsolute = [{absolute}]\n{DECODER}");
    for (absolute, kinds) in [
        ("\"list\"", [true, true]),
        ("\"a\", \"b\", \"list\"", [true, false]),
    ] {
        let folder = tempfile::tempdir().expect("tempdir");
        let summary = trained(folder.path(), &blind, &setting(absolute)).expect("training");
        let (integer, float) = areas(&summary);
        assert!(
            integer > 0.75 && (integer - float).abs() < 0.1,
            "{absolute} {integer} {float}"
        );
        let file = exported(folder.path());
        let found = ["score.magnitudes", "score.squares"].map(|name| file.contains(name));
        assert_eq!(found, kinds, "{absolute}");
    }
    let folder = tempfile::tempdir().expect("tempdir");
    let error = |layers: &str, anomaly: &str| {
        let found = trained(folder.path(), layers, anomaly);
        found.expect_err("error").to_string()
    };
    let wrong = error(ENCODER, &setting("\"c\""));
    assert!(wrong.contains("absolute is 'c'"), "{wrong}");
    let wrong = error(&blind.replace("pair", "c"), &setting(""));
    assert!(
        wrong.contains("an input of the network: pair, slots"),
        "{wrong}"
    );
    let wrong = error(
        &blind.replace("[\"pair\"]", "[\"pair\", \"slots\"]"),
        &setting(""),
    );
    assert!(wrong.contains("one input at least"), "{wrong}");
}

#[test]
fn the_decoder_is_left_out_where_the_score_does_not_need_it() {
    let encoder = r#"{ type = "all_inputs" }, { type = "dense", units = 8 }"#;
    for (score, parts) in [
        ("mu_squared", [false, false]),
        ("divergence", [false, true]),
        ("reconstruction", [true, false]),
    ] {
        let folder = tempfile::tempdir().expect("tempdir");
        let anomaly = format!(
            "method = \"variational\"\nlatent = 2\nbeta = 0.01\nscore = \"{score}\"\n{DECODER}"
        );
        let summary = trained(folder.path(), encoder, &anomaly).expect("training");
        let (integer, float) = areas(&summary);
        assert!((integer - float).abs() < 0.1, "{score} {integer} {float}");
        if score == "reconstruction" {
            assert!(integer > 0.8, "{integer}");
        }
        let file = exported(folder.path());
        let found = ["decoder", "log_variance"].map(|name| file.contains(name));
        assert_eq!(found, parts, "{score}");
        assert!(!file.contains("noise"), "{score}");
    }
}

#[test]
fn a_flow_finds_what_is_not_correlated() {
    let folder = tempfile::tempdir().expect("tempdir");
    let flow = "method = \"flow\"\ncouplings = 2\nhidden = 8\nnoise = 0.1";
    let summary = trained(folder.path(), "", flow).expect("training");
    let (integer, float) = areas(&summary);
    assert!(
        integer > 0.85 && (integer - float).abs() < 0.05,
        "{integer} {float}"
    );
    // Minus the logarithm of a density is a number of any sign.
    let losses: Vec<f64> = summary
        .report
        .history
        .iter()
        .map(|h| h.validation_loss)
        .collect();
    assert!(losses[39] < losses[0] && losses.iter().all(|loss| loss.is_finite()));
    let error = |change: &str| {
        let found = trained(folder.path(), "", &flow.replace("noise = 0.1", change));
        found.expect_err("error").to_string()
    };
    assert!(error("noise = 0.0").contains("noise is 0; expected above 0"));
    assert!(error("noise = 0.1\nweights = { a = 2.0 }").contains("expected 0 or 1"));
}

#[test]
fn a_student_learns_the_score_of_its_teacher() {
    let folder = tempfile::tempdir().expect("tempdir");
    let anomaly = format!("method = \"autoencoder\"\n{DECODER}");
    trained(folder.path(), ENCODER, &anomaly).expect("training");
    let file = folder.path().join("float.onnx");
    let own = tempfile::tempdir().expect("tempdir");
    let anomaly = format!(
        "method = \"distillation\"\nteacher = \"{}\"",
        file.display()
    );
    let layers = r#"{ type = "all_inputs" }, { type = "dense", units = 16 }"#;
    let student = trained(own.path(), layers, &anomaly).expect("training");
    areas(&student);
    let losses: Vec<f64> = (student.report.history.iter())
        .map(|point| point.validation_loss)
        .collect();
    assert!(losses[39] < 0.7 * losses[0], "{losses:?}");
    assert!(
        student.validation_loss < 1.5 * losses[39],
        "{} {losses:?}",
        student.validation_loss
    );
    let missing = anomaly.replace("float.onnx", "none.onnx");
    assert!(matches!(
        trained(own.path(), layers, &missing),
        Err(TrainError::Execute(_))
    ));
}

#[test]
fn images_are_reconstructed_by_convolutions() {
    let folder = tempfile::tempdir().expect("tempdir");
    let path = folder.path().join("images.npz");
    let mut stream = Stream::new(8, Purpose::Split);
    let images = Array3::from_shape_fn((400, 4, 4), |(_, y, x)| {
        stream.uniform() + if (x + y) % 2 == 0 { 1.0 } else { 0.0 }
    });
    let flat = images.into_shape_with_order((400, 16)).expect("rows");
    let mut writer = NpzWriter::new(std::fs::File::create(&path).expect("create"));
    writer.add_array("image", &flat).expect("image");
    writer
        .add_array("number", &Array1::from_elem(400, 1.0f32))
        .expect("number");
    writer.finish().expect("finish");
    let text = format!(
        r#"
        [data]
        path = "{}"
        split = {{ train = 0.6, validation = 0.2, test = 0.2, seed = 1 }}
        [[data.inputs]]
        name = "image"
        columns = ["image"]
        image = [1, 4, 4]
        [model]
        name = "images"
        raw_bits = 8
        layers = [
          {{ type = "conv", channels = 2, kernel = 3, padding = 1 }},
          {{ type = "flatten" }},
          {{ type = "dense", units = 3, relu = false }},
        ]
        [anomaly]
        method = "autoencoder"
        decoder = [
          {{ type = "dense", units = 32 }},
          {{ type = "image", channels = 2, height = 4, width = 4 }},
          {{ type = "conv", channels = 2, kernel = 3, padding = 1 }},
        ]
        [train]
        float_epochs = 20
        quantised_epochs = 3
        batch_size = 32
        learning_rate = 0.01
        patience = 100
        seed = 3
        "#,
        path.display()
    );
    let config = Config::from_text(&text, Path::new("c.toml")).expect("config");
    let options = TrainOptions {
        out_dir: folder.path().to_owned(),
        quiet: true,
        ..TrainOptions::default()
    };
    let summary = train(&config, &options).expect("training");
    let history = &summary.report.history;
    let losses = [0, 19].map(|epoch| history[epoch].validation_loss);
    assert!(losses[1] < 0.9 * losses[0], "{losses:?}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().expect("tempdir");
    let error = |anomaly: &str| {
        let anomaly = format!("method = \"autoencoder\"\n{DECODER}\n{anomaly}");
        trained(folder.path(), ENCODER, &anomaly)
            .expect_err("error")
            .to_string()
    };
    assert!(error("weights = { c = 1.0 }").contains("'c'; expected columns of the inputs"));
    assert!(error("weights = { a = 3.0 }").contains("a = 3; expected 0 or a power of two"));
    assert!(error("weights = { a = 0.0, b = 0.0, list = 0.0 }").contains("0 for all"));
    assert!(error("score_bits = 30").contains("score_bits is 30; expected 2 to 16"));
}
