//! Tree ensembles in the files of their own libraries.
//!
//! What a file is, its content says: XGBoost's JSON, conifer's JSON, or
//! LightGBM's text. The sums of the trees are the output `margin`; a final
//! function of them (a sigmoid, say) is an operation of its own and a second
//! output.

mod conifer;
mod fields;
pub(super) mod grow;
mod lightgbm;
mod xgboost;

use std::path::Path;

use ndarray::arr0;

use super::json::Json;
use super::{ImportError, Unsupported, file};
use crate::real::{Forest, Function, Graph, Id, Op};

/// Why a file is not taken.
#[derive(Debug)]
enum Failure {
    /// It breaks the rules of its own format.
    Invalid(String),
    /// It holds what is not taken: all of it.
    Unsupported(Vec<Unsupported>),
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::Invalid(reason)
    }
}

impl From<&str> for Failure {
    fn from(reason: &str) -> Self {
        Self::Invalid(reason.to_owned())
    }
}

/// What a model makes of the sums.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Transform {
    /// Nothing.
    None,
    /// A sigmoid of each.
    Sigmoid,
    /// A sigmoid of each times a factor.
    ScaledSigmoid(f64),
    /// Exponentials that add to one.
    Softmax,
    /// An exponential of each.
    Exp,
    /// 1 if the sum is positive, else 0.
    Positive,
    /// The class of the largest, the first among equals.
    ArgMax,
}

/// A forest and what becomes of its sums.
#[derive(Debug)]
struct Ensemble {
    forest: Forest,
    /// What the sums are divided by.
    divisor: f64,
    transform: Transform,
}

impl Ensemble {
    fn new(forest: Forest, transform: Transform) -> Self {
        Self {
            forest,
            divisor: 1.0,
            transform,
        }
    }

    /// The graph of one event of shape `[1, features]`.
    fn graph(self, name: String) -> Result<Graph, String> {
        let mut graph = Graph {
            name,
            ..Graph::default()
        };
        let x = graph.input_node("x", vec![1, self.forest.features]);
        let mut margin = graph.op_node("margin", Op::Trees(Box::new(self.forest)), &[x])?;
        if self.divisor != 1.0 {
            let divisor = graph.constant_node("divisor", arr0(self.divisor).into_dyn());
            margin = graph.op_node("mean", Op::Div, &[margin, divisor])?;
        }
        graph.outputs.push(("margin".to_owned(), margin));
        if let Some((name, id)) = transformed(&mut graph, self.transform, margin)? {
            graph.outputs.push((name.to_owned(), id));
        }
        Ok(graph)
    }
}

fn transformed(
    graph: &mut Graph,
    transform: Transform,
    margin: Id,
) -> Result<Option<(&'static str, Id)>, String> {
    let unary = |function| Op::Unary(function);
    let (name, op, args) = match transform {
        Transform::None => return Ok(None),
        Transform::Sigmoid => ("probability", unary(Function::Sigmoid), vec![margin]),
        Transform::ScaledSigmoid(factor) => {
            let factor = graph.constant_node("factor", arr0(factor).into_dyn());
            let scaled = graph.op_node("scaled", Op::Mul, &[margin, factor])?;
            ("probability", unary(Function::Sigmoid), vec![scaled])
        }
        Transform::Softmax => ("probability", Op::Softmax { axis: 1 }, vec![margin]),
        Transform::Exp => ("prediction", unary(Function::Exp), vec![margin]),
        Transform::Positive => {
            let zero = graph.constant_node("zero", arr0(0.0).into_dyn());
            ("class", Op::Less, vec![zero, margin])
        }
        Transform::ArgMax => {
            let op = Op::Arg {
                largest: true,
                axis: 1,
                last: false,
            };
            ("class", op, vec![margin])
        }
    };
    Ok(Some((name, graph.op_node(name, op, &args)?)))
}

/// Reads a tree ensemble; `None` if the file is none by its first bytes.
///
/// # Errors
///
/// A file that cannot be read, breaks the rules of its format, or holds what is
/// not taken.
pub(super) fn read(path: &Path) -> Result<Option<Graph>, ImportError> {
    let start = file::start(path)?;
    let not_a_model = |reason: &str| ImportError::NotAModel {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let is_text = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let first = start.iter().position(|byte| !is_text(byte));
    let is_lightgbm = start.starts_with(b"tree\n") || start.starts_with(b"tree\r\n");
    if start.starts_with(b"{L") || start.starts_with(b"{l") || start.starts_with(b"{i") {
        let advice = "it is UBJSON, XGBoost's binary form; save it as text: \
                      booster.save_model(\"model.json\")";
        return Err(not_a_model(advice));
    }
    if start.starts_with(b"binf") {
        let advice = "it is XGBoost's old binary form; load it with that version of the library \
                      and save it as text: booster.save_model(\"model.json\")";
        return Err(not_a_model(advice));
    }
    if !is_lightgbm && first.is_none_or(|first| start[first] != b'{') {
        return Ok(None);
    }
    let (bytes, sha256) = file::read(path, |_| true)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| not_a_model("it is no UTF-8 text"))?;
    let ensemble = match is_lightgbm {
        true => lightgbm::read(text),
        false => {
            let root = Json::parse(text).map_err(|reason| not_a_model(&reason))?;
            let Json::Object(entries) = &root else {
                return Err(not_a_model("it is JSON, but no object"));
            };
            let has = |key: &str| entries.iter().any(|(name, _)| name == key);
            if has("learner") {
                xgboost::read(root)
            } else if has("trees") && has("init_predict") {
                conifer::read(root)
            } else {
                return Ok(None);
            }
        }
    };
    let name = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    let graph = ensemble.and_then(|ensemble| Ok(ensemble.graph(name.unwrap_or_default())?));
    match graph {
        Ok(graph) => Ok(Some(Graph {
            source_sha256: sha256,
            ..graph
        })),
        Err(Failure::Invalid(reason)) => Err(ImportError::Invalid {
            path: path.to_owned(),
            reason,
        }),
        Err(Failure::Unsupported(items)) => Err(ImportError::Unsupported {
            path: path.to_owned(),
            items,
        }),
    }
}
