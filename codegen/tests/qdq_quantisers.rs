//! The quantisers of ONNX itself on small graphs whose results ONNX Runtime
//! 1.32 gives, in double precision and as integers, and what is refused.

mod support;

use support::{Outcome, floats, model, node, value, with_int, with_ints, write};
use trigforge_codegen::circuit;
use trigforge_codegen::import::onnx::proto::{
    GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, tensor_proto::DataType,
};
use trigforge_codegen::import::read;
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::lower::lower;
use trigforge_codegen::ports::Execute;
use trigforge_codegen::quantize::load_noted;
use trigforge_codegen::real::evaluate;

fn file(dims: &[i64], nodes: Vec<NodeProto>, constants: Vec<TensorProto>) -> ModelProto {
    model(GraphProto {
        node: nodes,
        initializer: constants,
        input: vec![value("x", dims)],
        output: vec![value("y", &[])],
        ..GraphProto::default()
    })
}

fn typed(name: &str, kind: DataType, dims: &[usize], values: &[i32]) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: dims.iter().map(|&dim| dim as i64).collect(),
        data_type: Some(kind as i32),
        int32_data: values.to_vec(),
        ..TensorProto::default()
    }
}

fn scalar(name: &str, value: f32) -> TensorProto {
    floats(name, &[], &[value])
}

/// Results in double precision and as integers, and the notes.
type Found = ([Vec<f64>; 2], Vec<String>);

fn both(file: &ModelProto, x: &[f64]) -> Result<Found, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = write(folder.path(), file)?;
    let y = evaluate(&read(&path)?, &[x])?.swap_remove(0);
    let (module, notes) = load_noted(&path, None)?;
    let interpreter = Interpreter::new(&module)?;
    let encoded = interpreter.encode(0, x)?;
    let result = interpreter.run(&[&encoded.mantissas])?;
    let circuit = lower(&module)?;
    let gates = circuit::Interpreter::new(&circuit)?;
    assert_eq!(gates.run(&[&encoded.mantissas])?, result, "as a circuit");
    let integers = interpreter.decode(0, &result[0]);
    let notes = notes.iter().map(ToString::to_string).collect();
    Ok(([y.iter().copied().collect(), integers], notes))
}

fn steps(values: &[f64], step: f32) -> Vec<i64> {
    let steps = values.iter().map(|y| libm::rint(y / f64::from(step)));
    steps.map(|y| y as i64).collect()
}

/// What both convolutions below have: 3 by 3 pixels, two maps, padding on two
/// sides, zero points that are not 0, a scale per channel.
fn convolution_constants() -> Vec<TensorProto> {
    let scales = [0.02f32, 0.05];
    vec![
        scalar("sx", 0.03),
        typed("zx", DataType::Uint8, &[], &[117]),
        typed(
            "w",
            DataType::Int8,
            &[2, 1, 2, 2],
            &[3, -2, 5, 7, -8, 1, 0, 6],
        ),
        floats("sw", &[2], &scales),
        typed("zw", DataType::Int8, &[2], &[0, 0]),
        typed("b", DataType::Int32, &[2], &[100, -37]),
        floats("sb", &[2], &scales.map(|scale| scale * 0.03)),
        typed("zb", DataType::Int32, &[2], &[0, 0]),
        scalar("sy", 0.011),
        typed("zy", DataType::Uint8, &[], &[90]),
    ]
}

const PIXELS: [f64; 9] = [0.5, -1.25, 2.0, 3.75, -0.75, 1.0, -2.5, 0.25, 1.5];
const MAPS: [i64; 18] = [
    12, -6, 20, 51, 37, -3, -40, 9, 19, 9, -39, 50, 100, -50, 77, -56, -90, 68,
];

fn quantized(name: &str, x: &str, parameters: [&str; 2], y: &str) -> NodeProto {
    node(
        "QuantizeLinear",
        name,
        &[x, parameters[0], parameters[1]],
        y,
    )
}

fn dequantized(name: &str, x: &str, parameters: [&str; 2], y: &str) -> NodeProto {
    node(
        "DequantizeLinear",
        name,
        &[x, parameters[0], parameters[1]],
        y,
    )
}

