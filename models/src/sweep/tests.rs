//! Whole sweeps: with a trainer that computes its figures, and with the real one.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ndarray::{Array1, Array2};
use ndarray_npy::NpzWriter;

use super::*;
use crate::config::Config;
use crate::net::layers::LayerConfig;
use crate::train::{TrainError, TrainOptions};
use crate::trials;

/// A configuration whose data is in a file of this name.
fn config(path: &Path) -> String {
    trials::text(
        &path.display().to_string().escape_default().to_string(),
        ["outside", "inside"],
        "features = [\"x[0]\", \"x[1]\"]",
        "name = \"tiny\"\nlayers = [{ type = \"dense\", units = 8 }]",
        "float_epochs = 8\nquantised_epochs = 3\nlearning_rate = 0.02\n\
         quantised_learning_rate = 0.01\naveraging = 0.9\npatience = 20",
    )
}

const SPACE: &str = r#"
method = "tpe"
trials = 24
seed = 2
objective = "validation.accuracy"
[parameters]
"train.learning_rate" = { log = [1e-4, 1.0] }
"model.layers[0].units" = { int = [1, 64] }
"model.weights.bits" = { choice = [4, 6, 8] }
"#;

/// A folder with both files and a data set.
fn folder(space: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("tempdir");
    let config = config(&dir.path().join("tiny.npz"));
    std::fs::write(dir.path().join("config.toml"), config).expect("config");
    std::fs::write(dir.path().join("sweep.toml"), space).expect("space");
    let x = Array2::from_shape_fn((400, 2), |(i, j)| {
        (i * (37 + 22 * j) % 101) as f32 / 50.0 - 1.0
    });
    let inside = |row: ndarray::ArrayView1<'_, f32>| row[0].powi(2) + row[1].powi(2) < 0.6;
    let label: Array1<i64> = x.rows().into_iter().map(|r| i64::from(inside(r))).collect();
    let file = std::fs::File::create(dir.path().join("tiny.npz")).expect("create");
    let mut writer = NpzWriter::new(file);
    writer.add_array("x", &x).expect("x");
    writer.add_array("label", &label).expect("label");
    writer.finish().expect("finish");
    dir
}

fn options(dir: &Path, name: &str) -> SweepOptions {
    SweepOptions {
        out_dir: dir.join(name),
        quiet: true,
        ..SweepOptions::default()
    }
}

fn run(
    dir: &Path,
    options: &SweepOptions,
    trainer: &Trainer<'_>,
) -> Result<SweepSummary, SweepError> {
    let file = |name| dir.join(name);
    sweep_with(&file("config.toml"), &file("sweep.toml"), options, trainer)
}

/// Units of the first layer.
fn units(config: &Config) -> usize {
    match &config.model.layers[0] {
        LayerConfig::Dense(layer) => layer.units,
        other => panic!("{other:?} is no dense layer"),
    }
}

/// Wide networks cost more and decide better; a large learning rate diverges.
fn computed(config: &Config, _: &TrainOptions) -> Result<Figures, TrainError> {
    let (units, rate) = (units(config), config.train.learning_rate);
    if rate > 0.3 {
        return Err(TrainError::Diverged {
            stage: "float",
            epoch: 2,
            loss: f64::NAN,
        });
    }
    let bits = config.model.weights.bits;
    let loss = 1.0 / units as f64 + 0.1 / f64::from(bits) + (rate / 0.01).log10().powi(2) / 10.0;
    Ok(Figures {
        loss,
        accuracy: Some(1.0 - loss / 3.0),
        accuracy_error: Some(0.001),
        auc: None,
        ebops: units as u64 * u64::from(bits),
    })
}

/// The trials without their times.
fn timeless(summary: &SweepSummary) -> Vec<(Vec<toml::Value>, Outcome)> {
    let trials = summary.trials.iter().cloned();
    trials.map(|t| (t.values, t.outcome)).collect()
}

