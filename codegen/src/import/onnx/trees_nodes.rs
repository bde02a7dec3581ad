//! The lists of attributes that hold the nodes and leaves of ONNX-ML trees.

use std::collections::{BTreeMap, HashMap};

use super::call::Call;
use crate::import::shorten;
use crate::import::trees::grow::{Compare, Grower, Node};
use crate::real::{Forest, Precision};

/// Values at leaves: `target_*` or `class_*`.
pub(super) struct Leaves<'a> {
    trees: &'a [i64],
    nodes: &'a [i64],
    outputs: &'a [i64],
    weights: &'a [f32],
}

impl<'a> Leaves<'a> {
    /// Takes the four lists of a prefix.
    pub(super) fn read(call: &mut Call<'_, 'a>, prefix: &str) -> Result<Self, String> {
        let leaves = Self {
            trees: ints(call, &format!("{prefix}_treeids"))?,
            nodes: ints(call, &format!("{prefix}_nodeids"))?,
            outputs: ints(call, &format!("{prefix}_ids"))?,
            weights: floats(call, &format!("{prefix}_weights"))?,
        };
        let lengths = [
            leaves.trees.len(),
            leaves.nodes.len(),
            leaves.outputs.len(),
            leaves.weights.len(),
        ];
        match lengths.iter().all(|&length| length == lengths[0]) {
            true => Ok(leaves),
            false => Err(format!("the lists {prefix}_* have {lengths:?} entries")),
        }
    }

    /// Whether all values are of the same output; then it is output 0 of one.
    pub(super) fn one_output(&mut self) -> bool {
        let same = self.outputs.windows(2).all(|pair| pair[0] == pair[1]);
        if same {
            self.outputs = &[];
        }
        same
    }

    /// Whether no value is negative.
    pub(super) fn all_positive(&self) -> bool {
        self.weights.iter().all(|&weight| weight >= 0.0)
    }

    fn output(&self, index: usize) -> i64 {
        self.outputs.get(index).copied().unwrap_or(0)
    }
}

/// Nodes of all trees.
pub(super) struct Nodes<'a> {
    trees: &'a [i64],
    ids: &'a [i64],
    features: &'a [i64],
    values: &'a [f32],
    modes: Vec<Mode>,
    holds: &'a [i64],
    fails: &'a [i64],
    missing: Option<&'a [i64]>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Leaf,
    /// How to compare, and whether the true child is where the comparison fails.
    Branch(Compare, bool),
}

fn mode(name: &[u8]) -> Result<Mode, String> {
    Ok(match name {
        b"LEAF" => Mode::Leaf,
        b"BRANCH_LEQ" => Mode::Branch(Compare::LessEqual, false),
        b"BRANCH_LT" => Mode::Branch(Compare::Less, false),
        b"BRANCH_GTE" => Mode::Branch(Compare::Less, true),
        b"BRANCH_GT" => Mode::Branch(Compare::LessEqual, true),
        b"BRANCH_EQ" => Mode::Branch(Compare::Equal, false),
        b"BRANCH_NEQ" => Mode::Branch(Compare::Equal, true),
        other => {
            return Err(format!(
                "the node mode {} is not taken",
                shorten(&String::from_utf8_lossy(other))
            ));
        }
    })
}

impl<'a> Nodes<'a> {
    /// Takes the lists `nodes_*`.
    pub(super) fn read(call: &mut Call<'_, 'a>) -> Result<Self, String> {
        // How often a node was reached in training.
        call.attributes.floats("nodes_hitrates")?;
        let modes = call.attributes.strings("nodes_modes")?;
        let modes = modes.ok_or("attribute `nodes_modes` is missing")?;
        let nodes = Self {
            trees: ints(call, "nodes_treeids")?,
            ids: ints(call, "nodes_nodeids")?,
            features: ints(call, "nodes_featureids")?,
            values: floats(call, "nodes_values")?,
            modes: modes
                .iter()
                .map(|name| mode(name))
                .collect::<Result<_, _>>()?,
            holds: ints(call, "nodes_truenodeids")?,
            fails: ints(call, "nodes_falsenodeids")?,
            missing: call.attributes.ints("nodes_missing_value_tracks_true")?,
        };
        let lengths = [
            nodes.trees.len(),
            nodes.ids.len(),
            nodes.features.len(),
            nodes.values.len(),
            nodes.modes.len(),
            nodes.holds.len(),
            nodes.fails.len(),
            nodes
                .missing
                .filter(|list| !list.is_empty())
                .map_or(nodes.ids.len(), <[i64]>::len),
        ];
        match lengths.iter().all(|&length| length == lengths[0]) {
            true => Ok(nodes),
            false => Err(format!("the lists nodes_* have {lengths:?} entries")),
        }
    }