#[test]
fn a_qdq_convolution_with_zero_points_pads_with_them() -> Outcome {
    let nodes = vec![
        quantized("qx", "x", ["sx", "zx"], "xq"),
        dequantized("dx", "xq", ["sx", "zx"], "xd"),
        with_int(dequantized("dw", "w", ["sw", "zw"], "wd"), "axis", 0),
        with_int(dequantized("db", "b", ["sb", "zb"], "bd"), "axis", 0),
        with_ints(
            node("Conv", "conv", &["xd", "wd", "bd"], "c"),
            "pads",
            &[1, 1, 0, 0],
        ),
        quantized("qy", "c", ["sy", "zy"], "yq"),
        dequantized("dy", "yq", ["sy", "zy"], "y"),
    ];
    let (found, notes) = both(
        &file(&[1, 1, 3, 3], nodes, convolution_constants()),
        &PIXELS,
    )?;
    for found in found {
        assert_eq!(steps(&found, 0.011), MAPS);
    }
    let all = notes.join("\n");
    for part in [
        "`x`: is taken in fix(",
        "of the 8730 integers before it",
        "taken as equal",
    ] {
        assert!(all.contains(part), "`{part}` is missing in:\n{all}");
    }
    Ok(())
}

#[test]
fn qlinear_conv_is_the_same() -> Outcome {
    let operands = ["xq", "sx", "zx", "w", "sw", "zw", "sy", "zy", "b"];
    let nodes = vec![
        quantized("qx", "x", ["sx", "zx"], "xq"),
        with_ints(
            node("QLinearConv", "conv", &operands, "yq"),
            "pads",
            &[1, 1, 0, 0],
        ),
        dequantized("dy", "yq", ["sy", "zy"], "y"),
    ];
    let (found, _) = both(
        &file(&[1, 1, 3, 3], nodes, convolution_constants()),
        &PIXELS,
    )?;
    for found in found {
        assert_eq!(steps(&found, 0.011), MAPS);
    }
    Ok(())
}

fn matrix_constants() -> Vec<TensorProto> {
    vec![
        scalar("sx", 0.03),
        typed("zx", DataType::Uint8, &[], &[117]),
        typed("w", DataType::Uint8, &[2, 3], &[3, 200, 17, 90, 5, 255]),
        scalar("sw", 0.004),
        typed("zw", DataType::Uint8, &[], &[128]),
        scalar("sy", 0.011),
        typed("zy", DataType::Uint8, &[], &[90]),
    ]
}

/// A scale of few bits stays a factor as a long one does, and that of a bias of
/// one axis is the product's: nothing but the quantisers multiplies.
#[test]
fn a_qdq_layer_multiplies_at_its_quantisers_alone() -> Outcome {
    // 41375 / 2^20.
    let (sx, sw) = (0.039_458_275f32, 0.003_219_277_4f32);
    let nodes = vec![
        quantized("qx", "x", ["sx", "zx"], "xq"),
        dequantized("dx", "xq", ["sx", "zx"], "xd"),
        dequantized("dw", "w", ["sw", "zw"], "wd"),
        dequantized("db", "b", ["sb", "zb"], "bd"),
        node("Gemm", "fc", &["xd", "wd", "bd"], "c"),
        quantized("qy", "c", ["sy", "zy"], "yq"),
        dequantized("dy", "yq", ["sy", "zy"], "y"),
    ];
    let constants = vec![
        scalar("sx", sx),
        typed("zx", DataType::Uint8, &[], &[117]),
        typed("w", DataType::Int8, &[2, 3], &[3, -128, 17, 90, 5, 127]),
        scalar("sw", sw),
        typed("zw", DataType::Int8, &[], &[0]),
        typed("b", DataType::Int32, &[3], &[119, 1342, -40]),
        floats("sb", &[1], &[sx * sw]),
        typed("zb", DataType::Int32, &[], &[0]),
        scalar("sy", 0.011),
        typed("zy", DataType::Uint8, &[], &[90]),
    ];
    let ([real, integers], notes) = both(&file(&[1, 2], nodes, constants), &[0.5, -1.25])?;
    assert_eq!(steps(&integers, 0.011), steps(&real, 0.011));
    let multiplied: Vec<_> = notes
        .iter()
        .filter(|note| note.contains("factor") || note.contains("multiplied"))
        .collect();
    assert_eq!(multiplied.len(), 2, "{notes:?}");
    assert!(multiplied[0].starts_with("`qx`"), "{notes:?}");
    assert!(multiplied[1].starts_with("`qy`"), "{notes:?}");
    Ok(())
}

#[test]
fn qlinear_matmul_subtracts_both_zero_points() -> Outcome {
    let operands = ["xq", "sx", "zx", "w", "sw", "zw", "sy", "zy"];
    let nodes = vec![
        quantized("qx", "x", ["sx", "zx"], "xq"),
        node("QLinearMatMul", "fc", &operands, "yq"),
        dequantized("dy", "yq", ["sy", "zy"], "y"),
    ];
    let (found, _) = both(&file(&[1, 2], nodes, matrix_constants()), &[0.5, -1.25])?;
    for found in found {
        assert_eq!(steps(&found, 0.011), [-6, 70, -79]);
    }
    Ok(())
}

