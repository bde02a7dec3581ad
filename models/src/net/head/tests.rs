//! Whole trainings of every method on a tiny problem: each ends with a comparison of the trainer's
//! forward pass with the integers of the exported file.

use std::path::Path;

use ndarray::{Array1, Array2};
use ndarray_npy::NpzWriter;

use crate::config::Config;
use crate::execute::port;
use crate::report::{Figures, Report};
use crate::seed::{Purpose, Stream};
use crate::train::{TrainOptions, TrainSummary, train};

/// Rows of `x[0]`, 1 to 100, and `x[1]`, -1 to 1, with the target `x[0] (1 + x[1] / 4)` times a
/// Gaussian of relative width 0.05 for `x[1] < 0` and 0.2 above.
fn problem(dir: &Path, rows: usize) {
    let mut stream = Stream::new(11, Purpose::Split);
    let mut x = Array2::zeros((rows, 2));
    let mut t = Array1::zeros(rows);
    for row in 0..rows {
        let energy = 100f32.powf(stream.uniform());
        let other = 2.0 * stream.uniform() - 1.0;
        let width = if other < 0.0 { 0.05 } else { 0.2 };
        x[[row, 0]] = energy;
        x[[row, 1]] = other;
        let factor = (1.0 + other / 4.0) * (1.0 + width * stream.normal_pair()[0]);
        t[row] = energy * factor.max(0.05);
    }
    let mut writer = NpzWriter::new(std::fs::File::create(dir.join("d.npz")).expect("create"));
    writer.add_array("x", &x).expect("x");
    writer.add_array("t", &t).expect("t");
    writer.finish().expect("finish");
}

/// The configuration with a method and a scale.
fn config(dir: &Path, method: &str, log: bool, relative: bool) -> Config {
    let scale = if log { "log" } else { "linear" };
    let column = if relative {
        "relative_to = \"x[0]\""
    } else {
        ""
    };
    let text = format!(
        r#"
        [data]
        path = {:?}
        features = ["x[0]", "x[1]"]
        targets = ["t"]
        split = {{ train = 0.7, validation = 0.1, test = 0.2, seed = 1 }}
        [data.transform]
        "x[0]" = {{ log = {log}, bits = 12 }}
        [model]
        name = "tiny"
        layers = [{{ type = "dense", units = 8 }}]
        activations = {{ granularity = "element", bits = 8 }}
        [model.head]
        method = {method}
        scale = "{scale}"
        {column}
        [train]
        float_epochs = 2
        quantised_epochs = 2
        batch_size = 64
        learning_rate = 0.01
        averaging = 0.9
        patience = 20
        seed = 3
        loss = {{ type = "likelihood" }}
        cost = {{ beta = 1e-8 }}
        [output]
        bins = [{{ column = "mean", count = 3 }}, {{ column = "x[1]", edges = [-1.0, 0.0, 1.0] }}]
        "#,
        dir.join("d.npz")
    );
    Config::from_text(&text, Path::new("c.toml")).expect("config")
}

fn trained(config: &Config, dir: &Path) -> TrainSummary {
    let options = TrainOptions {
        out_dir: dir.join("out"),
        quiet: true,
        ..TrainOptions::default()
    };
    train(config, &options).expect("training")
}

fn uncertainty(report: &Report) -> &crate::metrics::Uncertainty {
    let Figures::Regression { targets } = &report.parts[1].figures else {
        panic!("a regression");
    };
    targets[0].uncertainty.as_ref().expect("uncertainties")
}

const METHODS: [&str; 5] = [
    r#"{ type = "gaussian" }"#,
    r#"{ type = "mixture", components = 2 }"#,
    r#"{ type = "evidential", counts = 0.01 }"#,
    r#"{ type = "ensemble", members = 2, layers = [{ type = "dense", units = 4 }] }"#,
    r#"{ type = "bayesian", members = 2, units = [4] }"#,
];

#[test]
fn every_method_is_exported_to_the_same_bits() {
    let dir = tempfile::tempdir().expect("tempdir");
    problem(dir.path(), 600);
    for method in METHODS {
        for (log, relative) in [(true, true), (false, true), (true, false)] {
            let config = config(dir.path(), method, log, relative);
            let summary = trained(&config, dir.path());
            let found = uncertainty(&summary.report);
            assert_eq!(found.binned.len(), 2, "{method}");
            assert_eq!(found.binned[1].bins.len(), 2, "{method}");
            assert!(found.overall.width.value.is_finite(), "{method}");
        }
    }
}

#[test]
fn a_learned_sigma_follows_the_spread() {
    let dir = tempfile::tempdir().expect("tempdir");
    problem(dir.path(), 4000);
    let mut config = config(dir.path(), METHODS[0], true, true);
    config.train.float_epochs = 30;
    config.train.quantised_epochs = 100;
    config.train.patience = 100;
    let summary = trained(&config, dir.path());
    let found = uncertainty(&summary.report);
    assert!((found.overall.width.value - 1.0).abs() < 0.25, "{found:?}");
    let bins = &found.binned[1].bins;
    let [narrow, wide] = [0, 1].map(|bin| bins[bin].figures.sizes.syst);
    assert!(
        (0.03..0.1).contains(&narrow) && (wide / 0.2 - 1.0).abs() < 0.3,
        "{narrow} {wide}"
    );
    // The written model has the outputs by name.
    let path = dir.path().join("out/model.onnx");
    let source = crate::data::Source::open(&config.data).expect("data");
    let events = source.chunks(crate::data::Part::Test, None);
    let events = events.into_iter().next().expect("chunk").expect("events");
    let outputs = crate::train::integer_outputs(&path, source.inputs(), &events).expect("outputs");
    let mean = port(&outputs.ports, &outputs.values, "mean").expect("mean");
    let sigma = port(&outputs.ports, &outputs.values, "sigma_syst").expect("sigma");
    assert_eq!((mean.len(), sigma.len()), (events.rows, events.rows));
    assert!(sigma.iter().zip(&mean).all(|(s, m)| *s > 0.0 && s < m));
}

#[test]
fn the_documented_example_is_valid() {
    let text = include_str!("../../../../docs/uncertainties.md");
    let example = text
        .split("```")
        .find_map(|part| part.strip_prefix("toml\n"));
    let config = Config::from_text(example.expect("an example"), Path::new("docs.toml"));
    assert!(config.expect("config").model.head.is_some());
}

#[test]
fn a_head_without_its_column_or_loss_is_refused() {
    let dir = tempfile::tempdir().expect("tempdir");
    problem(dir.path(), 300);
    let mut config = config(dir.path(), METHODS[0], true, true);
    config.model.head.as_mut().expect("head").relative_to = Some("x[1]".to_owned());
    let options = TrainOptions {
        out_dir: dir.path().join("out"),
        quiet: true,
        ..TrainOptions::default()
    };
    let error = train(&config, &options).expect_err("error").to_string();
    assert!(
        error.contains("relative_to") && error.contains("log = true"),
        "{error}"
    );
    config.train.loss = crate::config::LossConfig::MeanSquared;
    let error = train(&config, &options).expect_err("error").to_string();
    assert!(error.contains("likelihood"), "{error}");
}
