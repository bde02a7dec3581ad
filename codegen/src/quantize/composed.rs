//! Chains of functions and constants between two roundings, as tables.
//!
//! Element-wise operations that follow from one value alone, up to a quantiser,
//! are one function of that value. Where integers do not compute it exactly (a
//! transcendental function, a long constant that is added), it becomes a table
//! whose entries are computed in double precision through the whole chain and
//! rounded once, by the quantiser. Elements that differ in the format of the
//! value, in the constants or in the quantiser have tables of their own.

use std::collections::HashMap;

use ndarray::IxDyn;
use trigforge::Format;

use crate::ir::{Formats, Interval, NodeId, TensorType, broadcast_indices, element_count};
use crate::ops::{self, Constant};
use crate::real::{
    Dyadic, Function, Graph, Id, Op, Quantizer, ScaledQuantizer, Tensor, encode, evaluate_op,
};

use super::constant;
use super::integer::Writer;
use super::multiply::MULTIPLIER_BITS;
use super::scale::Carried;

/// Most index bits of a table: 65,536 entries.
pub(super) const MOST_INDEX_BITS: u32 = 16;

/// For each node, the one computed value that it follows from element by
/// element; itself if there is no such value.
pub(super) fn roots(graph: &Graph) -> Vec<Id> {
    let mut roots: Vec<Id> = Vec::with_capacity(graph.nodes.len());
    for id in graph.ids() {
        let node = graph.node(id);
        let mut root = None;
        let mut single = is_pointwise(&node.op);
        for &arg in node.args.iter().filter(|&&arg| !is_constant(graph, arg)) {
            let of = roots[arg.0];
            single &= root.is_none_or(|root| root == of);
            single &= graph.node(of).shape == node.shape;
            root = Some(of);
        }
        roots.push(root.filter(|_| single).unwrap_or(id));
    }
    roots
}

/// Whether each element follows from those at its place.
const fn is_pointwise(op: &Op) -> bool {
    matches!(
        op,
        Op::Add
            | Op::Sub
            | Op::Mul
            | Op::Div
            | Op::Min
            | Op::Max
            | Op::Pow
            | Op::Less
            | Op::LessEqual
            | Op::Equal
            | Op::Relu
            | Op::Unary(_)
            | Op::Where
    )
}

/// A constant, rounded or not.
fn is_constant(graph: &Graph, id: Id) -> bool {
    let node = graph.node(id);
    match node.op {
        Op::Constant(_) => true,
        Op::Quantize(_) | Op::ScaledQuantize(_) => graph.constant(node.args[0]).is_some(),
        _ => false,
    }
}

/// The chain between a quantiser and the value that it follows from.
struct Chain {
    root: Id,
    /// In order of evaluation; the last is what is rounded.
    inner: Vec<Id>,
}

/// Which elements share a table, and over which mantissas.
struct Group {
    /// The first of them.
    element: usize,
    elements: Vec<usize>,
    range: Interval,
}

