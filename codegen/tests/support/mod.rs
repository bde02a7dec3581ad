//! ONNX files made by hand, and kernels built from them.

#![allow(dead_code, reason = "each test file uses a part")]

pub mod samples;

use std::path::{Path, PathBuf};

use prost::Message;
use trigforge_codegen::import::onnx::proto::tensor_shape_proto::{Dimension, dimension};
use trigforge_codegen::import::onnx::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, attribute_proto, tensor_proto, type_proto,
};

pub type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A node of the default domain, or of `domain::operator`.
pub fn node(operator: &str, name: &str, inputs: &[&str], output: &str) -> NodeProto {
    let (domain, operator) = operator.rsplit_once("::").unwrap_or(("", operator));
    NodeProto {
        op_type: Some(operator.to_owned()),
        domain: Some(domain.to_owned()),
        name: Some(name.to_owned()),
        input: inputs.iter().map(|input| (*input).to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

/// A node with an integer attribute more.
pub fn with_int(mut node: NodeProto, name: &str, value: i64) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(attribute_proto::AttributeType::Int as i32),
        i: Some(value),
        ..AttributeProto::default()
    });
    node
}

/// A node with an attribute of a number more.
pub fn with_float(mut node: NodeProto, name: &str, value: f32) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(attribute_proto::AttributeType::Float as i32),
        f: Some(value),
        ..AttributeProto::default()
    });
    node
}

/// A node with an attribute of integers more.
pub fn with_ints(mut node: NodeProto, name: &str, values: &[i64]) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(attribute_proto::AttributeType::Ints as i32),
        ints: values.to_vec(),
        ..AttributeProto::default()
    });
    node
}

/// A constant of integers in one dimension.
pub fn integers(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: vec![values.len() as i64],
        data_type: Some(tensor_proto::DataType::Int64 as i32),
        int64_data: values.to_vec(),
        ..TensorProto::default()
    }
}

/// A node with a text attribute more.
pub fn with_text(mut node: NodeProto, name: &str, value: &str) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(attribute_proto::AttributeType::String as i32),
        s: Some(value.as_bytes().to_vec()),
        ..AttributeProto::default()
    });
    node
}

/// A QONNX `Quant` node that rounds to nearest even.
pub fn quant(name: &str, inputs: &[&str], output: &str, signed: bool) -> NodeProto {
    let node = node("qonnx.custom_op.general::Quant", name, inputs, output);
    let mut node = with_int(with_int(node, "signed", signed.into()), "narrow", 0);
    node.attribute.push(AttributeProto {
        name: Some("rounding_mode".to_owned()),
        r#type: Some(attribute_proto::AttributeType::String as i32),
        s: Some(b"ROUND".to_vec()),
        ..AttributeProto::default()
    });
    node
}

/// A constant of single-precision numbers.
pub fn floats(name: &str, dims: &[usize], values: &[f32]) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: dims.iter().map(|&dim| dim as i64).collect(),
        data_type: Some(tensor_proto::DataType::Float as i32),
        float_data: values.to_vec(),
        ..TensorProto::default()
    }
}

/// Name and shape of a float tensor; 0 is a dimension without a size.
pub fn value(name: &str, dims: &[i64]) -> ValueInfoProto {
    let dim = |&size: &i64| Dimension {
        value: Some(match size {
            0 => dimension::Value::DimParam("n".to_owned()),
            size => dimension::Value::DimValue(size),
        }),
        ..Dimension::default()
    };
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(type_proto::Tensor {
                elem_type: Some(tensor_proto::DataType::Float as i32),
                shape: Some(TensorShapeProto {
                    dim: dims.iter().map(dim).collect(),
                }),
            })),
            ..TypeProto::default()
        }),
        ..ValueInfoProto::default()
    }
}

/// A model of one graph, opset 13.
pub fn model(graph: GraphProto) -> ModelProto {
    ModelProto {
        ir_version: Some(8),
        opset_import: vec![OperatorSetIdProto {
            domain: Some(String::new()),
            version: Some(13),
        }],
        graph: Some(graph),
        ..ModelProto::default()
    }
}

/// Writes a model into a folder.
pub fn write(folder: &Path, model: &ModelProto) -> std::io::Result<PathBuf> {
    let path = folder.join("model.onnx");
    std::fs::write(&path, model.encode_to_vec())?;
    Ok(path)
}

/// A small quantised classifier whose every name passes through `rename`:
/// input [1, 4], hidden 3, output [1, 2].
pub fn small_classifier(rename: impl Fn(&str) -> String) -> ModelProto {
    let n = |name: &str| rename(name);
    let r = |names: &[&str]| names.iter().map(|name| n(name)).collect::<Vec<_>>();
    let make = |operator: &str, name: &str, inputs: &[&str], output: &str| {
        let inputs = r(inputs);
        let inputs: Vec<_> = inputs.iter().map(String::as_str).collect();
        node(operator, &n(name), &inputs, &n(output))
    };
    let make_quant = |name: &str, inputs: &[&str], output: &str, signed| {
        let inputs = r(inputs);
        let inputs: Vec<_> = inputs.iter().map(String::as_str).collect();
        quant(&n(name), &inputs, &n(output), signed)
    };
    let weights: Vec<f32> = (0..12u8).map(|i| f32::from(i) / 8.0 - 0.7).collect();
    let more: Vec<f32> = (0..6u8).map(|i| 0.6 - f32::from(i) / 5.0).collect();
    model(GraphProto {
        name: Some(n("classifier")),
        node: vec![
            make_quant("quant_x", &["x", "sx", "zero", "b8"], "xq", true),
            make_quant("quant_w1", &["w1", "sw", "zero", "b8"], "w1q", true),
            make("MatMul", "fc1", &["xq", "w1q"], "h"),
            make("Add", "bias1", &["h", "b1"], "hb"),
            make("Relu", "relu1", &["hb"], "hr"),
            make_quant("quant_h", &["hr", "sx", "zero", "b8"], "hq", false),
            make_quant("quant_w2", &["w2", "sw", "zero", "b8"], "w2q", true),
            make("MatMul", "fc2", &["hq", "w2q"], "y"),
        ],
        initializer: vec![
            floats(&n("sx"), &[], &[1.0 / 16.0]),
            floats(&n("sw"), &[], &[1.0 / 128.0]),
            floats(&n("zero"), &[], &[0.0]),
            floats(&n("b8"), &[], &[8.0]),
            floats(&n("w1"), &[4, 3], &weights),
            floats(&n("b1"), &[3], &[0.25, -0.5, 0.125]),
            floats(&n("w2"), &[3, 2], &more),
        ],
        input: vec![value(&n("x"), &[0, 4])],
        output: vec![value(&n("y"), &[0, 2])],
        ..GraphProto::default()
    })
}
