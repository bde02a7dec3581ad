//! Four-vector layers: by hand, under boosts and rotations, and in trainings, each of which fails
//! unless the integers of the exported file are the trainer's own numbers, bit by bit.

use std::path::{Path, PathBuf};

use burn::tensor::{DType, Device};
use ndarray::{Array1, Array2};
use ndarray_npy::NpzWriter;

use super::{CombinationConfig, Flow, Layer, LorentzConfig, Metric};
use crate::config::Config;
use crate::data::{Events, InputSpec};
use crate::net::forward::constant;
use crate::net::{Builder, Granularity, Mode, Net, Prepared, Ranges, Run, Value, Widths};
use crate::report::Report;
use crate::seed::{Purpose, Stream};
use crate::train::{TrainOptions, integer_outputs, train};
use crate::trials;

const SLOTS: usize = 4;
const ROWS: usize = 400;

/// A network of these layers on `[SLOTS, 4]`.
fn net(layers: &[&dyn Layer]) -> Net {
    let widths = Widths {
        granularity: Granularity::Element,
        bits: 8,
    };
    let mut builder = Builder::new("vectors", widths, widths);
    let input = builder.input("particles", &[SLOTS, 4]);
    let value: Value = crate::net::ops::activation(&mut builder, "rounded", input, false);
    let mut flow = Flow {
        value,
        mask: None,
        inputs: Vec::new(),
    };
    for (index, layer) in layers.iter().enumerate() {
        let name = format!("layer{index}");
        layer.build(&name, &mut builder, &mut flow).expect("layer");
    }
    builder.output("result", flow.value);
    builder.finish()
}

/// Its result for one event in floating point; every parameter has this value.
fn result(net: &Net, value: f32, event: &[f32]) -> Vec<f32> {
    let device = Device::flex();
    let parameters = vec![value; net.parameter_count()];
    let ranges = Ranges::unseen(net);
    let prepared = Prepared::new(net, Mode::Float, &parameters, &ranges);
    let run = Run::new(&prepared, &device, DType::F32);
    let event = constant(event.to_vec(), &device, DType::F32);
    let outputs = net.forward(&run, &[event]);
    outputs[0].clone().try_to_vec_as().expect("numbers")
}

const EVENT: [f32; 4 * SLOTS] = [
    5.0, 3.0, 0.0, 4.0, // m^2 = 0, pT^2 = 9
    3.0, 1.0, 2.0, 1.0, // m^2 = 3, pT^2 = 5
    4.0, -2.0, 1.0, -1.0, // m^2 = 10, pT^2 = 5
    0.0, 0.0, 0.0, 0.0,
];

fn lorentz(metric: Metric, energy_sums: bool) -> LorentzConfig {
    LorentzConfig {
        metric,
        square_bits: 14,
        metric_bits: 12,
        transverse: true,
        energy_sums,
    }
}

#[test]
fn lengths_and_momenta_are_those_of_the_vectors() {
    let fixed = result(&net(&[&lorentz(Metric::Fixed, false)]), 0.0, &EVENT);
    let expected = [0.0, 9.0, 5.0, 3.0, 5.0, 3.0, 10.0, 5.0, 4.0, 0.0, 0.0, 0.0];
    assert_eq!(fixed, expected);
    // With all factors 1/2 the length is half of the sum of the squares.
    let free = result(&net(&[&lorentz(Metric::Free, true)]), 0.5, &EVENT);
    let first = [25.0, 9.0, 5.0, 6.0];
    assert_eq!(free[..4], first);
    assert_eq!(free[4..8], [7.5, 5.0, 3.0, 6.0]);
}

#[test]
fn sums_stand_behind_the_total_and_the_particles() {
    let combination = |keep| CombinationConfig { vectors: 2, keep };
    let total = [12.0, 2.0, 3.0, 4.0];
    let half = total.map(|component| component / 2.0);
    let learned = [half, half].concat();
    assert_eq!(result(&net(&[&combination(false)]), 0.5, &EVENT), learned);
    let kept = [&total, EVENT.as_slice(), &learned].concat();
    assert_eq!(result(&net(&[&combination(true)]), 0.5, &EVENT), kept);
}

#[test]
fn a_fixed_metric_does_not_see_boosts() {
    let combination = CombinationConfig {
        vectors: 3,
        keep: true,
    };
    let net = net(&[&combination, &lorentz(Metric::Fixed, false)]);
    // cosh and sinh of the rapidity are exact in binary: 1.25 and 0.75.
    let mut boosted = EVENT;
    for k in boosted.chunks_exact_mut(4) {
        (k[0], k[3]) = (1.25 * k[0] + 0.75 * k[3], 1.25 * k[3] + 0.75 * k[0]);
    }
    let rest = result(&net, 0.5, &EVENT);
    let moving = result(&net, 0.5, &boosted);
    for (rest, moving) in rest.chunks_exact(3).zip(moving.chunks_exact(3)) {
        assert_eq!(rest[..2], moving[..2]);
    }
    assert_ne!(rest, moving, "the energies differ");
}

/// Massless vectors; the label is whether the mass of all is large.
fn jets() -> Vec<f32> {
    let mut stream = Stream::new(8, Purpose::Split);
    let mut out = Vec::new();
    for _ in 0..ROWS {
        let count = 2 + (stream.uniform() * (SLOTS - 1) as f32) as usize;
        for slot in 0..SLOTS {
            if slot >= count {
                out.extend([0.0; 4]);
                continue;
            }
            let px = 40.0 + 60.0 * stream.uniform();
            let [py, pz] = [0, 0].map(|_| 60.0 * (stream.uniform() - 0.5));
            out.extend([(px * px + py * py + pz * pz).sqrt(), px, py, pz]);
        }
    }
    out
}

