//! Trainings of encoders that learn from symmetries.

use std::path::Path;

use ndarray::Array2;
use ndarray_npy::NpzWriter;

use super::*;
use crate::report::Figures;
use crate::seed::{Purpose, Stream};

const SLOTS: usize = 6;

/// Jets of four constituents at a distance of their own from the axis, anywhere around it.
fn write(path: &Path) {
    let mut stream = Stream::new(6, Purpose::Split);
    let mut columns = [(); 3].map(|()| Array2::<f32>::zeros((600, SLOTS)));
    for row in 0..600 {
        let radius = 0.1 + 0.9 * f64::from(stream.uniform());
        let momentum = 1.0 + 4.0 * stream.uniform();
        for slot in 0..4 {
            let angle = 6.3 * f64::from(stream.uniform());
            columns[0][[row, slot]] = momentum / (1 + slot) as f32;
            columns[1][[row, slot]] = (radius * libm::cos(angle)) as f32;
            columns[2][[row, slot]] = (radius * libm::sin(angle)) as f32;
        }
    }
    let mut writer = NpzWriter::new(std::fs::File::create(path).expect("create"));
    for (name, column) in ["pt", "eta", "phi"].into_iter().zip(&columns) {
        writer.add_array(name, column).expect(name);
    }
    writer.finish().expect("finish");
}

fn config(folder: &Path, change: (&str, &str)) -> Result<Config, crate::config::ConfigError> {
    let path = folder.join("jets.npz");
    write(&path);
    let text = format!(
        r#"
        [data]
        path = "{}"
        split = {{ train = 0.6, validation = 0.2, test = 0.2, seed = 1 }}
        [[data.inputs]]
        name = "particles"
        columns = ["pt", "eta", "phi"]
        particles = {SLOTS}
        mask = "pt"
        [model]
        name = "encoder"
        raw_bits = 10
        layers = [
          {{ type = "dense", units = 16 }},
          {{ type = "pool", kind = "mean" }},
          {{ type = "dense", units = 8, relu = false }},
        ]
        [contrastive]
        projection = [{{ type = "dense", units = 8 }}]
        dimensions = 4
        temperature = 0.2
        views = {{ input = "particles", pt = "pt", eta = "eta", phi = "phi", rotation = true, splitting = 0.2 }}
        [train]
        float_epochs = 20
        quantised_epochs = 4
        batch_size = 60
        learning_rate = 0.02
        patience = 100
        seed = 3
        cost = {{ beta = 1e-7 }}
        "#,
        path.display()
    );
    assert!(text.contains(change.0), "{}", change.0);
    Config::from_text(&text.replace(change.0, change.1), Path::new("c.toml"))
}

fn options(out_dir: &Path) -> TrainOptions {
    TrainOptions {
        out_dir: out_dir.to_owned(),
        quiet: true,
        ..TrainOptions::default()
    }
}

#[test]
fn an_encoder_learns_to_know_rotated_copies_and_resumes() {
    let dir = tempfile::tempdir().expect("tempdir");
    let config = config(dir.path(), ("", "")).expect("config");
    let whole = dir.path().join("whole");
    let summary = train(&config, &options(&whole)).expect("training");
    let losses: Vec<f64> = (summary.report.history.iter())
        .map(|point| point.validation_loss)
        .collect();
    assert!(losses[19] < 0.9 * losses[0], "{losses:?}");
    let Some(Figures::Views(figures)) = summary.report.parts.last().map(|p| &p.figures) else {
        panic!("no encoder");
    };
    let found = &figures.integer;
    assert_eq!(found.rows, 120);
    assert!(found.recognised.value > 0.8, "{found:?}");
    assert!(found.same.quantiles[1] > 0.8, "{found:?}");
    let read = |folder: &Path, name: &str| std::fs::read(folder.join(name)).expect(name);
    let model = read(&whole, "model.onnx");
    let file = String::from_utf8_lossy(&model);
    assert!(file.contains("features") && !file.contains("projection"));
    let page = String::from_utf8_lossy(&read(&whole, "report.html")).into_owned();
    assert!(page.contains("own rotated copy"), "no picture");
    let card = String::from_utf8_lossy(&read(&whole, "CARD.md")).into_owned();
    assert!(card.contains("more like the own copy"), "{card}");

    for epochs in [3, 22] {
        let out = dir.path().join(format!("stopped-{epochs}"));
        let mut options = options(&out);
        let mut data = data::Data::open(&config).expect("data");
        let net = data.network(&config).expect("network");
        run::run(&config, &net, &mut data, &options, epochs).expect("first part");
        options.resume = true;
        train(&config, &options).expect("second part");
        assert!(read(&out, "model.onnx") == model, "stopped after {epochs}");
        assert!(read(&out, "metrics.json") == read(&whole, "metrics.json"));
    }
}

#[test]
fn views_that_do_not_fit_are_refused() {
    let dir = tempfile::tempdir().expect("tempdir");
    let error = |from: &str, to: &str| {
        let found = config(dir.path(), (from, to)).expect_err("error");
        let cause = std::error::Error::source(&found).map(ToString::to_string);
        format!("{found} {}", cause.unwrap_or_default())
    };
    let wrong = error("input = \"particles\"", "input = \"jets\"");
    assert!(
        wrong.contains("the name of an input with particles"),
        "{wrong}"
    );
    let wrong = error("pt = \"pt\"", "pt = \"energy\"");
    assert!(
        wrong.contains("contrastive.views.pt is 'energy'"),
        "{wrong}"
    );
    let wrong = error("rotation = true, splitting = 0.2", "splitting = 0.0");
    assert!(wrong.contains("at least one symmetry"), "{wrong}");
    let wrong = error("[[data.inputs]]", "targets = [\"pt\"]\n[[data.inputs]]");
    assert!(
        wrong.contains("none of them beside the table [contrastive]"),
        "{wrong}"
    );
}
