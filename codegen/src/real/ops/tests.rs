//! Values worked out by hand.

use ndarray::IxDyn;

use super::*;
use crate::real::PoolKind;

fn tensor(shape: &[usize], data: &[f64]) -> Tensor {
    Tensor::from_shape_vec(IxDyn(shape), data.to_vec()).unwrap_or_default()
}

/// Shape and elements of an operation's result.
fn apply(op: &Op, args: &[&Tensor]) -> Result<(Vec<usize>, Vec<f64>), String> {
    let shapes: Vec<_> = args.iter().map(|arg| arg.shape()).collect();
    let shape = shape(op, &shapes)?;
    let value = evaluate(op, args, &shape)?;
    assert_eq!(value.shape(), shape, "{}", op.name());
    Ok((shape, value.iter().copied().collect()))
}

fn numbers(count: u8) -> Vec<f64> {
    (1..=count).map(f64::from).collect()
}

#[test]
fn products_broadcast_as_numpy_does() -> Result<(), String> {
    let stack = tensor(&[2, 2, 2], &numbers(8));
    let swap = tensor(&[2, 2], &[0.0, 1.0, 1.0, 0.0]);
    let (_, y) = apply(&Op::MatMul, &[&stack, &swap])?;
    assert_eq!(y, [2.0, 1.0, 4.0, 3.0, 6.0, 5.0, 8.0, 7.0]);
    let vector = tensor(&[2], &[1.0, -1.0]);
    let (shape, y) = apply(&Op::MatMul, &[&vector, &stack])?;
    assert_eq!((shape, y), (vec![2, 2], vec![-2.0; 4]));
    assert_eq!(
        apply(&Op::MatMul, &[&vector, &vector])?,
        (vec![], vec![2.0])
    );
    assert!(apply(&Op::MatMul, &[&stack, &tensor(&[3], &numbers(3))]).is_err());
    Ok(())
}

#[test]
fn selection_broadcasts_all_three() -> Result<(), String> {
    let c = tensor(&[2, 1], &[1.0, 0.0]);
    let a = tensor(&[2], &[1.0, 2.0]);
    let b = tensor(&[], &[9.0]);
    let (_, y) = apply(&Op::Where, &[&c, &a, &b])?;
    assert_eq!(y, [1.0, 2.0, 9.0, 9.0]);
    Ok(())
}

#[test]
fn slices_run_backwards() -> Result<(), String> {
    let op = |start, step, size| Op::Slice {
        starts: vec![start],
        steps: vec![step],
        sizes: vec![size],
    };
    let x = tensor(&[5], &numbers(5));
    assert_eq!(apply(&op(4, -2, 3), &[&x])?.1, [5.0, 3.0, 1.0]);
    assert_eq!(apply(&op(3, -2, 2), &[&x])?.1, [4.0, 2.0]);
    assert_eq!(apply(&op(1, 2, 2), &[&x])?.1, [2.0, 4.0]);
    assert!(apply(&op(3, -2, 3), &[&x]).is_err());
    assert!(apply(&op(0, 0, 1), &[&x]).is_err());
    Ok(())
}

#[test]
fn extremes_keep_order_and_ties() -> Result<(), String> {
    let key = tensor(&[4], &[1.0, 3.0, 3.0, 0.0]);
    let x = tensor(&[4], &numbers(4));
    let top = |largest| Op::TopK {
        axis: 0,
        k: 3,
        largest,
    };
    assert_eq!(apply(&top(true), &[&key, &x])?.1, [2.0, 3.0, 1.0]);
    assert_eq!(apply(&top(false), &[&key, &x])?.1, [4.0, 1.0, 2.0]);
    let arg = |largest, last| Op::Arg {
        largest,
        axis: 0,
        last,
    };
    assert_eq!(apply(&arg(true, false), &[&key])?, (vec![1], vec![1.0]));
    assert_eq!(apply(&arg(true, true), &[&key])?.1, [2.0]);
    assert_eq!(apply(&arg(false, false), &[&key])?.1, [3.0]);
    Ok(())
}

#[test]
fn reductions_keep_their_axis() -> Result<(), String> {
    let x = tensor(&[2, 2], &[1.0, 2.0, 3.0, 5.0]);
    for (kind, expected) in [
        (Reduction::Sum, [3.0, 8.0]),
        (Reduction::Mean, [1.5, 4.0]),
        (Reduction::Max, [2.0, 5.0]),
        (Reduction::Min, [1.0, 3.0]),
        (Reduction::Product, [2.0, 15.0]),
    ] {
        let (shape, y) = apply(&Op::Reduce { kind, axis: 1 }, &[&x])?;
        assert_eq!((shape, y.as_slice()), (vec![2, 1], &expected[..]));
    }
    Ok(())
}

#[test]
fn convolution_is_strided_dilated_padded_and_grouped() -> Result<(), String> {
    let x = tensor(&[1, 2, 4], &numbers(8));
    let conv = |groups| Op::Conv {
        strides: vec![2],
        dilations: vec![2],
        before: vec![1],
        after: vec![1],
        groups,
    };
    // Channels 1 2 3 4 and 5 6 7 8, padded by a zero on both sides.
    let w = tensor(&[1, 2, 2], &[1.0, 10.0, 100.0, 1000.0]);
    let (shape, y) = apply(&conv(1), &[&x, &w])?;
    assert_eq!(shape, [1, 1, 2]);
    assert_eq!(y, [20.0 + 6000.0, 2.0 + 40.0 + 600.0 + 8000.0]);
    let w = tensor(&[2, 1, 2], &[1.0, 10.0, 100.0, 1000.0]);
    let (shape, y) = apply(&conv(2), &[&x, &w])?;
    assert_eq!(
        (shape, y),
        (vec![1, 2, 2], vec![20.0, 42.0, 6000.0, 8600.0])
    );
    assert!(apply(&conv(3), &[&x, &w]).is_err());
    Ok(())
}

#[test]
fn padding_of_a_pool_counts_only_if_asked() -> Result<(), String> {
    let x = tensor(&[1, 1, 3], &[-1.0, -2.0, -6.0]);
    let pool = |kind| Op::Pool {
        kind,
        window: vec![2],
        strides: vec![2],
        dilations: vec![1],
        before: vec![1],
        after: vec![0],
    };
    assert_eq!(apply(&pool(PoolKind::Max), &[&x])?.1, [-1.0, -2.0]);
    let average = |count_padding| pool(PoolKind::Average { count_padding });
    assert_eq!(apply(&average(true), &[&x])?.1, [-0.5, -4.0]);
    assert_eq!(apply(&average(false), &[&x])?.1, [-1.0, -4.0]);
    Ok(())
}

#[test]
fn a_lookup_stays_inside_of_its_rows() -> Result<(), String> {
    let rows = tensor(&[2, 2], &numbers(4));
    let index = tensor(&[3], &[1.0, 0.0, 1.0]);
    let (shape, y) = apply(&Op::Lookup, &[&index, &rows])?;
    assert_eq!((shape, y), (vec![3, 2], vec![3.0, 4.0, 1.0, 2.0, 3.0, 4.0]));
    for outside in [2.0, -1.0, 0.5] {
        assert!(apply(&Op::Lookup, &[&tensor(&[1], &[outside]), &rows]).is_err());
    }
    Ok(())
}
