//! `Concat`, and `Dropout`, which passes its operand on.

use ndarray::IxDyn;

use super::{Call, MANY, Row, Scope, Types, row};
use crate::import::onnx::call::axis;
use crate::import::onnx::element::Element;
use crate::import::onnx::scope::Value;
use crate::real::{Id, Op, Tensor};

pub(super) const ROWS: &[Row] = &[
    row("Concat", 4, (1, MANY), Types::Same, concat),
    row("Dropout", 7, (1, 3), Types::FirstFloat, dropout),
];

fn concat(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    if !call.attributes.has("axis") {
        return Err("attribute `axis` is missing".to_owned());
    }
    let given = call.attributes.int("axis", 0)?;
    let operands = call.all()?;
    let rank = scope.shape(call.arg(0)?).len();
    let axis = axis(given, rank)?;
    match operands.as_slice() {
        [only] => Ok(*only),
        _ => scope.op(call.name, Op::Concat { axis }, &operands),
    }
}

/// At inference nothing is dropped, and the mask is all true.
fn dropout(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    if scope.opset >= 12 {
        // Of use only while training.
        call.attributes.int("seed", 0)?;
        if call.optional_arg(2).is_some() {
            let training = call.constant_scalar(scope, 2, "its training mode")?;
            if training != Some(0.0) {
                return Err("it is in training mode; export the model for inference".to_owned());
            }
        }
    } else {
        call.no_operand_from(1)?;
        call.attributes.float("ratio", 0.5)?;
    }
    let x = call.arg(0)?;
    if call.wants(1) {
        let mask = Tensor::ones(IxDyn(&scope.shape(x)));
        let id = scope
            .graph
            .constant_node(format!("{}.mask", call.name), mask);
        let element = match scope.opset {
            ..10 => call.element,
            _ => Element::Bool,
        };
        call.further.push(Value { id, element });
    }
    Ok(x)
}
