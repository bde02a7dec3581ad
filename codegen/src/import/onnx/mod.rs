//! ONNX and QONNX files.
//!
//! Opsets 7 to 21 of the default domain, and `Quant` of QONNX (domains
//! `qonnx.custom_op.general`, `finn.custom_op.general`, `onnx.brevitas`).
//! `operators` says operator by operator what is taken.

mod attributes;
mod batch_norm;
mod gemm;
mod operators;
mod order;
#[allow(missing_docs, clippy::all)]
pub mod proto;
mod quant;
mod quant_float;
mod quant_linear;
mod quant_operators;
mod quant_trunc;
mod scope;
mod shape;
mod tensor;

pub(super) use self::operators::names as operator_names;

use std::path::Path;

use prost::Message;

use self::proto::{GraphProto, ModelProto};
use self::scope::Scope;
use super::{ImportError, Unsupported, file};
use crate::real::Graph;

/// Opsets of the default domain whose operators are read.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=21;

/// Reads an ONNX file as it is written, nothing folded.
///
/// # Errors
///
/// See [`ImportError`]; everything unsupported is reported at once.
pub fn read(path: &Path) -> Result<Graph, ImportError> {
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
    let imported =
        import_graph(graph, opset, &mut unsupported).map_err(|reason| ImportError::Invalid {
            path: path.to_owned(),
            reason,
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
    opset: i64,
    unsupported: &mut Vec<Unsupported>,
) -> Result<Graph, String> {
    let mut scope = Scope::new(graph, opset, unsupported);
    scope.sparse_initializers();
    scope.initializers()?;
    scope.inputs()?;
    for index in order::topological(graph)? {
        scope.node(&graph.node[index])?;
    }
    scope.outputs()?;
    Ok(scope.finish())
}
