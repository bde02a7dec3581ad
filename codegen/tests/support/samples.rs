//! One small model per operator of ONNX that is taken.

use trigforge_codegen::import::onnx::proto::{
    GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, tensor_proto,
};

use super::{floats, integers, model, node, value, with_float, with_int, with_ints, with_text};

/// An attribute of a node.
#[derive(Clone, Copy, Debug)]
pub enum Attribute {
    Int(&'static str, i64),
    Float(&'static str, f32),
    Ints(&'static str, &'static [i64]),
    Text(&'static str, &'static str),
}

use Attribute::{Float, Int, Ints, Text};

/// Operator, operands, attributes; an operator that is not listed has the one
/// operand `x` and no attribute.
const SAMPLES: &[(&str, &[&str], &[Attribute])] = &[
    ("Acosh", &["above_1"], &[]),
    ("Add", &["x", "four"], &[]),
    ("And", &["low", "high"], &[]),
    ("AveragePool", &["x"], &[Ints("kernel_shape", &[2, 2])]),
    (
        "BatchNormalization",
        &["x", "two", "two", "two", "two"],
        &[],
    ),
    ("Cast", &["x"], &[Int("to", 10)]),
    ("CastLike", &["x", "four"], &[]),
    ("Clip", &["x", "half"], &[]),
    ("Concat", &["x", "above_1"], &[Int("axis", 1)]),
    ("Constant", &[], &[Float("value_float", 2.0)]),
    ("ConstantOfShape", &["shape_4"], &[]),
    ("Conv", &["x", "kernel"], &[]),
    ("ConvInteger", &["bytes", "byte_kernel"], &[]),
    ("ConvTranspose", &["x", "up_kernel"], &[]),
    ("CumSum", &["x", "one"], &[]),
    ("DepthToSpace", &["wide"], &[Int("blocksize", 2)]),
    ("DequantizeLinear", &["bytes", "step", "zero_byte"], &[]),
    ("Div", &["x", "above_1"], &[]),
    (
        "Einsum",
        &["x", "matrix"],
        &[Text("equation", "abij,jk->abik")],
    ),
    ("Equal", &["x", "half"], &[]),
    ("Expand", &["x", "shape_34"], &[]),
    ("Gather", &["x", "index"], &[Int("axis", 3)]),
    ("GatherElements", &["x", "index_4d"], &[Int("axis", 1)]),
    ("GRU", &["sequence", "gru_w", "gru_r"], &[]),
    ("GatherND", &["x", "index_nd"], &[]),
    ("Gemm", &["rows", "matrix"], &[]),
    ("Greater", &["x", "half"], &[]),
    ("GreaterOrEqual", &["x", "half"], &[]),
    (
        "GroupNormalization",
        &["x", "two", "two"],
        &[Int("num_groups", 1)],
    ),
    ("InstanceNormalization", &["x", "two", "two"], &[]),
    ("LSTM", &["sequence", "lstm_w", "lstm_r"], &[]),
    ("LayerNormalization", &["x", "four", "four"], &[]),
    ("Less", &["x", "half"], &[]),
    ("LessOrEqual", &["x", "half"], &[]),
    ("MatMul", &["x", "matrix"], &[]),
    ("MatMulInteger", &["bytes", "byte_matrix"], &[]),
    ("Max", &["x", "half"], &[]),
    ("MaxPool", &["x"], &[Ints("kernel_shape", &[2, 2])]),
    ("Mean", &["x", "above_1"], &[]),
    ("Min", &["x", "half"], &[]),
    ("Mul", &["x", "four"], &[]),
    ("Not", &["low"], &[]),
    ("Mod", &["x", "half"], &[Int("fmod", 1)]),
    ("OneHot", &["best", "depth", "off_on"], &[]),
    ("Or", &["low", "high"], &[]),
    ("PRelu", &["x", "half"], &[]),
    ("Pad", &["x", "pads"], &[]),
    ("Pow", &["x", "square"], &[]),
    (
        "QLinearMatMul",
        &[
            "bytes",
            "step",
            "zero_byte",
            "byte_matrix",
            "step",
            "zero_byte",
            "step",
            "zero_byte",
        ],
        &[],
    ),
    (
        "QLinearConv",
        &[
            "bytes",
            "step",
            "zero_byte",
            "byte_kernel",
            "step",
            "zero_byte",
            "step",
            "zero_byte",
        ],
        &[],
    ),
    ("QuantizeLinear", &["x", "step", "zero_byte"], &[]),
    ("RNN", &["sequence", "rnn_w", "rnn_r"], &[]),
    ("Range", &["zero", "end", "one"], &[]),
    ("Resize", &["x", "", "scales"], &[]),
    ("Reshape", &["x", "shape_2_16"], &[]),
    (
        "ScatterElements",
        &["x", "index_4d", "update_4d"],
        &[Int("axis", 1)],
    ),
    ("ScatterND", &["x", "index_nd", "update_nd"], &[]),
    ("Slice", &["x", "one_1d", "end_1d", "one_1d"], &[]),
    ("SpaceToDepth", &["x"], &[Int("blocksize", 2)]),
    ("Split", &["x"], &[Int("num_outputs", 1)]),
    ("Sub", &["x", "four"], &[]),
    ("Sum", &["x", "above_1"], &[]),
    ("Tile", &["x", "repeats"], &[]),
    ("TopK", &["x", "one_1d"], &[]),
    ("Unsqueeze", &["x", "one_1d"], &[]),
    ("Upsample", &["x", "scales"], &[]),
    ("Where", &["low", "x", "above_1"], &[]),
    ("Xor", &["low", "high"], &[]),
];

/// Operators whose result does not depend on `x`: it is added to `x` then.
const SOURCES: &[&str] = &["Constant", "ConstantOfShape", "Range", "Shape", "Size"];

/// Nodes that make operands, by the operand.
fn maker(name: &str) -> Option<NodeProto> {
    Some(match name {
        "above_1" => node("Add", "above_1", &["x", "one_float"], name),
        "low" => node("Less", "low", &["x", "half"], name),
        "high" => node("Less", "high", &["half", "x"], name),
        "wide" => with_int(node("Concat", "wide", &["x", "x"], name), "axis", 1),
        "best" => node("ArgMax", "best", &["x"], name),
        "sequence" => node("Reshape", "sequence", &["x", "shape_244"], name),
        "rows" => node("Flatten", "rows", &["x"], "rows"),
        "bytes" => node("QuantizeLinear", "bytes", &["x", "step", "zero_byte"], name),
        _ => return None,
    })
}

fn bytes(name: &str, dims: &[i64], values: &[i32]) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: dims.to_vec(),
        data_type: Some(tensor_proto::DataType::Uint8 as i32),
        int32_data: values.to_vec(),
        ..TensorProto::default()
    }
}

