//! The order in which nodes can be evaluated.

use std::collections::HashMap;

use super::proto::GraphProto;
use crate::import::shorten;

/// Indices of the nodes so that each comes after those it depends on.
///
/// ONNX asks for nodes in such an order, but not every exporter keeps to it.
///
/// # Errors
///
/// Names the nodes of a cycle, or a tensor that two nodes define.
pub(super) fn topological(graph: &GraphProto) -> Result<Vec<usize>, String> {
    let mut producer: HashMap<&str, usize> = HashMap::new();
    for (index, node) in graph.node.iter().enumerate() {
        for output in node.output.iter().filter(|name| !name.is_empty()) {
            if producer.insert(output, index).is_some() {
                return Err(format!("two nodes define the tensor `{}`", shorten(output)));
            }
        }
    }
    let mut waiting: Vec<usize> = vec![0; graph.node.len()];
    let mut consumers: Vec<Vec<usize>> = vec![Vec::new(); graph.node.len()];
    for (index, node) in graph.node.iter().enumerate() {
        for input in &node.input {
            if let Some(&from) = producer.get(input.as_str()) {
                waiting[index] += 1;
                consumers[from].push(index);
            }
        }
    }
    // Nodes that are ready, in the file's order: the last one is taken next.
    let mut ready: Vec<_> = (0..graph.node.len())
        .rev()
        .filter(|&i| waiting[i] == 0)
        .collect();
    let mut order = Vec::with_capacity(graph.node.len());
    while let Some(index) = ready.pop() {
        order.push(index);
        for &next in consumers[index].iter().rev() {
            waiting[next] -= 1;
            if waiting[next] == 0 {
                ready.push(next);
            }
        }
    }
    if order.len() == graph.node.len() {
        return Ok(order);
    }
    let names: Vec<_> = cycle(&waiting, &consumers)
        .into_iter()
        .take(10)
        .map(|index| {
            let node = &graph.node[index];
            let name = node.name.as_deref().filter(|name| !name.is_empty());
            let name = name.or(node.output.first().map(String::as_str));
            format!("`{}`", shorten(name.unwrap_or("?")))
        })
        .collect();
    Err(format!(
        "the graph has a cycle through {}",
        names.join(" -> ")
    ))
}

/// One cycle among the nodes that still wait.
fn cycle(waiting: &[usize], consumers: &[Vec<usize>]) -> Vec<usize> {
    // Every waiting node has a waiting producer: going backwards never ends.
    let mut producer_of = vec![None; waiting.len()];
    for (from, next) in consumers
        .iter()
        .enumerate()
        .filter(|(i, _)| waiting[*i] > 0)
    {
        for &to in next {
            producer_of[to] = Some(from);
        }
    }
    let mut seen = vec![false; waiting.len()];
    let mut at = waiting.iter().position(|&count| count > 0);
    while let Some(index) = at.filter(|&index| !seen[index]) {
        seen[index] = true;
        at = producer_of[index];
    }
    let Some(start) = at else { return Vec::new() };
    let mut path = vec![start];
    let mut at = producer_of[start];
    while let Some(index) = at.filter(|&index| index != start) {
        path.push(index);
        at = producer_of[index];
    }
    path.reverse();
    path
}
