//! ONNX and QONNX files.
//!
//! Opsets 7 to 22 of the default domain, and `Quant` of QONNX (domains
//! `qonnx.custom_op.general`, `finn.custom_op.general`, `onnx.brevitas`).
//! `operators` says operator by operator what is taken.

mod attributes;
mod call;
mod composed;
mod element;
mod operators;
mod order;
#[allow(missing_docs, clippy::all)]
pub mod proto;
mod quant;
mod quant_conv;
mod quant_float;
mod quant_linear;
mod quant_operators;
mod quant_trunc;
mod scope;
mod tensor;
mod trees;
mod trees_nodes;

pub use self::operators::{Operator, operators};

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use prost::Message;

use self::proto::{GraphProto, ModelProto, TensorProto};
use self::scope::Scope;
use super::{ImportError, Unsupported, file};
use crate::real::{Graph, Tensor};

/// Opsets of the default domain whose operators are read.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=22;

/// What an import is told beside the file.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Values of graph inputs, by name, which become constants: shapes, axes or
    /// indices that a model leaves open and an operator must know.
    pub constants: BTreeMap<String, TensorProto>,
    /// The leading dimension of inputs with several, where the file fixes another
    /// number of events.
    pub batch: Option<NonZeroUsize>,
}

/// Reads an ONNX file as it is written, nothing folded.
///
/// # Errors
///
/// See [`ImportError`]; everything unsupported is reported at once.
pub fn read(path: &Path) -> Result<Graph, ImportError> {
    read_with(path, &Options::default())
}

/// Reads an ONNX file with values for some of its inputs.
///
/// # Errors
///
/// As [`read`]; a value that does not fit its input.
pub fn read_with(path: &Path, options: &Options) -> Result<Graph, ImportError> {
    // Field numbers of ModelProto with their wire types, as its first byte.
    let (bytes, sha256) = file::read(path, |first| {
        matches!(
            first,
            0x08 | 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42 | 0x72
        )
    })?;
    let not_a_model = |reason: String| ImportError::NotAModel {
        path: path.to_owned(),
        reason,
    };
    let model = ModelProto::decode(bytes.as_slice())
        .map_err(|error| not_a_model(format!("expected an ONNX file, but {error}")))?;
    let Some(graph) = &model.graph else {
        return Err(not_a_model("it holds no graph".to_owned()));
    };
    if graph.output.is_empty() {
        return Err(not_a_model("its graph has no output".to_owned()));
    }
    let mut unsupported = Vec::new();
    let opset = opset(&model, &mut unsupported);
    let imported = import_graph(graph, options, opset, &mut unsupported).map_err(|reason| {
        ImportError::Invalid {
            path: path.to_owned(),
            reason,
        }
    })?;
    if !unsupported.is_empty() {
        return Err(ImportError::Unsupported {
            path: path.to_owned(),
            items: unsupported,
        });
    }
    Ok(Graph {
        source_sha256: sha256,
        ..imported
    })
}

/// Reads the elements of a tensor of ONNX.
///
/// # Errors
///
/// An element type or a value that is not taken.
pub fn read_tensor(tensor: &TensorProto) -> Result<Tensor, String> {
    let constant = tensor::read(tensor)?;
    match constant.exact {
        true => Ok(constant.tensor),
        false => Err("it holds integers beyond 2^53".to_owned()),
    }
}

fn opset(model: &ModelProto, unsupported: &mut Vec<Unsupported>) -> i64 {
    let default = |domain: &str| matches!(domain, "" | "ai.onnx");
    let version = model
        .opset_import
        .iter()
        .find(|import| default(import.domain.as_deref().unwrap_or("")))
        .and_then(|import| import.version)
        .unwrap_or(1);
    if !OPSETS.contains(&version) {
        unsupported.push(Unsupported {
            node: "opset".to_owned(),
            operator: String::new(),
            reason: format!(
                "version {version} of the default operator set; {} to {} are taken",
                OPSETS.start(),
                OPSETS.end()
            ),
        });
    }
    version
}

/// The graph as far as it is supported; `Err` names a broken rule of ONNX.
fn import_graph(
    graph: &GraphProto,
    options: &Options,
    opset: i64,
    unsupported: &mut Vec<Unsupported>,
) -> Result<Graph, String> {
    let mut scope = Scope::new(graph, options, opset, unsupported);
    scope.sparse_initializers();
    scope.initializers()?;
    scope.inputs()?;
    for index in order::topological(graph)? {
        scope.node(&graph.node[index])?;
    }
    scope.outputs()?;
    Ok(scope.finish())
}
