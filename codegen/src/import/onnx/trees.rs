//! Tree ensembles of ONNX-ML (domain `ai.onnx.ml`): `TreeEnsembleRegressor` and
//! `TreeEnsembleClassifier`, and what converters of scikit-learn put around.
//!
//! Features are FLOAT, and the sums single precision. A node compares `x <= t`,
//! `x < t`, `x >= t`, `x > t`, `x == t` or `x != t`, and goes on to its true
//! child if that holds. The labels of a classifier are integers.

use ndarray::{Array1, Array2, arr0};

use super::call::Call;
use super::element::Element;
use super::operators::{Row, Types, row};
use super::scope::{Scope, Value};
use super::trees_nodes::{Leaves, Nodes};
use crate::ir::check_size;
use crate::real::{Forest, Function, Id, Op};

const ROWS: &[Row] = &[
    row("LabelEncoder", 2, (1, 1), Types::First, label_encoder),
    row("Scaler", 1, (1, 1), Types::Float, scaler),
    row(
        "TreeEnsembleClassifier",
        1,
        (1, 1),
        Types::Float,
        classifier,
    ),
    row("TreeEnsembleRegressor", 1, (1, 1), Types::Float, regressor),
    row("ZipMap", 1, (1, 1), Types::Float, zip_map),
];

/// What is refused of the domain, and what to do.
const REFUSED: &[(&str, &str)] = &[
    (
        "TreeEnsemble",
        "of the ensembles, those of ai.onnx.ml up to version 3 are taken; convert with that \
         target opset",
    ),
    (
        "Normalizer",
        "its quotients have no exact form; end the pipeline at the trees",
    ),
];

/// The row of an operator of the domain `ai.onnx.ml`.
pub(super) fn find(operator: &str) -> Result<Row, String> {
    if let Some(row) = ROWS.iter().find(|row| row.name == operator) {
        return Ok(*row);
    }
    match REFUSED.iter().find(|(name, _)| *name == operator) {
        Some((_, advice)) => Err((*advice).to_owned()),
        None => {
            let names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
            Err(format!("of ai.onnx.ml, {} are taken", names.join(", ")))
        }
    }
}

/// `post_transform` of the sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PostTransform {
    None,
    Logistic,
    Softmax,
}

fn post_transform(call: &mut Call<'_, '_>) -> Result<PostTransform, String> {
    let name = call.attributes.string("post_transform")?;
    match name.as_deref().unwrap_or("NONE") {
        "NONE" => Ok(PostTransform::None),
        "LOGISTIC" => Ok(PostTransform::Logistic),
        "SOFTMAX" => Ok(PostTransform::Softmax),
        other => Err(format!(
            "post_transform {} is not taken; NONE, LOGISTIC and SOFTMAX are",
            crate::import::shorten(other)
        )),
    }
}

fn transformed(
    scope: &mut Scope<'_>,
    name: &str,
    transform: PostTransform,
    sums: Id,
) -> Result<Id, String> {
    let op = match transform {
        PostTransform::None => return Ok(sums),
        PostTransform::Logistic => Op::Unary(Function::Sigmoid),
        PostTransform::Softmax => Op::Softmax {
            axis: last_axis(scope, sums),
        },
    };
    scope.op(name, op, &[sums])
}

fn last_axis(scope: &Scope<'_>, id: Id) -> usize {
    scope.graph.node(id).shape.len() - 1
}

fn single(call: &Call<'_, '_>) -> Result<(), String> {
    match call.element {
        Element::Float => Ok(()),
        other => Err(format!("features of type {other} are not taken; FLOAT is")),
    }
}

/// Features of the operand, which has two dimensions.
fn features(scope: &Scope<'_>, x: Id) -> Result<usize, String> {
    match *scope.graph.node(x).shape.as_slice() {
        [_, features] => Ok(features),
        ref shape => Err(format!(
            "its operand has shape {shape:?}, expected [n, features]"
        )),
    }
}

/// The sums of a forest, divided by the number of its trees if it averages.
fn sums(
    scope: &mut Scope<'_>,
    call: &Call<'_, '_>,
    mut forest: Forest,
    average: bool,
) -> Result<Id, String> {
    let x = call.arg(0)?;
    let trees = forest.roots.len() as f64;
    let outputs = forest.base.len();
    let base = match average {
        true => std::mem::replace(&mut forest.base, vec![0.0; outputs]),
        false => Vec::new(),
    };
    let sums = scope.op(call.name, Op::Trees(Box::new(forest)), &[x])?;
    if !average {
        return Ok(sums);
    }
    let divisor = format!("{}.trees", call.name);
    let divisor = scope.graph.constant_node(divisor, arr0(trees).into_dyn());
    let mean = scope.op(call.name, Op::Div, &[sums, divisor])?;
    if base.iter().all(|&base| base == 0.0) {
        return Ok(mean);
    }
    let name = format!("{}.base", call.name);
    let base = scope
        .graph
        .constant_node(name, Array1::from_vec(base).into_dyn());
    scope.op(call.name, Op::Add, &[mean, base])
}

