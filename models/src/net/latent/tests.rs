//! Trainings of disentangled-latent classifiers.

use std::path::Path;

use ndarray::{Array1, Array2};
use ndarray_npy::NpzWriter;

use crate::config::Config;
use crate::report::Figures;
use crate::seed::{Purpose, Stream};
use crate::train::{TrainOptions, TrainSummary, train};

/// Four correlated columns of two numbers, of which the first tells the class.
fn write(path: &Path) {
    let mut stream = Stream::new(4, Purpose::Split);
    let mut x = Array2::<f32>::zeros((1500, 4));
    let mut label = Array1::<i64>::zeros(1500);
    for row in 0..1500 {
        let [a, b] = stream.normal_pair();
        let [c, d] = stream.normal_pair();
        label[row] = i64::from(a > 0.0);
        for (column, value) in [a + 0.1 * c, 2.0 * a + b, b - a, b + 0.1 * d]
            .into_iter()
            .enumerate()
        {
            x[[row, column]] = value;
        }
    }
    let mut writer = NpzWriter::new(std::fs::File::create(path).expect("create"));
    writer.add_array("x", &x).expect("x");
    writer.add_array("label", &label).expect("label");
    writer.finish().expect("finish");
}

fn text(path: &Path, latent: &str) -> String {
    crate::trials::text(
        &path.display().to_string(),
        ["no", "yes"],
        "features = [\"x[0]\", \"x[1]\", \"x[2]\", \"x[3]\"]",
        "name = \"tiny\"\nlayers = [{ type = \"dense\", units = 8 }]",
        &format!(
            "float_epochs = 40\nquantised_epochs = 10\nlearning_rate = 0.01\npatience = 100\n\
             cost = {{ beta = 1e-6 }}\n[latent]\ndimensions = 2\n\
             classifier = [{{ type = \"dense\", units = 4 }}]\n\
             decoder = [{{ type = \"dense\", units = 8 }}]\n{latent}"
        ),
    )
}

fn trained(folder: &Path, latent: &str) -> TrainSummary {
    let path = folder.join("tiny.npz");
    write(&path);
    let config = Config::from_text(&text(&path, latent), Path::new("c.toml")).expect("config");
    let options = TrainOptions {
        out_dir: folder.join("out"),
        quiet: true,
        ..TrainOptions::default()
    };
    train(&config, &options).expect("training")
}

/// Accuracy of the integers, and the largest correlation of their latent numbers.
fn figures(summary: &TrainSummary) -> (f64, f64) {
    let part = summary.report.parts.last().expect("test part");
    let Figures::Classification { integer, .. } = &part.figures else {
        panic!("no classifier");
    };
    let latent = part.latent.as_ref().expect("latent numbers");
    assert_eq!(latent.spread.len(), 2);
    assert!(
        latent.spread.iter().all(|spread| *spread > 0.0),
        "{latent:?}"
    );
    (integer.accuracy.value, latent.largest)
}

#[test]
fn latent_numbers_classify_reconstruct_and_do_not_repeat_each_other() {
    let dir = tempfile::tempdir().expect("tempdir");
    let summary = trained(dir.path(), "reconstruction = 0.1\ncorrelation = 1.0");
    let (accuracy, correlation) = figures(&summary);
    assert!(accuracy > 0.9, "{accuracy}");
    assert!(correlation < 0.15, "{correlation}");
    let losses: Vec<f64> = (summary.report.history.iter())
        .map(|point| point.validation_loss)
        .collect();
    assert!(losses[39] < 0.5 * losses[0], "{losses:?}");
    let bytes = std::fs::read(dir.path().join("out/model.onnx")).expect("model");
    let file = String::from_utf8_lossy(&bytes);
    assert!(file.contains("latent") && !file.contains("decoder"));
    let card = std::fs::read_to_string(dir.path().join("out/CARD.md")).expect("card");
    assert!(
        card.contains("largest correlation of two of them"),
        "{card}"
    );

    // Without the penalty the same network repeats itself.
    let free = tempfile::tempdir().expect("tempdir");
    let (_, free) = figures(&trained(
        free.path(),
        "reconstruction = 0.0\ncorrelation = 0.0",
    ));
    assert!(free > 2.0 * correlation, "{free} {correlation}");
}

#[test]
fn latent_numbers_need_classes() {
    let text = text(
        Path::new("d.npz"),
        "reconstruction = 0.1\ncorrelation = 1.0",
    );
    let error = |from: &str, to: &str| {
        let text = text.replace(from, to);
        let found = Config::from_text(&text, Path::new("c.toml")).expect_err("error");
        let cause = std::error::Error::source(&found).map(ToString::to_string);
        format!("{found} {}", cause.unwrap_or_default())
    };
    assert!(error("dimensions = 2", "dimensions = 0").contains("latent.dimensions is 0"));
    let labels = "label = \"label\"\n        classes = [\"no\", \"yes\"]";
    assert!(text.contains(labels), "{text}");
    assert!(
        error(labels, "targets = [\"label\"]").contains("expected data.label and data.classes")
    );
    assert!(error("correlation", "correlations").contains("correlations"));
}
