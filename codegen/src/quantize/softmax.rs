//! Softmax as exact integer operations and two tables.
//!
//! With m the largest element: d = m - x is cut to 10 bits over [0, 8), e =
//! exp(-d) is read from a table, s is the exact sum of the e, r = 1/s is read
//! from a table of 10 bits, and the result is e r rounded to 16 bits. This is
//! an approximation of the real function, fixed by the tables' contents and
//! the same on every target.

use trigforge::{Format, Overflow, Rounding};

use super::integer::Writer;
use super::scale::Carried;
use crate::ir::{Builder, NodeError, NodeId, TensorType};
use crate::ops::{Constant, Mul, ReduceMax, ReduceSum, Requantize, Sub, Table};
use crate::real::Node;

/// Index bits of both tables.
const INDEX_BITS: i32 = 10;
/// The largest distance from the maximum that the table tells from infinity is
/// below 2 to this power.
const DISTANCE_I: i32 = 3;
/// Fractional bits of exponentials, reciprocals and results, which reach 1.
const RESULT_F: i32 = 15;

impl Writer<'_> {
    /// Softmax. A factor of the operand meets the distances from the largest
    /// element.
    pub(super) fn softmax(&mut self, node: &Node, axis: usize) -> Result<Carried, String> {
        let name = node.name.as_str();
        let mut x = self.operand(node.args[0], false)?;
        if x.scale.varies_along(axis) {
            x = self.plain_operand(node.args[0]).map(Carried::plain)?;
        }
        let part = |suffix: &str| format!("{name}.{suffix}");
        let max = self.add(&part("max"), ReduceMax { axis }, &[x.node], None)?;
        let distance = self.add(&part("distance"), Sub, &[max, x.node], None)?;
        let factor = x.scale.tensor(node.shape.len());
        let distance = self.multiplied(name, distance, &factor)?.node;
        expand(&mut self.builder, name, distance, axis).map(Carried::plain)
    }
}

/// Softmax from the distances of all elements from the largest.
fn expand(
    builder: &mut Builder,
    name: &str,
    distance: NodeId,
    axis: usize,
) -> Result<NodeId, String> {
    let reason = |error: NodeError| error.reason;
    let format = |k, i, f| Format::new(k, i, f).ok_or("internal error: not a format".to_owned());
    let result = format(false, 1, RESULT_F)?;
    let shape = builder.ty(distance).shape.clone();
    let mut kept = shape.clone();
    kept[axis] = 1;
    let count = i32::try_from(shape[axis]).map_err(|_| "too many elements".to_owned())?;
    let part = |suffix: &str| format!("{name}.{suffix}");

    let cut = Requantize {
        rounding: Rounding::RndConv,
        overflow: Overflow::Sat,
    };
    let index = format(false, DISTANCE_I, INDEX_BITS - DISTANCE_I)?;
    let ty = TensorType::uniform(shape.clone(), index);
    let index_node = builder
        .node(part("index"), cut, &[distance], Some(ty))
        .map_err(reason)?;
    let exps = table(builder, &part("exp_table"), index, result, |d| {
        libm::exp(-d)
    })?;
    let first = Table { first: 0 };
    let exp = builder
        .node(part("exp"), first, &[index_node, exps], None)
        .map_err(reason)?;

    let sum = builder
        .node(part("sum"), ReduceSum { axis }, &[exp], None)
        .map_err(reason)?;
    // The sum lies in [1, count].
    let sum_i = 32 - count.leading_zeros() as i32;
    let index = format(false, sum_i, INDEX_BITS - sum_i)?;
    let ty = TensorType::uniform(kept, index);
    let index_node = builder
        .node(part("sum_index"), cut, &[sum], Some(ty))
        .map_err(reason)?;
    let reciprocals = table(builder, &part("reciprocal_table"), index, result, |s| {
        1.0 / s
    })?;
    let args = [index_node, reciprocals];
    let reciprocal = builder
        .node(part("reciprocal"), first, &args, None)
        .map_err(reason)?;

    let args = [exp, reciprocal];
    let product = builder
        .node(part("product"), Mul, &args, None)
        .map_err(reason)?;
    let ty = TensorType::uniform(shape, result);
    builder
        .node(name, cut, &[product], Some(ty))
        .map_err(reason)
}

/// A table of a function over all values of an unsigned index format, rounded
/// to the nearest, saturated.
fn table(
    builder: &mut Builder,
    name: &str,
    index: Format,
    result: Format,
    function: impl Fn(f64) -> f64,
) -> Result<NodeId, String> {
    let mantissas: Vec<i64> = (index.min()..=index.max())
        .map(|m| {
            let value = function(libm::scalbn(m as f64, -index.f()));
            let scaled = libm::rint(libm::scalbn(value, result.f()));
            scaled.clamp(result.min() as f64, result.max() as f64) as i64
        })
        .collect();
    let ty = TensorType::uniform([mantissas.len()], result);
    builder
        .node(name, Constant { mantissas }, &[], Some(ty))
        .map_err(|error| error.reason)
}

#[cfg(test)]
mod tests {
    use trigforge::{Format, Overflow, Rounding};

    use crate::interp::Interpreter;
    use crate::ir::Formats;
    use crate::ops::Op as Integer;
    use crate::quantize::to_integer;
    use crate::real::{Graph, Op, Quantizer};

    /// The numbers of the section on softmax in the specification.
    #[test]
    fn tables_and_results_are_those_of_the_specification() -> Result<(), Box<dyn std::error::Error>>
    {
        let mut graph = Graph::default();
        let x = graph.input_node("x", vec![2]);
        let format = Format::new(true, 3, 4).ok_or("no format")?;
        let quantizer = Quantizer {
            formats: Formats::Uniform(format),
            rounding: Rounding::RndConv,
            overflow: Overflow::Sat,
        };
        let x = graph.op_node("q", Op::Quantize(quantizer), &[x])?;
        let y = graph.op_node("y", Op::Softmax { axis: 0 }, &[x])?;
        graph.outputs.push(("y".to_owned(), y));
        let module = to_integer(&graph).map_err(|items| format!("{items:?}"))?;
        let tables = module.nodes().iter().filter_map(|node| match &node.op {
            Integer::Constant(constant) => Some(constant.mantissas.as_slice()),
            _ => None,
        });
        let tables: Vec<_> = tables.collect();
        assert_eq!(tables.len(), 2);
        assert_eq!(tables[0][..2], [32768, 32513]);
        assert_eq!((tables[0].len(), tables[0][1023]), (1024, 11));
        assert_eq!(tables[1][0], 65535);
        // 1 and 0: exp(-1) is 12055, the sum 1.368 has the index 350, whose
        // reciprocal is 23967.
        let outputs = Interpreter::new(&module)?.run(&[&[16, 0]])?;
        assert_eq!(outputs[0], [23967, 8817]);
        Ok(())
    }
}