/// Constants that are operands, by name.
fn constant(name: &str, operator: &str) -> Option<TensorProto> {
    let scalar = |value: i64| TensorProto {
        dims: Vec::new(),
        ..integers(name, &[value])
    };
    let rows = if operator == "Gemm" { 32 } else { 4 };
    Some(match name {
        "four" => floats(name, &[4], &[0.5, -1.0, 2.0, 0.25]),
        "two" => floats(name, &[2], &[0.5, 2.0]),
        "half" | "step" => floats(name, &[], &[0.5]),
        "one_float" => floats(name, &[], &[1.0]),
        "square" => floats(name, &[], &[2.0]),
        "kernel" => floats(name, &[3, 2, 2, 2], &[0.25; 24]),
        "matrix" => floats(name, &[rows, 3], &vec![0.5; 3 * rows]),
        "zero_byte" => bytes(name, &[], &[1]),
        "byte_matrix" => bytes(name, &[4, 3], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        "byte_kernel" => bytes(name, &[1, 2, 1, 2], &[1, 2, 3, 4]),
        "up_kernel" => floats(name, &[2, 3, 2, 2], &[0.25; 24]),
        "gru_w" => floats(name, &[1, 9, 4], &[0.25; 36]),
        "gru_r" => floats(name, &[1, 9, 3], &[0.25; 27]),
        "lstm_w" => floats(name, &[1, 12, 4], &[0.25; 48]),
        "lstm_r" => floats(name, &[1, 12, 3], &[0.25; 36]),
        "rnn_w" => floats(name, &[1, 3, 4], &[0.25; 12]),
        "rnn_r" => floats(name, &[1, 3, 3], &[0.25; 9]),
        "off_on" => floats(name, &[2], &[0.0, 1.0]),
        "scales" => floats(name, &[4], &[1.0, 1.0, 2.0, 2.0]),
        "update_4d" => floats(name, &[1, 1, 1, 2], &[0.5, 0.25]),
        "update_nd" => floats(name, &[1, 4], &[0.5; 4]),
        "index_nd" => TensorProto {
            dims: vec![1, 3],
            ..integers(name, &[0, 1, 2])
        },
        "depth" => scalar(2),
        "shape_244" => integers(name, &[2, 4, 4]),
        "shape_4" => integers(name, &[4]),
        "shape_34" => integers(name, &[3, 1, 1, 4, 4]),
        "shape_2_16" => integers(name, &[2, 16]),
        "index" => integers(name, &[3, 0]),
        "index_4d" => TensorProto {
            dims: vec![1, 1, 1, 2],
            ..integers(name, &[1, 0])
        },
        "pads" => integers(name, &[0, 0, 1, 1, 0, 0, 1, 1]),
        "repeats" => integers(name, &[1, 1, 2, 1]),
        "one_1d" => integers(name, &[1]),
        "end_1d" => integers(name, &[i64::MAX]),
        "zero" => scalar(0),
        "one" => scalar(1),
        "end" => scalar(4),
        _ => return None,
    })
}

impl Attribute {
    fn name(&self) -> &'static str {
        match self {
            Int(name, _) | Float(name, _) | Ints(name, _) | Text(name, _) => name,
        }
    }
}

