//! Product of two computed matrices.

use burn::tensor::Tensor;

use super::shape::flat;
use crate::export::OnnxGraph;
use crate::net::{Builder, NetError, Node, Primitive, Products, Run, Value};

/// `y[..., m, n] = sum_k a[..., m, k] * b[..., k, n]`.
#[derive(Debug)]
struct Product;

/// Matrices in a value, and the two sizes of each.
fn matrices(shape: &[usize]) -> [usize; 3] {
    let (lead, last) = shape.split_at(shape.len() - 2);
    [lead.iter().product(), last[0], last[1]]
}

impl Primitive for Product {
    fn forward(&self, _run: &Run<'_>, node: &Node, operands: &[Tensor<2>]) -> Tensor<2> {
        let matrix = |at: usize| {
            let [count, rows, columns] = matrices(&node.operand_shapes[at]);
            let x = operands[at].clone();
            let [batch, _] = x.dims();
            x.reshape([batch * count, rows, columns])
        };
        flat(matrix(0).matmul(matrix(1)), node.elements())
    }

    fn export(&self, graph: &mut OnnxGraph<'_>, node: &Node, operands: &[String]) -> String {
        let inputs = [operands[0].as_str(), operands[1].as_str()];
        graph.node("MatMul", &node.name, &inputs, &node.shape)
    }
}

/// Multiplies the matrices `[..., m, k]` and `[..., k, n]` of two rounded values.
///
/// # Errors
///
/// A value that was not rounded.
pub fn product(builder: &mut Builder, name: &str, a: Value, b: Value) -> Result<Value, NetError> {
    let [count, m, k] = matrices(builder.shape(a));
    let [_, _, n] = matrices(builder.shape(b));
    let mut shape = builder.shape(a).to_vec();
    if let Some(last) = shape.last_mut() {
        *last = n;
    }
    let of_a = builder.product_widths(name, a)?;
    let of_b = builder.product_widths(name, b)?;
    let pairs = (0..count * m * k).flat_map(|at| {
        let (matrix, inner) = (at / (m * k), at % k);
        let row = (matrix * k + inner) * n;
        of_b[row..row + n].iter().map(move |b| (of_a[at], *b))
    });
    let products = Products::new(name, pairs);
    builder.products(products);
    Ok(builder.push(name, Product, &[a, b], &shape))
}
