//! Terms as a real graph.

use ndarray::arr2;

use super::file::Formulas;
use super::terms::Kind;
use super::{Fault, Position};
use crate::real::{Graph, Id, Op};

/// Writes the terms that the outputs need.
pub(super) fn build(name: &str, formulas: Formulas) -> Result<Graph, Fault> {
    let mut graph = Graph {
        name: name.to_owned(),
        ..Graph::default()
    };
    write(&mut graph, formulas).map_err(|reason| Fault::Syntax {
        at: Position { line: 1, column: 1 },
        reason,
    })?;
    Ok(graph)
}

fn write(graph: &mut Graph, formulas: Formulas) -> Result<(), String> {
    let Formulas {
        terms,
        inputs,
        elements,
        outputs,
    } = formulas;
    let mut needed = vec![false; terms.list.len()];
    outputs.iter().for_each(|(_, root)| needed[*root] = true);
    for at in (0..needed.len()).rev() {
        if let (true, Kind::Operation(_, args)) = (needed[at], &terms.list[at].0) {
            args.iter().for_each(|&arg| needed[arg] = true);
        }
    }
    let x = graph.input_node("x", vec![1, inputs.len()]);
    let mut ids: Vec<Id> = Vec::with_capacity(terms.list.len());
    for (at, (kind, position)) in terms.list.into_iter().enumerate() {
        if !needed[at] {
            // Never looked at: no term that is needed has it as an operand.
            ids.push(x);
            continue;
        }
        ids.push(match kind {
            Kind::Number(value) => {
                graph.constant_node(value.to_string(), arr2(&[[value]]).into_dyn())
            }
            Kind::Variable(place) => {
                let slice = Op::Slice {
                    starts: vec![0, elements[place]],
                    steps: vec![1, 1],
                    sizes: vec![1, 1],
                };
                graph.op_node(terms.variables[place].clone(), slice, &[x])?
            }
            Kind::Operation(op, args) => {
                let name = match position {
                    Some(Position { line, column }) => format!("{} {line}:{column}", op.name()),
                    None => op.name().to_owned(),
                };
                let args: Vec<_> = args.iter().map(|&arg| ids[arg]).collect();
                graph.op_node(name, *op, &args)?
            }
        });
    }
    let roots: Vec<_> = outputs.iter().map(|(_, root)| ids[*root]).collect();
    let named = outputs.iter().all(|(name, _)| name.is_some());
    graph.outputs = match (named, roots.as_slice()) {
        (true, _) => outputs
            .into_iter()
            .zip(roots)
            .filter_map(|((name, _), id)| Some((name?, id)))
            .collect(),
        (false, [one]) => vec![("y".to_owned(), *one)],
        (false, several) => {
            let y = graph.op_node("y", Op::Concat { axis: 1 }, several)?;
            vec![("y".to_owned(), y)]
        }
    };
    Ok(())
}
