//! Removal of nodes that no output needs.

use crate::ir::{Module, Node, NodeId, Output};
use crate::ops::Op;

/// The module with its inputs and what its outputs need, and nothing else.
pub fn prune(module: &Module) -> Module {
    let mut needed = vec![false; module.nodes().len()];
    for output in module.outputs() {
        needed[output.node.index()] = true;
    }
    for (index, node) in module.nodes().iter().enumerate().rev() {
        needed[index] |= matches!(node.op, Op::Input(_));
        if needed[index] {
            node.args.iter().for_each(|arg| needed[arg.index()] = true);
        }
    }
    let mut renamed = vec![NodeId(0); module.nodes().len()];
    let mut kept = Module {
        name: module.name.clone(),
        source_sha256: module.source_sha256.clone(),
        ..Module::default()
    };
    for (index, node) in module
        .nodes()
        .iter()
        .enumerate()
        .filter(|(i, _)| needed[*i])
    {
        renamed[index] = kept.push(Node {
            args: node.args.iter().map(|arg| renamed[arg.index()]).collect(),
            ..node.clone()
        });
    }
    kept.outputs = module
        .outputs()
        .iter()
        .map(|output| Output {
            name: output.name.clone(),
            node: renamed[output.node.index()],
        })
        .collect();
    kept
}
