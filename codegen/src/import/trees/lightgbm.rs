//! LightGBM's text, as versions 2 to 4 of the library write it.
//!
//! Features, thresholds and sums are double precision, a split goes left if
//! `x <= t` (the library's paper: Ke et al., NeurIPS 2017). A missing value is
//! NaN, which no engine here takes, or zero where the file says so.

use std::collections::HashMap;
use std::str::FromStr;

use super::grow::{Compare, Grower, Node};
use super::{Ensemble, Failure, Transform};
use crate::import::{Unsupported, shorten};
use crate::ir::check_size;
use crate::real::Precision;

/// Up to this magnitude the library takes a value for zero.
const ZERO: f64 = 1e-35f32 as f64;

/// Reads a model.
pub(super) fn read(text: &str) -> Result<Ensemble, Failure> {
    let mut refused = Vec::new();
    let mut sections = sections(text)?;
    let mut header = sections.remove(0);
    let version = header.take("version")?;
    if !matches!(version, "v2" | "v3" | "v4") {
        header.refuse(
            &mut refused,
            "version",
            format!("`{}`; v2, v3 and v4 are taken", shorten(version)),
        );
    }
    let features = header.number::<usize>("max_feature_idx")?;
    let features = features.checked_add(1).ok_or("too many features")?;
    let outputs: usize = header.number("num_tree_per_iteration")?;
    check_size(&[outputs]).map_err(|reason| format!("num_tree_per_iteration: {reason}"))?;
    let average = header.entries.remove("average_output").is_some();
    let objective = header.entries.remove("objective").unwrap_or("custom");
    let transform = transform(objective).unwrap_or_else(|reason| {
        header.refuse(&mut refused, "objective", reason);
        Transform::None
    });
    header.ignore(&[
        "feature_infos",
        "feature_names",
        "label_index",
        "max_feature_idx",
        "monotone_constraints",
        "num_class",
        "tree",
        "tree_sizes",
    ]);
    header.finish(&mut refused);
    let mut grower = Grower::new(features, vec![0.0; outputs], 1, Precision::Double)?;
    let count = sections.len();
    for (index, section) in sections.into_iter().enumerate() {
        let name = section.name.clone();
        tree(&mut grower, section, index % outputs, &mut refused)
            .map_err(|reason| format!("{name}: {reason}"))?;
    }
    if outputs == 0 || count % outputs != 0 {
        return Err(format!("{count} trees, but {outputs} in an iteration").into());
    }
    if !refused.is_empty() {
        return Err(Failure::Unsupported(refused));
    }
    let mut ensemble = Ensemble::new(grower.finish()?, transform);
    if average {
        ensemble.divisor = (count / outputs) as f64;
    }
    Ok(ensemble)
}

/// What an objective makes of the sums: `binary sigmoid:1`.
fn transform(objective: &str) -> Result<Transform, String> {
    let mut words = objective.split_whitespace();
    let name = words.next().unwrap_or("");
    let mut scale = 1.0;
    for word in words {
        match word.split_once(':') {
            Some(("sigmoid", value)) if matches!(name, "binary" | "multiclassova") => {
                scale = value
                    .parse()
                    .ok()
                    .filter(|scale: &f64| scale.is_finite() && *scale > 0.0)
                    .ok_or_else(|| format!("`{}` is no sigmoid parameter", shorten(value)))?;
            }
            Some(("num_class", _)) => {}
            _ => {
                return Err(format!(
                    "`{}` of the objective `{}` is not taken",
                    shorten(word),
                    shorten(name)
                ));
            }
        }
    }
    Ok(match name {
        "binary" | "multiclassova" if scale == 1.0 => Transform::Sigmoid,
        "binary" | "multiclassova" => Transform::ScaledSigmoid(scale),
        "cross_entropy" => Transform::Sigmoid,
        "multiclass" => Transform::Softmax,
        "poisson" | "gamma" | "tweedie" => Transform::Exp,
        "regression" | "regression_l1" | "huber" | "fair" | "quantile" | "mape" | "lambdarank"
        | "rank_xendcg" | "custom" => Transform::None,
        _ => return Err(format!("the objective `{}` is not taken", shorten(name))),
    })
}