/// Gives a node attributes, instead of those of the same names.
pub fn with(mut node: NodeProto, attributes: &[Attribute]) -> NodeProto {
    node.attribute
        .retain(|old| attributes.iter().all(|new| new.name() != old.name()));
    attributes
        .iter()
        .fold(node, |node, attribute| match *attribute {
            Int(name, value) => with_int(node, name, value),
            Float(name, value) => with_float(node, name, value),
            Ints(name, values) => with_ints(node, name, values),
            Text(name, value) => with_text(node, name, value),
        })
}

/// The input of every sample.
pub const DIMS: [i64; 4] = [1, 2, 4, 4];

/// A model of one node of an operator with more attributes, from `x` of shape
/// [`DIMS`] to `y`, at an operator set.
pub fn sample(operator: &str, more: &[Attribute], opset: i64) -> ModelProto {
    let listed = SAMPLES.iter().find(|(name, ..)| *name == operator);
    let (_, operands, attributes) = listed.copied().unwrap_or((operator, &["x"], &[]));
    let mut nodes = Vec::new();
    let mut constants: Vec<TensorProto> = Vec::new();
    let mut pending: Vec<String> = operands.iter().map(|&name| name.to_owned()).collect();
    while let Some(name) = pending.pop() {
        let made = |node: &NodeProto| node.output.contains(&name);
        if let Some(maker) = maker(&name).filter(|_| !nodes.iter().any(made)) {
            pending.extend(maker.input.clone());
            nodes.push(maker);
        }
        let known = constants.iter().any(|constant| constant.name() == name);
        constants.extend(constant(&name, operator).filter(|_| !known));
    }
    let source = SOURCES.contains(&operator);
    let result = if source { "result" } else { "y" };
    let main = with(node(operator, "main", operands, result), attributes);
    nodes.push(with(main, more));
    if source {
        nodes.push(with_int(
            node("Cast", "cast", &["result"], "float"),
            "to",
            1,
        ));
        nodes.push(node("Add", "add", &["x", "float"], "y"));
    }
    let mut file = model(GraphProto {
        node: nodes,
        initializer: constants,
        input: vec![value("x", &DIMS)],
        output: vec![value("y", &[])],
        ..GraphProto::default()
    });
    file.opset_import = vec![OperatorSetIdProto {
        domain: None,
        version: Some(opset),
    }];
    file
}

/// Values for `x`, another set for each event.
pub fn event(number: u32) -> Vec<f64> {
    (0..32u32)
        .map(|index| f64::from((index * 7 + number * 5) % 19 + 2) / 32.0)
        .collect()
}
