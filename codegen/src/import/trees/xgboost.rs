//! XGBoost's JSON, as versions 1 to 3 of the library write it.
//!
//! Features, thresholds and leaves are single precision, a split goes left if
//! `x < t`, and the sums start from the base score, of which the objective
//! says whether it is a probability or a rate: a sum starts from its logit or
//! logarithm then (arXiv:1603.02754 is the library's paper).

use super::fields::Fields;
use super::grow::{Compare, Grower, Node};
use super::{Ensemble, Failure, Transform};
use crate::import::json::Json;
use crate::import::{Unsupported, shorten};
use crate::real::Precision;

/// What an objective makes of the base score and of the sums.
struct Objective {
    base: fn(f32) -> f32,
    transform: Transform,
}

fn objective(name: &str) -> Option<Objective> {
    // The library computes both in single precision.
    let logit = |p: f32| -libm::logf(1.0 / p - 1.0);
    let (base, transform): (fn(f32) -> f32, _) = match name {
        "binary:logistic" | "reg:logistic" => (logit, Transform::Sigmoid),
        // Raw scores start from the score itself.
        "binary:logitraw" => (|x| x, Transform::None),
        "binary:hinge" => (|x| x, Transform::Positive),
        "count:poisson" | "reg:gamma" | "reg:tweedie" => (libm::logf, Transform::Exp),
        "multi:softprob" => (|x| x, Transform::Softmax),
        "multi:softmax" => (|x| x, Transform::ArgMax),
        "reg:squarederror"
        | "reg:linear"
        | "reg:squaredlogerror"
        | "reg:absoluteerror"
        | "reg:pseudohubererror"
        | "reg:quantileerror"
        | "rank:pairwise"
        | "rank:ndcg"
        | "rank:map" => (|x| x, Transform::None),
        _ => return None,
    };
    Some(Objective { base, transform })
}

/// Reads a model.
pub(super) fn read(root: Json<'_>) -> Result<Ensemble, Failure> {
    let mut refused = Vec::new();
    let mut root = Fields::new("", root)?;
    root.ignore(&["version"]);
    let mut learner = root.object("learner")?;
    root.ignore(&["config", "Config"]);
    root.finish(&mut refused);
    let mut refuse = |node: String, reason: String| {
        refused.push(Unsupported {
            node,
            operator: String::new(),
            reason,
        });
    };

    let mut parameters = learner.object("learner_model_param")?;
    let features: usize = parameters.number("num_feature")?;
    let classes: usize = parameters.number("num_class")?;
    let targets: usize = match parameters.optional("num_target") {
        None => 1,
        Some(value) => value.number().ok_or("`num_target` is no number")?,
    };
    if targets != 1 {
        refuse(
            parameters.name("num_target"),
            format!("{targets} targets; one is taken"),
        );
    }
    let score = parameters.required("base_score")?;
    let scores = base_scores(&score).ok_or_else(|| {
        format!(
            "`{}` is no number or list of numbers",
            parameters.name("base_score")
        )
    })?;
    // Whether the score was estimated; it is stated either way.
    parameters.ignore(&["boost_from_average"]);

    let mut kind = learner.object("objective")?;
    let objective_name = kind.text("name")?;
    let objective = objective(&objective_name);
    if objective.is_none() {
        refuse(
            kind.name("name"),
            format!("the objective `{}` is not taken", shorten(&objective_name)),
        );
    }

    let mut booster = learner.object("gradient_booster")?;
    let booster_name = booster.text("name")?;
    if booster_name != "gbtree" {
        refuse(
            booster.name("name"),
            format!(
                "the booster `{}` is not taken; `gbtree` is",
                shorten(&booster_name)
            ),
        );
        return Err(Failure::Unsupported(refused));
    }
    let mut model = booster.object("model")?;
    let types = match learner.optional("feature_types") {
        Some(Json::List(types)) => types,
        _ => Vec::new(),
    };
    let categories = |kind: &&Json<'_>| !matches!(kind.text(), Some("float" | "int" | "q" | "i"));
    if let Some(other) = types.iter().find(categories) {
        let kind = shorten(other.text().unwrap_or("?"));
        refuse(
            learner.name("feature_types"),
            format!("features of type `{kind}` are not taken; float, int, q and i are"),
        );
    }
    if let Some(stop) = early_stop(&mut learner)? {
        let rounds = model.optional("iteration_indptr");
        let rounds = match rounds {
            Some(Json::List(ends)) => Some(ends.len().saturating_sub(1)),
            _ => None,
        };
        if rounds != Some(stop + 1) {
            refuse(
                learner.name("attributes.best_iteration"),
                format!(
                    "training stopped early, and the library's scikit-learn interface predicts \
                     with the first {} rounds, its booster with all; save \
                     `booster[:{}]`, or drop the attribute",
                    stop + 1,
                    stop + 1
                ),
            );
        }
    }
    learner.ignore(&["feature_names"]);
    learner.finish(&mut refused);
    parameters.finish(&mut refused);
    kind_parameters(kind, &mut refused);
    booster.finish(&mut refused);

    let outputs = classes.max(1);
    crate::ir::check_size(&[outputs]).map_err(|reason| format!("num_class: {reason}"))?;
    let forest = forest(model, features, outputs, &mut refused);
    if !refused.is_empty() {
        return Err(Failure::Unsupported(refused));
    }
    let mut forest = forest?;
    let Some(objective) = objective else {
        return Err("the objective is not known".to_owned().into());
    };
    let scores = match scores.as_slice() {
        [one] => vec![*one; outputs],
        several if several.len() == outputs => scores,
        several => {
            return Err(format!("{} base scores for {outputs} outputs", several.len()).into());
        }
    };
    forest.base = scores.iter().map(|&p| (objective.base)(p).into()).collect();
    if let Some(index) = forest.base.iter().position(|value| !value.is_finite()) {
        return Err(format!(
            "the base score {} has no finite margin under {objective_name}",
            scores[index]
        )
        .into());
    }
    Ok(Ensemble::new(forest, objective.transform))
}

