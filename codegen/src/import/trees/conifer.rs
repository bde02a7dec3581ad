//! conifer's JSON (arXiv:2002.02534): forests that its converters wrote.
//!
//! Splits go left by the stated convention, `<` or `<=`; sums are in double
//! precision and start from `init_predict`. `config` describes a project of
//! that tool (names, precisions of its output), not the forest.

use super::fields::Fields;
use super::grow::{Compare, Grower, Node};
use super::{Ensemble, Failure, Transform};
use crate::import::json::Json;
use crate::import::{Unsupported, shorten};
use crate::real::Precision;

/// Reads a model.
pub(super) fn read(root: Json<'_>) -> Result<Ensemble, Failure> {
    let mut refused = Vec::new();
    let mut root = Fields::new("", root)?;
    let mut refuse = |node: &str, reason: String| {
        refused.push(Unsupported {
            node: node.to_owned(),
            operator: String::new(),
            reason,
        });
    };
    let features: usize = root.number("n_features")?;
    let base: Vec<f64> = root.numbers("init_predict")?;
    let trees = root.list("trees")?;
    let count: usize = root.number("n_trees")?;
    if trees.len() != count {
        return Err(format!("`n_trees` is {count}, but there are {}", trees.len()).into());
    }
    if let Some(norm) = root.optional("norm")
        && norm.number() != Some(1.0f64)
    {
        refuse("norm", "a norm other than 1 is not taken".to_owned());
    }
    let compare = match root.optional("splitting_convention") {
        // Before it was stated, it was scikit-learn's.
        None => Compare::LessEqual,
        Some(convention) => match convention.text() {
            Some("<") => Compare::Less,
            Some("<=") => Compare::LessEqual,
            _ => {
                let found = shorten(convention.text().unwrap_or(convention.kind()));
                let reason = format!("`{found}` is not taken; `<` and `<=` are");
                refuse("splitting_convention", reason);
                Compare::Less
            }
        },
    };
    root.ignore(&[
        "config",
        "feature_map",
        "library",
        "max_depth",
        "metadata",
        "n_classes",
    ]);
    root.finish(&mut refused);
    let outputs = base.len();
    let mut grower = Grower::new(features, base, 1, Precision::Double)?;
    for (round, classes) in trees.into_iter().enumerate() {
        let Json::List(classes) = classes else {
            return Err(format!("`trees[{round}]` is {}, expected a list", classes.kind()).into());
        };
        if classes.len() != outputs {
            return Err(format!(
                "`trees[{round}]` has {} trees, `init_predict` {outputs} values",
                classes.len()
            )
            .into());
        }
        for (class, fields) in classes.into_iter().enumerate() {
            let name = format!("trees[{round}][{class}]");
            let fields = Fields::new(name.clone(), fields)?;
            tree(&mut grower, fields, class, compare, &mut refused)
                .map_err(|reason| format!("{name}: {reason}"))?;
        }
    }
    if !refused.is_empty() {
        return Err(Failure::Unsupported(refused));
    }
    Ok(Ensemble::new(grower.finish()?, Transform::None))
}

fn tree(
    grower: &mut Grower,
    mut fields: Fields<'_>,
    class: usize,
    compare: Compare,
    refused: &mut Vec<Unsupported>,
) -> Result<(), String> {
    let features: Vec<i64> = fields.numbers("feature")?;
    let thresholds: Vec<f64> = fields.numbers("threshold")?;
    let values: Vec<f64> = fields.numbers("value")?;
    let left: Vec<i64> = fields.numbers("children_left")?;
    let right: Vec<i64> = fields.numbers("children_right")?;
    let count = features.len();
    let lengths = [thresholds.len(), values.len(), left.len(), right.len()];
    if lengths.iter().any(|&length| length != count) {
        return Err(format!(
            "it has {count} features, but lists of {lengths:?} entries"
        ));
    }
    if let Some(Json::List(weights)) = fields.optional("weight") {
        let oblique = weights
            .iter()
            .zip(&features)
            .any(|(weights, &feature)| feature >= 0 && !is_axis(weights, feature));
        if oblique || weights.len() != count {
            refused.push(Unsupported {
                node: fields.name("weight"),
                operator: String::new(),
                reason: "splits on a weighted sum of features are not taken".to_owned(),
            });
        }
    }
    fields.finish(refused);
    grower.tree(class, 0, count, |index| {
        let Ok(feature) = usize::try_from(features[index]) else {
            return Ok(Node::Leaf(vec![values[index]]));
        };
        let child = |child: i64| {
            usize::try_from(child).map_err(|_| format!("node {index} has the child {child}"))
        };
        Ok(Node::Split {
            feature,
            compare,
            threshold: thresholds[index],
            holds: child(left[index])?,
            fails: child(right[index])?,
            missing_holds: false,
        })
    })
}

/// Whether weights select one feature.
fn is_axis(weights: &Json<'_>, feature: i64) -> bool {
    let Json::List(weights) = weights else {
        return false;
    };
    weights.iter().enumerate().all(|(index, weight)| {
        let expected = if index as i64 == feature { 1.0 } else { 0.0 };
        weight.number() == Some(expected)
    })
}