/// Lines `key=value` of the header or of one tree.
#[derive(Debug)]
struct Section<'a> {
    name: String,
    entries: HashMap<&'a str, &'a str>,
}

/// The header and the trees, without what follows them.
fn sections(text: &str) -> Result<Vec<Section<'_>>, String> {
    let mut sections = vec![Section {
        name: "header".to_owned(),
        entries: HashMap::new(),
    }];
    for (line, text) in text.lines().enumerate() {
        let text = text.trim_end();
        if text == "end of trees" {
            return Ok(sections);
        }
        if let Some(index) = text.strip_prefix("Tree=") {
            let expected = sections.len() - 1;
            if index.parse() != Ok(expected) {
                return Err(format!("line {}: expected Tree={expected}", line + 1));
            }
            sections.push(Section {
                name: format!("Tree={expected}"),
                entries: HashMap::new(),
            });
            continue;
        }
        if text.is_empty() {
            continue;
        }
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        let section = sections.len() - 1;
        if sections[section].entries.insert(key, value).is_some() {
            return Err(format!(
                "line {}: `{}` stands there twice",
                line + 1,
                shorten(key)
            ));
        }
    }
    Err("the line `end of trees` is missing: the file is not whole".to_owned())
}

impl<'a> Section<'a> {
    fn take(&mut self, key: &str) -> Result<&'a str, String> {
        self.entries
            .remove(key)
            .ok_or_else(|| format!("`{key}` is missing"))
    }

    fn number<T: FromStr>(&mut self, key: &str) -> Result<T, String> {
        let text = self.take(key)?;
        text.parse()
            .map_err(|_| format!("`{key}` is `{}`, expected a number", shorten(text)))
    }

    fn numbers<T: FromStr>(&mut self, key: &str, count: usize) -> Result<Vec<T>, String> {
        let text = match self.entries.remove(key) {
            None if count == 0 => "",
            None => return Err(format!("`{key}` is missing")),
            Some(text) => text,
        };
        let numbers: Vec<T> = text
            .split_ascii_whitespace()
            .map(|number| {
                number
                    .parse()
                    .map_err(|_| format!("`{key}` holds `{}`", shorten(number)))
            })
            .collect::<Result<_, _>>()?;
        match numbers.len() == count {
            true => Ok(numbers),
            false => Err(format!(
                "`{key}` has {} entries, expected {count}",
                numbers.len()
            )),
        }
    }

    fn refuse(&self, refused: &mut Vec<Unsupported>, key: &str, reason: String) {
        refused.push(Unsupported {
            node: format!("{}.{}", self.name, shorten(key)),
            operator: String::new(),
            reason,
        });
    }

    fn ignore(&mut self, keys: &[&str]) {
        self.entries.retain(|key, _| !keys.contains(key));
    }

    fn finish(self, refused: &mut Vec<Unsupported>) {
        let mut left: Vec<_> = self.entries.keys().copied().collect();
        left.sort_unstable();
        for key in left {
            let reason = "this entry is not known, and may change what is computed".to_owned();
            self.refuse(refused, key, reason);
        }
    }
}

/// Bits of a `decision_type`.
const CATEGORICAL: u8 = 1;
const DEFAULT_LEFT: u8 = 2;
const MISSING: u8 = 3 << 2;
const MISSING_IS_ZERO: u8 = 1 << 2;

