//! `BatchNormalization` at inference: a scale and an offset per channel.

use ndarray::IxDyn;

use super::{Call, Row, Scope, Types, row};
use crate::real::{Id, Op};

pub(super) const ROWS: &[Row] = &[row(
    "BatchNormalization",
    7,
    (5, 5),
    Types::FirstFloat,
    translate,
)];

fn translate(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let epsilon = call.attributes.float("epsilon", 1e-5)?;
    // Of use only while training.
    call.attributes.float("momentum", 0.9)?;
    if call.attributes.int("training_mode", 0)? != 0 {
        return Err("attribute `training_mode` is 1; export the model for inference".to_owned());
    }
    if (1..5).any(|result| call.wants(result)) {
        return Err("its results after the first, of training, are not taken".to_owned());
    }
    if scope.opset < 9 && call.attributes.int("spatial", 1)? != 1 {
        return Err("attribute `spatial` is 0; only statistics per channel are taken".to_owned());
    }
    let x = call.arg(0)?;
    let shape = scope.graph.node(x).shape.clone();
    if shape.len() < 2 {
        return Err(format!(
            "its operand has shape {shape:?}, without a channel axis"
        ));
    }
    let statistic = |index: usize, what: &str| {
        let tensor = scope.constant(call.arg(index)?, what)?.clone();
        if tensor.shape() != [shape[1]] {
            return Err(format!(
                "{what} has shape {:?}, the operand {} channels",
                tensor.shape(),
                shape[1]
            ));
        }
        // Broadcast along the channel axis.
        let mut along = vec![1; shape.len()];
        along[1] = shape[1];
        tensor
            .into_shape_with_order(IxDyn(&along))
            .map_err(|error| error.to_string())
    };
    let gamma = statistic(1, "its scale")?;
    let beta = statistic(2, "its bias")?;
    let mean = statistic(3, "its mean")?;
    let variance = statistic(4, "its variance")?;
    if variance.iter().any(|v| v + epsilon <= 0.0) {
        return Err("its variance plus epsilon is not positive".to_owned());
    }
    let scale = gamma / variance.mapv(|v| libm::sqrt(v + epsilon));
    let offset = beta - mean * &scale;
    let scale = scope
        .graph
        .constant_node(format!("{}.scale", call.name), scale);
    let offset = scope
        .graph
        .constant_node(format!("{}.offset", call.name), offset);
    let scaled = scope.op(call.name, Op::Mul, &[x, scale])?;
    scope.op(call.name, Op::Add, &[scaled, offset])
}
