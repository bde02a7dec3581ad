//! Whole trainings on a tiny problem.

use std::path::Path;

use ndarray::{Array1, Array2};
use ndarray_npy::NpzWriter;

use super::*;
use crate::seed::{Purpose, Stream};

/// Two features, two classes, four hidden units.
pub(crate) fn tiny_config() -> Config {
    let text = r#"
        [data]
        path = "tiny.npz"
        features = ["x[0]", "x[1]"]
        label = "label"
        classes = ["outside", "inside"]
        split = { train = 0.6, validation = 0.2, test = 0.2, seed = 1 }
        [model]
        name = "tiny"
        hidden = [8, 6]
        [train]
        float_epochs = 6
        quantised_epochs = 5
        batch_size = 32
        learning_rate = 0.02
        quantised_learning_rate = 0.01
        averaging = 0.9
        patience = 20
        seed = 3
    "#;
    Config::from_text(text, Path::new("tiny.toml")).expect("config")
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

#[test]
fn learns_and_writes_every_artefact() {
    let dir = tempfile::tempdir().expect("tempdir");
    let mut config = tiny_problem(dir.path());
    config.train.float_epochs = 40;
    config.train.quantised_epochs = 20;
    let out = dir.path().join("out");
    let summary = train(&config, &options(&out)).expect("training");
    assert!(summary.test.float.accuracy > 0.9, "{:?}", summary.test);
    assert!(summary.test.quantised.accuracy > 0.9, "{:?}", summary.test);
    let mut names: Vec<String> = std::fs::read_dir(&out)
        .expect("list")
        .map(|entry| {
            entry
                .expect("entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "CARD.md",
            "float.onnx",
            "metrics.json",
            "model.onnx",
            "sample.npz"
        ]
    );

    let again = dir.path().join("again");
    train(&config, &options(&again)).expect("training");
    for name in names {
        let read = |dir: &Path| std::fs::read(dir.join(&name)).expect("read");
        assert_eq!(
            read(&out),
            read(&again),
            "{name} differs between two equal trainings"
        );
    }
}

#[test]
fn interrupted_after_any_epoch_gives_the_same_bits() {
    let dir = tempfile::tempdir().expect("tempdir");
    let config = tiny_problem(dir.path());
    let whole = train(&config, &options(&dir.path().join("whole"))).expect("training");
    let data = prepare::Prepared::load(&config).expect("data");
    for epochs in [1, 5, 6, 7, 10] {
        let out = dir.path().join(format!("stopped-{epochs}"));
        let mut options = options(&out);
        run::run(&config, &data, &options, epochs).expect("first part");
        options.resume = true;
        let resumed = train(&config, &options).expect("second part");
        assert_eq!(resumed.model, whole.model, "stopped after {epochs}");
        assert_eq!(resumed.history, whole.history, "stopped after {epochs}");
    }
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
    config.train.quantised_learning_rate = 1e-9;
    config.train.averaging = 0.0;
    config.train.patience = 2;
    config.train.quantised_epochs = 30;
    let summary = train(&config, &options(&dir.path().join("out"))).expect("training");
    let quantised = summary
        .history
        .iter()
        .filter(|r| r.stage == Stage::Quantised)
        .count();
    assert!(quantised < 30, "{quantised} epochs");
}