    /// Grows the forest.
    pub(super) fn forest(
        &self,
        features: usize,
        base: Vec<f64>,
        leaves: &Leaves<'_>,
    ) -> Result<Forest, String> {
        let outputs = base.len();
        let mut places = HashMap::with_capacity(self.ids.len());
        for (place, key) in self.trees.iter().zip(self.ids).enumerate() {
            if places.insert((*key.0, *key.1), place).is_some() {
                return Err(format!("tree {} has node {} twice", key.0, key.1));
            }
        }
        // The values of each leaf, by its place among the nodes.
        let mut values: HashMap<usize, Vec<(usize, f64)>> = HashMap::new();
        for (index, key) in leaves.trees.iter().zip(leaves.nodes).enumerate() {
            let place = places.get(&(*key.0, *key.1));
            let place = *place.ok_or_else(|| {
                format!(
                    "a value is given for node {} of tree {}, which is none",
                    key.1, key.0
                )
            })?;
            if self.modes[place] != Mode::Leaf {
                return Err(format!(
                    "a value is given for node {} of tree {}, which is no leaf",
                    key.1, key.0
                ));
            }
            let output = leaves.output(index);
            let output = usize::try_from(output)
                .ok()
                .filter(|&output| output < outputs);
            let output = output.ok_or_else(|| {
                format!(
                    "a value is given for output {} of {outputs}",
                    leaves.output(index)
                )
            })?;
            let weight = leaves.weights[index];
            values
                .entry(place)
                .or_default()
                .push((output, weight.into()));
        }
        // One value for a leaf if every tree keeps to one output.
        let mut class_of: BTreeMap<i64, Option<usize>> = BTreeMap::new();
        for (&place, values) in &values {
            for &(output, _) in values {
                let class = class_of.entry(self.trees[place]).or_insert(Some(output));
                *class = class.filter(|&class| class == output && values.len() == 1);
            }
        }
        let scalar = class_of.values().all(Option::is_some);
        let width = if scalar { 1 } else { outputs };
        let mut grower = Grower::new(features, base, width, Precision::Single)?;
        let mut first = 0;
        while first < self.ids.len() {
            let tree = self.trees[first];
            let same = self.trees[first..].iter().take_while(|id| **id == tree);
            let count = same.count();
            let class = match scalar {
                true => class_of.get(&tree).copied().flatten().unwrap_or(0),
                false => 0,
            };
            // Places of this tree count from its first node, which is the root.
            let child = |id: i64| -> Result<usize, String> {
                let place = places
                    .get(&(tree, id))
                    .and_then(|place| place.checked_sub(first));
                place.ok_or_else(|| format!("there is no node {id}"))
            };
            let node = |place: usize| -> Result<Node, String> {
                let place = first + place;
                let Mode::Branch(compare, swapped) = self.modes[place] else {
                    let mut leaf = vec![0.0; width];
                    for &(output, weight) in values.get(&place).into_iter().flatten() {
                        leaf[output - class] += weight;
                    }
                    return Ok(Node::Leaf(leaf));
                };
                let feature = self.features[place];
                let tracks_true = self.missing.and_then(|list| list.get(place)) == Some(&1);
                let (holds, fails) = (child(self.holds[place])?, child(self.fails[place])?);
                let (holds, fails) = if swapped {
                    (fails, holds)
                } else {
                    (holds, fails)
                };
                Ok(Node::Split {
                    feature: usize::try_from(feature)
                        .map_err(|_| format!("a node reads feature {feature}"))?,
                    compare,
                    threshold: self.values[place].into(),
                    holds,
                    fails,
                    missing_holds: tracks_true != swapped,
                })
            };
            grower
                .tree(class, 0, count, node)
                .map_err(|reason| format!("tree {tree}: {reason}"))?;
            first += count;
        }
        grower.finish()
    }
}

fn ints<'a>(call: &mut Call<'_, 'a>, name: &str) -> Result<&'a [i64], String> {
    let list = call.attributes.ints(name)?;
    list.ok_or_else(|| format!("attribute `{name}` is missing"))
}

fn floats<'a>(call: &mut Call<'_, 'a>, name: &str) -> Result<&'a [f32], String> {
    let list = call.attributes.floats(name)?;
    list.ok_or_else(|| format!("attribute `{name}` is missing"))
}
