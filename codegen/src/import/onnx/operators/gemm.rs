//! `MatMul`, and `Gemm`: alpha A' B' + beta C.

use super::{Call, Row, Scope, Types, row};
use crate::real::{Id, Op};

pub(super) const ROWS: &[Row] = &[
    row("Gemm", 7, (2, 3), Types::Number, gemm),
    row("MatMul", 1, (2, 2), Types::Number, |scope, call| {
        let args = [call.arg(0)?, call.arg(1)?];
        scope.op(call.name, Op::MatMul, &args)
    }),
];

fn gemm(scope: &mut Scope<'_>, call: &mut Call<'_, '_>) -> Result<Id, String> {
    let alpha = call.attributes.float("alpha", 1.0)?;
    let beta = call.attributes.float("beta", 1.0)?;
    let trans_a = call.attributes.int("transA", 0)?;
    let trans_b = call.attributes.int("transB", 0)?;
    let mut a = call.arg(0)?;
    let mut b = call.arg(1)?;
    if scope.graph.node(a).shape.len() != 2 || scope.graph.node(b).shape.len() != 2 {
        return Err("its operands A and B must have two dimensions".to_owned());
    }
    let swap = || Op::Transpose {
        permutation: vec![1, 0],
    };
    if trans_a != 0 {
        a = scope.op(call.name, swap(), &[a])?;
    }
    if trans_b != 0 {
        let name = scope.graph.node(b).name.clone();
        b = scope.op(&name, swap(), &[b])?;
    }
    let product = scope.op(call.name, Op::MatMul, &[a, b])?;
    let product = scaled(scope, call.name, product, alpha)?;
    let Some(c) = call.optional_arg(2) else {
        return Ok(product);
    };
    let c = scaled(scope, call.name, c, beta)?;
    let shape = scope.graph.node(product).shape.clone();
    let sum = scope.op(call.name, Op::Add, &[product, c])?;
    if scope.graph.node(sum).shape != shape {
        return Err("its operand C does not broadcast to the product's shape".to_owned());
    }
    Ok(sum)
}

fn scaled(scope: &mut Scope<'_>, name: &str, id: Id, factor: f64) -> Result<Id, String> {
    if factor == 1.0 {
        return Ok(id);
    }
    let factor = scope.scalar(name, factor);
    scope.op(name, Op::Mul, &[id, factor])
}
