//! Operators that are taken, and how each is written in the real graph.

use super::attributes::Attributes;
use super::proto::NodeProto;
use super::scope::Scope;
use super::{batch_norm, gemm, quant_operators, shape, tensor};
use crate::import::shorten;
use crate::real::{Id, Op, Tensor};

/// A node with its operands while it is translated.
pub(super) struct Call<'n, 'a> {
    /// Name of the node, or of its first output.
    pub(super) name: &'n str,
    /// Attributes not taken yet.
    pub(super) attributes: Attributes<'a>,
    args: &'n [Option<Id>],
}

impl Call<'_, '_> {
    /// An operand that must be there.
    pub(super) fn arg(&self, index: usize) -> Result<Id, String> {
        self.optional_arg(index)
            .ok_or_else(|| format!("operand {index} is missing"))
    }

    /// An operand that may be left out.
    pub(super) fn optional_arg(&self, index: usize) -> Option<Id> {
        self.args.get(index).copied().flatten()
    }

    /// Refuses more operands than an operator has.
    fn at_most(&self, count: usize) -> Result<(), String> {
        if self.args.len() <= count {
            return Ok(());
        }
        Err(format!(
            "{} operands, at most {count} are taken",
            self.args.len()
        ))
    }
}

pub(super) type Translate = fn(&mut Scope<'_>, &mut Call<'_, '_>) -> Result<Id, String>;

/// The default domain: operator, largest number of operands, translation.
const OPERATORS: &[(&str, usize, Translate)] = &[
    ("Add", 2, |scope, call| binary(scope, call, Op::Add)),
    ("BatchNormalization", 5, batch_norm::translate),
    ("Constant", 0, constant),
    ("Flatten", 1, shape::flatten),
    ("Gemm", 3, gemm::translate),
    ("Identity", 1, |_, call| call.arg(0)),
    ("MatMul", 2, |scope, call| binary(scope, call, Op::MatMul)),
    ("Mul", 2, |scope, call| binary(scope, call, Op::Mul)),
    ("Relu", 1, |scope, call| {
        let x = call.arg(0)?;
        scope.op(call.name, Op::Relu, &[x])
    }),
    ("Reshape", 2, shape::reshape),
    ("Softmax", 1, shape::softmax),
    ("Sub", 2, |scope, call| binary(scope, call, Op::Sub)),
    ("Transpose", 1, shape::transpose),
];

fn find(node: &NodeProto) -> Result<(usize, Translate), String> {
    let (domain, operator) = (node.domain(), node.op_type());
    if let Some(found) = quant_operators::find(domain, operator) {
        return found;
    }
    if !matches!(domain, "" | "ai.onnx") {
        return Err(format!(
            "operators of the domain `{}` are not taken",
            shorten(domain)
        ));
    }
    OPERATORS
        .iter()
        .find(|(name, ..)| *name == operator)
        .map(|&(_, most, translate)| (most, translate))
        .ok_or_else(|| "the operator is not taken".to_owned())
}

/// The operators that are taken, for a message.
pub(in crate::import) fn names() -> String {
    let names = OPERATORS.iter().map(|(name, ..)| (*name).to_owned());
    let names: Vec<_> = names.chain(quant_operators::names()).collect();
    names.join(", ")
}

/// Whether an operator is taken at all.
pub(super) fn is_known(node: &NodeProto) -> Result<(), String> {
    find(node).map(|_| ())
}

/// Translates one node; `Err` says what is not taken.
pub(super) fn translate(
    scope: &mut Scope<'_>,
    node: &NodeProto,
    name: &str,
    args: &[Option<Id>],
) -> Result<Id, String> {
    let (most, translate) = find(node)?;
    let mut call = Call {
        name,
        attributes: Attributes::new(node),
        args,
    };
    call.at_most(most)?;
    let id = translate(scope, &mut call)?;
    call.attributes.finish()?;
    Ok(id)
}

fn binary(scope: &mut Scope<'_>, call: &mut Call<'_, '_>, op: Op) -> Result<Id, String> {
    let args = [call.arg(0)?, call.arg(1)?];
    // Opset 6 and before broadcast by attributes; newer ones must not.
    scope.op(call.name, op, &args)
}

fn constant(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let attributes = &mut call.attributes;
    let scalar = |value: f64| Tensor::from_elem(ndarray::IxDyn(&[]), value);
    let list = |values: Vec<f64>| ndarray::Array1::from_vec(values).into_dyn();
    let value = if let Some(proto) = attributes.tensor("value")? {
        let id = scope.graph.constant_node(call.name, tensor::read(proto)?);
        scope.note_type(id, proto);
        return Ok(id);
    } else if attributes.has("value_float") {
        scalar(attributes.float("value_float", 0.0)?)
    } else if attributes.has("value_int") {
        scalar(attributes.int("value_int", 0)? as f64)
    } else if let Some(values) = attributes.floats("value_floats")? {
        list(values.iter().map(|&x| x.into()).collect())
    } else if let Some(values) = attributes.ints("value_ints")? {
        list(values.iter().map(|&x| x as f64).collect())
    } else {
        return Err("no attribute `value` that is taken".to_owned());
    };
    Ok(scope.graph.constant_node(call.name, value))
}
