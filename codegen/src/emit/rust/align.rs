//! Operands of a node, brought to its elements and to common fractional bits.

use super::chain::hull;
use crate::exact::shift_left;
use crate::ir::{Interval, Module, Node, NodeId, broadcast_indices};

/// One operand, as the elements of a result need it.
pub(super) struct Aligned {
    /// For each element of the result, the operand's flat index.
    pub(super) indices: Vec<usize>,
    /// For each element of the result, the fractional bits that are appended.
    pub(super) shifts: Vec<i32>,
    /// What the mantissas range over after that, as far as 64 bits reach.
    pub(super) range: Interval,
}

/// Two operands of a node that combines them element by element.
pub(super) fn aligned(
    module: &Module,
    ranges: &[Vec<Interval>],
    node: &Node,
    operands: [NodeId; 2],
) -> [Aligned; 2] {
    let indices = operands.map(|id| -> Vec<usize> {
        broadcast_indices(&module.node(id).ty.shape, &node.ty.shape).collect()
    });
    let bits = operands.map(|id| module.node(id).ty.fractional_bits());
    let common: Vec<_> = (0..node.ty.len())
        .map(|j| bits[0].at(indices[0][j]).max(bits[1].at(indices[1][j])))
        .collect();
    let [first, second] = indices;
    let one = |operand: usize, indices: Vec<usize>| {
        let range = &ranges[operands[operand].index()];
        let at = indices.iter().zip(&common);
        let shifts: Vec<_> = at.map(|(&i, f)| f - bits[operand].at(i)).collect();
        let shifted: Vec<_> = indices
            .iter()
            .zip(&shifts)
            .map(|(&i, &shift)| after_shift(range[i], shift))
            .collect();
        Aligned {
            indices,
            range: hull(&shifted),
            shifts,
        }
    };
    [one(0, first), one(1, second)]
}

/// A range with more fractional bits, as far as 64 bits reach.
pub(super) fn after_shift(range: Interval, shift: i32) -> Interval {
    let end = |m: i64| {
        let exact = shift_left(m.into(), shift);
        exact.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    };
    Interval {
        lo: end(range.lo),
        hi: end(range.hi),
    }
}
