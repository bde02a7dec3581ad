//! What is refused of each operator that is taken: every attribute that does
//! not belong to it, and values that it does not take.

mod support;

use support::samples::Attribute::{self, Float, Int, Ints, Text};
use support::samples::sample;
use support::{Outcome, write};
use trigforge_codegen::import::onnx::proto::{ModelProto, tensor_proto};
use trigforge_codegen::import::onnx::{Options, operators, read_with};
use trigforge_codegen::import::read;

/// The message with which a model is refused.
fn refusal(file: &ModelProto) -> Result<String, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    match read(&write(folder.path(), file)?) {
        Ok(_) => Err("the model was taken".into()),
        Err(error) => Ok(error.to_string()),
    }
}

#[test]
fn an_attribute_that_is_not_known_is_named() -> Outcome {
    for operator in operators() {
        let more = [Int("unheard_of", 1)];
        let message = refusal(&sample(operator.name, &more, operator.until))
            .map_err(|error| format!("{}: {error}", operator.name))?;
        assert!(
            message.contains("attribute `unheard_of` is not taken"),
            "{}: {message}",
            operator.name
        );
        assert!(message.contains("`main`"), "{message}");
    }
    Ok(())
}

#[test]
fn an_operator_set_without_the_operator_is_named() -> Outcome {
    for operator in operators() {
        if operator.since > 7 {
            let message = refusal(&sample(operator.name, &[], operator.since - 1))?;
            let expected = format!("is taken from operator set {}", operator.since);
            assert!(message.contains(&expected), "{}: {message}", operator.name);
        }
    }
    Ok(())
}

/// Operator, operator set, attribute, what the message says.
const VALUES: &[(&str, i64, Attribute, &str)] = &[
    (
        "AveragePool",
        22,
        Text("auto_pad", "AROUND"),
        "`auto_pad` is `AROUND`",
    ),
    (
        "AveragePool",
        22,
        Ints("strides", &[1]),
        "`strides` has 1 numbers, expected 2",
    ),
    (
        "AveragePool",
        22,
        Ints("strides", &[0, 1]),
        "`strides` holds 0",
    ),
    (
        "AveragePool",
        18,
        Ints("dilations", &[1, 1]),
        "`dilations` is not taken",
    ),
    (
        "AveragePool",
        9,
        Int("ceil_mode", 1),
        "`ceil_mode` is not taken",
    ),
    (
        "BatchNormalization",
        15,
        Int("training_mode", 1),
        "export the model for inference",
    ),
    ("BatchNormalization", 7, Int("spatial", 0), "`spatial` is 0"),
    (
        "BatchNormalization",
        9,
        Int("spatial", 1),
        "`spatial` is not taken",
    ),
    ("Celu", 12, Float("alpha", 0.0), "`alpha` is 0"),
    ("Clip", 11, Float("min", 0.0), "`min` is not taken"),
    (
        "Conv",
        22,
        Text("auto_pad", "SOMEHOW"),
        "`auto_pad` is `SOMEHOW`",
    ),
    (
        "Conv",
        22,
        Ints("kernel_shape", &[3, 3]),
        "`kernel_shape` is not that of the weights",
    ),
    ("Conv", 22, Int("group", 3), "in 3 groups"),
    ("Conv", 22, Int("group", -1), "`group` is -1"),
    (
        "Conv",
        22,
        Ints("pads", &[1, 1]),
        "`pads` has 2 numbers, expected 4",
    ),
    ("Conv", 22, Ints("pads", &[-1, 0, 0, 0]), "`pads` holds -1"),
    ("Dropout", 22, Float("ratio", 0.5), "`ratio` is not taken"),
    (
        "Elu",
        22,
        Text("alpha", "one"),
        "`alpha` is not of type FLOAT",
    ),
    ("Elu", 22, Float("alpha", f32::NAN), "`alpha` is NaN"),
    ("Flatten", 22, Int("axis", 5), "no axis 5"),
    ("Gather", 22, Int("axis", 4), "no axis 4"),
    (
        "Gelu",
        20,
        Text("approximate", "sigmoid"),
        "`approximate` is `sigmoid`",
    ),
    ("HardSwish", 14, Float("alpha", 0.2), "`alpha` is not taken"),
    (
        "MaxPool",
        9,
        Ints("dilations", &[1, 1]),
        "`dilations` is not taken",
    ),
    (
        "MaxPool",
        22,
        Ints("pads", &[9, 9, 9, 9]),
        "a window would lie in the padding alone",
    ),
    ("Pad", 22, Text("mode", "mirror"), "`mode` is `mirror`"),
    ("Pad", 18, Text("mode", "wrap"), "`mode` is `wrap`"),
    ("ReduceMean", 18, Ints("axes", &[1]), "`axes` is not taken"),
    (
        "ReduceMean",
        13,
        Ints("axes", &[1, -3]),
        "axis 1 is given twice",
    ),
    ("ReduceMean", 13, Ints("axes", &[4]), "no axis 4"),
    (
        "ReduceMean",
        13,
        Int("noop_with_empty_axes", 1),
        "`noop_with_empty_axes` is not taken",
    ),
    ("ReduceSum", 13, Ints("axes", &[1]), "`axes` is not taken"),
    (
        "Reshape",
        13,
        Int("allowzero", 1),
        "`allowzero` is not taken",
    ),
    ("Shape", 14, Int("start", 1), "`start` is not taken"),
    ("Softmax", 22, Int("axis", -5), "no axis -5"),
    ("Split", 22, Int("axis", 7), "no axis 7"),
    ("Squeeze", 13, Ints("axes", &[0]), "`axes` is not taken"),
    (
        "Squeeze",
        11,
        Ints("axes", &[1]),
        "axis 1 does not have size 1",
    ),
    (
        "Transpose",
        22,
        Ints("perm", &[0, 1, 1, 2]),
        "not a permutation",
    ),
    (
        "Transpose",
        22,
        Ints("perm", &[0, -1, 1, 2]),
        "`perm` holds -1",
    ),
];