fn mass2(event: &[f32]) -> f32 {
    let sum = |component| event.iter().skip(component).step_by(4).sum::<f32>();
    let [e, x, y, z] = [0, 1, 2, 3].map(sum);
    e * e - x * x - y * y - z * z
}

fn write(jets: &[f32], path: &Path) {
    let mut writer = NpzWriter::new(std::fs::File::create(path).expect("create"));
    for (column, name) in ["E", "px", "py", "pz"].into_iter().enumerate() {
        let at = |(row, slot)| jets[(row * SLOTS + slot) * 4 + column];
        let list = Array2::from_shape_fn((ROWS, SLOTS), at);
        writer.add_array(name, &list).expect("list");
    }
    let heavy = |event: &[f32]| i64::from(mass2(event) > 3000.0);
    let labels: Array1<i64> = jets.chunks_exact(4 * SLOTS).map(heavy).collect();
    writer.add_array("label", &labels).expect("labels");
    writer.finish().expect("finish");
}

fn config(path: &Path, layers: &str) -> Config {
    let units = ["E", "px", "py", "pz"].map(|name| format!("{name} = {{ unit = 64.0 }}\n"));
    let data = format!(
        "[[data.inputs]]\nname = \"particles\"\ncolumns = [\"E\", \"px\", \"py\", \"pz\"]\n\
         particles = {SLOTS}\nmask = \"E\"\n[data.transform]\n{}",
        units.concat()
    );
    let model = format!(
        "name = \"vectors\"\nraw_bits = 12\n\
         activations = {{ granularity = \"element\", bits = 9 }}\n\
         layers = [{layers}, {{ type = \"flatten\" }}, {{ type = \"dense\", units = 4 }}]"
    );
    let text = trials::text(
        &path.display().to_string(),
        ["light", "heavy"],
        &data,
        &model,
        "float_epochs = 2\nquantised_epochs = 2\nlearning_rate = 0.01\npatience = 5\n\
         cost = { beta = 1e-7 }",
    );
    Config::from_text(&text, Path::new("vectors.toml")).expect("config")
}

/// Trains and returns the report, the model and the folder that holds it.
fn trained(layers: &str) -> (Report, PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("tempdir");
    let path = folder.path().join("jets.npz");
    write(&jets(), &path);
    let options = TrainOptions {
        out_dir: folder.path().join("out"),
        quiet: true,
        ..TrainOptions::default()
    };
    let summary = train(&config(&path, layers), &options).expect(layers);
    let model = options.out_dir.join("model.onnx");
    (summary.report, model, folder)
}

#[test]
fn integers_are_the_numbers_of_the_trainer() {
    for (combination, metric) in [
        (r#"{ type = "combination", vectors = 3 }, "#, "free"),
        (
            r#"{ type = "combination", vectors = 3, keep = false }, "#,
            "fixed",
        ),
        ("", "fixed"),
    ] {
        let sums = metric == "free";
        let layers = format!(
            r#"{combination}{{ type = "lorentz", metric = "{metric}", energy_sums = {sums} }}"#
        );
        let (report, model, _folder) = trained(&layers);
        let facts: Vec<_> = report.facts.iter().map(|f| f.name.as_str()).collect();
        if sums {
            assert_eq!(facts, ["lorentz2.metric"]);
            assert_eq!(report.facts[0].value.split(", ").count(), 4);
            assert_ne!(report.facts[0].value, "0.25, 0.25, 0.25, 0.25");
        } else {
            assert!(facts.is_empty(), "{facts:?}");
        }
        let specs = [InputSpec {
            name: "particles".to_owned(),
            columns: ["E", "px", "py", "pz"].map(str::to_owned).to_vec(),
            shape: vec![SLOTS, 4],
            mask: Some(0),
        }];
        let outputs = |particles: Vec<f32>| {
            let events = Events {
                rows: ROWS,
                inputs: vec![particles],
                ..Events::default()
            };
            integer_outputs(&model, &specs, &events)
                .expect("integers")
                .values
        };
        let mut changed = jets();
        for slot in changed.chunks_exact_mut(4).filter(|slot| slot[0] == 0.0) {
            slot[1..].copy_from_slice(&[31.0, -27.0, 8.0]);
        }
        let usual = outputs(jets());
        assert!(usual.chunks(2).any(|row| row != &usual[..2]), "{layers}");
        assert_eq!(outputs(changed), usual, "{layers}: empty slots");
    }
}

#[test]
fn units_are_powers_of_two_without_an_offset() {
    let path = Path::new("jets.npz");
    let good = config(path, r#"{ type = "lorentz", metric = "fixed" }"#);
    let text = toml::to_string(&good).expect("text");
    assert!(text.contains("unit = 64.0"), "{text}");
    for (old, new, named) in [
        ("unit = 64.0", "unit = 60.0", "a power of two"),
        ("unit = 64.0", "unit = 64.0\nlog = true", "not both"),
        ("unit = 64.0", "unit = 64.0\none_hot = [1]", "one_hot alone"),
    ] {
        let wrong = Config::from_text(&text.replacen(old, new, 1), Path::new("units.toml"));
        let error = wrong.expect_err(new).to_string();
        assert!(error.contains(named), "{error}");
    }
}
