//! Trainings of layers on images. Each one fails unless the integers of the exported file are the
//! trainer's own numbers, bit by bit.

use std::path::Path;

use ndarray::{Array1, Array2};
use ndarray_npy::NpzWriter;

use crate::config::Config;
use crate::seed::{Purpose, Stream};
use crate::train::{TrainError, TrainOptions, TrainSummary, train};
use crate::trials;

const SIDE: usize = 6;
const ROWS: usize = 400;

/// Images of noise with a spot on the left or on the right.
fn write(path: &Path) {
    let mut stream = Stream::new(8, Purpose::Split);
    let labels: Array1<i64> = (0..ROWS)
        .map(|_| i64::from(stream.uniform() < 0.5))
        .collect();
    let images = Array2::from_shape_fn((ROWS, SIDE * SIDE), |(row, pixel)| {
        let right = (pixel % SIDE >= SIDE / 2) == (labels[row] == 1);
        stream.uniform() + if right && pixel / SIDE == 2 { 2.0 } else { 0.0 }
    });
    let mut writer = NpzWriter::new(std::fs::File::create(path).expect("create"));
    writer.add_array("image", &images).expect("image");
    writer.add_array("label", &labels).expect("label");
    writer.finish().expect("finish");
}

fn trained(layers: &str, input: &str) -> Result<TrainSummary, TrainError> {
    let folder = tempfile::tempdir().expect("tempdir");
    let path = folder.path().join("images.npz");
    write(&path);
    let text = trials::text(
        &path.display().to_string(),
        ["left", "right"],
        &format!("[[data.inputs]]\nname = \"image\"\ncolumns = [\"image\"]\n{input}"),
        &format!("name = \"images\"\nraw_bits = 8\nlayers = [{layers}]"),
        "float_epochs = 40\nquantised_epochs = 4\nlearning_rate = 0.01\npatience = 50\n\
         cost = { beta = 1e-7 }",
    );
    let config = Config::from_text(&text, Path::new("images.toml")).expect("config");
    let options = TrainOptions {
        out_dir: folder.path().join("out"),
        quiet: true,
        ..TrainOptions::default()
    };
    train(&config, &options)
}

const IMAGE: &str = "image = [1, 6, 6]";

#[test]
fn convolutions_and_pools_are_exact() {
    for (layers, multiplications) in [
        (
            r#"{ type = "conv", channels = 3, kernel = 3, padding = 1 },
               { type = "image_pool", kind = "max", size = 2 },
               { type = "conv", channels = 4, kernel = 2, relu = false },
               { type = "flatten" }"#,
            // Kernels x places x taps, and the last matrix; less at borders and of pruned weights.
            3 * 36 * 9 + 4 * 4 * 12 + 16 * 2,
        ),
        (
            r#"{ type = "conv", channels = 4, kernel = 3, stride = 2, bias = false },
               { type = "image_pool", kind = "average", size = 2 },
               { type = "flatten" }"#,
            4 * 4 * 9 + 4 * 2,
        ),
    ] {
        let summary = trained(layers, IMAGE).expect("training");
        let cost = summary.report.cost;
        assert!(cost.multiplications <= multiplications, "{cost:?}");
        assert!(cost.multiplications > multiplications / 3, "{cost:?}");
        let loss = summary.validation_loss;
        assert!(loss < 0.5, "{layers}: {loss}");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    for (layers, expected) in [
        (
            r#"{ type = "conv", channels = 2, kernel = 7 }"#,
            "a window of [7, 7]",
        ),
        (
            r#"{ type = "conv", channels = 2, kernel = 3, padding = 3 }"#,
            "padding is 3",
        ),
        (
            r#"{ type = "image_pool", kind = "average", size = 3 }"#,
            "power of two",
        ),
        (
            r#"{ type = "image_pool", kind = "max", size = 9 }"#,
            "at least [9, 9]",
        ),
    ] {
        let error = trained(layers, IMAGE).expect_err(layers).to_string();
        assert!(error.contains(expected), "{error}");
    }
}
