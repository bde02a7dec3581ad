//! Tree ensembles as integers: thresholds lose nothing, leaves are rounded.
//!
//! A decision `m 2^-f < t` is `m < ceil(t 2^f)`, and `m 2^-f <= t` is
//! `m < floor(t 2^f) + 1`, so the rounding of a feature is all that can change a
//! decision. Decisions that the range of a feature makes are left out.

use trigforge::{Format, Overflow, Rounding};

use super::SiteBits;
use super::integer::Writer;
use super::scale::Carried;
use crate::exact::shift_left;
use crate::ir::{Interval, TensorType};
use crate::ops::{Child, Constant, Split, Trees};
use crate::real::{Decision, Forest, Node, Op, encode};

/// The most bits of a leaf that is taken as it is.
const EXACT_BITS: i32 = 32;

/// The integer threshold of a decision on a feature with `f` fractional bits:
/// it holds for mantissas below it.
fn threshold(decision: &Decision, forest: &Forest, f: i32) -> Option<i128> {
    let (real, or_equal) = decision.unrounded(forest.compared_in);
    let real = encode(real)?;
    let m = i128::from(real.m);
    let shift = f.checked_sub(real.f)?;
    let (floor, exact) = match u32::try_from(shift) {
        Ok(_) => (shift_left(m, shift), true),
        Err(_) => {
            // A mantissa has at most 63 bits, so the rest is all of it.
            let by = shift.unsigned_abs().min(126);
            (m >> by, m & ((1i128 << by) - 1) == 0)
        }
    };
    Some(floor.saturating_add(i128::from(or_equal || !exact)))
}

/// The trees for a feature operand of this type and these ranges, and the
/// leaves that they reach, renumbered.
struct Growth<'a> {
    forest: &'a Forest,
    formats: Vec<Format>,
    ranges: Vec<Interval>,
    trees: Trees,
    leaves: Vec<usize>,
}

impl Growth<'_> {
    /// Passes decisions that the range of their feature makes.
    fn resolve(&self, mut child: Child) -> Result<(Child, i64), String> {
        while let Child::Split(index) = child {
            let decision = &self.forest.decisions[index];
            let format = self.formats[decision.feature];
            let threshold = threshold(decision, self.forest, format.f())
                .ok_or_else(|| format!("threshold {} is not finite", decision.threshold))?;
            let range = self.ranges[decision.feature];
            if i128::from(range.lo) >= threshold {
                child = decision.otherwise;
            } else if i128::from(range.hi) < threshold {
                child = decision.below;
            } else {
                // Above the lowest mantissa and not above the highest.
                return Ok((child, threshold as i64));
            }
        }
        Ok((child, 0))
    }

    fn tree(&mut self, root: Child) -> Result<Child, String> {
        // A node, and the split and side that wait for it.
        let mut open = vec![(root, None)];
        let mut start = Child::Leaf(0);
        while let Some((child, parent)) = open.pop() {
            let (child, threshold) = self.resolve(child)?;
            let written = match child {
                Child::Leaf(leaf) => {
                    self.leaves.push(leaf);
                    Child::Leaf(self.leaves.len() - 1)
                }
                Child::Split(index) => {
                    let decision = &self.forest.decisions[index];
                    let at = self.trees.splits.len();
                    self.trees.splits.push(Split {
                        feature: decision.feature,
                        threshold,
                        below: Child::Leaf(0),
                        otherwise: Child::Leaf(0),
                    });
                    open.push((decision.otherwise, Some((at, true))));
                    open.push((decision.below, Some((at, false))));
                    Child::Split(at)
                }
            };
            match parent {
                None => start = written,
                Some((at, true)) => self.trees.splits[at].otherwise = written,
                Some((at, false)) => self.trees.splits[at].below = written,
            }
        }
        Ok(start)
    }
}

impl Writer<'_> {
    /// The trees as one operation.
    pub(super) fn trees(&mut self, node: &Node, forest: &Forest) -> Result<Carried, String> {
        let x = self.plain_operand(node.args[0])?;
        let written = write(forest, self.builder.ty(x), self.builder.range(x))?;
        let (leaves, ty) = written.leaves;
        let leaves = self.add_constant(&format!("{}.leaves", node.name), leaves, ty)?;
        let (base, ty) = written.base;
        let base = self.add_constant(&format!("{}.base", node.name), base, ty)?;
        let trees = self.add(&node.name, written.trees, &[x, leaves, base], None)?;
        Ok(Carried::plain(trees))
    }
}

/// A tree ensemble as an operation and its constants.
struct Written {
    trees: Trees,
    leaves: (Constant, TensorType),
    base: (Constant, TensorType),
}

