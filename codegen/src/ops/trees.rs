//! `trees x, leaves, base {roots, class, feature, threshold, below, otherwise}`:
//! a tree ensemble.
//!
//! `x` is `[..., n]`, `leaves` a constant `[l, w]`, `base` a constant `[c]`; the
//! result is `[..., c]`. Splits and leaves are numbered from 0. Where a split or
//! a leaf is meant, a number s >= 0 is split s, and a number s < 0 is leaf
//! -1 - s. Tree t starts at `roots[t]`; at split s it goes on
//!
//! - to `below[s]` if m < `threshold[s]`, where m is the mantissa of
//!   `x[.., feature[s]]`,
//! - to `otherwise[s]` if not,
//!
//! until it is at a leaf k, whose w values it adds, exactly, to the elements
//! `class[t] .. class[t] + w` of the result; they start from `base`.
//!
//! A threshold is thus an integer in the format of its feature. A real threshold
//! r loses nothing: m 2^-f < r is m < ceil(r 2^f), and m 2^-f <= r is
//! m < floor(r 2^f) + 1.
//!
//! All elements of the result have f = the largest of those of `leaves` and
//! `base`. Their range is the sum, over the trees, of the smallest and of the
//! largest value that a leaf of the tree adds.
//!
//! Refused are: a split that stands before its parent (so there are no cycles),
//! a split or a leaf that is not reached exactly once, a tree deeper than
//! [`MOST_DEPTH`], a feature whose fractional bits differ between positions.

mod structure;

pub use structure::Structure;

use super::{
    Attribute, Attributes, Cost, Derived, Operand, Operation, Values, Wires, derive_exact,
    expect_args, expect_declared,
};
use crate::circuit::{Builder, Wire};
use crate::exact::{shift_left, shift_left_wrapping};
use crate::ir::{TensorType, check_size};

/// The most splits between a root and a leaf.
pub const MOST_DEPTH: usize = 128;

/// Where a tree goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Child {
    /// At a split.
    Split(usize),
    /// At a leaf, where it ends.
    Leaf(usize),
}

impl Child {
    /// From the number that stands for it.
    fn from_number(number: i64) -> Result<Self, String> {
        let index = if number < 0 { -1 - number } else { number };
        let index = usize::try_from(index).map_err(|_| format!("{number} is no child"))?;
        Ok(match number < 0 {
            true => Self::Leaf(index),
            false => Self::Split(index),
        })
    }

    /// The number that stands for it.
    fn number(self) -> i64 {
        match self {
            Self::Split(index) => index as i64,
            Self::Leaf(index) => -1 - index as i64,
        }
    }
}

/// One decision: below the threshold, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// The element of `x` along its last axis.
    pub feature: usize,
    /// Mantissa in the format of the feature.
    pub threshold: i64,
    /// Where to go if the feature is smaller.
    pub below: Child,
    /// Where to go if it is not.
    pub otherwise: Child,
}

/// A tree ensemble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trees {
    /// Where each tree starts.
    pub roots: Vec<Child>,
    /// For each tree, the element of the result that its leaves add to, the
    /// first one if a leaf has several values.
    pub classes: Vec<usize>,
    /// All splits; children stand after their parents.
    pub splits: Vec<Split>,
}

impl Trees {
    pub(super) fn from_attributes(attributes: &mut Attributes) -> Result<Self, String> {
        let children = |numbers: Vec<i64>| -> Result<Vec<_>, String> {
            numbers.into_iter().map(Child::from_number).collect()
        };
        let roots = children(attributes.take_list("roots")?)?;
        let classes = attributes.take_list("class")?;
        let features: Vec<usize> = attributes.take_list("feature")?;
        let thresholds: Vec<i64> = attributes.take_list("threshold")?;
        let below = children(attributes.take_list("below")?)?;
        let otherwise = children(attributes.take_list("otherwise")?)?;
        let count = features.len();
        let lengths = [thresholds.len(), below.len(), otherwise.len()];
        if lengths.iter().any(|&length| length != count) {
            return Err(format!(
                "feature, threshold, below and otherwise have {count}, {}, {} and {} entries, \
                 expected as many of each",
                lengths[0], lengths[1], lengths[2]
            ));
        }
        let children = below.into_iter().zip(otherwise);
        let splits = features.into_iter().zip(thresholds).zip(children);
        Ok(Self {
            roots,
            classes,
            splits: splits
                .map(|((feature, threshold), (below, otherwise))| Split {
                    feature,
                    threshold,
                    below,
                    otherwise,
                })
                .collect(),
        })
    }
}

/// The operands after their shapes were checked.
struct Shapes {
    features: usize,
    width: usize,
    classes: usize,
}

