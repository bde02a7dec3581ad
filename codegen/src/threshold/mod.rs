//! A threshold on a score, moved to the value that the score is a function of.
//!
//! A decision `sigmoid(x) >= T` is the decision `x >= t` for some t, since a
//! sigmoid rises: no table is needed to decide. [`fold`] replaces an output by
//! its decision, 1 where the output reaches the threshold and 0 elsewhere, and
//! moves the threshold towards the inputs through everything that is monotonic.
//! The decision bit is the same for every input: each step is solved over all
//! mantissas that can occur, not over the real function.
//!
//! | in front of the threshold | folds |
//! |---|---|
//! | table | if the entries that pass are one side of a cut, which is looked up entry by entry |
//! | requantize | with SAT, SAT_SYM, or where nothing can overflow |
//! | relu, min, max, add, sub, mul | with a constant; a product with a negative constant turns the comparison round |
//! | reshape | always |
//! | softmax of two classes | into a threshold on the difference of the two scores, if the tables' results that pass are one side of a cut |
//!
//! A table, rounding or softmax where that is not so is refused by name. At
//! anything else the threshold stays.

mod cut;
mod softmax;
mod step;

pub use cut::Cut;

use thiserror::Error;

use crate::ir::{
    Builder, Formats, Module, Node, NodeError, NodeId, TensorType, element_count, prune,
};
use crate::ops::{Constant, Dense, LessEqual};
use crate::real::encode;
use crate::validate::{Info, ValidateError, validate};

/// A threshold that cannot be applied.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ThresholdError {
    /// It is not said which output is decided on.
    #[error("the model has no single output of this name to decide on; its outputs are {}", found.join(", "))]
    Output {
        /// The model's outputs.
        found: Vec<String>,
    },
    /// Not a number.
    #[error("a threshold of {threshold} is not a finite number")]
    NotFinite {
        /// The threshold.
        threshold: f64,
    },
    /// The decision would not depend on the event.
    #[error(
        "element {element} of `{}` ranges over {}..={} and {} reaches the threshold \
         {threshold}: the decision would be the same for every event",
        node.escape_debug(), range.0, range.1, if *always { "always" } else { "never" }
    )]
    Constant {
        /// The node.
        node: String,
        /// The element, in C order.
        element: usize,
        /// Its smallest and largest value.
        range: (f64, f64),
        /// The threshold.
        threshold: f64,
        /// Whether it is always reached.
        always: bool,
    },
    /// The decision would not depend on the event, as a function's values show.
    #[error(
        "element {element} of `{}` {} passes {cut}, whatever it is computed of: the decision \
         would be the same for every event",
        node.escape_debug(), if *always { "always" } else { "never" }
    )]
    Decided {
        /// The node.
        node: String,
        /// The element, in C order.
        element: usize,
        /// What it is compared with.
        cut: Cut,
        /// Whether it always passes.
        always: bool,
    },
    /// A function that does not move the threshold.
    #[error("the threshold cannot move in front of node `{}` ({operation}): {reason}", node.escape_debug())]
    NotMonotonic {
        /// The node.
        node: String,
        /// Its operation.
        operation: &'static str,
        /// Why.
        reason: String,
    },
    /// The comparison cannot be added.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The module given is not valid.
    #[error(transparent)]
    Invalid(#[from] ValidateError),
}

/// A threshold that moved in front of one node.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The node's name.
    pub node: String,
    /// Its operation.
    pub operation: &'static str,
    /// Per element, the comparison behind the node.
    pub before: Vec<Cut>,
    /// Per element, the comparison in front of it.
    pub after: Vec<Cut>,
}

/// A module that decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Folded {
    /// The module, with the decision in place of the score.
    pub module: Module,
    /// Name of the score.
    pub score: String,
    /// Name of the decision.
    pub decision: String,
    /// Name of the node that is compared.
    pub compared: String,
    /// Its format, for a reader.
    pub format: String,
    /// The comparison on the score that was asked for.
    pub asked: Vec<Cut>,
    /// The comparison that decides.
    pub cuts: Vec<Cut>,
    /// How the one became the other.
    pub steps: Vec<Step>,
}

/// A value that is compared element by element.
#[derive(Debug, Clone)]
struct Front {
    value: Value,
    cuts: Vec<Cut>,
}

/// What is compared.
#[derive(Debug, Clone, Copy)]
enum Value {
    /// A node of the module.
    Node(NodeId),
    /// Of each pair along the last axis of a node, this element less the other.
    Difference(NodeId),
}