#[test]
fn a_sweep_records_failures_and_finds_the_front() {
    let dir = folder(SPACE);
    let summary = run(dir.path(), &options(dir.path(), "out"), &computed).expect("sweep");
    assert_eq!(summary.trials.len(), 24);
    let failed: Vec<_> = summary
        .trials
        .iter()
        .filter_map(|trial| match &trial.outcome {
            Outcome::Failed { reason } => Some(reason.as_str()),
            _ => None,
        })
        .collect();
    assert!(!failed.is_empty() && failed.len() < 12, "{failed:?}");
    assert!(failed[0].contains("epoch 2: the loss is NaN"), "{failed:?}");
    let figures = |number: &usize| summary.trials[*number].figures().expect("figures");
    for pair in summary.front.windows(2) {
        let (cheap, dear) = (figures(&pair[0]), figures(&pair[1]));
        assert!(cheap.ebops < dear.ebops && cheap.accuracy < dear.accuracy);
    }
    for trial in &summary.trials {
        let beaten = trial.figures().is_none_or(|figures| {
            summary.front.iter().any(|number| {
                let best = self::figures(&summary, *number);
                best.ebops <= figures.ebops && best.accuracy >= figures.accuracy
            })
        });
        assert!(beaten, "{trial:?}");
    }
    let text = std::fs::read_to_string(dir.path().join("out/pareto.json")).expect("file");
    let json: serde_json::Value = serde_json::from_str(&text).expect("json");
    assert_eq!(json["failed"], summary.failed());
    let points = json["front"].as_array().expect("front");
    for (point, number) in points.iter().zip(&summary.front) {
        assert_eq!(point["trial"], *number);
        assert_eq!(point["ebops"], figures(number).ebops);
        let units = summary.trials[*number].values[0].as_integer();
        assert_eq!(point["parameters"]["model.layers[0].units"].as_i64(), units);
    }
    assert_eq!(points.len(), summary.front.len());
    let html = std::fs::read_to_string(dir.path().join("out/sweep.html")).expect("file");
    let front = html.split("All trials").next().unwrap_or_default();
    for number in &summary.front {
        for cell in summary.cells(*number) {
            assert!(front.contains(&format!("<td>{cell}</td>")), "{cell}");
        }
    }
    assert_eq!(
        html.matches("<svg").count(),
        3,
        "front, units, learning rate"
    );
    assert!(!html.contains("http"), "the page needs no other file");
    assert_eq!(html.matches("failed: float").count(), summary.failed());
    // Each folder holds the configuration of its trial, as `train` takes it.
    let path = dir.path().join("out/trial-0023/config.toml");
    let config = Config::from_file(&path).expect("config");
    let found = summary.trials[23].values[0].as_integer();
    assert_eq!(found, Some(units(&config) as i64));
}

fn figures(summary: &SweepSummary, number: usize) -> &Figures {
    summary.trials[number].figures().expect("figures")
}

#[test]
fn aborted_anywhere_and_resumed_gives_the_same_trials() {
    for jobs in [1, 3] {
        let dir = folder(SPACE);
        let with_jobs = |name| SweepOptions {
            jobs: Some(jobs),
            ..options(dir.path(), name)
        };
        let whole = run(dir.path(), &with_jobs("whole"), &computed).expect("sweep");
        let mut broken = with_jobs("broken");
        for trainings in [1, 4, 7, 8] {
            let left = AtomicUsize::new(trainings);
            let trainer = |config: &Config, options: &TrainOptions| {
                // Trials end in another order than they begin.
                let units = units(config) as u64;
                std::thread::sleep(Duration::from_millis(units % 7));
                let took =
                    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
                took.map_err(|_| TrainError::Io {
                    path: options.out_dir.clone(),
                    source: std::io::Error::other("the disk is full"),
                })?;
                computed(config, options)
            };
            let error = run(dir.path(), &broken, &trainer).expect_err("aborted");
            assert!(matches!(error, SweepError::Trial { .. }), "{error}");
            broken.resume = true;
            broken.jobs = None;
        }
        let again = AtomicUsize::new(0);
        let trainer = |config: &Config, options: &TrainOptions| {
            again.fetch_add(1, Ordering::SeqCst);
            computed(config, options)
        };
        let resumed = run(dir.path(), &broken, &trainer).expect("sweep");
        assert_eq!(timeless(&resumed), timeless(&whole), "{jobs} jobs");
        assert_eq!(resumed.front, whole.front, "{jobs} jobs");
        assert_eq!(again.into_inner(), 4, "finished trials are kept");
    }
}