impl Trees {
    fn shapes(
        &self,
        x: &TensorType,
        leaves: &TensorType,
        base: &TensorType,
    ) -> Result<Shapes, String> {
        let features = match x.shape.last() {
            Some(&features) if !x.is_empty() => features,
            _ => return Err(format!("no features in shape {:?}", x.shape)),
        };
        let width = match *leaves.shape.as_slice() {
            [_, width] if width > 0 => width,
            _ => {
                return Err(format!(
                    "leaves have shape {:?}, expected [l, w]",
                    leaves.shape
                ));
            }
        };
        let &[classes] = base.shape.as_slice() else {
            return Err(format!("base has shape {:?}, expected [c]", base.shape));
        };
        if self.classes.len() != self.roots.len() {
            return Err(format!(
                "{} trees, but {} entries of class",
                self.roots.len(),
                self.classes.len()
            ));
        }
        let outside = |&class: &usize| class.checked_add(width).is_none_or(|end| end > classes);
        if let Some(tree) = self.classes.iter().position(outside) {
            return Err(format!(
                "tree {tree} adds {width} values to a result of {classes}, from {} on",
                self.classes[tree]
            ));
        }
        let beyond = |split: &Split| split.feature >= features;
        if let Some(index) = self.splits.iter().position(beyond) {
            return Err(format!(
                "split {index} reads feature {} of {features}",
                self.splits[index].feature
            ));
        }
        let formats = x.element_formats();
        for split in &self.splits {
            let mut column = formats.iter().skip(split.feature).step_by(features);
            let first = column.next().map(|format| format.f());
            if column.any(|format| Some(format.f()) != first) {
                return Err(format!(
                    "the fractional bits of feature {} differ between positions; \
                     requantize it first",
                    split.feature
                ));
            }
        }
        Ok(Shapes {
            features,
            width,
            classes,
        })
    }

    /// The fractional bits that all results share.
    pub fn result_f(leaves: &TensorType, base: &TensorType) -> i32 {
        let formats = leaves
            .formats
            .entries()
            .iter()
            .chain(base.formats.entries());
        formats.map(|format| format.f()).max().unwrap_or(0)
    }

    /// The leaf that one event reaches in a tree.
    fn leaf(&self, root: Child, x: &[i64]) -> usize {
        let mut at = root;
        loop {
            match at {
                Child::Leaf(leaf) => return leaf,
                Child::Split(index) => {
                    let split = &self.splits[index];
                    at = match x[split.feature] < split.threshold {
                        true => split.below,
                        false => split.otherwise,
                    };
                }
            }
        }
    }
}