impl Writer<'_> {
    /// The chain in front of a quantiser, if it is to become tables.
    fn chain(&self, quantiser: Id) -> Option<Chain> {
        let last = *self.graph.node(quantiser).args.first()?;
        let root = self.roots[last.0];
        if root == last {
            return None;
        }
        let mut needed = vec![false; self.graph.nodes.len()];
        needed[last.0] = true;
        let mut inner = Vec::new();
        for at in (root.0 + 1..=last.0).rev() {
            let node = &self.graph.nodes[at];
            if needed[at] && self.roots[at] == root {
                inner.push(Id::nth(at));
                node.args.iter().for_each(|arg| needed[arg.0] = true);
            }
        }
        inner.reverse();
        let value = self.integer(root)?;
        let widest = self.builder.range(value.node).iter();
        let widest = widest.map(|range| range.hi.abs_diff(range.lo)).max()?;
        let narrow = 64 - widest.leading_zeros() <= MOST_INDEX_BITS;
        let chain = Chain { root, inner };
        (narrow && !self.is_exact(&chain, value)).then_some(chain)
    }

    /// Whether integers compute a chain as it is.
    fn is_exact(&self, chain: &Chain, value: &Carried) -> bool {
        // Behind a scale, factors meet at the quantiser, which says how well.
        let scaled = !value.scale.is_one();
        let mut rescaled = false;
        for &id in &chain.inner {
            let node = self.graph.node(id);
            let floats = || node.args.iter().filter_map(|&arg| self.graph.constant(arg));
            let short = floats().all(|tensor| constant::exact(tensor, true).is_ok());
            let exact = match &node.op {
                Op::Unary(
                    Function::Abs
                    | Function::Sign
                    | Function::Neg
                    | Function::Floor
                    | Function::Ceil
                    | Function::Round
                    | Function::Truncate
                    | Function::Float16
                    | Function::Float32
                    | Function::Integer { .. },
                )
                | Op::Relu => true,
                Op::Unary(_) => false,
                Op::Pow => (self.graph.constant(node.args[1]))
                    .is_some_and(|power| power.iter().all(|&power| power == 2.0)),
                _ if scaled => true,
                Op::Mul | Op::Div => {
                    let divides = node.op == Op::Div;
                    let computed = divides && self.graph.constant(node.args[1]).is_none();
                    let factor = |&c: &f64| if divides { c.recip() } else { c };
                    let holds = |c| encode(c).is_some_and(|c| c.m.abs() < 1 << MULTIPLIER_BITS);
                    let fits = floats().all(|t| t.iter().map(factor).all(holds));
                    let first = !rescaled;
                    rescaled |= !short || divides;
                    !computed && fits && (first || short)
                }
                // What is added to a value behind a factor is rounded to it.
                _ => short && !rescaled,
            };
            if !exact {
                return false;
            }
        }
        true
    }

    /// Whether a node only stands in chains that become tables, so that it
    /// needs no form of its own.
    pub(super) fn is_inside(&mut self, id: Id) -> bool {
        if self.roots[id.0] == id || self.is_output(id) || self.users[id.0].is_empty() {
            return false;
        }
        if let Some(known) = self.inside[id.0] {
            return known;
        }
        let users = self.users[id.0].clone();
        let inside = users
            .into_iter()
            .all(|user| match self.graph.node(user).op {
                Op::Quantize(_) | Op::ScaledQuantize(_) => self.chain(user).is_some(),
                _ => self.roots[user.0] == self.roots[id.0] && self.is_inside(user),
            });
        self.inside[id.0] = Some(inside);
        inside
    }

    /// A quantiser with the chain in front of it as tables, if that is what it
    /// becomes.
    pub(super) fn composed(&mut self, quantiser: Id) -> Result<Option<Carried>, String> {
        let Some(chain) = self.chain(quantiser) else {
            return Ok(None);
        };
        let value = self.operand(chain.root, false)?;
        let groups = self.groups(quantiser, &chain, &value);
        let name = match chain.inner.last() {
            Some(&last) => self.graph.node(last).name.clone(),
            None => return Ok(None),
        };
        let shape = self.builder.ty(value.node).shape.clone();
        if let [group] = groups.as_slice() {
            let table = self.one_table(&name, quantiser, &chain, &value, value.node, group)?;
            return Ok(Some(Carried::plain(table)));
        }
        let count = element_count(&shape);
        let op = ops::Reshape { shape: vec![count] };
        let line = self.add(&format!("{name}.line"), op, &[value.node], None)?;
        let mut parts = Vec::with_capacity(groups.len());
        let mut places = vec![0; count];
        let mut start = 0;
        for (at, group) in groups.iter().enumerate() {
            let name = format!("{name}.{at}");
            let op = ops::Gather {
                axis: 0,
                indices: group.elements.clone(),
            };
            let index = self.add(&format!("{name}.index"), op, &[line], None)?;
            parts.push(self.one_table(&name, quantiser, &chain, &value, index, group)?);
            for &element in &group.elements {
                places[element] = start;
                start += 1;
            }
        }
        let joined = format!("{name}.joined");
        let mut sorted = self.add(&joined, ops::Concat { axis: 0 }, &parts, None)?;
        if !places.iter().copied().eq(0..count) {
            let op = ops::Gather {
                axis: 0,
                indices: places,
            };
            sorted = self.add(&format!("{name}.sorted"), op, &[sorted], None)?;
        }
        let result = self.add(&name, ops::Reshape { shape }, &[sorted], None)?;
        Ok(Some(Carried::plain(result)))
    }

    /// Elements with the same function of the same kind of mantissas.
    fn groups(&self, quantiser: Id, chain: &Chain, value: &Carried) -> Vec<Group> {
        let ty = self.builder.ty(value.node);
        let ranges = self.builder.range(value.node);
        let (f, shape) = (ty.fractional_bits(), &ty.shape);
        let mut varying: Vec<Vec<u64>> = Vec::new();
        let mut add = |tensor: &Tensor| {
            if tensor.len() > 1 {
                let bits: Vec<_> = tensor.iter().map(|value| value.to_bits()).collect();
                let indices = broadcast_indices(tensor.shape(), shape);
                varying.push(indices.map(|at| bits[at]).collect());
            }
        };
        add(&value.scale.tensor(shape.len()));
        for &id in &chain.inner {
            let args = self.graph.node(id).args.iter();
            args.for_each(|&arg| self.constant_value(arg).iter().for_each(&mut add));
        }
        match &self.graph.node(quantiser).op {
            Op::ScaledQuantize(quantizer) => {
                add(&quantizer.scale);
                add(&quantizer.zero);
            }
            Op::Quantize(Quantizer {
                formats: Formats::Each { dims, formats },
                ..
            }) => {
                let bits = |format: &Format| {
                    let part = |value: i32| u64::from(value as u16);
                    u64::from(format.k()) << 32 | part(format.i()) << 16 | part(format.f())
                };
                let bits: Vec<_> = formats.iter().map(bits).collect();
                let indices = broadcast_indices(dims, shape);
                varying.push(indices.map(|at| bits[at]).collect());
            }
            _ => {}
        }
        let mut groups: Vec<Group> = Vec::new();
        let mut known: HashMap<(i32, Vec<u64>), usize> = HashMap::new();
        for (element, &range) in ranges.iter().enumerate() {
            let key = varying.iter().map(|values| values[element]).collect();
            let at = *known.entry((f.at(element), key)).or_insert_with(|| {
                groups.push(Group {
                    element,
                    elements: Vec::new(),
                    range,
                });
                groups.len() - 1
            });
            groups[at].elements.push(element);
            groups[at].range = groups[at].range.hull(range);
        }
        groups
    }

    /// A constant operand's value.
    fn constant_value(&self, id: Id) -> Option<Tensor> {
        let node = self.graph.node(id);
        match &node.op {
            Op::Constant(tensor) => Some(tensor.clone()),
            Op::Quantize(_) | Op::ScaledQuantize(_) => {
                let tensor = self.graph.constant(node.args[0])?;
                evaluate_op(&node.op, &[tensor], &node.shape).ok()
            }
            _ => None,
        }
    }

    /// The table of a group, read by `index`.
    fn one_table(
        &mut self,
        name: &str,
        quantiser: Id,
        chain: &Chain,
        value: &Carried,
        index: NodeId,
        group: &Group,
    ) -> Result<NodeId, String> {
        let ty = self.builder.ty(value.node);
        let f = ty.fractional_bits().at(group.element);
        let factor = at_element(
            &value.scale.tensor(ty.shape.len()),
            &ty.shape,
            group.element,
        );
        let x = (group.range.lo..=group.range.hi)
            .map(|m| libm::scalbn(m as f64, -f) * factor)
            .collect();
        let results = self.results(chain, x, &ty.shape, group.element)?;
        let (mantissas, format) = match &self.graph.node(quantiser).op {
            Op::Quantize(quantizer) => {
                let ty = TensorType {
                    shape: ty.shape.clone(),
                    formats: quantizer.formats.clone(),
                };
                let format = ty.format_at(group.element).unwrap_or(Format::ZERO);
                (rounded(&results, quantizer, format)?, format)
            }
            Op::ScaledQuantize(quantizer) => {
                integers(&results, quantizer, &ty.shape, group.element)?
            }
            other => return Err(format!("internal error: {} is no quantiser", other.name())),
        };
        let entries = TensorType::uniform([mantissas.len()], format);
        let entries =
            self.add_constant(&format!("{name}.table"), Constant { mantissas }, entries)?;
        let op = ops::Table {
            first: group.range.lo,
        };
        self.add(name, op, &[index, entries], None)
    }

    /// What the chain makes of values at the place of an element.
    fn results(
        &self,
        chain: &Chain,
        x: Vec<f64>,
        shape: &[usize],
        element: usize,
    ) -> Result<Tensor, String> {
        let count = x.len();
        let mut values: HashMap<Id, Tensor> = HashMap::new();
        values.insert(chain.root, ndarray::arr1(&x).into_dyn());
        let mut last = chain.root;
        for &id in &chain.inner {
            let node = self.graph.node(id);
            let mut args = Vec::with_capacity(node.args.len());
            for arg in &node.args {
                args.push(match (values.get(arg), self.constant_value(*arg)) {
                    (Some(value), _) => value.clone(),
                    (None, Some(tensor)) => {
                        Tensor::from_elem(IxDyn(&[1]), at_element(&tensor, shape, element))
                    }
                    (None, None) => {
                        return Err("internal error: an operand outside of its chain".to_owned());
                    }
                });
            }
            let args: Vec<_> = args.iter().collect();
            values.insert(id, evaluate_op(&node.op, &args, &[count])?);
            last = id;
        }
        values
            .remove(&last)
            .ok_or_else(|| "internal error: an empty chain".to_owned())
    }
}

