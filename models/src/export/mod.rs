//! Trained networks as files: QONNX for the quantised network, plain ONNX for its float twin.
//!
//! ```text
//! x [1,n] -> Quant (raw grid of each column) -> Sub (offset) -> Mul (power of two)
//!         -> Quant (trained widths) -> MatMul (Quant weight) -> Add (Quant bias) -> Relu -> Quant
//!         -> ... -> logits [1,c]
//! ```
//!
//! The last layer has no `Quant` and no softmax: `logits` is its exact accumulator. Weights are
//! stored on their grid, so their `Quant` nodes change nothing but say which grid it is. A group
//! that lost all its bits has the one value 0. The same network gives the same bytes.

pub mod attribute;
mod graph;

pub use graph::OnnxGraph;
pub(crate) use graph::rounded;

use crate::config::Config;
use crate::inputs::{self, InputTransform};
use crate::net::{Format, Net};

/// Whether a result follows from each value: what only the loss looks at is not exported.
fn needed(net: &Net) -> Vec<bool> {
    let mut needed = vec![false; net.nodes.len()];
    for (_, value) in &net.outputs {
        needed[value.0] = true;
    }
    for index in (0..net.nodes.len()).rev() {
        if needed[index] {
            for operand in &net.nodes[index].operands {
                needed[operand.0] = true;
            }
        }
    }
    needed
}

/// Encodes a network with the transforms of its inputs: quantised with formats for every group, or
/// else as plain ONNX in floating point.
pub fn model(
    config: &Config,
    transforms: &[InputTransform],
    net: &Net,
    parameters: &[f32],
    formats: Option<&[Format]>,
) -> Vec<u8> {
    let name = match formats {
        Some(_) => net.name.clone(),
        None => format!("{}-float", net.name),
    };
    let mut graph = OnnxGraph::new(&name, net, parameters, formats);
    let mut names = vec![String::new(); net.nodes.len()];
    let given = transforms
        .iter()
        .flat_map(|transform| {
            let port = inputs::port(transforms, transform);
            inputs::export(&mut graph, port, transform)
        })
        .collect::<Vec<_>>();
    for (value, given) in net.inputs.iter().zip(given) {
        names[value.0] = given;
    }
    let needed = needed(net);
    for (index, node) in net.nodes.iter().enumerate() {
        let Some(op) = node.op.as_ref().filter(|_| needed[index] && node.deployed) else {
            continue;
        };
        let operands: Vec<String> = node.operands.iter().map(|v| names[v.0].clone()).collect();
        names[index] = op.export(&mut graph, node, &operands);
    }
    let outputs: Vec<(String, String, Vec<usize>)> = net
        .outputs
        .iter()
        .map(|(name, value)| {
            let shape = net.nodes[value.0].shape.clone();
            (name.clone(), names[value.0].clone(), shape)
        })
        .collect();
    let columns = transforms.iter().flat_map(|t| &t.columns);
    let columns: Vec<&str> = columns.map(|c| c.name.as_str()).collect();
    let properties = [
        ("trigforge.features", columns.join(",")),
        ("trigforge.classes", config.data.classes.join(",")),
    ];
    graph.finish(&outputs, &properties)
}