/// Writes the trees for features of this type and these ranges.
///
/// # Errors
///
/// Leaves or base values that have no exact form of at most 32 bits.
fn write(forest: &Forest, x: &TensorType, x_range: &[Interval]) -> Result<Written, String> {
    let features = forest.features;
    let ranges = (0..features).map(|feature| {
        let column = x_range.iter().skip(feature).step_by(features).copied();
        column.reduce(Interval::hull).unwrap_or(Interval::point(0))
    });
    let mut writer = Growth {
        forest,
        formats: x.element_formats(),
        ranges: ranges.collect(),
        trees: Trees {
            roots: Vec::with_capacity(forest.roots.len()),
            classes: forest.classes.clone(),
            splits: Vec::new(),
        },
        leaves: Vec::new(),
    };
    for &root in &forest.roots {
        let root = writer.tree(root)?;
        writer.trees.roots.push(root);
    }
    let Growth { trees, leaves, .. } = writer;
    let values: Vec<f64> = leaves
        .iter()
        .flat_map(|leaf| &forest.leaves[leaf * forest.width..][..forest.width])
        .copied()
        .collect();
    Ok(Written {
        trees,
        leaves: exact(&values, vec![leaves.len(), forest.width], "leaves")?,
        base: exact(&forest.base, vec![forest.base.len()], "base values")?,
    })
}

/// Values with the fractional bits that the finest of them needs.
fn exact(values: &[f64], shape: Vec<usize>, what: &str) -> Result<(Constant, TensorType), String> {
    let parts = values.iter().map(|&value| encode(value));
    let parts: Vec<_> = parts
        .collect::<Option<_>>()
        .ok_or_else(|| format!("the {what} are not all finite"))?;
    let used = || parts.iter().filter(|part| part.m != 0);
    let f = used().map(|part| part.f).max().unwrap_or(0);
    let i = used().map(|part| part.integer_bits()).max().unwrap_or(-f);
    if i.saturating_add(f) > EXACT_BITS {
        return Err(format!(
            "the {what} need {} bits to be exact, {EXACT_BITS} are taken as they are; give \
             calibration events (--calib FILE --width W) to round them",
            i.saturating_add(f)
        ));
    }
    let mantissas: Vec<i64> = parts
        .iter()
        .map(|part| match part.m {
            0 => 0,
            m => shift_left(m.into(), f - part.f) as i64,
        })
        .collect();
    let ends = mantissas.iter().map(|&m| i128::from(m));
    let (lo, hi) = (ends.clone().min().unwrap_or(0), ends.max().unwrap_or(0));
    let format = Format::covering(lo, hi, f).ok_or_else(|| format!("the {what} have no format"))?;
    Ok((Constant { mantissas }, TensorType::uniform(shape, format)))
}

/// The forest with its leaves and base rounded to nearest (ties to even), with
/// the fractional bits that the width leaves to the largest leaf.
pub(super) fn rounded(forest: &Forest, bits: &SiteBits) -> Op {
    let widths = bits.entries().iter().map(|bits| bits.width);
    let width = widths.max().unwrap_or(super::DEFAULT_WIDTH);
    let values = || forest.leaves.iter();
    let parts = values().filter_map(|&leaf| encode(leaf));
    let reach = parts
        .filter(|part| part.m != 0)
        .map(|part| part.integer_bits());
    let f = width as i32 - 1 - reach.max().unwrap_or(0);
    let mut forest = forest.clone();
    for value in forest.leaves.iter_mut().chain(&mut forest.base) {
        let wide = Format::new(true, 63 - f, f);
        if let (Some(real), Some(wide)) = (encode(*value), wide) {
            let (m, _) = real.requantize(wide, Rounding::RndConv, Overflow::Sat);
            *value = libm::scalbn(m as f64, -f);
        }
    }
    Op::Trees(Box::new(forest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real::Precision;

    fn stump(value: f64, or_equal: bool) -> (Decision, Forest) {
        let decision = Decision {
            feature: 0,
            threshold: value,
            or_equal,
            below: Child::Leaf(0),
            otherwise: Child::Leaf(1),
            missing_below: false,
        };
        let forest = Forest {
            features: 1,
            roots: vec![Child::Split(0)],
            classes: vec![0],
            decisions: vec![decision],
            width: 1,
            leaves: vec![0.0, 1.0],
            base: vec![0.0],
            compared_in: Precision::Double,
            summed_in: Precision::Double,
        };
        (decision, forest)
    }

    /// m 2^-3 < r is m < ceil(8 r), and m 2^-3 <= r is m < floor(8 r) + 1.
    #[test]
    fn thresholds_are_rounded_up_or_pass_the_value_itself() {
        for (value, less, less_equal) in [
            (0.5, 4, 5),
            (0.51, 5, 5),
            (-0.5, -4, -3),
            (-0.51, -4, -4),
            (0.0, 0, 1),
            (1e-35f32.into(), 1, 1),
            ((-1e-35f32).into(), 0, 0),
            (1e-320, 1, 1),
        ] {
            for (or_equal, expected) in [(false, less), (true, less_equal)] {
                let (decision, forest) = stump(value, or_equal);
                let found = threshold(&decision, &forest, 3);
                assert_eq!(found, Some(expected), "{value:e}, or_equal {or_equal}");
            }
        }
        let (decision, forest) = stump(1e300, false);
        assert!(threshold(&decision, &forest, 3) > Some(1 << 100));
    }

    #[test]
    fn leaves_keep_the_fractional_bits_that_the_width_leaves() {
        let (_, mut forest) = stump(0.0, false);
        forest.leaves = vec![2.7, -0.3];
        let bits = SiteBits::Tensor(super::super::Bits::wide(8));
        let Op::Trees(rounded) = rounded(&forest, &bits) else {
            panic!("no trees");
        };
        // Sign, two integer bits, five fractional ones.
        assert_eq!(rounded.leaves, [86.0 / 32.0, -10.0 / 32.0]);
    }
}