/// `0.5`, `"5E-1"` or `"[5E-1]"`.
fn base_scores(value: &Json<'_>) -> Option<Vec<f32>> {
    match value.text() {
        Some(text) => {
            let inner = match text.trim().strip_prefix('[') {
                Some(rest) => rest.strip_suffix(']')?,
                None => text,
            };
            inner
                .split(',')
                .map(|item| item.trim().parse().ok())
                .collect()
        }
        None => value.number().map(|score| vec![score]),
    }
}

/// The round at which training stopped early, if it did.
fn early_stop(learner: &mut Fields<'_>) -> Result<Option<usize>, String> {
    let Some(attributes) = learner.optional("attributes") else {
        return Ok(None);
    };
    let mut attributes = Fields::new(learner.name("attributes"), attributes)?;
    Ok(attributes
        .optional("best_iteration")
        .and_then(|value| value.number()))
}

/// Parameters of the objective belong to training.
fn kind_parameters(mut kind: Fields<'_>, refused: &mut Vec<Unsupported>) {
    kind.ignore(&[
        "reg_loss_param",
        "softmax_multiclass_param",
        "poisson_regression_param",
        "tweedie_regression_param",
        "pseudo_huber_param",
        "quantile_loss_param",
        "lambdarank_param",
        "lambda_rank_param",
    ]);
    kind.finish(refused);
}

