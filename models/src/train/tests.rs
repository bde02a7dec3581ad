//! Whole trainings on a tiny problem.

use std::path::Path;

use ndarray::{Array1, Array2};
use ndarray_npy::NpzWriter;

use super::*;
use crate::net::Net;
use crate::report::{Figures, Part};
use crate::seed::{Purpose, Stream};
use crate::trials;

/// Two features, two classes, two hidden layers.
pub(crate) fn tiny_config() -> Config {
    let text = trials::text(
        "tiny.npz",
        ["outside", "inside"],
        "features = [\"x[0]\", \"x[1]\"]",
        "name = \"tiny\"\n\
         layers = [{ type = \"dense\", units = 8 }, { type = \"dense\", units = 6 }]",
        "float_epochs = 6\nquantised_epochs = 5\nlearning_rate = 0.02\n\
         quantised_learning_rate = 0.01\naveraging = 0.9\npatience = 20\n\
         cost = { beta = 1e-6, beta_final = 1e-4 }\n[output]\nfront = true",
    );
    Config::from_text(&text, Path::new("tiny.toml")).expect("config")
}

/// The network of [`tiny_config`].
pub(crate) fn tiny_net() -> Net {
    let dir = tempfile::tempdir().expect("tempdir");
    let config = tiny_problem(dir.path());
    let data = data::Data::open(&config).expect("data");
    data.network(&config).expect("network")
}

/// Points inside and outside of a circle.
fn tiny_problem(dir: &Path) -> Config {
    let mut stream = Stream::new(11, Purpose::Split);
    let x = Array2::from_shape_fn((1500, 2), |(_, j)| {
        let unit = stream.uniform() - 0.5;
        if j == 0 {
            40.0 * unit + 100.0
        } else {
            0.004 * unit
        }
    });
    let inside = |row: ndarray::ArrayView1<'_, f32>| {
        ((row[0] - 100.0) / 20.0).powi(2) + (row[1] / 0.002).powi(2) < 0.6
    };
    let label: Array1<i64> = x
        .rows()
        .into_iter()
        .map(|row| i64::from(inside(row)))
        .collect();
    let path = dir.join("tiny.npz");
    let mut writer = NpzWriter::new(std::fs::File::create(&path).expect("create"));
    writer.add_array("x", &x).expect("x");
    writer.add_array("label", &label).expect("label");
    writer.finish().expect("finish");
    let mut config = tiny_config();
    config.data.path = Some(path);
    config
}

fn options(out_dir: &Path) -> TrainOptions {
    TrainOptions {
        out_dir: out_dir.to_owned(),
        quiet: true,
        ..TrainOptions::default()
    }
}

/// Accuracy of the integers and of the float twin.
fn accuracies(part: &Part) -> (f64, f64) {
    match &part.figures {
        Figures::Classification { integer, float, .. } => (
            integer.accuracy.value,
            float.as_ref().expect("float").accuracy.value,
        ),
        _ => panic!("no classifier"),
    }
}

/// All files below a folder with their bytes.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("list") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let name = path
                .file_name()
                .expect("name")
                .to_string_lossy()
                .into_owned();
            found.push((name, std::fs::read(&path).expect("read")));
        }
    }
    found.sort();
    found
}

