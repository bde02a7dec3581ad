//! Every file under `../shared/models`, where that is at hand: computed, on
//! every level, or refused with a reason that names the file.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use trigforge_codegen::circuit;
use trigforge_codegen::import::onnx::Options;
use trigforge_codegen::import::{read, read_with};
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::ir::Module;
use trigforge_codegen::lower::{LowerError, lower_within};
use trigforge_codegen::model::{Model, load};
use trigforge_codegen::ports::Execute;
use trigforge_codegen::quantize::{Calibration, post_training, to_integer};
use trigforge_codegen::real::Graph;
use trigforge_codegen::verify::random_events;

type Failure = Box<dyn std::error::Error>;

/// What belongs to a model without being one.
const BESIDE: &[&str] = &["LICENSE", "md", "npy", "npz", "pb", "rpt"];

/// Larger models are not unrolled here.
const MOST_WIRES: usize = 500_000;

fn files(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, found)?;
            continue;
        }
        let kind = path.extension().or(path.file_name()).unwrap_or_default();
        if !BESIDE.iter().any(|beside| kind == *beside) {
            found.push(path);
        }
    }
    Ok(())
}

/// Two events whose values are spread over a few units.
fn calibration(graph: &Graph) -> Calibration {
    let mut state = 7u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as f64 / f64::from(1u32 << 24) * 4.0 - 2.0
    };
    let mut event = || -> Vec<Vec<f64>> {
        let inputs = graph.inputs();
        inputs
            .map(|(_, node)| (0..node.shape.iter().product()).map(|_| random()).collect())
            .collect()
    };
    Calibration {
        events: vec![event(), event()],
    }
}

/// Compares the interpreters of both levels; says what was done.
fn both_levels(module: &Module) -> Result<String, Failure> {
    let circuit = match lower_within(module, MOST_WIRES) {
        Ok(circuit) => circuit,
        Err(error @ LowerError::TooLarge { .. }) => return Ok(format!("not lowered: {error}")),
        Err(error) => return Err(error.into()),
    };
    let graph = Interpreter::new(module)?;
    let flat = circuit::Interpreter::new(&circuit)?;
    let events = random_events(module, 20, 3);
    for event in 0..events.len() {
        let inputs = events.inputs(event);
        assert_eq!(graph.run(&inputs)?, flat.run(&inputs)?, "{}", module.name);
    }
    Ok(format!(
        "{} wires, both interpreters agree on {} events",
        circuit.definitions().len(),
        events.len()
    ))
}

/// What became of one file, or why it is refused.
fn outcome(path: &Path) -> Result<Result<String, String>, Failure> {
    let exact = match load(path, None) {
        Ok((Model::Circuit(circuit), _)) => {
            circuit::validate(&circuit)?;
            let gates = circuit.definitions().len();
            return Ok(Ok(format!("circuit of {gates} gates")));
        }
        Ok((Model::Graph(module), _)) => {
            return Ok(Ok(format!("exact: {}", both_levels(&module)?)));
        }
        Err(error) => error,
    };
    // Some files fix another number of events than one.
    let one = Options {
        batch: Some(NonZeroUsize::MIN),
        ..Options::default()
    };
    let graph = match read(path).or_else(|error| read_with(path, &one).map_err(|_| error)) {
        Ok(graph) => graph,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let events = calibration(&graph);
    let placed = match post_training(&graph, &events, 12) {
        Ok(placed) => placed,
        Err(error) => return Ok(Ok(format!("in real numbers alone: {error}; {exact}"))),
    };
    Ok(Ok(match to_integer(&placed) {
        Ok(module) => format!("after training: {}", both_levels(&module)?),
        Err(items) => {
            let items: Vec<_> = items.iter().map(ToString::to_string).collect();
            format!("in real numbers alone: {}", items.join("; "))
        }
    }))
}

#[test]
fn every_file_is_computed_or_refused() -> Result<(), Failure> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/models");
    if !folder.is_dir() {
        println!("SKIPPED: {} is not there", folder.display());
        return Ok(());
    }
    let mut found = Vec::new();
    files(&folder, &mut found)?;
    found.sort();
    assert!(!found.is_empty(), "{} holds no model", folder.display());
    let (mut computed, mut refused) = (0, 0);
    for path in &found {
        let shown = path.strip_prefix(&folder)?.display();
        match outcome(path).map_err(|error| format!("{shown}: {error}"))? {
            Ok(how) => {
                computed += 1;
                println!("computed: {shown}: {how}");
            }
            Err(reason) => {
                refused += 1;
                println!("refused: {shown}: {reason}");
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                assert!(reason.contains(&*name), "{reason} does not name {name}");
            }
        }
    }
    println!(
        "{} files: {computed} computed, {refused} refused",
        found.len()
    );
    Ok(())
}