fn forest(
    mut model: Fields<'_>,
    features: usize,
    outputs: usize,
    refused: &mut Vec<Unsupported>,
) -> Result<crate::real::Forest, Failure> {
    let mut parameters = model.object("gbtree_model_param")?;
    let count: usize = parameters.number("num_trees")?;
    if let Some(size) = parameters.optional("size_leaf_vector")
        && !matches!(size.number(), Some(0u32 | 1))
    {
        refused.push(vector_leaf(parameters.name("size_leaf_vector")));
    }
    parameters.ignore(&["num_parallel_tree"]);
    parameters.finish(refused);
    let classes: Vec<usize> = model.numbers("tree_info")?;
    let trees = model.list("trees")?;
    if trees.len() != count || classes.len() != count {
        return Err(format!(
            "`num_trees` is {count}, but there are {} trees and {} entries of `tree_info`",
            trees.len(),
            classes.len()
        )
        .into());
    }
    if let Some(categories) = model.optional("cats") {
        let mut categories = Fields::new(model.name("cats"), categories)?;
        if !categories.list("enc")?.is_empty() {
            refused.push(categorical(categories.name("enc")));
        }
        categories.ignore(&["feature_segments", "sorted_idx"]);
        categories.finish(refused);
    }
    model.ignore(&["iteration_indptr"]);
    model.finish(refused);
    let mut grower = Grower::new(features, vec![0.0; outputs], 1, Precision::Single)?;
    for (index, (fields, class)) in trees.into_iter().zip(classes).enumerate() {
        let fields = Fields::new(format!("trees[{index}]"), fields)?;
        tree(&mut grower, fields, class, refused)
            .map_err(|reason| format!("tree {index}: {reason}"))?;
    }
    Ok(grower.finish()?)
}

fn categorical(node: String) -> Unsupported {
    Unsupported {
        node,
        operator: String::new(),
        reason: "categorical splits are not taken; encode the categories as numbers".to_owned(),
    }
}

fn vector_leaf(node: String) -> Unsupported {
    Unsupported {
        node,
        operator: String::new(),
        reason: "leaves with several values are not taken; train with multi_strategy \
                 one_output_per_tree"
            .to_owned(),
    }
}

/// Where a node without children says so.
const NONE: i64 = -1;

fn tree(
    grower: &mut Grower,
    mut fields: Fields<'_>,
    class: usize,
    refused: &mut Vec<Unsupported>,
) -> Result<(), String> {
    let mut parameters = fields.object("tree_param")?;
    let count: usize = parameters.number("num_nodes")?;
    if let Some(size) = parameters.optional("size_leaf_vector")
        && !matches!(size.number(), Some(0u32 | 1))
    {
        refused.push(vector_leaf(parameters.name("size_leaf_vector")));
    }
    parameters.ignore(&["num_deleted", "num_feature"]);
    parameters.finish(refused);
    let left: Vec<i64> = fields.numbers("left_children")?;
    let right: Vec<i64> = fields.numbers("right_children")?;
    let features: Vec<usize> = fields.numbers("split_indices")?;
    let conditions: Vec<f32> = fields.numbers("split_conditions")?;
    let default_left = fields.list("default_left")?;
    let lengths = [
        left.len(),
        right.len(),
        features.len(),
        conditions.len(),
        default_left.len(),
    ];
    if lengths.iter().any(|&length| length != count) {
        return Err(format!(
            "it has {count} nodes, but lists of {lengths:?} entries"
        ));
    }
    let is_set = |value: &Json<'_>| match value {
        Json::Word("true") => true,
        value => value.number() == Some(1u8),
    };
    if let Some(types) = fields.optional("split_type") {
        let categories = match &types {
            Json::List(types) => types.iter().any(|kind| kind.number() != Some(0u8)),
            _ => true,
        };
        if categories {
            refused.push(categorical(fields.name("split_type")));
        }
    }
    for key in ["categories", "categories_nodes"] {
        if let Some(value) = fields.optional(key)
            && value != Json::List(Vec::new())
        {
            refused.push(categorical(fields.name(key)));
        }
    }
    fields.ignore(&[
        "base_weights",
        "categories_segments",
        "categories_sizes",
        "id",
        "loss_changes",
        "parents",
        "sum_hessian",
    ]);
    fields.finish(refused);
    grower.tree(class, 0, count, |index| {
        if left[index] == NONE {
            return Ok(Node::Leaf(vec![conditions[index].into()]));
        }
        let child = |child: i64| {
            usize::try_from(child).map_err(|_| format!("node {index} has the child {child}"))
        };
        Ok(Node::Split {
            feature: features[index],
            compare: Compare::Less,
            threshold: conditions[index].into(),
            holds: child(left[index])?,
            fails: child(right[index])?,
            missing_holds: is_set(&default_left[index]),
        })
    })
}
