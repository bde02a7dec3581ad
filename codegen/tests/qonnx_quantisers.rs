//! Every quantiser of QONNX on values whose result the executor of qonnx 1.0.0
//! gives, and what is refused of each.

mod support;

use support::{Outcome, floats, model, node, quant, value, with_int, with_text, write};
use trigforge_codegen::circuit;
use trigforge_codegen::import::onnx::proto::{GraphProto, ModelProto, NodeProto, TensorProto};
use trigforge_codegen::import::read;
use trigforge_codegen::interp::Interpreter;
use trigforge_codegen::lower::lower;
use trigforge_codegen::ports::Execute;
use trigforge_codegen::quantize::{Calibration, PostTraining, load};
use trigforge_codegen::real::evaluate;

/// One node from `x` of shape [n, 2] to `y`.
fn file(node: NodeProto, constants: Vec<TensorProto>) -> ModelProto {
    model(GraphProto {
        node: vec![node],
        initializer: constants,
        input: vec![value("x", &[0, 2])],
        output: vec![value("y", &[])],
        ..GraphProto::default()
    })
}

/// What the float engine gives, and what the integers do.
fn both(file: &ModelProto, x: &[f64]) -> Result<[Vec<f64>; 2], Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = write(folder.path(), file)?;
    let y = evaluate(&read(&path)?, &[x])?.swap_remove(0);
    let module = load(&path, None)?;
    let interpreter = Interpreter::new(&module)?;
    let encoded = interpreter.encode(0, x)?;
    let result = interpreter.run(&[&encoded.mantissas])?;
    let circuit = lower(&module)?;
    let gates = circuit::Interpreter::new(&circuit)?;
    assert_eq!(gates.run(&[&encoded.mantissas])?, result, "as a circuit");
    Ok([
        y.iter().copied().collect(),
        interpreter.decode(0, &result[0]),
    ])
}

fn refusal(file: &ModelProto) -> Result<String, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let result = read(&write(folder.path(), file)?);
    Ok(result.err().ok_or("taken")?.to_string())
}

/// A `Quant` node with its rounding mode and range replaced.
fn quant_with(mode: &str, narrow: i64, signed: bool) -> NodeProto {
    let mut node = quant("q", &["x", "s", "z", "b"], "y", signed);
    node.attribute
        .retain(|a| a.name() != "rounding_mode" && a.name() != "narrow");
    with_int(with_text(node, "rounding_mode", mode), "narrow", narrow)
}

fn quant_constants(scale: f32, zero: f32, bits: f32) -> Vec<TensorProto> {
    vec![
        floats("s", &[], &[scale]),
        floats("z", &[], &[zero]),
        floats("b", &[], &[bits]),
    ]
}

#[test]
fn quant_rounds_as_qonnx_does() -> Outcome {
    // Halves of either sign, quarters, and values beyond 4 bits of steps of 1/2.
    let x = [[0.75, -0.75], [0.625, -0.625], [100.0, -100.0]];
    let wide = [3.5, -4.0];
    let cases = [
        ("ROUND", 0, true, [[1.0, -1.0], [0.5, -0.5], wide]),
        (
            "HALF_EVEN",
            1,
            true,
            [[1.0, -1.0], [0.5, -0.5], [3.5, -3.5]],
        ),
        ("HALF_UP", 0, true, [[1.0, -1.0], [0.5, -0.5], wide]),
        ("half_down", 0, true, [[0.5, -0.5], [0.5, -0.5], wide]),
        ("FLOOR", 0, true, [[0.5, -1.0], [0.5, -1.0], wide]),
        ("DOWN", 0, true, [[0.5, -0.5], [0.5, -0.5], wide]),
        ("CEIL", 0, true, [[1.0, -0.5], [1.0, -0.5], wide]),
        ("UP", 1, true, [[1.0, -1.0], [1.0, -1.0], [3.5, -3.5]]),
        ("ROUND", 0, false, [[1.0, 0.0], [0.5, 0.0], [7.5, 0.0]]),
        ("ROUND", 1, false, [[1.0, 0.0], [0.5, 0.0], [7.0, 0.0]]),
        ("CEIL", 1, false, [[1.0, 0.0], [1.0, 0.0], [7.0, 0.0]]),
    ];
    for (mode, narrow, signed, expected) in cases {
        let file = file(
            quant_with(mode, narrow, signed),
            quant_constants(0.5, 0.0, 4.0),
        );
        for (x, expected) in x.iter().zip(expected) {
            for found in both(&file, x)? {
                assert_eq!(found, expected, "{mode} {narrow} {signed} of {x:?}");
            }
        }
    }
    Ok(())
}