#[test]
fn learns_and_writes_every_artefact() {
    let dir = tempfile::tempdir().expect("tempdir");
    let mut config = tiny_problem(dir.path());
    config.train.float_epochs = 40;
    config.train.quantised_epochs = 30;
    let out = dir.path().join("out");
    let summary = train(&config, &options(&out)).expect("training");
    let (integer, float) = accuracies(&summary.report.parts[1]);
    assert!(float > 0.9 && integer > 0.88, "{float} {integer}");
    let found = files(&out);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    for name in [
        "CARD.md",
        "float.onnx",
        "metrics.json",
        "model.onnx",
        "sample.npz",
        "front.json",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    let again = dir.path().join("again");
    train(&config, &options(&again)).expect("training");
    assert_eq!(found, files(&again), "two equal trainings");
}

#[test]
fn interrupted_after_any_epoch_gives_the_same_bits() {
    let dir = tempfile::tempdir().expect("tempdir");
    let config = tiny_problem(dir.path());
    let whole = dir.path().join("whole");
    train(&config, &options(&whole)).expect("training");
    for epochs in [1, 5, 6, 7, 10] {
        let out = dir.path().join(format!("stopped-{epochs}"));
        let mut options = options(&out);
        let mut data = data::Data::open(&config).expect("data");
        let net = data.network(&config).expect("network");
        run::run(&config, &net, &mut data, &options, epochs).expect("first part");
        options.resume = true;
        train(&config, &options).expect("second part");
        assert_eq!(files(&out), files(&whole), "stopped after {epochs}");
    }
}

#[test]
fn normalised_batches_learn_fold_and_resume() {
    let dir = tempfile::tempdir().expect("tempdir");
    let mut config = tiny_problem(dir.path());
    for layer in &mut config.model.layers {
        if let crate::net::layers::LayerConfig::Dense(dense) = layer {
            dense.batch_norm = true;
        }
    }
    config.train.float_epochs = 12;
    let whole = dir.path().join("whole");
    let summary = train(&config, &options(&whole)).expect("training");
    let (integer, float) = accuracies(&summary.report.parts[1]);
    assert!(float > 0.85 && integer > 0.8, "{float} {integer}");
    for name in ["float.onnx", "model.onnx"] {
        let bytes = std::fs::read(whole.join(name)).expect("file");
        let found = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
        assert!(found(b"MatMul") && !found(b"BatchNorm"), "{name}");
    }
    for epochs in [3, 12, 14] {
        let out = dir.path().join(format!("stopped-{epochs}"));
        let mut options = options(&out);
        let mut data = data::Data::open(&config).expect("data");
        let net = data.network(&config).expect("network");
        run::run(&config, &net, &mut data, &options, epochs).expect("first part");
        options.resume = true;
        train(&config, &options).expect("second part");
        assert_eq!(files(&out), files(&whole), "stopped after {epochs}");
    }
}

#[test]
fn a_decorrelated_score_follows_a_variable_less() {
    let dir = tempfile::tempdir().expect("tempdir");
    let mut config = tiny_problem(dir.path());
    config.train.float_epochs = 15;
    config.train.quantised_epochs = 10;
    config.data.spectators = vec!["x[1]".to_owned()];
    config.output.signal_efficiency = 0.99;
    let mut trained = |weight: f64| {
        config.train.decorrelation = Some(crate::config::DecorrelationConfig {
            column: "x[1]".to_owned(),
            weight,
            background: vec!["outside".to_owned()],
        });
        let out = dir.path().join(format!("out-{weight}"));
        let summary = train(&config, &options(&out)).expect("training");
        let html = std::fs::read_to_string(out.join("report.html")).expect("report");
        assert!(html.contains("Sculpting of x[1]"));
        let Figures::Classification { sculpting, .. } = &summary.report.parts[1].figures else {
            panic!("no classifier");
        };
        let figures = sculpting.as_ref().expect("sculpting").clone();
        assert_eq!(figures.background, ["outside"]);
        (figures.integer, summary.validation_loss)
    };
    let (free, loss) = trained(0.0);
    let (bound, bound_loss) = trained(3.0);
    assert!(
        bound.distance_correlation < 0.6 * free.distance_correlation,
        "{} {}",
        bound.distance_correlation,
        free.distance_correlation
    );
    let divergence = |found: &crate::metrics::Sculpting| {
        let point = found.points.last().expect("a point");
        point.divergence.expect("divergence").value
    };
    assert!(divergence(&bound) < divergence(&free));
    assert!(bound_loss > loss, "{bound_loss} {loss}");
}

#[test]
fn interrupted_while_judged_it_executes_nothing_twice() {
    let dir = tempfile::tempdir().expect("tempdir");
    let config = tiny_problem(dir.path());
    let whole = dir.path().join("whole");
    train(&config, &options(&whole)).expect("training");

    let out = dir.path().join("judged");
    let mut options = options(&out);
    let mut data = data::Data::open(&config).expect("data");
    let net = data.network(&config).expect("network");
    let state = run::run(&config, &net, &mut data, &options, usize::MAX).expect("training");
    let finish = |data: &mut data::Data| finish::finish(&config, &net, data, &state, &out);
    finish(&mut data).expect("judged");
    let kept = out.join("checkpoint/model-test.npz");
    let bytes = std::fs::read(&kept).expect("kept outputs");
    options.resume = true;
    train(&config, &options).expect("resumed");
    assert_eq!(files(&out), files(&whole));
    let error = train(&config, &options).expect_err("complete");
    assert!(matches!(error, TrainError::Complete { .. }), "{error}");

    // Kept outputs are what is judged: with one wrong number the comparison fails.
    checkpoint::save(&checkpoint_in(&out), &config, &state).expect("checkpoint");
    let mut reader = ndarray_npy::NpzReader::new(std::io::Cursor::new(bytes)).expect("npz");
    let model: Array1<u8> = reader.by_name("model").expect("model");
    let mut values: Array1<f64> = reader.by_name("values").expect("values");
    values[3] += 1.0;
    let mut writer = NpzWriter::new(std::fs::File::create(&kept).expect("create"));
    writer.add_array("model", &model).expect("model");
    writer.add_array("values", &values).expect("values");
    writer.finish().expect("finish");
    let error = train(&config, &options).expect_err("a wrong number");
    assert!(error.to_string().contains("number 3 of"), "{error}");
}

/// The checkpoint of an output directory, whose folder is made.
fn checkpoint_in(out: &Path) -> std::path::PathBuf {
    std::fs::create_dir_all(out.join(checkpoint::FOLDER)).expect("folder");
    checkpoint::path(out)
}

#[test]
fn the_cost_shrinks_the_network() {
    let dir = tempfile::tempdir().expect("tempdir");
    let mut config = tiny_problem(dir.path());
    config.train.quantised_epochs = 40;
    config.train.cost.beta = 1e-7;
    config.train.cost.beta_final = None;
    let free = train(&config, &options(&dir.path().join("free"))).expect("training");
    config.train.cost.beta = 3e-4;
    let cheap = train(&config, &options(&dir.path().join("cheap"))).expect("training");
    assert!(
        2 * cheap.ebops < free.ebops,
        "{} {}",
        cheap.ebops,
        free.ebops
    );
    let last = cheap.report.history.last().and_then(|point| point.ebops);
    let first = cheap.report.history.iter().find_map(|point| point.ebops);
    assert!(last < first, "{first:?} {last:?}");
}

#[test]
fn a_target_is_reached() {
    let dir = tempfile::tempdir().expect("tempdir");
    let mut config = tiny_problem(dir.path());
    config.train.quantised_epochs = 60;
    config.train.patience = 100;
    config.train.cost.beta_final = None;
    config.train.cost.target = Some(400);
    let summary = train(&config, &options(&dir.path().join("out"))).expect("training");
    assert!((200..=400).contains(&summary.ebops), "{}", summary.ebops);
}

#[test]
fn resuming_needs_a_checkpoint() {
    let dir = tempfile::tempdir().expect("tempdir");
    let config = tiny_problem(dir.path());
    let mut options = options(&dir.path().join("out"));
    options.resume = true;
    let error = train(&config, &options).expect_err("error");
    assert!(matches!(error, TrainError::Checkpoint { .. }), "{error}");
}

#[test]
fn patience_ends_a_stage() {
    let dir = tempfile::tempdir().expect("tempdir");
    let mut config = tiny_problem(dir.path());
    config.train.learning_rate = 1e-9;
    config.train.quantised_learning_rate = Some(1e-9);
    config.train.averaging = 0.0;
    config.train.patience = 2;
    config.train.quantised_epochs = 30;
    let summary = train(&config, &options(&dir.path().join("out"))).expect("training");
    let history = &summary.report.history;
    let quantised = history.iter().filter(|r| r.stage == "quantised").count();
    assert!(quantised < 30, "{quantised} epochs");
}

#[test]
fn mixed_samples_teach_what_labels_teach() {
    let dir = tempfile::tempdir().expect("tempdir");
    let mut config = tiny_problem(dir.path());
    config.train.float_epochs = 40;
    config.train.quantised_epochs = 30;
    config.train.patience = 100;
    config.data.mixture = Some(crate::data::Mixture { shares: [0.1, 0.9] });
    let out = dir.path().join("mixed");
    let summary = train(&config, &options(&out)).expect("training");
    let [validation, test] = &summary.report.parts[..] else {
        panic!("two parts");
    };
    let (of_samples, _) = accuracies(validation);
    let (of_classes, _) = accuracies(test);
    assert!(of_classes > 0.88, "{of_classes}");
    // Nothing tells which of a sample's events are of the other class.
    assert!((0.7..0.93).contains(&of_samples), "{of_samples}");
    assert!(validation.role.contains("mixed"), "{}", validation.role);
    let card = std::fs::read_to_string(out.join("CARD.md")).expect("card");
    assert!(card.contains("with 10 and 90 % of `inside`"), "{card}");
}
