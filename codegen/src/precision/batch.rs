//! Executes a module on many events, reusing what did not change.
//!
//! Gives the integers of [`crate::interp`]. A search executes hundreds of
//! modules that differ in one format each: nodes in front of the difference
//! keep their values. Events are split over the processors; each event is
//! computed by itself, so the results do not depend on how.

use std::ops::Range;
use std::sync::Arc;

use crate::exact::shift_left_wrapping;
use crate::ir::{Formats, Module, Node, NodeId, TensorType};
use crate::ops::{Op, Values};
use crate::real::encode;

/// Values are kept for reuse up to this many mantissas.
const MOST_KEPT: usize = 1 << 25;
/// Else a processor computes so many at a time.
const MOST_AT_ONCE: usize = 1 << 22;

/// The mantissas of every node for a part of the events; none for constants,
/// and of the outputs alone where too much would have to be kept.
#[derive(Debug, Clone)]
struct Part {
    events: Range<usize>,
    values: Vec<Arc<Vec<i64>>>,
}

/// A module's values on a set of events.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    module: Module,
    parts: Vec<Part>,
    kept: bool,
}

/// Real events, in the order of the model's inputs.
pub(super) type RealEvents = [Vec<Vec<f64>>];

impl Batch {
    /// Executes a valid module on events that fit its inputs, of finite values.
    ///
    /// `base` is a batch of the same events, whose values are reused for nodes
    /// that are the same in both modules.
    pub(super) fn run(module: Module, events: &RealEvents, base: Option<&Self>) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let share = events.len().div_ceil(threads).max(1);
        let elements: usize = module.nodes().iter().map(|node| node.ty.len()).sum();
        let kept = elements.saturating_mul(events.len()) <= MOST_KEPT;
        let base = base.filter(|base| base.kept && kept);
        let same = same_nodes(&module, base.map(|base| &base.module));
        let at_once = match kept {
            true => share,
            false => (MOST_AT_ONCE / elements.max(1)).max(1),
        };
        let work = |range: Range<usize>, known: Option<&Part>| {
            let chunks = range.clone().step_by(at_once);
            let chunks = chunks.map(|start| start..range.end.min(start + at_once));
            let mut parts = chunks.map(|chunk| part(&module, events, chunk, known, &same));
            let first = parts.next();
            parts.fold(first, |whole, next| {
                whole.map(|whole| whole.followed_by(&next, &module))
            })
        };
        let parts = std::thread::scope(|scope| {
            let starts = (0..events.len()).step_by(share).enumerate();
            let workers: Vec<_> = starts
                .map(|(index, start)| {
                    let range = start..events.len().min(start + share);
                    let known = base.and_then(|base| base.parts.get(index));
                    let work = &work;
                    scope.spawn(move || work(range, known))
                })
                .collect();
            let joined = workers
                .into_iter()
                .filter_map(|worker| match worker.join() {
                    Ok(part) => part,
                    Err(panic) => std::panic::resume_unwind(panic),
                });
            joined.collect()
        });
        Self {
            module,
            parts,
            kept,
        }
    }

    /// The real values of an output, event after event.
    pub(super) fn output(&self, output: usize) -> Vec<f64> {
        let id = self.module.outputs()[output].node;
        let formats = self.module.node(id).ty.element_formats();
        let scales: Vec<f64> = formats.iter().map(|f| libm::scalbn(1.0, -f.f())).collect();
        let values = self.parts.iter().flat_map(|part| {
            let constant = constant(self.module.node(id));
            let values = constant.unwrap_or(&part.values[id.index()]);
            let times = part.events.len() * scales.len() / values.len().max(1);
            std::iter::repeat_n(values, times).flatten()
        });
        values
            .zip(scales.iter().cycle())
            .map(|(&m, scale)| m as f64 * scale)
            .collect()
    }
}

impl Part {
    /// The events of both, with the values of the outputs alone.
    fn followed_by(self, next: &Self, module: &Module) -> Self {
        let is_output = |index: usize| module.outputs().iter().any(|o| o.node.index() == index);
        let values = self.values.iter().zip(&next.values).enumerate();
        let values = values.map(|(index, (these, those))| match is_output(index) {
            true => Arc::new([these.as_slice(), those.as_slice()].concat()),
            false => Arc::default(),
        });
        Self {
            events: self.events.start..next.events.end,
            values: values.collect(),
        }
    }
}