/// Scales, zero points and widths beyond formats; a signed bit is the sign.
#[test]
fn quant_computes_what_qonnx_computes_behind_any_scale() -> Outcome {
    let x = [0.4375, -0.9375];
    let more = [0.15625, -40.0];
    #[rustfmt::skip]
    let cases = [
        ("ROUND", 0.3, 0.0, 4.0, true, 0, [0.300000012, -0.900000036, 0.300000012, -2.4000001]),
        ("ROUND", 0.25, 3.0, 4.0, false, 1, [0.5, -0.75, 0.25, -0.75]),
        ("ROUND", 0.3, 2.0, 5.0, true, 1, [0.300000012, -0.900000036, 0.300000012, -5.10000038]),
        ("ROUND", 0.125, 1.0, 6.0, true, 0, [0.375, -0.875, 0.125, -4.125]),
        ("ROUND", 0.7, 0.0, 1.0, true, 0, [0.699999988, -0.699999988, 0.699999988, -0.699999988]),
        ("HALF_UP", 0.3, 0.0, 4.0, true, 0, [0.300000012, -0.900000036, 0.300000012, -2.4000001]),
        ("HALF_UP", 0.25, 3.0, 4.0, false, 1, [0.5, -0.75, 0.25, -0.75]),
        ("HALF_UP", 0.3, 2.0, 5.0, true, 1, [0.300000012, -0.900000036, 0.300000012, -5.10000038]),
        ("HALF_UP", 0.125, 1.0, 6.0, true, 0, [0.5, -1.0, 0.125, -4.125]),
        ("HALF_UP", 0.7, 0.0, 1.0, true, 0, [0.699999988, -0.699999988, 0.699999988, -0.699999988]),
        ("HALF_DOWN", 0.3, 0.0, 4.0, true, 0, [0.300000012, -0.900000036, 0.300000012, -2.4000001]),
        ("HALF_DOWN", 0.25, 3.0, 4.0, false, 1, [0.5, -0.75, 0.25, -0.75]),
        ("HALF_DOWN", 0.3, 2.0, 5.0, true, 1, [0.300000012, -0.900000036, 0.300000012, -5.10000038]),
        ("HALF_DOWN", 0.125, 1.0, 6.0, true, 0, [0.375, -0.875, 0.125, -4.125]),
        ("HALF_DOWN", 0.7, 0.0, 1.0, true, 0, [0.699999988, -0.699999988, 0.699999988, -0.699999988]),
        ("FLOOR", 0.3, 0.0, 4.0, true, 0, [0.300000012, -1.20000005, 0.0, -2.4000001]),
        ("FLOOR", 0.25, 3.0, 4.0, false, 1, [0.25, -0.75, 0.0, -0.75]),
        ("FLOOR", 0.3, 2.0, 5.0, true, 1, [0.300000012, -1.20000005, 0.0, -5.10000038]),
        ("FLOOR", 0.125, 1.0, 6.0, true, 0, [0.375, -1.0, 0.125, -4.125]),
        ("FLOOR", 0.7, 0.0, 1.0, true, 0, [0.699999988, -0.699999988, 0.699999988, -0.699999988]),
        ("DOWN", 0.3, 0.0, 4.0, true, 0, [0.300000012, -0.900000036, 0.0, -2.4000001]),
        ("DOWN", 0.25, 3.0, 4.0, false, 1, [0.25, -0.75, 0.0, -0.75]),
        ("DOWN", 0.3, 2.0, 5.0, true, 1, [0.300000012, -0.900000036, 0.0, -5.10000038]),
        ("DOWN", 0.125, 1.0, 6.0, true, 0, [0.375, -0.875, 0.125, -4.125]),
        ("DOWN", 0.7, 0.0, 1.0, true, 0, [0.699999988, -0.699999988, 0.699999988, -0.699999988]),
        ("CEIL", 0.3, 0.0, 4.0, true, 0, [0.600000024, -0.900000036, 0.300000012, -2.4000001]),
        ("CEIL", 0.25, 3.0, 4.0, false, 1, [0.5, -0.75, 0.25, -0.75]),
        ("CEIL", 0.3, 2.0, 5.0, true, 1, [0.600000024, -0.900000036, 0.300000012, -5.10000038]),
        ("CEIL", 0.125, 1.0, 6.0, true, 0, [0.5, -0.875, 0.25, -4.125]),
        ("CEIL", 0.7, 0.0, 1.0, true, 0, [0.699999988, -0.699999988, 0.699999988, -0.699999988]),
        ("UP", 0.3, 0.0, 4.0, true, 0, [0.600000024, -1.20000005, 0.300000012, -2.4000001]),
        ("UP", 0.25, 3.0, 4.0, false, 1, [0.5, -0.75, 0.25, -0.75]),
        ("UP", 0.3, 2.0, 5.0, true, 1, [0.600000024, -1.20000005, 0.300000012, -5.10000038]),
        ("UP", 0.125, 1.0, 6.0, true, 0, [0.5, -1.0, 0.25, -4.125]),
        ("UP", 0.7, 0.0, 1.0, true, 0, [0.699999988, -0.699999988, 0.699999988, -0.699999988]),
    ];
    for (mode, scale, zero, bits, signed, narrow, expected) in cases {
        let file = file(
            quant_with(mode, narrow, signed),
            quant_constants(scale, zero, bits),
        );
        for (x, expected) in [x, more].iter().zip(expected.chunks(2)) {
            for found in both(&file, x)? {
                let steps = |y: &[f64]| -> Vec<f64> {
                    y.iter().map(|y| libm::rint(y / f64::from(scale))).collect()
                };
                assert_eq!(
                    steps(&found),
                    steps(expected),
                    "{mode} {scale} {zero} {bits}"
                );
                let off = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
                let off = off.fold(0.0, f64::max);
                assert!(
                    off < 1e-6,
                    "{mode} {scale} {zero} {bits}: {found:?} {expected:?}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn trunc_drops_bits_as_both_versions_do() -> Outcome {
    let first = [
        ("ROUND", [0.75, -0.5]),
        ("FLOOR", [0.5, -0.5]),
        ("CEIL", [0.75, -0.25]),
        ("UP", [0.75, -0.5]),
    ];
    let second = [
        ("ROUND", [2.5, -4.0]),
        ("FLOOR", [2.5, -4.0]),
        ("CEIL", [2.5, -3.5]),
        ("UP", [2.5, -4.0]),
    ];
    let scalar = |name: &str, value: f32| floats(name, &[], &[value]);
    for (version, cases) in [(1, first), (2, second)] {
        for (mode, expected) in cases {
            let (inputs, zero): (&[&str], f32) = match version {
                1 => (&["xq", "s", "z", "i", "o"], 0.0),
                _ => (&["xq", "s", "z", "i", "t", "o"], 4.0),
            };
            let node = node("qonnx.custom_op.general::Trunc", "t", inputs, "y");
            let mut node = with_text(node, "rounding_mode", mode);
            if version == 2 {
                node = with_int(with_int(node, "signed", 1), "narrow", 1);
            }
            let constants = vec![
                scalar("s", 0.25),
                scalar("z", zero),
                scalar("i", 8.0),
                scalar("t", 0.5),
                scalar("o", if version == 1 { 5.0 } else { 4.0 }),
            ];
            let mut file = file(node, constants);
            let graph = file.graph.as_mut().ok_or("no graph")?;
            let integers = quant("q", &["x", "s", "none", "wide"], "xq", true);
            graph.node.insert(0, integers);
            graph.initializer.push(scalar("none", 0.0));
            graph.initializer.push(scalar("wide", 16.0));
            for found in both(&file, &[5.5, -3.75])? {
                assert_eq!(found, expected, "version {version}, {mode}");
            }
        }
    }
    Ok(())
}

#[test]
fn bipolar_is_the_sign_times_the_scale() -> Outcome {
    let node = node("onnx.brevitas::BipolarQuant", "q", &["x", "s"], "y");
    let file = file(node, vec![floats("s", &[2], &[0.75, 2.0])]);
    for (x, expected) in [([0.0, -0.001], [0.75, -2.0]), ([-3.0, 5.0], [-0.75, 2.0])] {
        for found in both(&file, &x)? {
            assert_eq!(found, expected);
        }
    }
    Ok(())
}

/// One exponent bit: equal steps, here of 1/2, up to 3.5 = (2 - 1/4) 2.
#[test]
fn floats_of_equal_steps_are_integers() -> Outcome {
    let inputs = ["x", "s", "e", "m", "bias", "max"];
    let node = node("onnx.brevitas::FloatQuant", "q", &inputs, "y");
    let scalar = |name: &str, value: f32| floats(name, &[], &[value]);
    let constants = vec![
        scalar("s", 1.0),
        scalar("e", 1.0),
        scalar("m", 2.0),
        scalar("bias", 0.0),
        scalar("max", 3.5),
    ];
    let file = file(node, constants);
    for (x, expected) in [([0.25, -0.75], [0.0, -1.0]), ([1.3, -9.0], [1.5, -3.5])] {
        for found in both(&file, &x)? {
            assert_eq!(found, expected, "{x:?}");
        }
    }
    Ok(())
}

#[test]
fn what_is_not_taken_of_quant_is_named() -> Outcome {
    let plain = || quant_with("ROUND", 0, true);
    let of = |scale, zero, bits| quant_constants(scale, zero, bits);
    let with_widths = |scale, widths: &[f32]| {
        let mut constants = of(scale, 0.0, 4.0);
        constants[2] = floats("b", &[widths.len()], widths);
        constants
    };
    let two_widths = || with_widths(0.5, &[4.0, 5.0]);
    let three_widths = with_widths(0.5, &[4.0, 5.0, 6.0]);
    let coarse = with_widths(0.3, &[4.0, 5.0]);
    let mut three_scales = of(0.5, 0.0, 4.0);
    three_scales[0] = floats("s", &[3], &[0.5, 0.25, 0.125]);
    let cases = [
        (
            quant_with("NEAREST", 0, true),
            of(0.5, 0.0, 4.0),
            "rounding mode `NEAREST`",
        ),
        (
            quant_with("ROUND", 2, true),
            of(0.5, 0.0, 4.0),
            "`narrow` is 2",
        ),
        (
            with_int(plain(), "magic", 1),
            of(0.5, 0.0, 4.0),
            "attribute `magic`",
        ),
        (plain(), of(-0.5, 0.0, 4.0), "scale is -5e-1"),
        (plain(), of(0.0, 0.0, 4.0), "scale is 0e0"),
        (plain(), of(0.5, 0.5, 4.0), "zero point is 0.5"),
        (plain(), of(0.5, 0.0, 4.5), "bit width is 4.5"),
        (plain(), of(0.5, 0.0, 64.0), "bit width is 64"),
        (plain(), of(0.5, 0.0, -1.0), "bit width is -1"),
        (plain(), three_widths, "bit widths of shape [3]"),
        (plain(), coarse, "several bit widths"),
        (
            quant_with("CEIL", 0, true),
            two_widths(),
            "several bit widths",
        ),
        (
            quant_with("ROUND", 1, false),
            two_widths(),
            "several bit widths",
        ),
        (plain(), three_scales, "do not broadcast"),
    ];
    for (node, constants, expected) in cases {
        let message = refusal(&file(node, constants))?;
        assert!(
            message.contains(expected),
            "expected `{expected}` in: {message}"
        );
    }
    Ok(())
}

#[test]
fn what_is_not_taken_of_the_others_is_named() -> Outcome {
    let scalar = |name: &str, value: f32| floats(name, &[], &[value]);
    let make = |operator: &str, inputs: &[&str]| {
        node(
            &format!("qonnx.custom_op.general::{operator}"),
            "q",
            inputs,
            "y",
        )
    };
    let trunc = |version: usize| {
        let inputs = ["x", "s", "z", "i", "o", "p"];
        make("Trunc", &inputs[..version + 4])
    };
    let trunc_constants = |output: f32| {
        vec![
            scalar("s", 0.25),
            scalar("z", 0.0),
            scalar("i", 8.0),
            scalar("o", output),
            scalar("p", 4.0),
        ]
    };
    let minifloat = || make("FloatQuant", &["x", "s", "e", "m", "bias", "max"]);
    let minifloat_constants = |max: f32| {
        vec![
            scalar("s", 1.0),
            scalar("e", 4.0),
            scalar("m", 3.0),
            scalar("bias", 7.0),
            scalar("max", max),
        ]
    };
    let cases = [
        (
            make("BipolarQuant", &["x", "s"]),
            vec![scalar("s", -1.0)],
            "scale is -1e0",
        ),
        (trunc(1), trunc_constants(9.0), "9 bits, its input 8"),
        (
            with_text(trunc(1), "rounding_mode", "odd"),
            trunc_constants(4.0),
            "rounding mode `odd`",
        ),
        (
            with_int(trunc(2), "narrow", 3),
            trunc_constants(0.5),
            "`narrow` is 3",
        ),
        (trunc(2), trunc_constants(-1.0), "must be above 0"),
        (
            with_int(minifloat(), "saturation", 0),
            minifloat_constants(448.0),
            "`saturation` is 0",
        ),
        (
            minifloat(),
            minifloat_constants(0.0003),
            "not a number of its own set",
        ),
        (
            make("MultiThreshold", &["x", "s"]),
            vec![scalar("s", 1.0)],
            "of QONNX, BipolarQuant",
        ),
    ];
    for (node, constants, expected) in cases {
        let message = refusal(&file(node, constants))?;
        assert!(
            message.contains(expected),
            "expected `{expected}` in: {message}"
        );
    }
    Ok(())
}

/// Real numbers of 4 exponent and 3 mantissa bits: 1.0625 lies between 1 and
/// 1.125, and rounds to even.
#[test]
fn a_minifloat_of_a_computed_value_is_real_only() -> Outcome {
    let scalar = |name: &str, value: f32| floats(name, &[], &[value]);
    let operands = ["x", "s", "e", "m", "bias", "max"];
    let operator = "qonnx.custom_op.general::FloatQuant";
    let constants = vec![
        scalar("s", 2.0),
        scalar("e", 4.0),
        scalar("m", 3.0),
        scalar("bias", 7.0),
        scalar("max", 448.0),
    ];
    let folder = tempfile::tempdir()?;
    let file = file(node(operator, "q", &operands, "y"), constants);
    let path = write(folder.path(), &file)?;
    let x = vec![2.125, -2000.0];
    let y = evaluate(&read(&path)?, &[&x])?.swap_remove(0);
    assert_eq!(y.iter().copied().collect::<Vec<_>>(), [2.0, -896.0]);
    let float = PostTraining {
        calibration: Calibration {
            events: vec![vec![x]],
        },
        width: 12,
    };
    let message = load(&path, Some(&float)).err().ok_or("taken")?.to_string();
    assert!(
        message.contains("floating-point numbers, whose steps differ"),
        "{message}"
    );
    Ok(())
}
