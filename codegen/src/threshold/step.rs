//! Threshold steps through element-wise operations of one computed value.

use trigforge::Overflow;

use super::{Cut, Front, ThresholdError, Value};
use crate::ir::{Interval, Module, Node, NodeId, TensorType, broadcast_indices};
use crate::ops::{Op, Values};
use crate::real::Dyadic;
use crate::validate::Info;

/// The comparisons in front of a node; `None` where the threshold stays.
pub(super) fn fold(
    module: &Module,
    info: &Info,
    id: NodeId,
    cuts: &[Cut],
) -> Result<Option<Front>, ThresholdError> {
    let node = module.node(id);
    if let Op::Reshape(_) = node.op {
        let value = Value::Node(node.args[0]);
        let cuts = cuts.to_vec();
        return Ok(Some(Front { value, cuts }));
    }
    let Some(operand) = computed_operand(module, node) else {
        return Ok(None);
    };
    let ranges = &info.ranges[operand.index()];
    let mut after = Vec::with_capacity(cuts.len());
    for (element, (&cut, &range)) in cuts.iter().zip(ranges).enumerate() {
        let function = Element::new(module, node, operand, element);
        match function.cut(cut, range) {
            Ok(Some(moved)) => after.push(moved),
            Ok(None) => {
                return Err(ThresholdError::Decided {
                    node: node.name.clone(),
                    element,
                    cut,
                    always: cut.passes(function.apply(range.lo)),
                });
            }
            Err(reason) => {
                return Err(ThresholdError::NotMonotonic {
                    node: node.name.clone(),
                    operation: node.op.as_operation().name(),
                    reason,
                });
            }
        }
    }
    // One comparison decides all elements, so all must point the same way.
    let alike = after.windows(2).all(|pair| pair[0].like(pair[1]));
    let value = Value::Node(operand);
    Ok(alike.then_some(Front { value, cuts: after }))
}

/// The one operand that is no constant, of an operation that may fold.
fn computed_operand(module: &Module, node: &Node) -> Option<NodeId> {
    let folds = matches!(
        node.op,
        Op::Table(_)
            | Op::Requantize(_)
            | Op::Relu(_)
            | Op::Min(_)
            | Op::Max(_)
            | Op::Add(_)
            | Op::Sub(_)
            | Op::Mul(_)
    );
    let mut computed = node
        .args
        .iter()
        .filter(|arg| !matches!(module.node(**arg).op, Op::Constant(_)));
    match (computed.next(), computed.next()) {
        // A result of another shape has elements that share an operand's.
        (Some(&one), None) if folds && module.node(one).ty.shape == node.ty.shape => Some(one),
        _ => None,
    }
}

/// A node as a function of one element's mantissa.
struct Element<'a> {
    node: &'a Node,
    types: Vec<TensorType>,
    /// Mantissas of the constants; empty for the computed operand.
    constants: Vec<Vec<i64>>,
    result: TensorType,
}

impl<'a> Element<'a> {
    fn new(module: &Module, node: &'a Node, operand: NodeId, element: usize) -> Self {
        let single = |ty: &TensorType, at: usize| {
            TensorType::uniform([1], ty.element_formats().swap_remove(at))
        };
        let shape = &node.ty.shape;
        let mut types = Vec::with_capacity(node.args.len());
        let mut constants = Vec::with_capacity(node.args.len());
        for &arg in &node.args {
            let ty = &module.node(arg).ty;
            match &module.node(arg).op {
                Op::Constant(entries) if matches!(node.op, Op::Table(_)) => {
                    types.push(ty.clone());
                    constants.push(entries.mantissas.clone());
                }
                Op::Constant(constant) => {
                    let at = broadcast_indices(&ty.shape, shape).nth(element);
                    let at = at.unwrap_or(0);
                    types.push(single(ty, at));
                    constants.push(vec![constant.mantissas[at]]);
                }
                _ => {
                    debug_assert_eq!(arg, operand);
                    types.push(single(ty, element));
                    constants.push(Vec::new());
                }
            }
        }
        Self {
            node,
            types,
            constants,
            result: single(&node.ty, element),
        }
    }

    /// The result for one mantissa.
    fn apply(&self, m: i64) -> i64 {
        let given = [m];
        let operands: Vec<_> = self
            .types
            .iter()
            .zip(&self.constants)
            .map(|(ty, constant)| Values {
                ty,
                mantissas: if constant.is_empty() {
                    &given
                } else {
                    constant
                },
            })
            .collect();
        let results = self
            .node
            .op
            .as_operation()
            .evaluate(&operands, &self.result);
        results.first().copied().unwrap_or(0)
    }

    /// The comparison of the operand; `None` if the result is the same for all
    /// that can occur.
    fn cut(&self, cut: Cut, range: Interval) -> Result<Option<Cut>, String> {
        let passes = |m: i64| cut.passes(self.apply(m));
        match &self.node.op {
            Op::Table(_) => {
                let all: Vec<_> = (range.lo..=range.hi).map(passes).collect();
                let changes = all.windows(2).filter(|pair| pair[0] != pair[1]).count();
                if changes > 1 {
                    return Err(format!(
                        "its entries are not monotonic: those that pass {cut} are not one side \
                         of a cut, but change {changes} times"
                    ));
                }
            }
            Op::Requantize(modes) => {
                let overflows = |m: i64| {
                    let value = Dyadic {
                        m,
                        f: self.types[0].formats.entries()[0].f(),
                    };
                    let to = self.result.formats.entries()[0];
                    value.requantize(to, modes.rounding, modes.overflow).1
                };
                let saturates = matches!(modes.overflow, Overflow::Sat | Overflow::SatSym);
                if !saturates && (overflows(range.lo) || overflows(range.hi)) {
                    return Err(format!(
                        "its overflow mode {} is not monotonic, and values outside of its format \
                         can occur",
                        modes.overflow.name()
                    ));
                }
            }
            _ => {}
        }
        Ok(Cut::between(range.lo, range.hi, passes))
    }
}