/// Which nodes compute the same in both modules.
fn same_nodes(module: &Module, base: Option<&Module>) -> Vec<bool> {
    let mut same: Vec<bool> = Vec::with_capacity(module.nodes().len());
    for (index, node) in module.nodes().iter().enumerate() {
        let known = base.and_then(|base| base.nodes().get(index));
        let unchanged = known.is_some_and(|known| {
            let args = || node.args.iter().all(|arg| same[arg.index()]);
            known.args == node.args && args() && known.ty == node.ty && known.op == node.op
        });
        same.push(unchanged);
    }
    same
}

fn constant(node: &Node) -> Option<&Vec<i64>> {
    match &node.op {
        Op::Constant(constant) => Some(&constant.mantissas),
        _ => None,
    }
}

fn part(
    module: &Module,
    events: &RealEvents,
    range: Range<usize>,
    known: Option<&Part>,
    same: &[bool],
) -> Part {
    let mut values: Vec<Arc<Vec<i64>>> = Vec::with_capacity(module.nodes().len());
    let mut inputs = 0;
    for (index, node) in module.nodes().iter().enumerate() {
        let is_input = matches!(node.op, Op::Input(_));
        let computed = match (known, &node.op) {
            (_, Op::Constant(_)) => Arc::default(),
            (Some(known), _) if same[index] => Arc::clone(&known.values[index]),
            (_, Op::Input(_)) => Arc::new(encoded(node, inputs, &events[range.clone()])),
            _ => Arc::new(compute(module, node, &values, range.len())),
        };
        inputs += usize::from(is_input);
        values.push(computed);
    }
    Part {
        events: range,
        values,
    }
}

/// Real values of one input, brought into its formats.
fn encoded(node: &Node, input: usize, events: &RealEvents) -> Vec<i64> {
    let Op::Input(modes) = &node.op else {
        return Vec::new();
    };
    let formats = node.ty.element_formats();
    let values = events.iter().flat_map(|event| event[input].iter());
    values
        .zip(formats.iter().cycle())
        .map(|(&value, &to)| {
            let mantissa =
                encode(value).map(|real| real.requantize(to, modes.rounding, modes.overflow).0);
            mantissa.unwrap_or(0)
        })
        .collect()
}

/// The values of one node for all events of a part.
fn compute(module: &Module, node: &Node, values: &[Arc<Vec<i64>>], events: usize) -> Vec<i64> {
    let op = node.op.as_operation();
    let args: Vec<_> = node
        .args
        .iter()
        .map(|&id| aligned(module, node, id))
        .collect();
    let given = |index: usize| -> &[i64] {
        let id = node.args[index];
        match &args[index].1 {
            Some(aligned) => aligned,
            None => constant(module.node(id)).unwrap_or(&values[id.index()]),
        }
    };
    let is_constant = |index: usize| constant(module.node(node.args[index])).is_some();
    if all_at_once(module, node) {
        let widened = |ty: &TensorType, constant: bool| match constant {
            true => ty.clone(),
            false => many(ty, events),
        };
        let types: Vec<_> = (0..args.len())
            .map(|index| widened(&args[index].0, is_constant(index)))
            .collect();
        let operands: Vec<_> = (0..args.len())
            .map(|index| Values {
                ty: &types[index],
                mantissas: given(index),
            })
            .collect();
        return op.evaluate(&operands, &many(&node.ty, events));
    }
    let mut results = Vec::with_capacity(events * node.ty.len());
    for event in 0..events {
        let operands: Vec<_> = (0..args.len())
            .map(|index| {
                let (ty, all) = (&args[index].0, given(index));
                let start = if is_constant(index) {
                    0
                } else {
                    event * ty.len()
                };
                Values {
                    ty,
                    mantissas: &all[start..start + ty.len()],
                }
            })
            .collect();
        results.extend(op.evaluate(&operands, &node.ty));
    }
    results
}

/// Whether the operation treats the first axes of its operand alike, so that
/// events may stand along one more of them.
fn all_at_once(module: &Module, node: &Node) -> bool {
    let plain = |ty: &TensorType| matches!(ty.formats, Formats::Uniform(_));
    let [x, parameters @ ..] = node.args.as_slice() else {
        return false;
    };
    let is_constant = |id: &NodeId| constant(module.node(*id)).is_some();
    let one_operand = !is_constant(x) && parameters.iter().all(is_constant);
    let alike = matches!(
        node.op,
        Op::Dense(_) | Op::Relu(_) | Op::Requantize(_) | Op::Table(_)
    );
    alike && one_operand && plain(&module.node(*x).ty) && plain(&node.ty)
}

