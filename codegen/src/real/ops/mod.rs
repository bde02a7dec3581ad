//! Shape and value of every operation of the real graph, one family per file.

mod arithmetic;
mod convolution;
mod extremes;
mod matmul;
mod movement;
mod quantize;
mod reduction;
mod windows;

use ndarray::IxDyn;

use super::{Function, Op, Reduction, Tensor};
use crate::ir::element_count;

use self::quantize::quantize;

/// The shape of an operation's result.
///
/// # Errors
///
/// Says why the operands' shapes do not fit.
pub(super) fn shape(op: &Op, shapes: &[&[usize]]) -> Result<Vec<usize>, String> {
    match (op, shapes) {
        (Op::MatMul, &[a, b]) => matmul::shape(a, b),
        (
            Op::Add
            | Op::Sub
            | Op::Mul
            | Op::Div
            | Op::Min
            | Op::Max
            | Op::Pow
            | Op::Less
            | Op::LessEqual
            | Op::Equal,
            &[a, b],
        ) => arithmetic::common_shape(&[a, b]),
        (Op::Where, &[c, a, b]) => arithmetic::common_shape(&[c, a, b]),
        (Op::Relu | Op::Unary(_), &[x]) => Ok(x.to_vec()),
        (Op::Reduce { axis, kind }, &[x]) => {
            let empty = matches!(kind, Reduction::Sum | Reduction::Product);
            reduction::shape(x, *axis, empty)
        }
        (Op::Arg { axis, .. }, &[x]) => reduction::shape(x, *axis, false),
        (Op::TopK { axis, k, .. }, &[key, x]) => extremes::top_k_shape(key, x, *axis, *k),
        (Op::Softmax { axis }, &[x]) if *axis < x.len() => Ok(x.to_vec()),
        (Op::Transpose { permutation }, &[x]) => movement::transpose_shape(x, permutation),
        (
            Op::Slice {
                starts,
                steps,
                sizes,
            },
            &[x],
        ) => movement::slice_shape(x, starts, steps, sizes),
        (Op::Concat { axis }, [first, ..]) => movement::concat_shape(shapes, first, *axis),
        (Op::Pad { before, after, .. }, &[x]) => windows::padded_shape(x, before, after),
        (Op::Gather { axis, indices }, &[x]) => movement::gather_shape(x, *axis, indices),
        (Op::Lookup, &[index, rows]) => movement::lookup_shape(index, rows),
        (Op::Conv { .. }, &[x, w]) => convolution::shape(op, x, w),
        (Op::Pool { .. }, &[x]) => convolution::pool_shape(op, x),
        (Op::ScaledQuantize(quantizer), &[x]) => quantizer.check(x).map(|()| x.to_vec()),
        (Op::Trees(forest), &[x]) => forest.shape(x),
        (Op::Quantize(quantizer), &[x]) => quantize::shape(quantizer, x),
        _ => Err(format!(
            "{} cannot take operands of shapes {shapes:?}",
            op.name()
        )),
    }
}

/// The value of an operation other than an input; the graph has checked the
/// operands' shapes.
///
/// # Errors
///
/// An operand's value that the operation does not take.
pub(crate) fn evaluate(op: &Op, args: &[&Tensor], shape: &[usize]) -> Result<Tensor, String> {
    Ok(match (op, args) {
        (Op::Constant(tensor), _) => tensor.clone(),
        (Op::MatMul, [a, b]) => matmul::evaluate(a, b, shape),
        (Op::Relu, [x]) => x.mapv(|x| x.max(0.0)),
        (Op::Unary(function @ Function::Integer { lo, hi }), [x]) => {
            match x.iter().find(|x| function.apply(**x).is_nan()) {
                None => (*x).clone(),
                Some(x) => {
                    return Err(format!(
                        "it gives {x}, which would wrap in integers from {lo} to {hi}"
                    ));
                }
            }
        }
        (Op::Unary(function), [x]) => x.mapv(|x| function.apply(x)),
        (Op::Where, [c, a, b]) => arithmetic::select(c, a, b, shape),
        (Op::Reduce { kind, axis }, [x]) => reduction::evaluate(x, *kind, *axis),
        (
            Op::Arg {
                largest,
                axis,
                last,
            },
            [x],
        ) => extremes::position(x, *axis, *largest, *last),
        (Op::TopK { axis, k, largest }, [key, x]) => extremes::top_k(key, x, *axis, *k, *largest),
        (Op::Softmax { axis }, [x]) => reduction::softmax(x, *axis),
        (Op::Reshape, [x]) => reshaped(x.iter().copied().collect(), shape),
        (Op::Transpose { permutation }, [x]) => {
            let view = x.view().permuted_axes(IxDyn(permutation));
            view.as_standard_layout().into_owned()
        }
        (Op::Slice { starts, steps, .. }, [x]) => movement::slice(x, starts, steps, shape),
        (Op::Concat { axis }, args) => movement::concat(args, *axis, shape),
        (Op::Pad { before, value, .. }, [x]) => windows::padded(x, before, *value, shape),
        (Op::Gather { axis, indices }, [x]) => movement::gather(x, *axis, indices),
        (Op::Lookup, [index, rows]) => movement::lookup(index, rows, shape)?,
        (Op::Expand, [x]) => match x.broadcast(shape) {
            Some(view) => view.to_owned(),
            None => return Err(format!("{:?} does not broadcast to {shape:?}", x.shape())),
        },
        (Op::Conv { .. }, [x, w]) => convolution::evaluate(op, x, w, shape),
        (Op::Pool { .. }, [x]) => convolution::pool(op, x, shape),
        (Op::Trees(forest), [x]) => forest.evaluate(x, shape),
        (Op::Quantize(quantizer), [x]) => quantize(x, quantizer),
        (Op::ScaledQuantize(quantizer), [x]) => quantizer.apply(x),
        (binary, [a, b]) => arithmetic::binary(binary, a, b, shape),
        _ => return Err(format!("{} with {} operands", op.name(), args.len())),
    })
}

/// A tensor of this shape; the graph has checked the number of elements.
pub(super) fn reshaped(data: Vec<f64>, shape: &[usize]) -> Tensor {
    debug_assert_eq!(data.len(), element_count(shape));
    Tensor::from_shape_vec(IxDyn(shape), data).unwrap_or_else(|_| Tensor::zeros(IxDyn(shape)))
}

#[cfg(test)]
mod tests;
