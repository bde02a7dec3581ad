//! One trained model, with what its library predicts for every event.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use trigforge_codegen::import;
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::quantize::{Calibration, post_training, to_integer};
use trigforge_codegen::real::{Graph, Op, evaluate};

/// Features of an event.
const FEATURES: usize = 16;

/// Bits of features, in which they are exact, and of leaves.
const EXACT: u32 = 32;

/// Bits with which features are rounded coarsely.
const COARSE: u32 = 8;

/// Events from which formats are derived.
const CALIBRATED: usize = 5_000;

/// How an event is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    /// A sum above 0.
    Sign,
    /// A sum above 1/2.
    Half,
    /// The largest of the sums.
    ArgMax,
    /// None: values are compared.
    Value,
    /// By the model itself: an inlier (1) or an outlier (-1).
    Outlier,
}

/// A trained model.
#[derive(Debug)]
pub struct Case {
    /// Its name.
    pub name: String,
    file: PathBuf,
    decision: Decision,
    outputs: usize,
    sums: Vec<f64>,
    decisions: Vec<f64>,
}

/// What came out of a comparison.
#[derive(Debug)]
pub struct Comparison {
    /// Events that were compared.
    pub events: usize,
    /// Largest difference of the real sums.
    pub largest: f64,
    /// Events that the float engine decides in another way.
    pub real: usize,
    /// Events that integers decide in another way, exact and coarse features;
    /// `None` if the model gives no decision.
    pub integer: Option<[usize; 2]>,
}

/// The models of a folder, by name.
pub fn cases(folder: &Path) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "cases")
        {
            cases.push(Case::read(folder, &path).with_context(|| path.display().to_string())?);
        }
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

/// Doubles of a file.
fn doubles(path: &Path) -> Result<Vec<f64>> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let (chunks, rest) = bytes.as_chunks::<8>();
    ensure!(rest.is_empty(), "{} holds no doubles", path.display());
    Ok(chunks
        .iter()
        .map(|chunk| f64::from_le_bytes(*chunk))
        .collect())
}

/// The events that every model sees.
pub fn events(folder: &Path) -> Result<Vec<f64>> {
    doubles(&folder.join("x.f64"))
}

impl Case {
    fn read(folder: &Path, path: &Path) -> Result<Self> {
        let stem = path.file_stem().context("a file without a name")?;
        let name = stem.to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path)?;
        let words: Vec<_> = text.split_whitespace().collect();
        let [file, decision, outputs] = words.as_slice() else {
            bail!("expected three words, found `{text}`");
        };
        let decision = match *decision {
            "sign" => Decision::Sign,
            "half" => Decision::Half,
            "argmax" => Decision::ArgMax,
            "value" => Decision::Value,
            "outlier" => Decision::Outlier,
            other => bail!("`{other}` is no kind of decision"),
        };
        Ok(Self {
            file: folder.join(file),
            decision,
            outputs: outputs.parse()?,
            sums: doubles(&folder.join(format!("{name}.sums")))?,
            decisions: doubles(&folder.join(format!("{name}.decisions")))?,
            name,
        })
    }

    /// The decision on an event's sums.
    fn decide(&self, sums: &[f64]) -> f64 {
        let above = |threshold: f64| f64::from(sums.last().is_some_and(|sum| *sum > threshold));
        match self.decision {
            Decision::Sign => above(0.0),
            Decision::Half => above(0.5),
            Decision::ArgMax => {
                let first = sums.iter().enumerate();
                let best = first.fold((0, f64::NEG_INFINITY), |best, (index, &sum)| {
                    if sum > best.1 { (index, sum) } else { best }
                });
                best.0 as f64
            }
            Decision::Value | Decision::Outlier => 0.0,
        }
    }
}

/// Compares a model's predictions on all events.
///
/// `sabotage` adds to every threshold of the real model: a comparison that
/// does not see it is none.
pub fn compare(case: &Case, events: &[f64], sabotage: f64) -> Result<Comparison> {
    let mut graph = import::read(&case.file)?;
    for node in &mut graph.nodes {
        if let Op::Trees(forest) = &mut node.op {
            for decision in &mut forest.decisions {
                decision.threshold += sabotage;
            }
        }
    }
    let events: Vec<&[f64]> = events.chunks(FEATURES).collect();
    ensure!(
        events.len() == case.decisions.len() && case.sums.len() == events.len() * case.outputs,
        "{}: predictions for other events",
        case.name
    );
    let (mut largest, mut real) = (0.0f64, 0);
    // scikit-learn's models state their label first.
    let labelled = graph.outputs.len() == 2 && graph.outputs[0].0.contains("label");
    for (index, event) in events.iter().enumerate() {
        let outputs = evaluate(&graph, &[event])?;
        let sums = &outputs[usize::from(labelled)];
        let sums: Vec<f64> = sums.iter().copied().collect();
        let expected = &case.sums[index * case.outputs..][..case.outputs];
        ensure!(
            sums.len() == expected.len(),
            "{}: {} sums",
            case.name,
            sums.len()
        );
        for (found, expected) in sums.iter().zip(expected) {
            largest = largest.max((found - expected).abs());
        }
        let decided = match labelled {
            true => outputs[0].iter().copied().next().unwrap_or(f64::NAN),
            false => case.decide(&sums),
        };
        real += usize::from(decided != case.decisions[index]);
    }
    let integer = match case.decision {
        Decision::Value | Decision::Outlier => None,
        _ => {
            let sums = sums_only(graph)?;
            Some([
                integer_differences(case, &sums, &events, EXACT)?,
                integer_differences(case, &sums, &events, COARSE)?,
            ])
        }
    };
    Ok(Comparison {
        events: events.len(),
        largest,
        real,
        integer,
    })
}

/// The model up to the sums of its trees.
fn sums_only(mut graph: Graph) -> Result<Graph> {
    let ids: Vec<_> = graph.ids().collect();
    let is_trees = |op: &Op| matches!(op, Op::Trees(_));
    let trees = graph.nodes.iter().position(|node| is_trees(&node.op));
    let trees = trees.context("the model holds no trees")?;
    graph.nodes.truncate(trees + 1);
    graph.outputs = vec![("sums".to_owned(), ids[trees])];
    Ok(graph)
}

/// Events that the interpreter decides in another way than the library.
fn integer_differences(case: &Case, graph: &Graph, events: &[&[f64]], width: u32) -> Result<usize> {
    let calibration = Calibration {
        events: events
            .iter()
            .take(CALIBRATED)
            .map(|event| vec![event.to_vec()])
            .collect(),
    };
    let module = to_integer(&post_training(graph, &calibration, width)?)
        .map_err(|items| anyhow!("{}: {items:?}", case.name))?;
    let interpreter = Interpreter::new(&module)?;
    let mut differing = 0;
    for (event, &expected) in events.iter().zip(&case.decisions) {
        let encoded = interpreter.encode(0, event)?;
        let outputs = interpreter.run(&[&encoded.mantissas])?;
        let sums = interpreter.decode(0, &outputs[0]);
        differing += usize::from(case.decide(&sums) != expected);
    }
    Ok(differing)
}
