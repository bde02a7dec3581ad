//! Makes a forest of the nodes that a file states, in any order.
//!
//! Nodes of files are hostile: children that are not there, that are reached
//! twice (so cycles too), trees deeper than an engine walks, or so many nodes
//! that no trigger holds them, are refused.

use crate::ops::{Child, MOST_DEPTH};
use crate::real::{Decision, Forest, Precision};

/// The most splits of a forest.
pub(in crate::import) const MOST_SPLITS: usize = 1 << 20;

/// How a split compares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::import) enum Compare {
    /// `x < t`.
    Less,
    /// `x <= t`.
    LessEqual,
    /// `x == t`: two splits, and the second child twice.
    Equal,
}

/// A node as a file states it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::import) enum Node {
    /// Goes on.
    Split {
        /// The feature.
        feature: usize,
        /// How it is compared.
        compare: Compare,
        /// With what.
        threshold: f64,
        /// Where to go if the comparison holds.
        holds: usize,
        /// Where to go if not.
        fails: usize,
        /// Whether a missing feature goes on as if it held.
        missing_holds: bool,
    },
    /// Ends: one value for each of the forest's width.
    Leaf(Vec<f64>),
}

/// Grows one forest.
#[derive(Debug)]
pub(in crate::import) struct Grower {
    forest: Forest,
}

/// What waits to be grown.
struct Open {
    node: Place,
    depth: usize,
    /// Whether this is the second copy of a subtree.
    copy: bool,
    /// The split and side that it belongs to; a root belongs to none.
    parent: Option<(usize, bool)>,
}

#[derive(Clone, Copy)]
enum Place {
    /// A node of the file.
    Node(usize),
    /// The second half of the comparison of a node for equality.
    NotBelow(usize),
}

impl Grower {
    /// An empty forest: its features, where its sums start, values of a leaf.
    pub(in crate::import) fn new(
        features: usize,
        base: Vec<f64>,
        width: usize,
        precision: Precision,
    ) -> Result<Self, String> {
        if features == 0 || base.is_empty() {
            return Err("it has no features or no outputs".to_owned());
        }
        crate::ir::check_size(&[features])?;
        if let Some(value) = base.iter().find(|value| !value.is_finite()) {
            return Err(format!("the base value {value} is not a finite number"));
        }
        Ok(Self {
            forest: Forest {
                features,
                roots: Vec::new(),
                classes: Vec::new(),
                decisions: Vec::new(),
                width,
                leaves: Vec::new(),
                base,
                compared_in: precision,
                summed_in: precision,
            },
        })
    }

    /// Adds a tree of up to `count` nodes that starts at node `root`.
    ///
    /// # Errors
    ///
    /// Names the node that breaks a rule.
    pub(in crate::import) fn tree(
        &mut self,
        class: usize,
        root: usize,
        count: usize,
        node: impl Fn(usize) -> Result<Node, String>,
    ) -> Result<(), String> {
        if class
            .checked_add(self.forest.width)
            .is_none_or(|end| end > self.forest.base.len())
        {
            return Err(format!(
                "it adds to output {class} of {}",
                self.forest.base.len()
            ));
        }
        let mut seen = vec![false; count];
        let mut open = vec![Open {
            node: Place::Node(root),
            depth: 0,
            copy: false,
            parent: None,
        }];
        let mut start = Child::Leaf(0);
        while let Some(next) = open.pop() {
            let (index, second) = match next.node {
                Place::Node(index) => (index, false),
                Place::NotBelow(index) => (index, true),
            };
            match seen.get_mut(index) {
                None => return Err(format!("there is no node {index}; it has {count}")),
                Some(seen) if *seen && !next.copy && !second => {
                    return Err(format!("node {index} is reached twice"));
                }
                Some(seen) => *seen = true,
            }
            if next.depth > MOST_DEPTH {
                return Err(format!(
                    "node {index} lies deeper than {MOST_DEPTH} splits, the most that are taken"
                ));
            }
            let grown = self.node(index, second, &next, node(index)?, &mut open)?;
            match next.parent {
                None => start = grown,
                Some((split, true)) => self.forest.decisions[split].below = grown,
                Some((split, false)) => self.forest.decisions[split].otherwise = grown,
            }
        }
        self.forest.roots.push(start);
        self.forest.classes.push(class);
        Ok(())
    }

    fn node(
        &mut self,
        index: usize,
        second: bool,
        next: &Open,
        node: Node,
        open: &mut Vec<Open>,
    ) -> Result<Child, String> {
        let forest = &mut self.forest;
        match node {
            Node::Leaf(values) => {
                if values.len() != forest.width {
                    return Err(format!(
                        "leaf {index} has {} values, expected {}",
                        values.len(),
                        forest.width
                    ));
                }
                if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                    return Err(format!("leaf {index} has the value {value}"));
                }
                forest.leaves.extend(values);
                Ok(Child::Leaf(forest.leaves.len() / forest.width - 1))
            }
            Node::Split {
                feature,
                compare,
                threshold,
                holds,
                fails,
                missing_holds,
            } => {
                if feature >= forest.features {
                    return Err(format!(
                        "node {index} reads feature {feature} of {}",
                        forest.features
                    ));
                }
                if !threshold.is_finite() {
                    return Err(format!("node {index} has the threshold {threshold}"));
                }
                if forest.decisions.len() >= MOST_SPLITS {
                    return Err(format!("it has more than {MOST_SPLITS} splits"));
                }
                // Equality: below, or not below and up to the threshold.
                let (below, otherwise, or_equal, copies) = match (compare, second) {
                    (Compare::Less, _) => (Place::Node(holds), Place::Node(fails), false, false),
                    (Compare::LessEqual, _) => {
                        (Place::Node(holds), Place::Node(fails), true, false)
                    }
                    (Compare::Equal, false) => {
                        (Place::Node(fails), Place::NotBelow(index), false, false)
                    }
                    (Compare::Equal, true) => (Place::Node(holds), Place::Node(fails), true, true),
                };
                let split = forest.decisions.len();
                forest.decisions.push(Decision {
                    feature,
                    threshold,
                    or_equal,
                    below: Child::Leaf(0),
                    otherwise: Child::Leaf(0),
                    missing_below: missing_holds,
                });
                let depth = next.depth + 1;
                open.push(Open {
                    node: otherwise,
                    depth,
                    copy: next.copy || copies,
                    parent: Some((split, false)),
                });
                open.push(Open {
                    node: below,
                    depth,
                    copy: next.copy,
                    parent: Some((split, true)),
                });
                Ok(Child::Split(split))
            }
        }
    }

    /// The forest.
    ///
    /// # Errors
    ///
    /// It has no tree.
    pub(in crate::import) fn finish(self) -> Result<Forest, String> {
        match self.forest.roots.is_empty() {
            true => Err("it has no trees".to_owned()),
            false => Ok(self.forest),
        }
    }
}
