//! The gate: what passes here can be interpreted and emitted.
//!
//! The rules are R6 to R18 of `docs/ir-spec.md`, section 6.
//!
//! Of every node it is proven that
//!
//! - its operands are defined before it, in number and shape as its operation
//!   asks;
//! - its stated type is the one that the operation derives, so the formats of
//!   exact results hold every value that can occur: nothing overflows but in
//!   `requantize`, by its stated mode;
//! - constants lie in their formats, table indices in their tables.
//!
//! Of the module: at least one output, names of inputs and of outputs unique.

use std::collections::HashSet;

use thiserror::Error;

use crate::ir::{Interval, Module, NodeError, check_together, operands_of};
use crate::ops::{Cost, Derived, Op};

/// What is known of a valid module.
#[derive(Debug, Clone)]
pub struct Info {
    /// For each node, the range of every element's mantissa.
    pub ranges: Vec<Vec<Interval>>,
}

impl Info {
    /// The work of one evaluation of each node.
    pub fn costs(&self, module: &Module) -> Vec<Cost> {
        let cost = |node: &crate::ir::Node| {
            let operands = operands_of(module, &self.ranges, &node.args);
            node.op.as_operation().cost(&operands)
        };
        module.nodes().iter().map(cost).collect()
    }
}

/// A module that breaks a rule; always a fault of its maker, not of its user.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ValidateError {
    /// A node breaks a rule of its operation.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The module computes nothing.
    #[error("the module has no output")]
    NoOutput,
    /// Two inputs or two outputs share a name.
    #[error("two {what} have the name `{}`", name.escape_debug())]
    DuplicateName {
        /// `inputs` or `outputs`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// An output refers to no node.
    #[error("output `{}` refers to no node", name.escape_debug())]
    UndefinedOutput {
        /// The output's name.
        name: String,
    },
}

/// Checks every rule of a module.
///
/// # Errors
///
/// The first rule that is broken, with the node that breaks it.
pub fn validate(module: &Module) -> Result<Info, ValidateError> {
    let mut ranges = Vec::with_capacity(module.nodes().len());
    let mut elements = 0;
    for (index, node) in module.nodes().iter().enumerate() {
        let derived = crate::ir::derive(module, &ranges, &node.op, &node.args, Some(&node.ty));
        let fault = |reason| NodeError {
            index,
            name: node.name.clone(),
            operation: node.op.as_operation().name(),
            reason,
        };
        let Derived { range, .. } = derived.map_err(fault)?;
        elements += range.len();
        check_together(elements).map_err(fault)?;
        ranges.push(range);
    }
    if module.outputs().is_empty() {
        return Err(ValidateError::NoOutput);
    }
    let inputs = module
        .nodes()
        .iter()
        .filter(|node| matches!(node.op, Op::Input(_)))
        .map(|node| node.name.as_str());
    unique("inputs", inputs)?;
    unique("outputs", module.outputs().iter().map(|o| o.name.as_str()))?;
    for output in module.outputs() {
        if output.node.index() >= module.nodes().len() {
            return Err(ValidateError::UndefinedOutput {
                name: output.name.clone(),
            });
        }
    }
    Ok(Info { ranges })
}

fn unique<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), ValidateError> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(ValidateError::DuplicateName {
                what,
                name: name.to_owned(),
            });
        }
    }
    Ok(())
}