fn regressor(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    single(call)?;
    let features = features(scope, call.arg(0)?)?;
    let aggregate = call.attributes.string("aggregate_function")?;
    let average = match aggregate.as_deref().unwrap_or("SUM") {
        "SUM" => false,
        "AVERAGE" => true,
        other => {
            return Err(format!(
                "aggregate_function {} is not taken; SUM and AVERAGE are",
                crate::import::shorten(other)
            ));
        }
    };
    let targets = call.attributes.int("n_targets", 1)?;
    let targets = usize::try_from(targets).map_err(|_| format!("n_targets is {targets}"))?;
    let transform = post_transform(call)?;
    let leaves = Leaves::read(call, "target")?;
    let base = call.attributes.floats("base_values")?;
    let base = match base.map(|base| base.iter().map(|&value| value.into()).collect()) {
        None => vec![0.0; targets],
        Some(base) => base,
    };
    if base.len() != targets {
        return Err(format!("{} base_values for {targets} targets", base.len()));
    }
    let forest = Nodes::read(call)?.forest(features, base, &leaves)?;
    let sums = sums(scope, call, forest, average)?;
    transformed(scope, call.name, transform, sums)
}

fn classifier(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    single(call)?;
    let features = features(scope, call.arg(0)?)?;
    if call.attributes.has("classlabels_strings") {
        return Err("text labels are not taken; train with labels 0, 1, ...".to_owned());
    }
    let labels = call.attributes.ints("classlabels_int64s")?;
    let labels = labels
        .ok_or("attribute `classlabels_int64s` is missing")?
        .to_vec();
    let transform = post_transform(call)?;
    let mut leaves = Leaves::read(call, "class")?;
    let base: Vec<f64> = match call.attributes.floats("base_values")? {
        None => Vec::new(),
        Some(base) => base.iter().map(|&value| value.into()).collect(),
    };
    let nodes = Nodes::read(call)?;
    let binary = labels.len() == 2 && leaves.one_output();
    let outputs = if binary { 1 } else { labels.len() };
    let base = match base.len() {
        0 => vec![0.0; outputs],
        given if given == outputs => base,
        given => return Err(format!("{given} base_values for {outputs} scores")),
    };
    let forest = nodes.forest(features, base, &leaves)?;
    let positive = leaves.all_positive();
    let sums = sums(scope, call, forest, false)?;
    let (position, scores) = match binary {
        true => binary_scores(scope, call.name, transform, positive, sums)?,
        false => {
            let axis = last_axis(scope, sums);
            let largest = Op::Arg {
                largest: true,
                axis,
                last: false,
            };
            let position = scope.op(call.name, largest, &[sums])?;
            (position, transformed(scope, call.name, transform, sums)?)
        }
    };
    call.element = Element::Int(64);
    call.further.push(Value {
        id: scores,
        element: Element::Float,
    });
    label(scope, call.name, &labels, position)
}

/// The labels at positions `[n, 1]`, as `[n]`.
fn label(scope: &mut Scope<'_>, name: &str, labels: &[i64], position: Id) -> Result<Id, String> {
    let count = scope.graph.node(position).shape[0];
    let position = scope.graph.reshape_node(name, position, vec![count])?;
    if labels.iter().copied().eq(0..labels.len() as i64) {
        return Ok(position);
    }
    let values = labels.iter().map(|&label| label as f64).collect();
    let rows = Array2::from_shape_vec((labels.len(), 1), values);
    let rows = rows.map_err(|error| error.to_string())?;
    let rows = scope
        .graph
        .constant_node(format!("{name}.labels"), rows.into_dyn());
    let found = scope.op(name, Op::Lookup, &[position, rows])?;
    scope.graph.reshape_node(name, found, vec![count])
}

