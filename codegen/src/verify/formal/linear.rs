//! Sums of many products: too much for a solver that sees bits alone.
//!
//! Two steps prove them. Yosys proves of each adder of the emitted text that its
//! bits are those of the sum or the difference of its two operands, modulo its
//! width. Here the sums are followed with exact integers from what the layer
//! reads to its result: no sum leaves its width, and the weights that arrive are
//! those of the model.

use std::collections::{BTreeMap, BTreeSet};

use super::origin::Origin;
use super::plan::{Goal, Task};
use crate::circuit::{Gate, Wire};
use crate::exact::shift_left;
use crate::hardware::{Design, Source};

/// A sum of multiples of what a layer reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Form {
    terms: BTreeMap<Wire, i128>,
    constant: i128,
}

impl Form {
    fn of(wire: Wire) -> Self {
        Self {
            terms: BTreeMap::from([(wire, 1)]),
            constant: 0,
        }
    }

    /// The sum with another, times a factor; `None` beyond 128 bits.
    fn plus(mut self, other: &Self, factor: i128) -> Option<Self> {
        self.constant = (self.constant).checked_add(other.constant.checked_mul(factor)?)?;
        for (&wire, &weight) in &other.terms {
            let own = self.terms.entry(wire).or_default();
            *own = own.checked_add(weight.checked_mul(factor)?)?;
        }
        self.terms.retain(|_, weight| *weight != 0);
        Some(self)
    }

    /// The smallest and the largest value over the intervals of the wires.
    fn ends(&self, design: &Design) -> Option<(i128, i128)> {
        let (mut lo, mut hi) = (self.constant, self.constant);
        for (wire, &weight) in &self.terms {
            let range = design.info.ranges[wire.index()];
            let a = weight.checked_mul(range.lo.into())?;
            let b = weight.checked_mul(range.hi.into())?;
            lo = lo.checked_add(a.min(b))?;
            hi = hi.checked_add(a.max(b))?;
        }
        Some((lo, hi))
    }
}

/// The adders from which it follows that goals hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// Wires whose text must be the sum or the difference of its operands.
    pub adders: BTreeSet<Wire>,
    /// The goals, by position in their task, that then hold.
    pub goals: BTreeSet<usize>,
}

/// Finds the goals of a task that are nothing but sums with the right weights.
pub(super) fn sums(design: &Design, origin: &Origin, task: &Task) -> Sums {
    let mut sums = Sums::default();
    let mut forms = BTreeMap::new();
    for (at, goal) in task.goals.iter().enumerate() {
        let Some(wanted) = wanted(origin, task, goal) else {
            continue;
        };
        let Some(cone) = cone(design, origin, task, goal.pair.new) else {
            continue;
        };
        let known = cone.iter().all(|&wire| {
            let known = forms.contains_key(&wire);
            known || form(design, wire, &forms).is_some_and(|f| forms.insert(wire, f).is_none())
        });
        let Some(found) = forms.get(&goal.pair.new).filter(|_| known) else {
            continue;
        };
        let alias = origin.alias(goal.pair.old);
        let (by, more) = alias.map_or((0, 0), |alias| (alias.by, alias.more));
        let factor = |by: i32| shift_left(1, by.max(0));
        let less = less(found.clone(), more);
        let found = less.and_then(|found| Form::default().plus(&found, factor(by)));
        if found.is_some() && found == Form::default().plus(&wanted, factor(-by)) {
            sums.adders.extend(cone);
            sums.goals.insert(at);
        }
    }
    sums
}

/// A form without what its wire has more than the original.
fn less(mut form: Form, more: i64) -> Option<Form> {
    form.constant = form.constant.checked_sub(more.into())?;
    Some(form)
}

