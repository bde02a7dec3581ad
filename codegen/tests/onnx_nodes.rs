//! The node tests of ONNX itself, in the float engine. The folder that holds
//! them (`onnx/backend/test/data/node` of the `onnx` package) is named by the
//! environment variable `TRIGFORGE_ONNX_NODES`; without it this test says so
//! and checks nothing.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use prost::Message;
use trigforge_codegen::import::ImportError;
use trigforge_codegen::import::onnx::proto::tensor_proto::DataType;
use trigforge_codegen::import::onnx::proto::{ModelProto, TensorProto};
use trigforge_codegen::import::onnx::{Options, operators, read_tensor, read_with};
use trigforge_codegen::real::{EvalError, Graph, Tensor, evaluate};

type Failure = Box<dyn std::error::Error>;

/// What may be refused of an operator that is taken; `docs/importers.md` lists
/// the same.
const FEATURES: &[&str] = &[
    "elements of type",
    "it is not a tensor",
    "tensor without elements is not taken",
    "has no element, which is not taken",
    "part without elements is not taken",
    "training",
    "its second result, the positions",
    "version 1 of the default operator set",
    "is not a finite number",
    "beyond 2^53",
    "which would wrap in integers",
    "are not taken to",
    "attribute `block_size`",
];

/// Cases whose stored outputs are not what this engine is to compute.
const DISPUTED: &[(&str, &str)] = &[
    (
        "test_dynamicquantizelinear_expanded",
        "a quotient is a half, which the scale as single precision rounds it just misses",
    ),
    ("test_qlinearmatmul_2D_int8_float16", WRAPS),
    ("test_qlinearmatmul_2D_int8_float32", WRAPS),
    ("test_qlinearmatmul_3D_int8_float16", WRAPS),
    ("test_qlinearmatmul_3D_int8_float32", WRAPS),
];

const WRAPS: &str = "the stored result wraps, where ONNX says that it saturates";

/// How a case ended that did not fail.
enum Ended {
    /// With so many inputs given as constants.
    Passed(usize),
    Refused(String),
}

struct Case {
    path: PathBuf,
    model: ModelProto,
    inputs: Vec<TensorProto>,
    outputs: Vec<TensorProto>,
}

fn tensors(folder: &Path, kind: &str) -> Result<Vec<TensorProto>, Failure> {
    let mut tensors = Vec::new();
    loop {
        let path = folder.join(format!("{kind}_{}.pb", tensors.len()));
        if !path.is_file() {
            return Ok(tensors);
        }
        // Sequences decode as some tensor too; their models are refused.
        let bytes = std::fs::read(&path)?;
        tensors.push(TensorProto::decode(bytes.as_slice()).unwrap_or_default());
    }
}