/// Position and scores of two classes of which the leaves score one, as ONNX
/// Runtime defines them: a probability if no leaf is negative, else a margin.
fn binary_scores(
    scope: &mut Scope<'_>,
    name: &str,
    transform: PostTransform,
    positive: bool,
    sums: Id,
) -> Result<(Id, Id), String> {
    let mut constant = |value: f64| scope.graph.constant_node(name, arr0(value).into_dyn());
    let (threshold, one) = (constant(if positive { 0.5 } else { 0.0 }), constant(1.0));
    let position = scope.op(name, Op::Less, &[threshold, sums])?;
    let axis = last_axis(scope, sums);
    let pair = match (transform, positive) {
        (PostTransform::None, true) => [scope.op(name, Op::Sub, &[one, sums])?, sums],
        (PostTransform::None, false) => [scope.op(name, Op::Unary(Function::Neg), &[sums])?, sums],
        (PostTransform::Logistic, false) => {
            let negative = scope.op(name, Op::Unary(Function::Neg), &[sums])?;
            let sigmoid = Op::Unary(Function::Sigmoid);
            [
                scope.op(name, sigmoid.clone(), &[negative])?,
                scope.op(name, sigmoid, &[sums])?,
            ]
        }
        _ => {
            return Err(
                "post_transform with scores of one class of two, none of them negative, is not \
                 taken"
                    .to_owned(),
            );
        }
    };
    let scores = scope.op(name, Op::Concat { axis }, &pair)?;
    Ok((position, scores))
}

/// `(x - offset) * scale`, per feature or for all.
fn scaler(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    single(call)?;
    let features = features(scope, call.arg(0)?)?;
    let mut value = call.arg(0)?;
    for (name, op) in [("offset", Op::Sub), ("scale", Op::Mul)] {
        let Some(numbers) = call.attributes.floats(name)? else {
            continue;
        };
        if numbers.len() != 1 && numbers.len() != features {
            return Err(format!(
                "{} values of {name} for {features} features",
                numbers.len()
            ));
        }
        let numbers = numbers.iter().map(|&number| number.into()).collect();
        let numbers = Array1::from_vec(numbers).into_dyn();
        let constant = scope
            .graph
            .constant_node(format!("{}.{name}", call.name), numbers);
        value = scope.op(call.name, op, &[value, constant])?;
    }
    Ok(value)
}

/// Numbers for integers, as a table of rows: what the converter of isolation
/// forests makes of the leaf that a tree ends at.
fn label_encoder(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    if !call.element.is_integer() {
        return Err(format!(
            "keys of type {} are not taken; INT64 are",
            call.element
        ));
    }
    let keys = call.attributes.ints("keys_int64s")?;
    let keys = keys.ok_or("attribute `keys_int64s` is missing")?;
    let floats = call.attributes.floats("values_floats")?;
    let (values, default): (Vec<f64>, f64) = match floats {
        Some(values) => {
            call.element = Element::Float;
            let default = call.attributes.float("default_float", 0.0)?;
            (values.iter().map(|&value| value.into()).collect(), default)
        }
        None => {
            let values = call.attributes.ints("values_int64s")?;
            let values = values.ok_or("attribute `values_floats` or `values_int64s` is missing")?;
            let default = call.attributes.int("default_int64", -1)? as f64;
            (values.iter().map(|&value| value as f64).collect(), default)
        }
    };
    if keys.is_empty() || keys.len() != values.len() {
        return Err(format!("{} keys for {} values", keys.len(), values.len()));
    }
    let count = keys
        .iter()
        .max()
        .map_or(0, |&largest| largest.saturating_add(1));
    let count = usize::try_from(count).map_err(|_| "its keys are negative".to_owned())?;
    check_size(&[count])?;
    let mut rows = vec![default; count];
    // Of a key that stands there twice, the first value counts.
    for (&key, &value) in keys.iter().zip(&values).rev() {
        let key = usize::try_from(key).map_err(|_| format!("the key {key} is negative"))?;
        rows[key] = value;
    }
    let rows = Array2::from_shape_vec((count, 1), rows).map_err(|error| error.to_string())?;
    let rows = scope
        .graph
        .constant_node(format!("{}.values", call.name), rows.into_dyn());
    let x = call.arg(0)?;
    let shape = scope.graph.node(x).shape.clone();
    let found = scope.op(call.name, Op::Lookup, &[x, rows])?;
    scope.graph.reshape_node(call.name, found, shape)
}

/// A map from labels to scores is the scores, in the order of the labels.
fn zip_map(_: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    call.attributes.ints("classlabels_int64s")?;
    if call.attributes.has("classlabels_strings") {
        return Err("text labels are not taken; train with labels 0, 1, ...".to_owned());
    }
    call.arg(0)
}