/// The type of many events of a tensor of one format.
fn many(ty: &TensorType, events: usize) -> TensorType {
    let mut shape = vec![events];
    shape.extend(&ty.shape);
    TensorType {
        shape,
        formats: ty.formats.clone(),
    }
}

/// An operand's type and, if they are not its own, its mantissas.
///
/// A matrix whose columns differ in their fractional bits is aligned to the
/// most of them, which a dense product does for every event otherwise. Its
/// result has the fractional bits of the finest column in either case.
fn aligned(module: &Module, node: &Node, id: NodeId) -> (TensorType, Option<Vec<i64>>) {
    let operand = module.node(id);
    let is_matrix = matches!(node.op, Op::Dense(_)) && node.args.get(1) == Some(&id);
    let one_scale = module.node(node.args[0]).ty.formats.uniform_f().is_some();
    let (Some(mantissas), true, true, Formats::Each { formats, .. }) =
        (constant(operand), is_matrix, one_scale, &operand.ty.formats)
    else {
        return (operand.ty.clone(), None);
    };
    let finest = formats.iter().map(|f| f.f()).max().unwrap_or(0);
    let widest = formats.iter().max_by_key(|f| f.i() + i32::from(f.k()));
    let uniform = widest.and_then(|f| trigforge::Format::new(true, f.i(), finest));
    let Some(uniform) = uniform else {
        return (operand.ty.clone(), None);
    };
    let shifted = mantissas.iter().zip(operand.ty.element_formats());
    let shifted = shifted.map(|(&m, format)| shift_left_wrapping(m, finest - format.f()));
    let shifted = shifted.collect();
    (
        TensorType::uniform(operand.ty.shape.clone(), uniform),
        Some(shifted),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interp::Interpreter;
    use crate::ir::parse;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    /// A module with columns of different formats, and its event-wise truth.
    fn module(width: u32) -> Result<Module, crate::ir::ParseError> {
        let f = width as i32 - 3;
        parse(&format!(
            r#"
trigforge-ir 0.1
module "m"
%0 "x" = input {{rounding=RND_CONV, overflow=SAT}} : [1, 2] fix(1,2,5)
%1 "w" = const {{mantissas=[3, -7, 3, 2, 5, 1]}} : [2, 3] each [1, 3] {{fix(1,2,0), fix(1,1,2), fix(0,3,-1)}}
%2 "b" = const {{mantissas=[1, -1, 0]}} : [3] fix(1,1,6)
%3 "y" = dense %0, %1, %2
%4 "r" = relu %3
%5 "q" = requantize %4 {{rounding=RND_CONV, overflow=SAT}} : [1, 3] fix(1,2,{f})
%6 "s" = add %5, %5
output "s" = %6
output "y" = %3
"#
        ))
    }

    #[test]
    fn batches_give_what_the_interpreter_gives() -> Outcome {
        let events: Vec<_> = (0..37)
            .map(|e| {
                vec![vec![
                    f64::from(e) / 7.0 - 2.0,
                    1.5 - f64::from(e * e) / 300.0,
                ]]
            })
            .collect();
        let mut base: Option<Batch> = None;
        for width in [8, 5, 6] {
            let module = module(width)?;
            let interpreter = Interpreter::new(&module)?;
            let batch = Batch::run(module.clone(), &events, base.as_ref());
            for output in 0..2 {
                let mut expected = Vec::new();
                for event in &events {
                    let encoded = interpreter.encode(0, &event[0])?;
                    let results = interpreter.run(&[&encoded.mantissas])?;
                    expected.extend(interpreter.decode(output, &results[output]));
                }
                assert_eq!(batch.output(output), expected, "width {width}");
            }
            base = Some(batch);
        }
        Ok(())
    }

    #[test]
    fn only_what_changed_is_computed_again() -> Outcome {
        let same = same_nodes(&module(5)?, Some(&module(8)?));
        assert_eq!(same, [true, true, true, true, true, false, false]);
        Ok(())
    }
}
