//! Layers that choose: elements in the order of keys, tree ensembles.

use super::{Config, Layers};
use crate::emit::hls::integer::Integer;
use crate::exact::{shift_left, shift_left_wrapping};
use crate::ir::NodeId;
use crate::ops::top_k::{network, position_bits};
use crate::ops::{Child, Lanes, TopK, Trees};

impl Layers<'_> {
    /// Elements in the order of a key, by a sorting network.
    pub(super) fn top_k(&mut self, id: NodeId, op: &TopK) -> Result<(), String> {
        let module = self.module;
        let node = module.node(id);
        let (key, x) = (self.shape(node.args[0]), self.shape(node.args[1]));
        let (key_lanes, lanes) = (Lanes::new(key, op.axis), Lanes::new(x, op.axis));
        let bits = position_bits(lanes.length);
        let ranges = Integer::of_ranges(&self.ranges[node.args[0].index()]);
        let comparators = network(lanes.length, op.k);
        let mut config = Config::default();
        config.size("n_keys", key_lanes.count() * key_lanes.length);
        config.size("n_in", lanes.count() * lanes.length);
        config.size("n_out", lanes.count() * op.k);
        config.size("key_lanes", key_lanes.count());
        config.size("key_inner", key_lanes.inner);
        config.size("length", lanes.length);
        config.size("inner", lanes.inner);
        config.size("k", op.k);
        config.size("comparators", comparators.len());
        config.number("position_bits", bits.into());
        config.truth("largest", op.largest);
        let unique = Integer {
            bits: ranges.to_signed().bits + bits,
            signed: true,
        };
        config.alias("unique_t", unique);
        let lane_of = op.key_lanes(key, x);
        let shape = [lanes.outer, lanes.inner];
        self.indices(&mut config, id, "key_lane", &lane_of, &shape);
        let pairs = comparators.iter().flatten();
        let pairs: Vec<_> = pairs.map(|&position| position as i64).collect();
        let about = self.about(id, "pairs of positions that are compared");
        let network = match pairs.is_empty() {
            true => vec![0],
            false => pairs,
        };
        let network = self.constants(&format!("network{}", id.index()), &about, &network);
        let key = self.operand(node.args[0])?;
        let data = self.operand(node.args[1])?;
        let result = self.result(id);
        let arrays = [&key, &data, &network, &result];
        self.emit(id, "top_k", &[], &arrays, &config);
        Ok(())
    }

    /// Splits with their parents, and leaves with theirs.
    pub(super) fn trees(&mut self, id: NodeId, trees: &Trees) -> Result<(), String> {
        let module = self.module;
        let node = module.node(id);
        let [x, leaves, base] = [0, 1, 2].map(|index| &module.node(node.args[index]).ty);
        let (values, offsets) = (self.mantissas(node.args[1])?, self.mantissas(node.args[2])?);
        let features = x.shape.last().copied().unwrap_or(1);
        let width = leaves.shape[1];
        let structure = trees.structure(values.len() / width)?;
        let f = Trees::result_f(leaves, base);
        let formats = leaves.element_formats();
        let aligned = values.iter().zip(formats);
        let aligned = aligned.map(|(&m, format)| shift_left(m.into(), f - format.f()));
        let aligned = aligned
            .map(i64::try_from)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| "an aligned leaf needs more than 64 bits")?;
        let result = self.result(id);
        let sums = result.integer.to_signed();
        let spare = 64 - sums.bits.min(64);
        let offsets: Vec<_> = offsets
            .iter()
            .zip(base.element_formats())
            .map(|(&m, format)| shift_left_wrapping(m, f - format.f()) << spare >> spare)
            .collect();
        let splits = trees.splits.len();
        // Parents and sides of splits, then of leaves; a root has none.
        let mut parents = vec![splits as i64; splits + structure.tree_of_leaf.len()];
        let mut sides = vec![0; parents.len()];
        for (at, split) in trees.splits.iter().enumerate() {
            for (side, child) in [split.below, split.otherwise].into_iter().enumerate() {
                let place = match child {
                    Child::Split(index) => index,
                    Child::Leaf(index) => splits + index,
                };
                parents[place] = at as i64;
                sides[place] = side as i64;
            }
        }
        let classes = structure.tree_of_leaf.iter();
        let classes: Vec<_> = classes.map(|&tree| trees.classes[tree] as i64).collect();
        let numbers = |number: &dyn Fn(&crate::ops::Split) -> i64| -> Vec<i64> {
            let all: Vec<_> = trees.splits.iter().map(number).collect();
            if all.is_empty() { vec![0] } else { all }
        };
        let feature = numbers(&|split| split.feature as i64);
        let threshold = numbers(&|split| split.threshold);
        let mut config = Config::default();
        config.size("n_positions", x.len() / features);
        config.size("n_features", features);
        config.size("n_splits", splits);
        config.size("n_leaves", structure.tree_of_leaf.len());
        config.size("leaf_width", width);
        config.size("n_classes", offsets.len());
        config.alias("accum_t", sums);
        let data = self.operand(node.args[0])?;
        let tables = [
            ("feature", "feature of each split", feature),
            ("threshold", "threshold of each split", threshold),
            ("parent", "parents of splits, then of leaves", parents),
            ("side", "sides of their parents", sides),
            ("class", "first sum that each leaf adds to", classes),
            ("leaf", "values of leaves", aligned),
            ("base", "what the sums start from", offsets),
        ];
        let tables = tables.map(|(name, what, values)| {
            let about = self.about(id, what);
            self.constants(&format!("{name}{}", id.index()), &about, &values)
        });
        let mut arrays = vec![&data];
        arrays.extend(&tables);
        arrays.push(&result);
        self.emit(id, "trees", &[], &arrays, &config);
        Ok(())
    }
}
