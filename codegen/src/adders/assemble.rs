//! From digits that are left, and the patterns that were made of others, to
//! adders.

use super::decompose::{Plan, Task};
use super::digits::Digits;
use super::graph::{Term, Writer};
use super::subexpressions::Search;

/// Writes the columns of a task; `None` for one that is zero.
pub(super) fn assemble(
    task: &Task,
    plan: &Plan,
    search: &Search,
    writer: &mut Writer,
) -> Vec<Option<Term>> {
    let inputs = task.depths.len();
    let sources = search.sources();
    // The term of each node of the search, as far as it has been written.
    let mut terms: Vec<Option<Term>> = (0..sources + search.patterns().len())
        .map(|node| (node < inputs).then(|| positive(node as u32)))
        .collect();
    let mut sums = vec![None; task.weights.len()];
    for (at, step) in plan.steps.iter().enumerate() {
        let left: Vec<_> = search.terms(at).collect();
        write_nodes(&left, search, &mut terms, writer);
        let mut shares: Vec<_> = left
            .iter()
            .filter_map(|&(node, digits)| Some((terms[node as usize]?, digits)))
            .flat_map(|(term, digits)| {
                let powers = digits.terms();
                powers.map(move |(power, minus)| scaled(term, power as i32, minus))
            })
            .collect();
        // The order in which nodes came to a column says nothing.
        shares.sort_unstable_by_key(|term| (term.wire, term.shift, term.negative));
        let sum = writer.sum(shares);
        if let (Some(node), Some(sum)) = (step.node, sum) {
            terms[node as usize] = Some(sum);
        }
        let Some(column) = step.column else {
            continue;
        };
        sums[column] = match task.offsets[column].filter(|_| step.node.is_some()) {
            None => sum,
            Some(offset) => writer.sum(sum.into_iter().chain([positive(offset)]).collect()),
        };
    }
    sums
}

/// Writes the patterns that terms need and that are not there yet. The columns
/// that they refer to are.
fn write_nodes(
    needed: &[(u32, Digits)],
    search: &Search,
    terms: &mut [Option<Term>],
    writer: &mut Writer,
) {
    let sources = search.sources();
    let pattern = |node: u32| search.patterns().get((node as usize).checked_sub(sources)?);
    let mut missing = Vec::new();
    let mut open: Vec<u32> = needed.iter().map(|&(node, _)| node).collect();
    let mut listed = std::collections::HashSet::new();
    while let Some(node) = open.pop() {
        if terms[node as usize].is_some() || !listed.insert(node) {
            continue;
        }
        if let Some(pattern) = pattern(node) {
            missing.push((node, *pattern));
            open.extend([pattern.first, pattern.second]);
        }
    }
    // A pattern's parts have lower numbers.
    missing.sort_unstable_by_key(|(node, _)| *node);
    for (node, pattern) in missing {
        let parts = [pattern.first, pattern.second].map(|part| terms[part as usize]);
        let [Some(first), Some(second)] = parts else {
            continue;
        };
        let second = scaled(second, pattern.shift.into(), pattern.subtract);
        terms[node as usize] = Some(writer.add(first, second));
    }
}

const fn positive(wire: u32) -> Term {
    Term {
        wire,
        shift: 0,
        negative: false,
    }
}

const fn scaled(term: Term, power: i32, minus: bool) -> Term {
    Term {
        wire: term.wire,
        shift: term.shift + power,
        negative: term.negative != minus,
    }
}