impl Case {
    fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join("model.onnx");
        let data = folder.join("test_data_set_0");
        Ok(Self {
            model: ModelProto::decode(std::fs::read(&path)?.as_slice())?,
            inputs: tensors(&data, "input")?,
            outputs: tensors(&data, "output")?,
            path,
        })
    }

    fn operators(&self) -> Vec<String> {
        let nodes = self.model.graph.iter().flat_map(|graph| &graph.node);
        let mut names: Vec<_> = nodes
            .map(|node| match node.domain() {
                "" | "ai.onnx" => node.op_type().to_owned(),
                domain => format!("{domain}.{}", node.op_type()),
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }

    fn input_names(&self) -> Vec<String> {
        let inputs = self.model.graph.iter().flat_map(|graph| &graph.input);
        inputs.map(|input| input.name().to_owned()).collect()
    }

    /// With as few inputs given as constants as the case can be computed with:
    /// none; integers after the first; all after the first; all.
    fn run(&self) -> Result<Ended, Failure> {
        let names = self.input_names();
        let integers = |tensor: &TensorProto| {
            !matches!(
                DataType::try_from(tensor.data_type()),
                Ok(DataType::Float | DataType::Double | DataType::Float16)
            )
        };
        let mut reason = String::new();
        for level in 0..4 {
            let given = names.iter().zip(&self.inputs).enumerate();
            let constants: BTreeMap<_, _> = given
                .filter(|(index, (_, tensor))| match level {
                    0 => false,
                    1 => *index > 0 && integers(tensor),
                    2 => *index > 0,
                    _ => true,
                })
                .map(|(_, (name, tensor))| (name.clone(), tensor.clone()))
                .collect();
            let count = constants.len();
            let options = Options {
                constants,
                ..Options::default()
            };
            match read_with(&self.path, &options) {
                Ok(graph) => match self.compute(&graph)? {
                    Ok(()) => return Ok(Ended::Passed(count)),
                    Err(error) => reason = error.to_string(),
                },
                Err(ImportError::Unsupported { items, .. }) => {
                    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
                    reason = items.join("; ");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Ended::Refused(reason))
    }

    /// The outer error is a wrong result, the inner one an operand's value that
    /// is not taken.
    fn compute(&self, graph: &Graph) -> Result<Result<(), EvalError>, Failure> {
        let by_name: BTreeMap<_, _> = self.input_names().into_iter().zip(&self.inputs).collect();
        let mut values = Vec::new();
        for (_, node) in graph.inputs() {
            let tensor = by_name.get(&node.name).ok_or("an input without data")?;
            values.push(read_tensor(tensor)?.iter().copied().collect::<Vec<_>>());
        }
        let slices: Vec<_> = values.iter().map(Vec::as_slice).collect();
        let found = match evaluate(graph, &slices) {
            Ok(found) => found,
            Err(error @ EvalError::Operand { .. }) => return Ok(Err(error)),
            Err(error @ EvalError::NotFinite { .. }) if !self.is_finite() => return Ok(Err(error)),
            Err(error) => return Err(error.into()),
        };
        if found.len() != self.outputs.len() {
            return Err(format!("{} outputs", found.len()).into());
        }
        for (index, (found, expected)) in found.iter().zip(&self.outputs).enumerate() {
            compare(found, expected).map_err(|reason| format!("output {index}: {reason}"))?;
        }
        Ok(Ok(()))
    }

    /// Whether all that goes in and comes out is finite.
    fn is_finite(&self) -> bool {
        let mut all = self.inputs.iter().chain(&self.outputs);
        all.all(|tensor| read_tensor(tensor).is_ok())
    }
}

/// Compares with what ONNX expects: 1e-6 of the largest element, 1e-3 in half
/// precision, and every integer.
fn compare(found: &Tensor, expected: &TensorProto) -> Result<(), Failure> {
    let tolerance = match DataType::try_from(expected.data_type())? {
        DataType::Float | DataType::Double => 1e-6,
        DataType::Float16 => 1e-3,
        _ => 0.0,
    };
    let expected = read_tensor(expected)?;
    if found.shape() != expected.shape() {
        return Err(format!("shape {:?}, not {:?}", found.shape(), expected.shape()).into());
    }
    let scale = expected.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
    for (index, (x, y)) in found.iter().zip(&expected).enumerate() {
        if (x - y).abs() > tolerance * scale {
            return Err(format!("element {index} is {x:e}, not {y:e}").into());
        }
    }
    Ok(())
}

#[test]
fn every_case_is_computed_or_refused() -> Result<(), Failure> {
    let Some(folder) = std::env::var_os("TRIGFORGE_ONNX_NODES") else {
        eprintln!("SKIPPED: TRIGFORGE_ONNX_NODES names no folder of node tests");
        return Ok(());
    };
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.join("model.onnx").is_file() {
            folders.push(path);
        }
    }
    folders.sort();
    assert!(folders.len() > 1000, "only {} cases", folders.len());
    let taken: HashSet<_> = operators().iter().map(|operator| operator.name).collect();
    let (mut passed, mut bound, mut refused, mut disputed) = (0, 0, 0, 0);
    let mut failed = Vec::new();
    let mut others: BTreeMap<String, usize> = BTreeMap::new();
    for folder in &folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let case = Case::read(folder)?;
        match case.run() {
            Ok(Ended::Passed(constants)) => {
                passed += 1;
                bound += usize::from(constants > 0);
            }
            Ok(Ended::Refused(reason)) => {
                refused += 1;
                let other = case
                    .operators()
                    .into_iter()
                    .find(|o| !taken.contains(o.as_str()));
                if let Some(other) = other {
                    *others.entry(other).or_default() += 1;
                } else if FEATURES.iter().any(|feature| reason.contains(feature)) {
                    println!("refused: {name}: {reason}");
                } else {
                    failed.push(format!("{name}: refused, but should be taken: {reason}"));
                }
            }
            Err(reason) => match DISPUTED.iter().find(|(case, _)| *case == name) {
                Some((_, why)) => {
                    disputed += 1;
                    println!("disputed: {name}: {reason}: {why}");
                }
                None => failed.push(format!("{name}: {reason}")),
            },
        }
    }
    for (operator, count) in &others {
        println!("refused: {count} cases with {operator}, which is not taken");
    }
    println!(
        "{} cases: {passed} passed ({bound} with inputs given as constants), {refused} refused \
         ({} of them for other operators), {disputed} disputed, {} failed",
        folders.len(),
        others.values().sum::<usize>(),
        failed.len()
    );
    assert_eq!(disputed, DISPUTED.len(), "a disputed case passes");
    assert!(failed.is_empty(), "failed:\n{}", failed.join("\n"));
    Ok(())
}
