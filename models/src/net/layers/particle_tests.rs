//! Trainings of layers on particles. Each one fails unless the integers of the exported file are
//! the trainer's own numbers, bit by bit; then events are changed in ways that must not matter.

use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2};
use ndarray_npy::NpzWriter;
use trigforge_codegen::emit::rust::{Options, emit};
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::quantize::load;
use trigforge_codegen::verify::{BuildOptions, RustKernel, compare, random_events};

use crate::config::Config;
use crate::data::{Events, InputSpec, Source};
use crate::net::NetError;
use crate::seed::{Purpose, Stream};
use crate::train::{TrainError, TrainOptions, integer_outputs, train};
use crate::trials;

const SLOTS: usize = 6;
const ROWS: usize = 400;

/// Numbers of an event: pt, a, b of each slot and two scalars; sorted by pt, empty slots behind.
struct Jets {
    particles: Vec<f32>,
    scalars: Vec<f32>,
}

fn jets() -> Jets {
    let mut stream = Stream::new(5, Purpose::Split);
    let mut particles = Vec::new();
    let mut scalars = Vec::new();
    for _ in 0..ROWS {
        let count = 1 + (stream.uniform() * SLOTS as f32) as usize;
        let mut pts: Vec<f32> = (0..count).map(|_| 1.0 + 9.0 * stream.uniform()).collect();
        pts.sort_by(|a, b| b.total_cmp(a));
        pts.resize(SLOTS, 0.0);
        for pt in pts {
            let [a, b] = [stream.uniform() - 0.5, stream.uniform() - 0.5];
            let kept = if pt > 0.0 { [pt, a, b] } else { [0.0; 3] };
            particles.extend(kept);
        }
        scalars.extend([stream.uniform(), 100.0 * stream.uniform()]);
    }
    Jets { particles, scalars }
}

impl Jets {
    fn events(&self, inputs: usize) -> Events {
        let all = [self.particles.clone(), self.scalars.clone()];
        Events {
            rows: ROWS,
            inputs: all[..inputs].to_vec(),
            ..Events::default()
        }
    }

    fn write(&self, path: &Path) {
        let mut writer = NpzWriter::new(std::fs::File::create(path).expect("create"));
        for (column, name) in ["pt", "a", "b"].into_iter().enumerate() {
            let at = |(row, slot)| self.particles[(row * SLOTS + slot) * 3 + column];
            let list = Array2::from_shape_fn((ROWS, SLOTS), at);
            writer.add_array(name, &list).expect("list");
        }
        for (column, name) in ["u", "v"].into_iter().enumerate() {
            let values = Array1::from_shape_fn(ROWS, |row| self.scalars[2 * row + column]);
            writer.add_array(name, &values).expect("scalars");
        }
        // Whether the particles lie wide of each other.
        let label = |event: &[f32]| {
            let wide = event
                .chunks_exact(3)
                .map(|p| p[0] * (p[1].abs() + p[2].abs()));
            let pt: f32 = event.iter().step_by(3).sum();
            i64::from(wide.sum::<f32>() > 0.5 * pt)
        };
        let labels: Array1<i64> = self.particles.chunks_exact(3 * SLOTS).map(label).collect();
        writer.add_array("label", &labels).expect("labels");
        writer.finish().expect("finish");
    }
}

fn config(path: &Path, layers: &str, inputs: usize) -> Config {
    let second = match inputs {
        2 => "[[data.inputs]]\nname = \"jet\"\ncolumns = [\"u\", \"v\"]",
        _ => "",
    };
    let data = format!(
        "[[data.inputs]]\nname = \"particles\"\ncolumns = [\"pt\", \"a\", \"b\"]\n\
         particles = {SLOTS}\nmask = \"pt\"\n{second}\n\
         [data.transform]\npt = {{ log = true, clip = [0.5, 20.0] }}"
    );
    let text = trials::text(
        &path.display().to_string(),
        ["narrow", "wide"],
        &data,
        &format!("name = \"cloud\"\nraw_bits = 10\nlayers = [{layers}]"),
        "float_epochs = 2\nquantised_epochs = 2\nlearning_rate = 0.01\npatience = 5\n\
         cost = { beta = 1e-6 }",
    );
    Config::from_text(&text, Path::new("cloud.toml")).expect("config")
}

