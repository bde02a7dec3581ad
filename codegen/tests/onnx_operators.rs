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

/// A cast of `x` to a type by its number in ONNX.
fn cast(from: &str, to: i64, result: &str) -> NodeProto {
    with_int(node("Cast", result, &[from], result), "to", to)
}

const INT8: i64 = 3;
const INT64: i64 = 7;
const FLOAT16: i64 = 10;

#[test]
fn integers_divide_towards_zero() -> Outcome {
    let nodes = vec![
        cast("x", INT64, "i"),
        node("Div", "quotient", &["i", "two"], "y"),
    ];
    let constants = vec![integers("two", &[2])];
    let (_, y) = outputs(graph(&[0, 2], nodes, constants), 13, &[7.9, -7.9])?;
    assert_eq!(y, [3.0, -3.0]);
    Ok(())
}

#[test]
fn integers_that_would_wrap_are_refused() -> Outcome {
    let nodes = || vec![cast("x", INT8, "i"), node("Add", "sum", &["i", "i"], "y")];
    let (_, y) = outputs(graph(&[0, 2], nodes(), vec![]), 13, &[63.0, -64.0])?;
    assert_eq!(y, [126.0, -128.0]);
    let result = outputs(graph(&[0, 2], nodes(), vec![]), 13, &[64.0, 0.0]);
    let message = result.err().ok_or("it wrapped")?.to_string();
    assert!(
        message.contains("`sum`: it gives 128, which would wrap in integers from -128 to 127"),
        "{message}"
    );
    Ok(())
}

/// Exporters write the largest integer for "to the end"; nothing may compute
/// with it.
#[test]
fn integers_beyond_doubles_are_positions_alone() -> Outcome {
    let constants = || vec![integers("from", &[1]), integers("to", &[i64::MAX])];
    let nodes = vec![node("Slice", "s", &["x", "from", "to", "from"], "y")];
    let (shape, y) = outputs(graph(&[0, 2], nodes, constants()), 13, &[1.0, 2.0])?;
    assert_eq!((shape, y), (vec![1, 1], vec![2.0]));
    let nodes = vec![
        cast("x", INT64, "i"),
        node("Mul", "product", &["i", "to"], "y"),
    ];
    let result = outputs(graph(&[0, 2], nodes, constants()), 13, &[1.0, 2.0]);
    let message = result.err().ok_or("it was computed")?.to_string();
    assert!(
        message.contains("computes with integers beyond 2^53"),
        "{message}"
    );
    Ok(())
}

#[test]
fn half_precision_is_rounded() -> Outcome {
    let nodes = || {
        vec![
            cast("x", FLOAT16, "h"),
            node("Add", "sum", &["h", "h"], "hh"),
            cast("hh", 1, "y"),
        ]
    };
    let (_, y) = outputs(graph(&[0, 2], nodes(), vec![]), 13, &[2049.0, 0.1])?;
    assert_eq!(y, [4096.0, 0.199_951_171_875]);
    let result = outputs(graph(&[0, 2], nodes(), vec![]), 13, &[40_000.0, 0.0]);
    let message = result.err().ok_or("it overflowed")?.to_string();
    assert!(message.contains("not a finite number"), "{message}");
    Ok(())
}

/// As PyTorch writes `x.reshape(x.shape[0], -1)`.
#[test]
fn shapes_may_be_computed_from_shapes() -> Outcome {
    let nodes = vec![
        node("Shape", "shape", &["x"], "shape"),
        with_int(
            node("Gather", "batch", &["shape", "zero"], "batch"),
            "axis",
            0,
        ),
        with_int(node("Concat", "to", &["batch", "rest"], "to"), "axis", 0),
        node("Reshape", "flat", &["x", "to"], "y"),
    ];
    let constants = vec![integers("zero", &[0]), integers("rest", &[-1])];
    let (shape, _) = outputs(graph(&[0, 2, 2], nodes, constants), 13, &[0.0; 4])?;
    assert_eq!(shape, [1, 4]);
    Ok(())
}