#[test]
fn matmul_integer_gives_the_integers() -> Outcome {
    let nodes = vec![
        quantized("qx", "x", ["sx", "zx"], "xq"),
        node("MatMulInteger", "fc", &["xq", "w", "zx", "zw"], "yi"),
        with_int(node("Cast", "cast", &["yi"], "y"), "to", 1),
    ];
    let (found, _) = both(&file(&[1, 2], nodes, matrix_constants()), &[0.5, -1.25])?;
    for found in found {
        assert_eq!(found, [-529.0, 6390.0, -7221.0]);
    }
    Ok(())
}

/// QCDQ writes a narrower range as a `Clip` between the two: 3 bits, narrow.
#[test]
fn a_clip_between_quantizer_and_dequantizer_narrows_the_range() -> Outcome {
    let nodes = vec![
        quantized("q", "x", ["s", "z"], "xq"),
        node("Clip", "clip", &["xq", "lo", "hi"], "xc"),
        dequantized("d", "xc", ["s", "z"], "y"),
    ];
    let constants = vec![
        scalar("s", 0.25),
        typed("z", DataType::Int8, &[], &[0]),
        typed("lo", DataType::Int8, &[], &[-3]),
        typed("hi", DataType::Int8, &[], &[3]),
    ];
    let x = [0.375, -5.0, 0.125, 9.0];
    let (found, _) = both(&file(&[1, 4], nodes, constants), &x)?;
    for found in found {
        assert_eq!(found, [0.5, -0.75, 0.0, 0.75]);
    }
    Ok(())
}

#[test]
fn four_bits_and_axes_are_taken() -> Outcome {
    let nodes = vec![
        with_int(quantized("q", "x", ["s", "z"], "xq"), "axis", -1),
        with_int(dequantized("d", "xq", ["s", "z"], "y"), "axis", 1),
    ];
    let constants = vec![
        floats("s", &[2], &[0.5, 0.25]),
        // Two integers of four bits in a byte: 1 and -2.
        typed("z", DataType::Int4, &[2], &[0xe1]),
    ];
    let mut file = file(&[1, 2], nodes, constants);
    file.opset_import = vec![OperatorSetIdProto {
        domain: None,
        version: Some(21),
    }];
    for (x, expected) in [
        ([0.75, -0.625], [1.0, -0.5]),
        ([100.0, -100.0], [3.0, -1.5]),
    ] {
        let (found, _) = both(&file, &x)?;
        for found in found {
            assert_eq!(found, expected, "{x:?}");
        }
    }
    Ok(())
}

#[test]
fn what_is_not_taken_is_named() -> Outcome {
    let q = || quantized("q", "x", ["s", "z"], "y");
    let constants = |scale: f32| vec![scalar("s", scale), typed("z", DataType::Int8, &[], &[0])];
    let dynamic = NodeProto {
        output: vec!["y".to_owned(), "s2".to_owned(), "z2".to_owned()],
        ..node("DynamicQuantizeLinear", "q", &["x"], "y")
    };
    let blocks = vec![
        floats("s", &[1, 2], &[0.5, 0.25]),
        typed("z", DataType::Int8, &[1, 2], &[0, 0]),
    ];
    let d = |constants: Vec<TensorProto>| {
        let nodes = vec![q(), dequantized("d", "y", ["t", "z"], "out")];
        (nodes, constants)
    };
    let mut negative = constants(0.5);
    negative.push(scalar("t", -1.0));
    let cases = [
        (vec![dynamic], constants(0.5), "depends on the event"),
        (
            vec![with_int(q(), "block_size", 2)],
            constants(0.5),
            "`block_size` is 2",
        ),
        (
            vec![with_int(q(), "output_dtype", 2)],
            constants(0.5),
            "not the zero point's type",
        ),
        (
            vec![with_int(q(), "output_dtype", 99)],
            constants(0.5),
            "element type 99",
        ),
        (vec![q()], constants(-0.5), "scale is -5e-1"),
        (vec![q()], blocks, "has shape [1, 2], expected one element"),
        (
            vec![q()],
            vec![scalar("s", 0.5), typed("z", DataType::Int32, &[], &[0])],
            "its result is INT32",
        ),
        (d(negative.clone()).0, negative, "scale is -1e0"),
    ];
    for (nodes, constants, expected) in cases {
        let folder = tempfile::tempdir()?;
        let result = read(&write(folder.path(), &file(&[1, 2], nodes, constants))?);
        let message = result.err().ok_or(expected)?.to_string();
        assert!(
            message.contains(expected),
            "expected `{expected}` in: {message}"
        );
    }
    Ok(())
}