impl Operation for Trees {
    fn name(&self) -> &'static str {
        "trees"
    }

    fn attributes(&self) -> Vec<Attribute> {
        let splits = || self.splits.iter();
        let numbers =
            |children: Vec<Child>| -> Vec<_> { children.into_iter().map(Child::number).collect() };
        let features: Vec<_> = splits().map(|split| split.feature).collect();
        let thresholds: Vec<_> = splits().map(|split| split.threshold).collect();
        vec![
            Attribute::list("roots", &numbers(self.roots.clone())),
            Attribute::list("class", &self.classes),
            Attribute::list("feature", &features),
            Attribute::list("threshold", &thresholds),
            Attribute::list("below", &numbers(splits().map(|s| s.below).collect())),
            Attribute::list(
                "otherwise",
                &numbers(splits().map(|s| s.otherwise).collect()),
            ),
        ]
    }

    fn derive(
        &self,
        args: &[Operand<'_>],
        declared: Option<&TensorType>,
    ) -> Result<Derived, String> {
        expect_args::<3>(args)?;
        let (x, leaves, base) = (&args[0], &args[1], &args[2]);
        let values = leaves.constant.ok_or("the leaves must be a constant")?;
        let offsets = base.constant.ok_or("the base must be a constant")?;
        let Shapes {
            features,
            width,
            classes,
        } = self.shapes(x.ty, leaves.ty, base.ty)?;
        let structure = self.structure(values.len() / width)?;
        let f = Self::result_f(leaves.ty, base.ty);
        let leaf_formats = leaves.ty.element_formats();
        // The smallest and largest value that each tree adds to each element.
        let mut ends: Vec<Option<(i128, i128)>> = vec![None; self.roots.len() * width];
        for (at, (&m, format)) in values.iter().zip(&leaf_formats).enumerate() {
            let value = shift_left(m.into(), f - format.f());
            let slot = &mut ends[structure.tree_of_leaf[at / width] * width + at % width];
            *slot = Some(slot.map_or((value, value), |(lo, hi)| (lo.min(value), hi.max(value))));
        }
        let base_formats = base.ty.element_formats();
        let mut sums: Vec<_> = offsets
            .iter()
            .zip(&base_formats)
            .map(|(&m, format)| shift_left(m.into(), f - format.f()))
            .map(|offset| (offset, offset, f))
            .collect();
        for (tree, ends) in ends.chunks(width).enumerate() {
            let sums = sums.iter_mut().skip(self.classes[tree]);
            for ((lo, hi, _), ends) in sums.zip(ends) {
                let (tree_lo, tree_hi) = ends.unwrap_or_default();
                *lo = lo.saturating_add(tree_lo);
                *hi = hi.saturating_add(tree_hi);
            }
        }
        let mut shape = x.ty.shape.clone();
        shape.pop();
        shape.push(classes);
        check_size(&shape)?;
        let exact = sums.repeat(x.ty.len() / features);
        expect_declared(derive_exact(&shape, &exact)?, declared)
    }

    fn evaluate(&self, args: &[Values<'_>], result: &TensorType) -> Vec<i64> {
        let (x, leaves, base) = (args[0], args[1], args[2]);
        let features = x.ty.shape.last().copied().unwrap_or(1);
        let width = leaves.ty.shape[1];
        let f = result.formats.uniform_f().unwrap_or(0);
        let aligned = |values: &Values<'_>| -> Vec<i64> {
            let formats = values.ty.element_formats().into_iter();
            let mantissas = values.mantissas.iter().zip(formats);
            mantissas
                .map(|(&m, format)| shift_left_wrapping(m, f - format.f()))
                .collect()
        };
        let (leaves, base) = (aligned(&leaves), aligned(&base));
        let mut y = Vec::with_capacity(result.len());
        for x in x.mantissas.chunks(features) {
            let mut sums = base.clone();
            for (&root, &class) in self.roots.iter().zip(&self.classes) {
                let leaf = self.leaf(root, x) * width;
                let values = &leaves[leaf..leaf + width];
                for (sum, value) in sums[class..].iter_mut().zip(values) {
                    // The final sum fits in 64 bits: arithmetic modulo 2^64 is exact.
                    *sum = sum.wrapping_add(*value);
                }
            }
            y.extend(sums);
        }
        y
    }

    /// Every split is a comparison and one choice per value of a leaf, from the
    /// leaves upwards; then all trees are added.
    fn lower(
        &self,
        args: &[Wires<'_>],
        _result: &TensorType,
        circuit: &mut Builder,
    ) -> Result<Vec<Wire>, String> {
        let (x, leaves, base) = (args[0], args[1], args[2]);
        let offsets = base.constant.ok_or("the base must be a constant")?;
        let base_formats = base.ty.element_formats();
        let features = x.ty.shape.last().copied().unwrap_or(1);
        let width = leaves.ty.shape[1];
        let x_formats = x.ty.element_formats();
        let mut sums = Vec::new();
        for (position, x) in x.wires.chunks(features).enumerate() {
            let formats = &x_formats[position * features..];
            let mut chosen: Vec<Vec<Wire>> = vec![Vec::new(); self.splits.len()];
            for (index, split) in self.splits.iter().enumerate().rev() {
                let threshold = circuit.constant(split.threshold, formats[split.feature].f());
                let is_below = circuit.less(x[split.feature], threshold)?;
                for j in 0..width {
                    let [below, otherwise] =
                        [split.below, split.otherwise].map(|child| match child {
                            Child::Split(index) => chosen[index][j],
                            Child::Leaf(leaf) => leaves.wires[leaf * width + j],
                        });
                    let value = circuit.select(is_below, below, otherwise)?;
                    chosen[index].push(value);
                }
            }
            for (class, (&offset, format)) in offsets.iter().zip(&base_formats).enumerate() {
                let trees = self.roots.iter().zip(&self.classes);
                let terms: Vec<_> = trees
                    .filter_map(|(&root, &first)| {
                        let j = class.checked_sub(first).filter(|&j| j < width)?;
                        Some(match root {
                            Child::Split(index) => (chosen[index][j], 1, 0),
                            Child::Leaf(leaf) => (leaves.wires[leaf * width + j], 1, 0),
                        })
                    })
                    .collect();
                sums.push(circuit.linear(&terms, (offset, format.f()))?);
            }
        }
        Ok(sums)
    }

    /// A comparison counts as a product of its feature with one bit, and a
    /// threshold or a leaf value that is not zero as a parameter.
    fn cost(&self, args: &[Operand<'_>]) -> Cost {
        let x = &args[0];
        let features = x.ty.shape.last().copied().unwrap_or(1);
        let formats = x.ty.element_formats();
        let bits = |split: &Split| -> u64 {
            let column = formats.iter().skip(split.feature).step_by(features);
            column.map(|format| u64::from(format.width())).sum()
        };
        let nonzero = |m: &&i64| **m != 0;
        let values = args[1..].iter().filter_map(|arg| arg.constant);
        let values: usize = values.map(|m| m.iter().filter(nonzero).count()).sum();
        Cost {
            macs: 0,
            ebops: self.splits.iter().map(bits).sum(),
            format_ebops: self.splits.iter().map(bits).sum(),
            parameters: (self.splits.len() + values) as u64,
        }
    }
}
