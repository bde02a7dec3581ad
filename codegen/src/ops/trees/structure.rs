//! Whether splits and leaves are trees.

use super::{Child, MOST_DEPTH, Trees};

/// What follows from the structure of a forest that keeps all rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Structure {
    /// The tree of each leaf.
    pub tree_of_leaf: Vec<usize>,
    /// The most splits between the root of each tree and a leaf.
    pub depths: Vec<usize>,
}

/// Where in the forest a split or a leaf stands.
#[derive(Clone, Copy)]
struct Place {
    tree: usize,
    depth: usize,
}

struct Walk {
    splits: Vec<Option<Place>>,
    leaves: Vec<Option<Place>>,
}

impl Walk {
    fn reach(&mut self, child: Child, place: Place) -> Result<(), String> {
        let (name, index, all) = match child {
            Child::Split(index) => ("split", index, &mut self.splits),
            Child::Leaf(index) => ("leaf", index, &mut self.leaves),
        };
        if place.depth > MOST_DEPTH {
            return Err(format!(
                "tree {} is deeper than {MOST_DEPTH} splits",
                place.tree
            ));
        }
        let Some(slot) = all.get_mut(index) else {
            let count = all.len();
            return Err(format!("{name} {index} is reached, but there are {count}"));
        };
        match slot.replace(place) {
            None => Ok(()),
            Some(_) => Err(format!("{name} {index} is reached twice")),
        }
    }
}

impl Trees {
    /// Checks that the splits and `leaves` leaves are trees.
    ///
    /// # Errors
    ///
    /// The rule that is broken, with the split, leaf or tree that breaks it.
    pub fn structure(&self, leaves: usize) -> Result<Structure, String> {
        if self.roots.is_empty() {
            return Err("there is no tree".to_owned());
        }
        let mut walk = Walk {
            splits: vec![None; self.splits.len()],
            leaves: vec![None; leaves],
        };
        for (tree, &root) in self.roots.iter().enumerate() {
            walk.reach(root, Place { tree, depth: 0 })?;
        }
        for (index, split) in self.splits.iter().enumerate() {
            // Parents stand before, so they have been seen.
            let Some(Place { tree, depth }) = walk.splits[index] else {
                return Err(format!(
                    "split {index} is reached from no root or earlier split"
                ));
            };
            let depth = depth + 1;
            walk.reach(split.below, Place { tree, depth })?;
            walk.reach(split.otherwise, Place { tree, depth })?;
        }
        let mut depths = vec![0; self.roots.len()];
        let mut tree_of_leaf = Vec::with_capacity(leaves);
        for (index, place) in walk.leaves.into_iter().enumerate() {
            let Place { tree, depth } =
                place.ok_or_else(|| format!("leaf {index} is in no tree"))?;
            depths[tree] = depths[tree].max(depth);
            tree_of_leaf.push(tree);
        }
        Ok(Structure {
            tree_of_leaf,
            depths,
        })
    }
}
