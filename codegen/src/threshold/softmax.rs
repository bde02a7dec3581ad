//! A threshold step through a softmax of two classes.
//!
//! The integer softmax works on the distances from the larger score, of which
//! one is zero: each result is a function of the difference of the two scores.
//! That function is tabulated, for every mantissa that the rounded distance can
//! take, by executing the softmax's own nodes.

use super::{Cut, Front, ThresholdError, Value};
use crate::ir::{Formats, Module, NodeId};
use crate::ops::{Op, Values};
use crate::validate::Info;

/// The most rounded distances that are tabulated.
const MOST_DISTANCES: i64 = 1 << 16;

/// The nodes between the scores and the result.
struct Softmax {
    /// The scores.
    scores: NodeId,
    /// The distances from the largest score.
    distance: NodeId,
    /// The rounding of the distances, which all else follows from.
    index: NodeId,
    /// Nodes from the rounded distances to the result, in order.
    rest: Vec<NodeId>,
    axis: usize,
}

/// The comparisons of the differences; `None` if the node is no softmax.
pub(super) fn fold(
    module: &Module,
    info: &Info,
    id: NodeId,
    cuts: &[Cut],
) -> Result<Option<Front>, ThresholdError> {
    let Some(softmax) = Softmax::ending_at(module, id) else {
        return Ok(None);
    };
    let refuse = |reason: String| ThresholdError::NotMonotonic {
        node: module.node(id).name.clone(),
        operation: "softmax",
        reason,
    };
    let shape = &module.node(softmax.scores).ty.shape;
    let classes = shape[softmax.axis];
    if classes != 2 || softmax.axis + 1 != shape.len() {
        return Err(refuse(format!(
            "a probability of {classes} classes on axis {} of shape {shape:?} depends on every \
             score, so no threshold on one value decides it; two classes on the last axis fold",
            softmax.axis
        )));
    }
    let saturates = match &module.node(softmax.index).op {
        Op::Requantize(modes) => matches!(
            modes.overflow,
            trigforge::Overflow::Sat | trigforge::Overflow::SatSym
        ),
        _ => false,
    };
    let plain = |id: NodeId| matches!(module.node(id).ty.formats, Formats::Uniform(_));
    let saturates = saturates && plain(softmax.distance) && plain(softmax.index);
    let furthest = info.ranges[softmax.distance.index()].iter();
    let furthest = furthest.map(|range| range.hi).max().unwrap_or(0);
    let last = softmax.rounded(module, furthest);
    if !saturates || !(0..MOST_DISTANCES).contains(&last) {
        return Err(refuse(
            "its distances are not rounded to one short format that saturates".to_owned(),
        ));
    }
    // Per signed rounded distance, of this class less the other's, the results.
    let results: Vec<[Vec<i64>; 2]> = (-last..=last)
        .map(|signed| [0, 1].map(|class| softmax.evaluate(module, id, signed, class)))
        .collect();
    let mut after = Vec::with_capacity(cuts.len());
    for (element, cut) in cuts.iter().enumerate() {
        let passes = |signed: i64| {
            let row = (signed + last) as usize;
            cut.passes(results[row][element % 2][element])
        };
        let all: Vec<_> = (-last..=last).map(passes).collect();
        let changes = all.windows(2).filter(|pair| pair[0] != pair[1]).count();
        if changes > 1 {
            return Err(refuse(format!(
                "the results of its tables that pass {cut} are not one side of a cut, but \
                 change {changes} times"
            )));
        }
        // The rounded distance rises with the difference of the scores.
        let signed = |difference: i64| {
            let rounded = softmax.rounded(module, difference.saturating_abs());
            if difference < 0 { -rounded } else { rounded }
        };
        match Cut::between(-furthest, furthest, |d| passes(signed(d))) {
            Some(moved) => after.push(moved),
            None => {
                return Err(ThresholdError::Decided {
                    node: module.node(id).name.clone(),
                    element,
                    cut: *cut,
                    always: passes(0),
                });
            }
        }
    }
    let alike = after.windows(2).all(|pair| pair[0].like(pair[1]));
    let value = Value::Difference(softmax.scores);
    Ok(alike.then_some(Front { value, cuts: after }))
}

impl Softmax {
    /// Recognises the nodes of a softmax by what they compute: everything in
    /// front of `id` follows from one rounding of the distances from the
    /// largest score, and nothing else.
    fn ending_at(module: &Module, id: NodeId) -> Option<Self> {
        let mut wanted = vec![false; module.nodes().len()];
        wanted[id.index()] = true;
        let mut index = None;
        let mut rest = Vec::new();
        for at in module.ids().collect::<Vec<_>>().into_iter().rev() {
            if !wanted[at.index()] {
                continue;
            }
            let node = module.node(at);
            let distances = node.args.first().map(|arg| Self::distances(module, *arg));
            match (&node.op, distances) {
                (Op::Constant(_), _) => {}
                (Op::Input(_), _) => return None,
                (Op::Requantize(_), Some(Some(found))) if index.is_none() => {
                    index = Some((at, found));
                }
                // A second way from the scores to the result.
                (_, Some(Some(_))) => return None,
                _ => {
                    rest.push(at);
                    node.args.iter().for_each(|arg| wanted[arg.index()] = true);
                }
            }
        }
        let (index, (distance, scores, axis)) = index?;
        rest.reverse();
        (module.node(id).ty.shape == module.node(scores).ty.shape).then_some(Self {
            scores,
            distance,
            index,
            rest,
            axis,
        })
    }

    /// A node that is the largest of some scores less the scores.
    fn distances(module: &Module, id: NodeId) -> Option<(NodeId, NodeId, usize)> {
        let node = module.node(id);
        let (Op::Sub(_), &[max, scores]) = (&node.op, node.args.as_slice()) else {
            return None;
        };
        match &module.node(max).op {
            Op::ReduceMax(reduce) if module.node(max).args == [scores] => {
                Some((id, scores, reduce.axis))
            }
            _ => None,
        }
    }

    /// The rounded distance of a distance.
    fn rounded(&self, module: &Module, distance: i64) -> i64 {
        let node = module.node(self.index);
        let single = |id: NodeId| {
            let formats = module.node(id).ty.element_formats();
            let first = formats.first().copied();
            let format = first.unwrap_or(trigforge::Format::ZERO);
            crate::ir::TensorType::uniform([1], format)
        };
        let (from, to) = (single(self.distance), single(self.index));
        let operand = Values {
            ty: &from,
            mantissas: &[distance],
        };
        let result = node.op.as_operation().evaluate(&[operand], &to);
        result.first().copied().unwrap_or(0)
    }

    /// All results for pairs of which `class` lies this rounded distance above
    /// the other.
    fn evaluate(&self, module: &Module, id: NodeId, signed: i64, class: usize) -> Vec<i64> {
        let far = if signed < 0 { class } else { 1 - class };
        let length = module.node(self.index).ty.len();
        let distances = (0..length).map(|at| match at % 2 == far {
            true => signed.abs(),
            false => 0,
        });
        let mut values = vec![Vec::new(); module.nodes().len()];
        values[self.index.index()] = distances.collect();
        for &at in &self.rest {
            let node = module.node(at);
            let args: Vec<_> = node
                .args
                .iter()
                .map(|&arg| Values {
                    ty: &module.node(arg).ty,
                    mantissas: match &module.node(arg).op {
                        Op::Constant(constant) => &constant.mantissas,
                        _ => &values[arg.index()],
                    },
                })
                .collect();
            let result = node.op.as_operation().evaluate(&args, &node.ty);
            values[at.index()] = result;
        }
        values.swap_remove(id.index())
    }
}