/// A trained network with the folder that holds it.
struct Trained {
    _folder: tempfile::TempDir,
    model: PathBuf,
    specs: Vec<InputSpec>,
    inputs: usize,
}

fn trained(layers: &str, inputs: usize) -> Result<Trained, TrainError> {
    let folder = tempfile::tempdir().expect("tempdir");
    let path = folder.path().join("jets.npz");
    jets().write(&path);
    let options = TrainOptions {
        out_dir: folder.path().join("out"),
        quiet: true,
        ..TrainOptions::default()
    };
    let config = config(&path, layers, inputs);
    train(&config, &options)?;
    Ok(Trained {
        specs: Source::open(&config.data)?.inputs().to_vec(),
        model: options.out_dir.join("model.onnx"),
        _folder: folder,
        inputs,
    })
}

impl Trained {
    fn outputs(&self, jets: &Jets) -> Vec<f64> {
        let events = jets.events(self.inputs);
        let values = integer_outputs(&self.model, &self.specs, &events)
            .expect("integers")
            .values;
        // A constant network would not know the order either.
        assert!(values.chunks(2).any(|row| row != &values[..2]));
        values
    }

    /// Fails unless the kernel gives the bits of the interpreter.
    fn compare_kernel(&self) {
        let module = load(&self.model, None).expect("module");
        let interpreter = Interpreter::new(&module).expect("interpreter");
        let kernel = emit(&module, interpreter.info(), Options::default()).expect("kernel");
        let options = BuildOptions { cpu: None };
        let built = RustKernel::build(&module, &kernel, &options).expect("build");
        compare(&interpreter, &built, &random_events(&module, 500, 5)).expect("equal bits");
    }

    /// Whether numbers in the empty slots change nothing.
    fn ignores_empty_slots(&self) -> bool {
        let mut changed = jets();
        for slot in changed.particles.chunks_exact_mut(3) {
            if slot[0] == 0.0 {
                slot[1..].copy_from_slice(&[0.31, -0.27]);
            }
        }
        self.outputs(&changed) == self.outputs(&jets())
    }

    /// Whether the order of the slots, empty ones among them, changes nothing.
    fn ignores_order(&self) -> bool {
        let mut changed = jets();
        for event in changed.particles.chunks_exact_mut(3 * SLOTS) {
            event.rotate_left(6);
            event[..9].rotate_left(3);
        }
        self.outputs(&changed) == self.outputs(&jets())
    }
}

const EMBED: &str = r#"{ type = "dense", units = 5 }, "#;
const SIGNED: &str = r#"{ type = "dense", units = 4, relu = false }, "#;

#[test]
fn deep_sets_do_not_know_the_order() {
    for (embed, pooling) in [
        (EMBED, "sum"),
        (SIGNED, "sum"),
        (EMBED, "mean"),
        (EMBED, "max"),
    ] {
        let layers = format!(
            r#"{embed} {{ type = "pool", kind = "{pooling}" }}, {{ type = "dense", units = 4 }}"#
        );
        let net = trained(&layers, 1).expect(pooling);
        assert!(net.ignores_empty_slots(), "{pooling}");
        assert!(net.ignores_order(), "{pooling}");
    }
}

