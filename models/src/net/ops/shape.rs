//! Elements in other places: reshape, transpose, concatenate, take a part. Nothing is computed, so
//! every element keeps its width.

use burn::tensor::Tensor;

use crate::export::{OnnxGraph, attribute};
use crate::net::{Builder, Node, Primitive, Run, Value};

/// Most axes of a value that is transposed or broadcast, without that of the events.
pub(super) const AXES: usize = 4;

/// A batch `[batch, elements]` with all axes of its shape, leading ones of length 1 added.
pub(super) fn with_axes(x: Tensor<2>, shape: &[usize]) -> Tensor<5> {
    let [batch, _] = x.dims();
    let mut dims = [1; AXES + 1];
    dims[0] = batch;
    let missing = AXES - shape.len();
    dims[1 + missing..].copy_from_slice(shape);
    x.reshape(dims)
}

/// A batch without its axes: `[batch, elements]`.
pub(super) fn flat<const D: usize>(x: Tensor<D>, elements: usize) -> Tensor<2> {
    let batch = x.dims().iter().product::<usize>() / elements.max(1);
    x.reshape([batch, elements])
}

/// The same elements in the same order under another shape.
#[derive(Debug)]
struct Reshape;

impl Primitive for Reshape {
    fn forward(&self, _run: &Run<'_>, _node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        operands[0].clone()
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        let axes = node.shape.iter().map(|d| *d as i64);
        let axes: Vec<i64> = std::iter::once(-1).chain(axes).collect();
        let shape = graph.integers(&format!("{}.shape", node.name), &axes);
        graph.node("Reshape", &node.name, &[&operands[0], &shape], &node.shape)
    }
}

/// Gives a value another shape with as many elements.
pub fn reshape(builder: &mut Builder, name: &str, value: Value, shape: &[usize]) -> Value {
    let widths = builder.widths(value).map(<[u32]>::to_vec);
    builder.push_moved(name, Reshape, &[value], shape, widths)
}

/// Axes in another order.
#[derive(Debug)]
struct Transpose {
    /// For each axis of the result the axis that it was.
    order: Vec<usize>,
}

impl Primitive for Transpose {
    fn forward(&self, _run: &Run<'_>, node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        let missing = AXES - self.order.len();
        let mut order = [0isize; AXES + 1];
        for (to, from) in order.iter_mut().enumerate() {
            *from = match to.checked_sub(1 + missing) {
                Some(axis) => (self.order[axis] + 1 + missing) as isize,
                None => to as isize,
            };
        }
        let x = with_axes(operands[0].clone(), &node.operand_shapes[0]);
        flat(x.permute(order), node.elements())
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        let axes = self.order.iter().map(|axis| *axis as i64 + 1);
        let axes: Vec<i64> = std::iter::once(0).chain(axes).collect();
        let order = vec![attribute::integers("perm", &axes)];
        graph.node_with("Transpose", &node.name, &[&operands[0]], &node.shape, order)
    }
}

/// Puts the axes of a value in another order: axis `i` of the result is axis `order[i]`.
pub fn transpose(builder: &mut Builder, name: &str, value: Value, order: &[usize]) -> Value {
    let from = builder.shape(value).to_vec();
    let shape: Vec<usize> = order.iter().map(|axis| from[*axis]).collect();
    let steps: Vec<usize> = order
        .iter()
        .map(|axis| from[axis + 1..].iter().product())
        .collect();
    let source = |element: usize| {
        let mut rest = element;
        let mut at = 0;
        for (size, step) in shape.iter().zip(&steps).rev() {
            at += rest % size * step;
            rest /= size;
        }
        at
    };
    let elements: usize = shape.iter().product();
    let moved = |widths: &[u32]| (0..elements).map(|e| widths[source(e)]).collect();
    let widths = builder.widths(value).map(moved);
    let order = order.to_vec();
    builder.push_moved(name, Transpose { order }, &[value], &shape, widths)
}

/// Values side by side along the last axis.
#[derive(Debug)]
struct Concat;

impl Primitive for Concat {
    fn forward(&self, _run: &Run<'_>, node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        let parts = operands.iter().zip(&node.operand_shapes);
        let rows = |(x, shape): (&Tensor<2>, &Vec<usize>)| {
            let width = shape.last().copied().unwrap_or(1);
            flat(x.clone(), width)
        };
        flat(Tensor::cat(parts.map(rows).collect(), 1), node.elements())
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        let parts: Vec<&str> = operands.iter().map(String::as_str).collect();
        let axis = vec![attribute::integer("axis", -1)];
        graph.node_with("Concat", &node.name, &parts, &node.shape, axis)
    }
}

/// Puts values that differ in the last axis alone side by side along it.
pub fn concat(builder: &mut Builder, name: &str, values: &[Value]) -> Value {
    let sizes: Vec<usize> = values
        .iter()
        .map(|v| builder.shape(*v).last().copied().unwrap_or(1))
        .collect();
    let mut shape = builder.shape(values[0]).to_vec();
    let rows = shape.iter().product::<usize>() / sizes[0].max(1);
    if let Some(last) = shape.last_mut() {
        *last = sizes.iter().sum();
    }
    let parts: Option<Vec<&[u32]>> = values.iter().map(|v| builder.widths(*v)).collect();
    let joined = |parts: Vec<&[u32]>| {
        let row = |row: usize| {
            let parts = parts.iter().zip(&sizes);
            parts.flat_map(move |(part, size)| part[row * size..(row + 1) * size].to_vec())
        };
        (0..rows).flat_map(row).collect()
    };
    let widths = parts.map(joined);
    builder.push_moved(name, Concat, values, &shape, widths)
}

/// Some neighbouring elements of the last axis.
#[derive(Debug)]
struct Slice {
    first: usize,
}

impl Primitive for Slice {
    fn forward(&self, _run: &Run<'_>, node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        let width = node.operand_shapes[0].last().copied().unwrap_or(1);
        let count = node.shape.last().copied().unwrap_or(1);
        let rows = flat(operands[0].clone(), width);
        flat(rows.narrow(1, self.first, count), node.elements())
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        let first = self.first as i64;
        let last = first + node.shape.last().copied().unwrap_or(1) as i64;
        let mut bound =
            |what: &str, at: i64| graph.integers(&format!("{}.{what}", node.name), &[at]);
        let (start, end) = (bound("start", first), bound("end", last));
        let axis = bound("axis", node.shape.len() as i64);
        let inputs = [operands[0].as_str(), &start, &end, &axis];
        graph.node("Slice", &node.name, &inputs, &node.shape)
    }
}

/// Takes `count` neighbouring elements of the last axis from `first` on.
pub fn slice(builder: &mut Builder, name: &str, value: Value, first: usize, count: usize) -> Value {
    let mut shape = builder.shape(value).to_vec();
    let width = shape.last().copied().unwrap_or(1);
    if let Some(last) = shape.last_mut() {
        *last = count;
    }
    let taken = |widths: &[u32]| {
        let rows = widths.chunks_exact(width);
        rows.flat_map(|row| row[first..first + count].to_vec())
            .collect()
    };
    let widths = builder.widths(value).map(taken);
    builder.push_moved(name, Slice { first }, &[value], &shape, widths)
}
