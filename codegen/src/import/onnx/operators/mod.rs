//! Operators that are taken, and how each is written in the real graph: one
//! table per family, one file per table.

mod activation;
mod arithmetic;
mod batch_norm;
mod cast;
mod comparison;
mod constant;
pub(super) mod convolution;
mod gather;
mod gemm;
mod join;
mod normalization;
mod pad;
mod pool;
mod recurrent;
mod reduction;
mod resize;
mod select;
mod shape;
mod slice;
mod softmax;
mod space;

use super::call::Call;
use super::element::Element;
use super::proto::NodeProto;
use super::quant_operators;
use super::scope::{Scope, Value};
use super::trees;
use crate::import::shorten;
use crate::real::{Id, Op};

/// Translates a node to its first result; `Err` says what is not taken.
pub(super) type Translate = fn(&mut Scope<'_>, &mut Call<'_, '_>) -> Result<Id, String>;

/// Which element types an operator takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Types {
    /// Floating point, the same for all operands.
    Float,
    /// Floating point or integers, the same for all operands.
    Number,
    /// Any type, the same for all operands.
    Same,
    /// Booleans.
    Bool,
    /// Floating point for the first operand; the others are the translation's.
    FirstFloat,
    /// Any type for the first operand; the others are the translation's.
    First,
}

/// One operator that is taken.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// The operator.
    pub(super) name: &'static str,
    /// The first operator set that has it, or from which on it is taken.
    pub(super) since: i64,
    /// The last operator set that has it.
    pub(super) until: i64,
    /// Smallest and largest number of operands.
    pub(super) operands: (usize, usize),
    pub(super) types: Types,
    pub(super) translate: Translate,
}

/// An operator that newer operator sets have too.
pub(super) const fn row(
    name: &'static str,
    since: i64,
    operands: (usize, usize),
    types: Types,
    translate: Translate,
) -> Row {
    Row {
        name,
        since,
        until: i64::MAX,
        operands,
        types,
        translate,
    }
}

/// Any number of operands.
const MANY: usize = usize::MAX;

/// The default domain, family by family.
const FAMILIES: &[&[Row]] = &[
    activation::ROWS,
    arithmetic::ROWS,
    batch_norm::ROWS,
    cast::ROWS,
    comparison::ROWS,
    constant::ROWS,
    convolution::ROWS,
    gather::ROWS,
    gemm::ROWS,
    join::ROWS,
    normalization::ROWS,
    pad::ROWS,
    pool::ROWS,
    quant_operators::LINEAR,
    recurrent::ROWS,
    reduction::ROWS,
    resize::ROWS,
    select::ROWS,
    shape::ROWS,
    slice::ROWS,
    softmax::ROWS,
    space::ROWS,
];

/// Finds the row of a node's operator.
///
/// # Errors
///
/// Says that the operator is not taken, or not in this operator set.
pub(super) fn find(node: &NodeProto, opset: i64) -> Result<Row, String> {
    let (domain, operator) = (node.domain(), node.op_type());
    if let Some(found) = quant_operators::find(domain, operator) {
        return found;
    }
    if domain == "ai.onnx.ml" {
        return trees::find(operator);
    }
    if !matches!(domain, "" | "ai.onnx") {
        return Err(format!(
            "operators of the domain `{}` are not taken",
            shorten(domain)
        ));
    }
    let rows = FAMILIES.iter().copied().flatten();
    let mut rows = rows.filter(|row| row.name == operator).peekable();
    let Some(first) = rows.peek().copied() else {
        return Err("the operator is not taken".to_owned());
    };
    let fitting = rows.find(|row| (row.since..=row.until).contains(&opset));
    fitting.copied().ok_or_else(|| {
        let until = match first.until {
            i64::MAX => "on".to_owned(),
            until => format!("to {until}"),
        };
        format!(
            "the operator is taken from operator set {} {until}, the file has {opset}",
            first.since
        )
    })
}

/// An operator that is taken, and the operator sets in which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Operator {
    /// Its name in the default domain.
    pub name: &'static str,
    /// The first operator set.
    pub since: i64,
    /// The last one.
    pub until: i64,
}

/// The operators of the default domain that are taken, by name.
pub fn operators() -> Vec<Operator> {
    let rows = FAMILIES.iter().copied().flatten();
    let mut operators: Vec<_> = rows
        .map(|row| Operator {
            name: row.name,
            since: row.since.max(*super::OPSETS.start()),
            until: row.until.min(*super::OPSETS.end()),
        })
        .collect();
    operators.sort_unstable();
    operators
}

/// Translates one node to its results; `Err` says what is not taken.
pub(super) fn translate(
    scope: &mut Scope<'_>,
    node: &NodeProto,
    name: &str,
    args: &[Option<Value>],
) -> Result<Vec<Value>, String> {
    let row = find(node, scope.opset)?;
    let (least, most) = row.operands;
    if args.len() > most {
        return Err(format!("{} operands, at most {most} are taken", args.len()));
    }
    if let Some(index) = (0..least).find(|&index| args.get(index).copied().flatten().is_none()) {
        return Err(format!("operand {index} is missing"));
    }
    let mut call = Call::new(name, node, args);
    check_types(row.types, &call)?;
    let before = scope.graph.nodes.len();
    let first = (row.translate)(scope, &mut call)?;
    let first = Value {
        id: first,
        element: call.element,
    };
    let mut results = vec![first];
    results.append(&mut call.further);
    call.attributes.finish()?;
    scope.settle_from(before)?;
    for value in &mut results {
        // What is older than this node has been brought into its type.
        if value.id >= Id::nth(before) {
            value.id = in_type(scope, name, *value)?;
        }
    }
    Ok(results)
}

fn check_types(types: Types, call: &Call<'_, '_>) -> Result<(), String> {
    let fits = |element: Element| match types {
        Types::Float | Types::FirstFloat => element.is_float(),
        Types::Number => element.is_float() || element.is_integer(),
        Types::Bool => element == Element::Bool,
        Types::Same | Types::First => true,
    };
    let shared = !matches!(types, Types::First | Types::FirstFloat);
    let first = call.value(0).map(|value| value.element);
    let count = if shared { usize::MAX } else { 1 };
    for element in call.elements().take(count) {
        if !fits(element) {
            return Err(format!("elements of type {element} are not taken here"));
        }
        if shared && Some(element) != first {
            return Err("its operands differ in their element types".to_owned());
        }
    }
    Ok(())
}

/// A result in its element type: half precision is rounded, integers that
/// would wrap are none.
fn in_type(scope: &mut Scope<'_>, name: &str, value: Value) -> Result<Id, String> {
    let node = scope.graph.node(value.id);
    let stays =
        node.op.stays_in_type() || matches!(node.op, Op::Constant(_) if !value.element.is_float());
    match value.element.rounding() {
        Some(rounding) if !stays && node.op != Op::Unary(rounding) => {
            scope.op(name, Op::Unary(rounding), &[value.id])
        }
        _ => Ok(value.id),
    }
}
