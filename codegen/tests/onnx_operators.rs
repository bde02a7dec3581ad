//! Each operator that is taken, on a small graph whose result is known, and
//! what is refused of it.

mod support;

use support::{
    Outcome, floats, integers, model, node, value, with_float, with_int, with_ints, write,
};
use trigforge_codegen::import::onnx::proto::{
    GraphProto, NodeProto, OperatorSetIdProto, TensorProto,
};
use trigforge_codegen::import::read;
use trigforge_codegen::real::evaluate;

/// A graph from `x` of shape [n, 2] (or [1, 2, 2]) to `y`.
fn graph(dims: &[i64], nodes: Vec<NodeProto>, constants: Vec<TensorProto>) -> GraphProto {
    GraphProto {
        node: nodes,
        initializer: constants,
        input: vec![value("x", dims)],
        output: vec![value("y", &[])],
        ..GraphProto::default()
    }
}

/// The outputs that a graph gives for `x`, at an operator set.
fn outputs(
    graph: GraphProto,
    opset: i64,
    x: &[f64],
) -> Result<(Vec<usize>, Vec<f64>), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let mut file = model(graph);
    file.opset_import = vec![OperatorSetIdProto {
        domain: None,
        version: Some(opset),
    }];
    let graph = read(&write(folder.path(), &file)?)?;
    let y = evaluate(&graph, &[x])?.swap_remove(0);
    Ok((y.shape().to_vec(), y.iter().copied().collect()))
}

#[test]
fn gemm_scales_transposes_and_adds() -> Outcome {
    let w = || floats("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    let c = || floats("c", &[2], &[10.0, 20.0]);
    let gemm = || node("Gemm", "fc", &["x", "w", "c"], "y");
    let x = [1.0, -1.0];
    let plain = outputs(graph(&[0, 2], vec![gemm()], vec![w(), c()]), 13, &x)?;
    assert_eq!(plain, (vec![1, 2], vec![8.0, 18.0]));
    let transposed = with_int(gemm(), "transB", 1);
    let transposed = outputs(graph(&[0, 2], vec![transposed], vec![w(), c()]), 13, &x)?;
    assert_eq!(transposed.1, [9.0, 19.0]);
    let scaled = with_float(with_float(gemm(), "alpha", 0.5), "beta", 2.0);
    let scaled = outputs(graph(&[0, 2], vec![scaled], vec![w(), c()]), 13, &x)?;
    assert_eq!(scaled.1, [19.0, 39.0]);
    Ok(())
}

#[test]
fn batch_norm_uses_its_statistics() -> Outcome {
    let nodes = vec![
        node("MatMul", "fc", &["x", "w"], "h"),
        with_float(
            node("BatchNormalization", "bn", &["h", "s", "b", "m", "v"], "y"),
            "epsilon",
            1.0,
        ),
    ];
    let constants = vec![
        floats("w", &[2, 2], &[1.0, 0.0, 0.0, 1.0]),
        floats("s", &[2], &[2.0, 3.0]),
        floats("b", &[2], &[0.5, -0.5]),
        floats("m", &[2], &[1.0, 2.0]),
        floats("v", &[2], &[3.0, 8.0]),
    ];
    let (_, y) = outputs(graph(&[0, 2], nodes, constants), 15, &[5.0, 5.0])?;
    // 2 (5 - 1) / 2 + 0.5 and 3 (5 - 2) / 3 - 0.5.
    assert_eq!(y, [4.5, 2.5]);
    Ok(())
}

#[test]
fn shapes_follow_onnx() -> Outcome {
    let x = [1.0, 2.0, 3.0, 4.0];
    let flatten = with_int(node("Flatten", "f", &["x"], "y"), "axis", -1);
    let (shape, _) = outputs(graph(&[1, 2, 2], vec![flatten], vec![]), 13, &x)?;
    assert_eq!(shape, [2, 2]);
    let reshape = node("Reshape", "r", &["x", "to"], "y");
    let to = integers("to", &[0, -1]);
    let (shape, y) = outputs(graph(&[1, 2, 2], vec![reshape], vec![to]), 13, &x)?;
    assert_eq!((shape, y), (vec![1, 4], x.to_vec()));
    let transpose = with_ints(node("Transpose", "t", &["x"], "y"), "perm", &[0, 2, 1]);
    let (_, y) = outputs(graph(&[1, 2, 2], vec![transpose], vec![]), 13, &x)?;
    assert_eq!(y, [1.0, 3.0, 2.0, 4.0]);
    let reversed = node("Transpose", "t", &["x"], "y");
    let (shape, y) = outputs(graph(&[1, 2, 2], vec![reversed], vec![]), 13, &x)?;
    assert_eq!((shape, y), (vec![2, 2, 1], vec![1.0, 3.0, 2.0, 4.0]));
    Ok(())
}

#[test]
fn softmax_changed_its_meaning_at_opset_13() -> Outcome {
    let softmax = || node("Softmax", "s", &["x"], "y");
    let (_, y) = outputs(
        graph(&[1, 2, 2], vec![softmax()], vec![]),
        13,
        &[0.0, 0.0, 1.0, 1.0],
    )?;
    assert_eq!(y, [0.5; 4]);
    // Before, axis 1 of three means both of the last two at once.
    let (shape, y) = outputs(graph(&[1, 2, 2], vec![softmax()], vec![]), 11, &[0.0; 4])?;
    assert_eq!((shape, y), (vec![1, 2, 2], vec![0.25; 4]));
    let (_, y) = outputs(graph(&[0, 2], vec![softmax()], vec![]), 11, &[3.0, 3.0])?;
    assert_eq!(y, [0.5; 2]);
    Ok(())
}

#[test]
fn element_wise_operators_broadcast() -> Outcome {
    let constants = || vec![floats("c", &[2], &[10.0, 0.5])];
    for (operator, expected) in [
        ("Add", [13.0, 4.5]),
        ("Sub", [-7.0, 3.5]),
        ("Mul", [30.0, 2.0]),
    ] {
        let nodes = vec![node(operator, "op", &["x", "c"], "y")];
        let (_, y) = outputs(graph(&[0, 2], nodes, constants()), 13, &[3.0, 4.0])?;
        assert_eq!(y, expected, "{operator}");
    }
    Ok(())
}
