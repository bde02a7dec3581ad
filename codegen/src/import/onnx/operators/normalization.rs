//! Layer, instance, group and Lp normalisation, and mean-variance
//! normalisation.

use super::{Row, Types, row};
use crate::import::onnx::call::{Call, axes, axis};
use crate::import::onnx::composed::Writer;
use crate::import::onnx::composed::normalization::{magnitude, scaled, standardize};
use crate::import::onnx::element::Element;
use crate::import::onnx::scope::{Scope, Value};
use crate::real::Id;

pub(super) const ROWS: &[Row] = &[
    row("GroupNormalization", 18, (3, 3), Types::Float, group),
    row("InstanceNormalization", 6, (3, 3), Types::Float, instance),
    row("LayerNormalization", 17, (2, 3), Types::Float, layer),
    row("LpNormalization", 1, (1, 1), Types::Float, lp),
    row(
        "MeanVarianceNormalization",
        9,
        (1, 1),
        Types::Float,
        mean_variance,
    ),
];

/// arXiv:1607.06450.
fn layer(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let (x, scale) = (call.arg(0)?, call.arg(1)?);
    let bias = call.optional_arg(2);
    let rank = scope.graph.node(x).shape.len();
    let first = axis(call.attributes.int("axis", -1)?, rank)?;
    let epsilon = call.attributes.float("epsilon", 1e-5)?;
    // The precision of the middle part; here it is double for every value.
    if call.attributes.int("stash_type", 1)? != 1 {
        return Err("attribute `stash_type` is not 1 (FLOAT)".to_owned());
    }
    let over: Vec<_> = (first..rank).collect();
    let mut to = Writer::new(&mut scope.graph, call.name);
    let standard = standardize(&mut to, x, &over, epsilon)?;
    let mut y = to.mul(standard.value, scale)?;
    if let Some(bias) = bias {
        y = to.add(y, bias)?;
    }
    call.further = [standard.mean, standard.inverse]
        .map(|id| Value {
            id,
            element: Element::Float,
        })
        .to_vec();
    Ok(y)
}

/// arXiv:1607.08022.
fn instance(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let [x, scale, bias] = [call.arg(0)?, call.arg(1)?, call.arg(2)?];
    let epsilon = call.attributes.float("epsilon", 1e-5)?;
    let rank = scope.graph.node(x).shape.len();
    if rank < 3 {
        return Err("its operand must be [n, c, ..]".to_owned());
    }
    let mut to = Writer::new(&mut scope.graph, call.name);
    let over: Vec<_> = (2..rank).collect();
    let y = standardize(&mut to, x, &over, epsilon)?.value;
    scaled(&mut to, y, scale, bias, 1)
}

/// arXiv:1803.08494.
fn group(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let [x, scale, bias] = [call.arg(0)?, call.arg(1)?, call.arg(2)?];
    let epsilon = call.attributes.float("epsilon", 1e-5)?;
    let groups = call.attributes.int("num_groups", 0)?;
    // The precision of the middle part; here it is double for every value.
    if scope.opset >= 21 && call.attributes.int("stash_type", 1)? != 1 {
        return Err("attribute `stash_type` is not 1 (FLOAT)".to_owned());
    }
    let shape = scope.graph.node(x).shape.clone();
    let count = usize::try_from(groups)
        .ok()
        .filter(|&groups| groups > 0 && shape.len() > 2 && shape[1].is_multiple_of(groups));
    let Some(count) = count else {
        return Err(format!("{groups} groups do not fit shape {shape:?}"));
    };
    let mut to = Writer::new(&mut scope.graph, call.name);
    let mut split = vec![shape[0], count, shape[1] / count];
    split.extend(&shape[2..]);
    let over: Vec<_> = (2..split.len()).collect();
    let grouped = to.reshape(x, split.clone())?;
    let y = standardize(&mut to, grouped, &over, epsilon)?.value;
    // Before operator set 21, scale and bias are per group.
    if scope.opset >= 21 {
        let mut to = Writer::new(&mut scope.graph, call.name);
        let y = to.reshape(y, shape)?;
        return scaled(&mut to, y, scale, bias, 1);
    }
    let y = scaled(&mut to, y, scale, bias, 1)?;
    to.reshape(y, shape)
}

fn lp(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let rank = scope.graph.node(x).shape.len();
    let over = axis(call.attributes.int("axis", -1)?, rank)?;
    let p = call.attributes.int("p", 2)?;
    let mut to = Writer::new(&mut scope.graph, call.name);
    let norm = match p {
        1 | 2 => magnitude(&mut to, x, over, p == 2)?,
        _ => return Err(format!("attribute `p` is {p}, expected 1 or 2")),
    };
    to.op(crate::real::Op::Div, &[x, norm])
}

fn mean_variance(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let x = call.arg(0)?;
    let rank = scope.graph.node(x).shape.len();
    let over = axes(call.attributes.ints("axes")?.unwrap_or(&[0, 2, 3]), rank)?;
    let mut to = Writer::new(&mut scope.graph, call.name);
    // The operator's own definition adds 1e-9 to the deviation.
    crate::import::onnx::composed::normalization::mean_variance(&mut to, x, &over, 1e-9)
}