/// Replaces an output by the decision whether it reaches a threshold.
///
/// # Errors
///
/// An unknown output, a decision that would be constant, or a function in front
/// of the threshold that is not monotonic.
pub fn fold(
    module: &Module,
    output: Option<&str>,
    threshold: f64,
) -> Result<Folded, ThresholdError> {
    let info = validate(module)?;
    let outputs = module.outputs();
    let position = match output {
        Some(wanted) => outputs.iter().position(|output| output.name == wanted),
        None => (outputs.len() == 1).then_some(0),
    };
    let position = position.ok_or_else(|| ThresholdError::Output {
        found: outputs.iter().map(|output| output.name.clone()).collect(),
    })?;
    let score = outputs[position].node;
    let asked = asked(module, &info, score, threshold)?;
    let mut front = Front {
        value: Value::Node(score),
        cuts: asked.clone(),
    };
    let mut steps = Vec::new();
    while let Value::Node(id) = front.value {
        let moved = match softmax::fold(module, &info, id, &front.cuts)? {
            Some(moved) => Some(moved),
            None => step::fold(module, &info, id, &front.cuts)?,
        };
        let Some(moved) = moved else { break };
        let node = module.node(id);
        let operation = match moved.value {
            Value::Node(_) => node.op.as_operation().name(),
            Value::Difference(_) => "softmax",
        };
        steps.push(Step {
            node: node.name.clone(),
            operation,
            before: std::mem::take(&mut front.cuts),
            after: moved.cuts.clone(),
        });
        front = moved;
    }
    // A reshape changes no comparison.
    steps.retain(|step| step.operation != "reshape");
    decide(module, position, front, asked, steps)
}

/// The comparison of each element of the score with the threshold.
fn asked(
    module: &Module,
    info: &Info,
    score: NodeId,
    threshold: f64,
) -> Result<Vec<Cut>, ThresholdError> {
    let real = encode(threshold).ok_or(ThresholdError::NotFinite { threshold })?;
    let node = module.node(score);
    let ranges = &info.ranges[score.index()];
    let formats = node.ty.element_formats();
    let elements = formats.iter().zip(ranges).enumerate();
    let cut = elements.map(|(element, (format, range))| {
        let cut = Cut::reaches(real, format.f());
        let (lo, hi) = (cut.passes(range.lo), cut.passes(range.hi));
        match lo == hi {
            false => Ok(cut),
            true => Err(ThresholdError::Constant {
                node: node.name.clone(),
                element,
                range: (
                    libm::scalbn(range.lo as f64, -format.f()),
                    libm::scalbn(range.hi as f64, -format.f()),
                ),
                threshold,
                always: lo,
            }),
        }
    });
    cut.collect()
}

/// The module with the comparison in place of the output.
fn decide(
    module: &Module,
    position: usize,
    front: Front,
    asked: Vec<Cut>,
    steps: Vec<Step>,
) -> Result<Folded, ThresholdError> {
    let score = module.outputs()[position].name.clone();
    let decision = format!("{score}_decision");
    let mut builder = Builder::new(module.name.clone());
    for node in module.nodes() {
        let ty = Some(node.ty.clone());
        builder.node(node.name.clone(), node.op.clone(), &node.args, ty)?;
    }
    let value = match front.value {
        Value::Node(id) => id,
        Value::Difference(id) => difference(&mut builder, module.node(id), id)?,
    };
    let compared = match front.value {
        Value::Node(id) => module.node(id).name.clone(),
        Value::Difference(id) => format!("{}.difference", module.node(id).name),
    };
    let ty = builder.ty(value).clone();
    let bounds: Vec<i64> = front.cuts.iter().map(|cut| cut.at()).collect();
    let formats = ty.element_formats();
    let formats = bounds.iter().zip(&formats).map(|(&at, format)| {
        trigforge::Format::covering(at.into(), at.into(), format.f()).unwrap_or(*format)
    });
    let bound_ty = TensorType {
        shape: ty.shape.clone(),
        formats: Formats::each(ty.shape.clone(), formats.collect()),
    };
    let constant = Constant { mantissas: bounds };
    let bound = builder.node(format!("{score}.threshold"), constant, &[], Some(bound_ty))?;
    // All comparisons of one tensor point the same way.
    let args = match front.cuts.first() {
        Some(Cut::AtMost(_)) => [value, bound],
        Some(Cut::AtLeast(_)) | None => [bound, value],
    };
    let decided = builder.node(decision.clone(), LessEqual, &args, None)?;
    for (index, output) in module.outputs().iter().enumerate() {
        match index == position {
            true => builder.output(decision.clone(), decided),
            false => builder.output(output.name.clone(), output.node),
        }
    }
    let mut decides = builder.finish();
    decides.source_sha256.clone_from(&module.source_sha256);
    let decides = prune(&decides);
    validate(&decides)?;
    let format = match ty.formats.entries() {
        [format] => format.to_string(),
        several => format!("{} formats", several.len()),
    };
    Ok(Folded {
        module: decides,
        score,
        decision,
        compared,
        format,
        asked,
        cuts: front.cuts,
        steps,
    })
}

/// Adds the differences of the pairs along the last axis.
fn difference(builder: &mut Builder, node: &Node, id: NodeId) -> Result<NodeId, NodeError> {
    let shape = vec![2, 2];
    let mantissas = vec![1, -1, -1, 1];
    debug_assert_eq!(element_count(&shape), mantissas.len());
    let format = trigforge::Format::covering(-1, 1, 0).unwrap_or(trigforge::Format::ZERO);
    let ty = TensorType::uniform(shape, format);
    let name = format!("{}.difference", node.name);
    let signs = builder.node(
        format!("{name}.signs"),
        Constant { mantissas },
        &[],
        Some(ty),
    )?;
    builder.node(name, Dense, &[id, signs], None)
}