#[test]
fn flattened_lists_have_weights_for_each_slot() {
    let layers = format!(r#"{EMBED} {{ type = "flatten" }}, {{ type = "dense", units = 4 }}"#);
    let net = trained(&layers, 1).expect("training");
    assert!(net.ignores_empty_slots());
    assert!(!net.ignores_order());
}

#[test]
fn another_input_joins_behind_the_pooling() {
    let layers = format!(
        r#"{EMBED} {{ type = "pool", kind = "sum" }}, {{ type = "join", with = "jet" }},
           {{ type = "dense", units = 4 }}"#
    );
    let net = trained(&layers, 2).expect("training");
    assert!(net.ignores_order());
    let mut changed = jets();
    changed.scalars.iter_mut().for_each(|v| *v *= 0.5);
    assert_ne!(net.outputs(&changed), net.outputs(&jets()));
}

const POOLED: &str = r#"{ type = "pool", kind = "mean" }, { type = "dense", units = 4 }"#;

/// With all other particles as neighbours no tie is to be decided, whose slots are taken in order.
#[test]
fn edges_lead_to_particles_alone() {
    for (k, options) in [
        (SLOTS - 1, r#"coordinates = 2, pooling = "max""#),
        (SLOTS - 1, r#"units = [4, 3], relu = false"#),
        (2, r#"coordinates = 2"#),
    ] {
        let units = if options.contains("units") {
            ""
        } else {
            "units = [4],"
        };
        let layers = format!(
            r#"{{ type = "edge_conv", k = {k}, {units} {options} }},
               {{ type = "edge_conv", k = 2, units = [4] }}, {POOLED}"#
        );
        let layers = if k == 2 {
            layers
        } else {
            layers.replace("k = 2,", "k = 5,")
        };
        let net = trained(&layers, 1).expect(options);
        assert!(net.ignores_empty_slots(), "{options}");
        assert!(k == 2 || net.ignores_order(), "{options}");
        net.compare_kernel();
    }
}

#[test]
fn attention_does_not_know_the_order() {
    let pairs = r#"pairwise = [{ distance = ["a", "b"] }, { least = "pt" }]"#;
    for options in ["", pairs, r#"kind = "linear""#] {
        let options = options.to_owned() + if options.is_empty() { "" } else { ", " };
        let layers = format!(
            r#"{SIGNED} {{ type = "residual", layers = [
                 {{ type = "attention", {options} heads = 2, key = 2 }},
                 {{ type = "dense", units = 4, relu = false }}] }}, {POOLED}"#
        );
        let net = trained(&layers, 1).expect(&options);
        assert!(net.ignores_empty_slots(), "{options}");
        assert!(net.ignores_order(), "{options}");
        net.compare_kernel();
    }
}

#[test]
fn layers_that_do_not_fit_are_refused() {
    let refused = |layers: &str| match trained(layers, 2) {
        Err(TrainError::Net(error)) => error,
        other => panic!("{:?}", other.map(|net| net.model)),
    };
    let unpooled = refused(r#"{ type = "join", with = "jet" }"#);
    assert!(matches!(unpooled, NetError::Shape { .. }), "{unpooled}");
    let unknown = refused(r#"{ type = "pool", kind = "sum" }, { type = "join", with = "jets" }"#);
    assert!(unknown.to_string().contains("particles, jet"), "{unknown}");
    let negative = refused(&format!(r#"{SIGNED} {{ type = "pool", kind = "max" }}"#));
    assert!(negative.to_string().contains("relu = true"), "{negative}");
    let many = refused(r#"{ type = "edge_conv", k = 6, units = [4] }"#);
    assert!(many.to_string().contains("1 to 5"), "{many}");
    let column = r#"{ type = "attention", heads = 2, key = 2, pairwise = [{ least = "u" }] }"#;
    let column = refused(column);
    assert!(column.to_string().contains("pt, a, b"), "{column}");
    let shape = r#"{ type = "residual", layers = [{ type = "dense", units = 4 }] }"#;
    let shape = refused(shape);
    assert!(matches!(shape, NetError::Shape { .. }), "{shape}");
    let twice = refused(r#"{ type = "pool", kind = "sum" }, { type = "pool", kind = "sum" }"#);
    assert!(matches!(twice, NetError::Shape { .. }), "{twice}");
}

#[test]
fn a_convolution_runs_along_the_slots() {
    let layers = r#"{ type = "conv", channels = 4, kernel = 2 }, { type = "flatten" }"#;
    let net = trained(layers, 1).expect("training");
    assert!(net.ignores_empty_slots());
    assert!(!net.ignores_order());
}