#[test]
fn a_value_that_is_not_taken_is_named() -> Outcome {
    for &(operator, opset, attribute, expected) in VALUES {
        let message = refusal(&sample(operator, &[attribute], opset))
            .map_err(|error| format!("{operator} {attribute:?}: {error}"))?;
        assert!(
            message.contains(expected),
            "{operator} {attribute:?}: expected `{expected}` in: {message}"
        );
    }
    Ok(())
}

#[test]
fn a_cast_to_a_type_that_is_not_taken_is_named() -> Outcome {
    let types = [
        tensor_proto::DataType::String,
        tensor_proto::DataType::Bfloat16,
        tensor_proto::DataType::Complex64,
        tensor_proto::DataType::Float8e4m3fn,
    ];
    for kind in types {
        let message = refusal(&sample("Cast", &[Int("to", kind as i64)], 21))?;
        let expected = format!("elements of type {} are not taken", kind.as_str_name());
        assert!(message.contains(&expected), "{message}");
    }
    Ok(())
}

/// Integers are refused where only real numbers are taken, and a mixture
/// everywhere.
#[test]
fn element_types_are_checked() -> Outcome {
    let with_type = |operator: &str, kind: tensor_proto::DataType| {
        let mut file = sample(operator, &[], 22);
        let inputs = file.graph.iter_mut().flat_map(|graph| &mut graph.input);
        for input in inputs {
            use trigforge_codegen::import::onnx::proto::type_proto::Value;
            let kinds = input.r#type.iter_mut().filter_map(|t| t.value.as_mut());
            for value in kinds {
                if let Value::TensorType(tensor) = value {
                    tensor.elem_type = Some(kind as i32);
                }
            }
        }
        refusal(&file)
    };
    let int = tensor_proto::DataType::Int32;
    assert!(with_type("Exp", int)?.contains("elements of type INT32 are not taken here"));
    assert!(with_type("Add", int)?.contains("differ in their element types"));
    assert!(with_type("And", int)?.contains("differ in their element types"));
    let string = tensor_proto::DataType::String;
    assert!(with_type("Exp", string)?.contains("elements of type STRING are not taken"));
    Ok(())
}

/// Values for inputs must be of the input's own type and shape, and for inputs.
#[test]
fn values_of_inputs_must_fit() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = write(folder.path(), &sample("Relu", &[], 22))?;
    let cases = [
        ("x", support::integers("x", &[1]), "it is FLOAT"),
        (
            "x",
            support::floats("x", &[2], &[1.0, 2.0]),
            "has shape [2]",
        ),
        ("z", support::floats("z", &[1], &[1.0]), "it is no input"),
    ];
    for (name, tensor, expected) in cases {
        let options = Options {
            constants: [(name.to_owned(), tensor)].into(),
            ..Options::default()
        };
        let message = match read_with(&path, &options) {
            Ok(_) => return Err(format!("a value for {name} was taken").into()),
            Err(error) => error.to_string(),
        };
        assert!(message.contains(expected), "`{expected}` in: {message}");
    }
    Ok(())
}
