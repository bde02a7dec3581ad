//! Sums, differences and products element by element, of values whose axes agree or have length 1.

use burn::tensor::Tensor;

use super::shape::{flat, reshape, with_axes};
use crate::export::OnnxGraph;
use crate::net::{Builder, NetError, Node, Primitive, Products, Run, Value};

/// What is done with two elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Add,
    Subtract,
    Multiply,
    Least,
}

impl Operation {
    fn apply<const D: usize>(self, a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Least => {
                let dims: [usize; D] = std::array::from_fn(|i| a.dims()[i].max(b.dims()[i]));
                a.expand(dims).min_pair(b.expand(dims))
            }
        }
    }

    fn onnx(self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Subtract => "Sub",
            Self::Multiply => "Mul",
            Self::Least => "Min",
        }
    }
}

/// One operation on two values.
#[derive(Debug)]
struct Pair {
    operation: Operation,
}

impl Primitive for Pair {
    fn forward(&self, _run: &Run<'_>, node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        let (a, b) = (operands[0].clone(), operands[1].clone());
        let shapes = &node.operand_shapes;
        if shapes[0] == shapes[1] {
            return self.operation.apply(a, b);
        }
        let (a, b) = (with_axes(a, &shapes[0]), with_axes(b, &shapes[1]));
        flat(self.operation.apply(a, b), node.elements())
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        let inputs = [operands[0].as_str(), operands[1].as_str()];
        graph.node(self.operation.onnx(), &node.name, &inputs, &node.shape)
    }
}

/// The shape to which two shapes broadcast: the longer of each axis.
fn broadcast(a: &[usize], b: &[usize]) -> Vec<usize> {
    a.iter().zip(b).map(|(a, b)| *a.max(b)).collect()
}

fn pair(builder: &mut Builder, name: &str, a: Value, b: Value, operation: Operation) -> Value {
    let shape = broadcast(builder.shape(a), builder.shape(b));
    builder.push(name, Pair { operation }, &[a, b], &shape)
}

/// `a + b`; the shapes have as many axes, of equal length or 1.
pub fn add(builder: &mut Builder, name: &str, a: Value, b: Value) -> Value {
    pair(builder, name, a, b, Operation::Add)
}

/// `a - b`; shapes as in [`add`].
pub fn subtract(builder: &mut Builder, name: &str, a: Value, b: Value) -> Value {
    pair(builder, name, a, b, Operation::Subtract)
}

/// The lesser of `a` and `b`; shapes as in [`add`].
pub fn least(builder: &mut Builder, name: &str, a: Value, b: Value) -> Value {
    pair(builder, name, a, b, Operation::Least)
}

/// `a * b` of two rounded values; shapes as in [`add`].
///
/// # Errors
///
/// A value that was not rounded.
pub fn multiply(builder: &mut Builder, name: &str, a: Value, b: Value) -> Result<Value, NetError> {
    let (from_a, from_b) = (builder.shape(a).to_vec(), builder.shape(b).to_vec());
    let shape = broadcast(&from_a, &from_b);
    let (of_a, of_b) = (
        builder.product_widths(name, a)?,
        builder.product_widths(name, b)?,
    );
    let elements: usize = shape.iter().product();
    let pairs = (0..elements).map(|element| {
        let a = of_a[source(element, &shape, &from_a)];
        (a, of_b[source(element, &shape, &from_b)])
    });
    let products = Products::new(name, pairs);
    builder.products(products);
    Ok(pair(builder, name, a, b, Operation::Multiply))
}

/// The element that stands for `element` of a broadcast value.
fn source(element: usize, shape: &[usize], from: &[usize]) -> usize {
    let (mut rest, mut at, mut step) = (element, 0, 1);
    for (size, own) in shape.iter().zip(from).rev() {
        at += rest % size % own * step;
        rest /= size;
        step *= own;
    }
    at
}

/// Keeps an element where its mask is 1 and gives 0 where it is 0. The mask belongs to the first
/// axes of the value. Elements keep their widths.
pub fn masked(builder: &mut Builder, name: &str, value: Value, mask: Value) -> Value {
    let shape = builder.shape(value).to_vec();
    let mut own = builder.shape(mask).to_vec();
    let mask = if own.len() == shape.len() {
        mask
    } else {
        own.resize(shape.len(), 1);
        reshape(builder, &format!("{name}.present"), mask, &own)
    };
    let widths = builder.widths(value).map(<[u32]>::to_vec);
    let op = Pair {
        operation: Operation::Multiply,
    };
    builder.push_moved(name, op, &[value, mask], &shape, widths)
}

/// Product with a power of two.
#[derive(Debug)]
struct Scale {
    exponent: i32,
}

impl Primitive for Scale {
    fn forward(&self, _run: &Run<'_>, _node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        operands[0].clone() * f64::from(self.exponent).exp2()
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        let factor = f64::from(self.exponent).exp2() as f32;
        let factor = graph.constant(&format!("{}.factor", node.name), &[], &[factor]);
        graph.node("Mul", &node.name, &[&operands[0], &factor], &node.shape)
    }
}

/// Multiplies by `2^exponent`, which moves the point alone.
pub fn scale(builder: &mut Builder, name: &str, value: Value, exponent: i32) -> Value {
    let shape = builder.shape(value).to_vec();
    builder.push(name, Scale { exponent }, &[value], &shape)
}