/// The sum that the model says, of what the layer reads.
fn wanted(origin: &Origin, task: &Task, goal: &Goal) -> Option<Form> {
    let mut known: BTreeMap<Wire, Form> = BTreeMap::new();
    let mut stack = vec![goal.pair.old];
    while let Some(&old) = stack.last() {
        let missing = |known: &BTreeMap<Wire, Form>| {
            let operands = origin.operands(old).into_iter();
            operands
                .filter(|w| !known.contains_key(w))
                .collect::<Vec<_>>()
        };
        let form = match (origin.leaf(old, &task.cut), origin.product(old)) {
            (Some(alias), _) => {
                let own = less(Form::of(alias.wire), alias.more)?;
                Form::default().plus(&own, shift_left(1, alias.by))?
            }
            (None, _) if !missing(&known).is_empty() => {
                stack.extend(missing(&known));
                continue;
            }
            (None, Some(product)) => {
                let mut form = Form {
                    constant: product.constant.into(),
                    ..Form::default()
                };
                for (weight, term) in &product.terms {
                    form = form.plus(&known[term], i128::from(*weight))?;
                }
                form
            }
            (None, None) => original_sum(origin, old, &known)?,
        };
        known.insert(old, form);
        stack.pop();
    }
    known.remove(&goal.pair.old)
}

/// The sum that a gate of the original circuit is.
fn original_sum(origin: &Origin, old: Wire, known: &BTreeMap<Wire, Form>) -> Option<Form> {
    let definition = origin.circuit.definition(old);
    let aligned = |operand: Wire| {
        let up = definition.format.f() - origin.circuit.definition(operand).format.f();
        let up = Some(up).filter(|up| *up >= 0)?;
        Form::default().plus(&known[&operand], shift_left(1, up))
    };
    match definition.gate {
        Gate::Constant { mantissa, .. } => Some(Form {
            constant: mantissa.into(),
            ..Form::default()
        }),
        Gate::Shift { a, .. } => known.get(&a).cloned(),
        Gate::Add(a, b) => aligned(a)?.plus(&aligned(b)?, 1),
        Gate::Sub(a, b) => aligned(a)?.plus(&aligned(b)?, -1),
        _ => None,
    }
}

/// The adders that a wire is made of; `None` if it is made of other gates too.
fn cone(design: &Design, origin: &Origin, task: &Task, wire: Wire) -> Option<BTreeSet<Wire>> {
    let mut cone = BTreeSet::new();
    let mut stack = vec![wire];
    while let Some(wire) = stack.pop() {
        if task.cut.contains(&wire) || origin.is_port(wire) || cone.contains(&wire) {
            continue;
        }
        let gate = design.circuit.definition(wire).gate;
        if !matches!(gate, Gate::Add(..) | Gate::Sub(..)) {
            return None;
        }
        cone.insert(wire);
        stack.extend(design.wiring.reads(&gate));
    }
    Some(cone)
}

/// The sum that an adder is, if its width holds it.
fn form(design: &Design, wire: Wire, forms: &BTreeMap<Wire, Form>) -> Option<Form> {
    let definition = design.circuit.definition(wire);
    let operand = |operand: Wire| {
        let f = design.circuit.definition(operand).format.f();
        let up = definition.format.f() - f;
        let (form, shift) = match design.wiring.source(operand) {
            Source::Constant(m) => {
                let constant = Form {
                    constant: m.into(),
                    ..Form::default()
                };
                (constant, 0)
            }
            Source::Bits { wire, shift } => {
                let known = forms.get(&wire).cloned();
                (known.unwrap_or_else(|| Form::of(wire)), shift)
            }
        };
        let up = up.checked_add(shift as i32).filter(|up| *up >= 0)?;
        Form::default().plus(&form, shift_left(1, up))
    };
    let (a, b, sign) = match definition.gate {
        Gate::Add(a, b) => (a, b, 1),
        Gate::Sub(a, b) => (a, b, -1),
        _ => return None,
    };
    let form = operand(a)?.plus(&operand(b)?, sign)?;
    let (lo, hi) = form.ends(design)?;
    let format = definition.format;
    let held = i128::from(format.min()) <= lo && hi <= i128::from(format.max());
    held.then_some(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_sums_are_exact() {
        let (a, b) = (Form::of(Wire(3)), Form::of(Wire(7)));
        let sum = a.clone().plus(&b, 4).and_then(|sum| sum.plus(&a, -1));
        let sum = sum.expect("small numbers");
        assert_eq!(sum.terms, BTreeMap::from([(Wire(7), 4)]));
        assert!(b.plus(&sum, i128::MAX).is_none());
    }
}