#[test]
fn only_an_interrupted_trial_goes_on_from_its_checkpoint() {
    let dir = folder(SPACE);
    let mut options = options(dir.path(), "out");
    options.trials = Some(3);
    let seen = Mutex::new(Vec::new());
    let trainer = |config: &Config, options: &TrainOptions| {
        let mut seen = seen.lock().expect("lock");
        seen.push(options.resume);
        let checkpoint = options.out_dir.join("checkpoint");
        std::fs::create_dir_all(&checkpoint).expect("folder");
        std::fs::write(checkpoint.join("state.npz"), "state").expect("checkpoint");
        if seen.len() == 2 {
            let path = options.out_dir.clone();
            let source = std::io::Error::other("interrupted");
            return Err(TrainError::Io { path, source });
        }
        computed(config, options)
    };
    run(dir.path(), &options, &trainer).expect_err("interrupted");
    options.resume = true;
    run(dir.path(), &options, &trainer).expect("sweep");
    assert_eq!(*seen.lock().expect("lock"), [false, false, true, false]);
}

#[test]
fn a_sweep_is_neither_overwritten_nor_made_up() {
    let dir = folder(SPACE);
    let mut options = options(dir.path(), "out");
    options.trials = Some(2);
    options.resume = true;
    let error = run(dir.path(), &options, &computed).expect_err("nothing there");
    assert!(
        matches!(error, SweepError::NothingToResume { .. }),
        "{error}"
    );
    options.resume = false;
    run(dir.path(), &options, &computed).expect("sweep");
    let error = run(dir.path(), &options, &computed).expect_err("there already");
    assert!(matches!(error, SweepError::Exists { .. }), "{error}");
    options.resume = true;
    options.trials = Some(5);
    let longer = run(dir.path(), &options, &computed).expect("sweep");
    assert_eq!(longer.trials.len(), 5, "a sweep may grow");
}

#[test]
fn what_is_wrong_is_found_before_anything_is_trained() {
    let never = |_: &Config, _: &TrainOptions| -> Result<Figures, TrainError> {
        unreachable!("nothing is trained")
    };
    for (from, to, expected) in [
        (
            "train.learning_rate",
            "train.learning_rates",
            "near it: train.learning_rate",
        ),
        ("model.layers[0]", "model.layers[1]", "has 1 elements"),
        ("[4, 6, 8]", "[4, 6, 19]", "19 gives no valid configuration"),
    ] {
        let dir = folder(&SPACE.replace(from, to));
        let options = options(dir.path(), "out");
        let error = run(dir.path(), &options, &never).expect_err(to).to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!options.out_dir.exists(), "{to}");
    }
}

#[test]
fn an_objective_that_is_not_measured_ends_the_sweep() {
    let dir = folder(&SPACE.replace("accuracy", "auc"));
    let error = run(dir.path(), &options(dir.path(), "out"), &computed).expect_err("error");
    assert!(error.to_string().contains("no validation.auc"), "{error}");
}

#[test]
fn real_networks_are_trained_and_set_against_their_cost() {
    let space = r#"
        method = "grid"
        objective = "validation.auc"
        [parameters]
        "model.layers[0].units" = { choice = [2, 12] }
        "model.weights.bits" = { int = [3, 8], step = 5 }
    "#;
    let dir = folder(space);
    let file = |name| dir.path().join(name);
    let run = |name, jobs| {
        let mut options = options(dir.path(), name);
        options.jobs = Some(jobs);
        sweep(&file("config.toml"), &file("sweep.toml"), &options).expect("sweep")
    };
    let (one, two) = (run("one", 1), run("two", 2));
    assert_eq!(timeless(&one), timeless(&two));
    assert_eq!(one.trials.len(), 4);
    let ebops = |number| figures(&one, number).ebops;
    assert!(ebops(0) < ebops(1) && ebops(1) < ebops(3), "{one:?}");
    for number in 0..4 {
        let found = figures(&one, number);
        assert!(
            found.auc.is_some_and(|auc| auc > 0.4 && auc < 1.0),
            "{found:?}"
        );
        assert!(found.loss > 0.0 && found.loss < 1.0, "{found:?}");
        let model = dir.path().join(format!("one/trial-{number:04}/model.onnx"));
        assert!(model.is_file());
    }
}

#[test]
fn shipped_and_documented_sweeps_are_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = root.join("zoo/jsc-mlp/config.toml");
    let file = root.join("zoo/jsc-mlp/sweep.toml");
    let shipped = Space::from_file(&file).expect("space");
    Base::read(&config, &shipped).expect("every parameter is a key");

    let path = root.join("../docs/sweeps.md");
    let text = std::fs::read_to_string(&path).expect("docs");
    let example = text
        .split("```toml\n")
        .nth(1)
        .and_then(|t| t.split("```").next());
    let space = Space::from_text(example.expect("example"), &path).expect("space");
    Base::read(&config, &space).expect("every parameter is a key");
    assert_eq!(space.trials(&path).expect("trials"), 24);
}
