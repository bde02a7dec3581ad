//! How the trees of an ensemble lie in tables.

use std::collections::BTreeMap;

use crate::ir::Interval;
use crate::ops::{Child, Trees};

/// Trees that are walked together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// The first element of the result that they add to.
    pub(super) class: usize,
    /// Splits on the way to a leaf.
    pub(super) depth: usize,
    /// Their splits and leaves.
    pub(super) layout: Layout,
}

/// Splits and leaves of trees of one depth.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Filled up to whole trees; see `walk_whole` in the core.
    Whole {
        /// For each tree its splits, threshold and feature; the first is unused.
        splits: Vec<Vec<(i64, usize)>>,
        /// For each tree its leaves, from the one that is always below.
        leaves: Vec<Vec<Option<usize>>>,
    },
    /// Nodes that name the next ones; see `walk_linked` in the core.
    Linked {
        /// Threshold and feature, and the nodes to go on to.
        nodes: Vec<((i64, usize), [u32; 2])>,
        /// The leaf at each node that is one.
        leaves: Vec<Option<usize>>,
        /// The node where each tree starts.
        roots: Vec<u32>,
    },
}

/// All trees of an ensemble.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Grouped {
    /// Trees with splits.
    pub(super) groups: Vec<Group>,
    /// Class and leaf of trees that are one leaf.
    pub(super) constants: Vec<(usize, usize)>,
}

/// Groups the trees by class and depth, for features of these ranges.
pub(super) fn groups(trees: &Trees, ranges: &[Interval]) -> Grouped {
    let forest = Forest::new(trees, ranges);
    let mut constants = Vec::new();
    let mut groups: BTreeMap<(usize, bool, usize), Vec<Child>> = BTreeMap::new();
    for (&root, &class) in trees.roots.iter().zip(&trees.classes) {
        match forest.resolve(root) {
            Child::Leaf(leaf) => constants.push((class, leaf)),
            root @ Child::Split(index) => {
                let (depth, leaves) = forest.sizes[index];
                let key = (class, !fills_up(depth, leaves), depth);
                groups.entry(key).or_default().push(root);
            }
        }
    }
    let group = |((class, linked, depth), roots): (_, Vec<Child>)| Group {
        class,
        depth,
        layout: match linked {
            true => forest.linked(&roots),
            false => {
                let (splits, leaves) = roots.iter().map(|&root| forest.whole(root, depth)).unzip();
                Layout::Whole { splits, leaves }
            }
        },
    };
    Grouped {
        groups: groups.into_iter().map(group).collect(),
        constants,
    }
}

/// Whether a tree is laid out whole: always if it is small, else if no more
/// than three of four leaves are copies.
fn fills_up(depth: usize, leaves: usize) -> bool {
    const SMALL: usize = 6;
    const LARGE: usize = 12;
    depth <= SMALL || (depth <= LARGE && 1 << depth <= 4 * leaves)
}

struct Forest<'a> {
    trees: &'a Trees,
    ranges: &'a [Interval],
    /// Depth and number of leaves below each split.
    sizes: Vec<(usize, usize)>,
}

impl<'a> Forest<'a> {
    fn new(trees: &'a Trees, ranges: &'a [Interval]) -> Self {
        let mut forest = Self {
            trees,
            ranges,
            sizes: vec![(0, 1); trees.splits.len()],
        };
        // Children stand after their parents.
        for (index, split) in trees.splits.iter().enumerate().rev() {
            let [below, otherwise] =
                [split.below, split.otherwise].map(|child| match forest.resolve(child) {
                    Child::Split(index) => forest.sizes[index],
                    Child::Leaf(_) => (0, 1),
                });
            forest.sizes[index] = (1 + below.0.max(otherwise.0), below.1 + otherwise.1);
        }
        forest
    }

    /// Passes splits that the range of their feature decides.
    fn resolve(&self, mut child: Child) -> Child {
        while let Child::Split(index) = child {
            let split = &self.trees.splits[index];
            let range = self.ranges[split.feature];
            if range.lo >= split.threshold {
                child = split.otherwise;
            } else if range.hi < split.threshold {
                child = split.below;
            } else {
                break;
            }
        }
        child
    }

    /// Splits and leaves of a tree, filled up to a depth.
    fn whole(&self, root: Child, depth: usize) -> (Vec<(i64, usize)>, Vec<Option<usize>>) {
        let mut splits = vec![(0, 0); 1 << depth];
        let mut leaves = vec![None; 1 << depth];
        let mut open = vec![(root, 1, 0)];
        while let Some((child, at, level)) = open.pop() {
            match self.resolve(child) {
                Child::Split(index) => {
                    let split = &self.trees.splits[index];
                    splits[at] = (split.threshold, split.feature);
                    open.push((split.below, 2 * at, level + 1));
                    open.push((split.otherwise, 2 * at + 1, level + 1));
                }
                Child::Leaf(leaf) => {
                    let copies = 1 << (depth - level);
                    leaves[at * copies - (1 << depth)..][..copies].fill(Some(leaf));
                }
            }
        }
        (splits, leaves)
    }

    fn linked(&self, roots: &[Child]) -> Layout {
        let mut nodes = Vec::new();
        let mut leaves = Vec::new();
        let mut starts = Vec::new();
        for &root in roots {
            starts.push(nodes.len() as u32);
            // A node, and the place that waits for its index.
            let mut open = vec![(root, None)];
            while let Some((child, parent)) = open.pop() {
                let at = nodes.len();
                if let Some((parent, side)) = parent {
                    let (_, next): &mut (_, [u32; 2]) = &mut nodes[parent];
                    next[side] = at as u32;
                }
                match self.resolve(child) {
                    Child::Split(index) => {
                        let split = &self.trees.splits[index];
                        nodes.push(((split.threshold, split.feature), [0; 2]));
                        leaves.push(None);
                        open.push((split.otherwise, Some((at, 1))));
                        open.push((split.below, Some((at, 0))));
                    }
                    Child::Leaf(leaf) => {
                        nodes.push(((0, 0), [at as u32; 2]));
                        leaves.push(Some(leaf));
                    }
                }
            }
        }
        let room = nodes.len().next_power_of_two();
        nodes.resize(room, ((0, 0), [0; 2]));
        leaves.resize(room, None);
        Layout::Linked {
            nodes,
            leaves,
            roots: starts,
        }
    }
}