fn tree(
    grower: &mut Grower,
    mut section: Section<'_>,
    class: usize,
    refused: &mut Vec<Unsupported>,
) -> Result<(), String> {
    let leaves: usize = section.number("num_leaves")?;
    let splits = leaves.checked_sub(1).ok_or("it has no leaves")?;
    let features: Vec<usize> = section.numbers("split_feature", splits)?;
    let thresholds: Vec<f64> = section.numbers("threshold", splits)?;
    let types: Vec<u8> = section.numbers("decision_type", splits)?;
    let left: Vec<i64> = section.numbers("left_child", splits)?;
    let right: Vec<i64> = section.numbers("right_child", splits)?;
    let values: Vec<f64> = section.numbers("leaf_value", leaves)?;
    if section
        .entries
        .remove("is_linear")
        .is_some_and(|is| is != "0")
    {
        let reason = "linear trees are not taken; train with linear_tree=false";
        section.refuse(refused, "is_linear", reason.to_owned());
        section.ignore(&["leaf_const", "num_features", "leaf_features", "leaf_coeff"]);
    }
    let is_categorical = |kind: &u8| kind & CATEGORICAL != 0;
    if section.number::<usize>("num_cat")? != 0 || types.iter().any(is_categorical) {
        let reason = "categorical splits are not taken; encode the categories as numbers";
        section.refuse(refused, "num_cat", reason.to_owned());
    }
    if let Some(kind) = types
        .iter()
        .find(|kind| *kind & !15 != 0 || *kind & MISSING == MISSING)
    {
        section.refuse(refused, "decision_type", format!("{kind} is not known"));
    }
    let moved = types
        .iter()
        .zip(&thresholds)
        .position(|(kind, &threshold)| {
            kind & MISSING == MISSING_IS_ZERO && moves_zero(kind & DEFAULT_LEFT != 0, threshold)
        });
    if let Some(index) = moved {
        section.refuse(
            refused,
            "decision_type",
            format!(
                "split {index} sends zeros, as missing values, where its threshold {} does not; \
                 train with zero_as_missing=false",
                thresholds[index]
            ),
        );
    }
    section.ignore(&[
        "cat_boundaries",
        "cat_threshold",
        "internal_count",
        "internal_value",
        "internal_weight",
        "leaf_count",
        "leaf_weight",
        "num_leaves",
        "shrinkage",
        "split_gain",
    ]);
    section.finish(refused);
    // Splits come first, then leaves, which the file counts from -1 downwards.
    let child = |child: i64| match usize::try_from(child) {
        Ok(split) if split < splits => Ok(split),
        Err(_) if child.unsigned_abs() as usize <= leaves => {
            Ok(splits + child.unsigned_abs() as usize - 1)
        }
        _ => Err(format!("there is no child {child}")),
    };
    let root = if splits == 0 { splits } else { 0 };
    grower.tree(class, root, splits + leaves, |index| {
        if let Some(leaf) = index.checked_sub(splits) {
            return Ok(Node::Leaf(vec![values[leaf]]));
        }
        Ok(Node::Split {
            feature: features[index],
            compare: Compare::LessEqual,
            threshold: thresholds[index],
            holds: child(left[index])?,
            fails: child(right[index])?,
            missing_holds: types[index] & DEFAULT_LEFT != 0,
        })
    })
}

/// Whether a value that counts as zero goes elsewhere than the threshold sends
/// it.
fn moves_zero(default_left: bool, threshold: f64) -> bool {
    let all_left = threshold >= ZERO;
    // The smallest value that counts as zero lies just above -ZERO.
    let all_right = threshold <= -ZERO;
    match default_left {
        true => !all_left,
        false => !all_right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_move_unless_the_threshold_sends_them_the_same_way() {
        for (default_left, threshold, expected) in [
            (true, 0.5, false),
            (true, ZERO, false),
            (true, 0.0, true),
            (true, -0.5, true),
            (false, -0.5, false),
            (false, -ZERO, false),
            (false, 0.0, true),
            (false, 0.5, true),
        ] {
            assert_eq!(moves_zero(default_left, threshold), expected, "{threshold}");
        }
    }
}