/// The number of a tensor that broadcasts to a shape, at an element.
fn at_element(tensor: &Tensor, shape: &[usize], element: usize) -> f64 {
    let mut index = broadcast_indices(tensor.shape(), shape).skip(element);
    let index = index.next().unwrap_or(0);
    tensor.iter().nth(index).copied().unwrap_or(0.0)
}

/// Entries rounded to a format.
fn rounded(values: &Tensor, quantizer: &Quantizer, format: Format) -> Result<Vec<i64>, String> {
    let entry = |&value: &f64| {
        let real = finite(value)?;
        Ok(real
            .requantize(format, quantizer.rounding, quantizer.overflow)
            .0)
    };
    values.iter().map(entry).collect()
}

/// Entries rounded to integers, and their format.
fn integers(
    values: &Tensor,
    quantizer: &ScaledQuantizer,
    shape: &[usize],
    element: usize,
) -> Result<(Vec<i64>, Format), String> {
    for &value in values {
        finite(value)?;
    }
    let number = |tensor| Tensor::from_elem(IxDyn(&[]), at_element(tensor, shape, element));
    let alone = ScaledQuantizer {
        scale: number(&quantizer.scale),
        zero: number(&quantizer.zero),
        ..quantizer.clone()
    };
    let mantissas: Vec<_> = alone.apply(values).iter().map(|&q| q as i64).collect();
    let lo = mantissas.iter().copied().min().unwrap_or(0);
    let hi = mantissas.iter().copied().max().unwrap_or(0);
    let format = Format::covering(lo.into(), hi.into(), 0);
    Ok((mantissas, format.ok_or("its entries are too wide")?))
}

/// A table's entry, which a quantiser can saturate but not round if it is no
/// number; infinite ones are as the largest doubles.
fn finite(value: f64) -> Result<Dyadic, String> {
    encode(value.clamp(f64::MIN, f64::MAX))
        .ok_or_else(|| "it gives what is no number within its operand's range".to_owned())
}
