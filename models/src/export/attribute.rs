//! Attributes and types in ONNX's own structures.

use trigforge_codegen::import::onnx::proto::attribute_proto::AttributeType;
use trigforge_codegen::import::onnx::proto::tensor_proto::DataType;
use trigforge_codegen::import::onnx::proto::tensor_shape_proto::{Dimension, dimension};
use trigforge_codegen::import::onnx::proto::type_proto::{Tensor, Value};
use trigforge_codegen::import::onnx::proto::{
    AttributeProto, TensorShapeProto, TypeProto, ValueInfoProto,
};

/// A float value of the given shape.
pub(super) fn value(name: &str, shape: &[usize]) -> ValueInfoProto {
    let dimension = |d: &usize| Dimension {
        value: Some(dimension::Value::DimValue(*d as i64)),
        ..Dimension::default()
    };
    let tensor = Tensor {
        elem_type: Some(DataType::Float as i32),
        shape: Some(TensorShapeProto {
            dim: shape.iter().map(dimension).collect(),
        }),
    };
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            value: Some(Value::TensorType(tensor)),
            ..TypeProto::default()
        }),
        ..ValueInfoProto::default()
    }
}

/// A whole number.
pub fn integer(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::Int as i32),
        i: Some(value),
        ..AttributeProto::default()
    }
}

/// A list of whole numbers.
pub fn integers(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::Ints as i32),
        ints: values.to_vec(),
        ..AttributeProto::default()
    }
}

/// A text.
pub fn text(name: &str, value: &str) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::String as i32),
        s: Some(value.as_bytes().to_vec()),
        ..AttributeProto::default()
    }
}
