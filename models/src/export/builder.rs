//! A graph under construction.

use prost::Message;
use trigforge_codegen::import::onnx::proto::attribute_proto::AttributeType;
use trigforge_codegen::import::onnx::proto::tensor_proto::DataType;
use trigforge_codegen::import::onnx::proto::tensor_shape_proto::{Dimension, dimension};
use trigforge_codegen::import::onnx::proto::type_proto::{Tensor, Value};
use trigforge_codegen::import::onnx::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto,
    TensorProto, TensorShapeProto, TypeProto, ValueInfoProto,
};

use crate::format::Format;

/// Domain of the `Quant` operator.
const QUANT_DOMAIN: &str = "qonnx.custom_op.general";

/// ONNX graph with one float input and one float output.
pub(super) struct Builder {
    graph: GraphProto,
    quantised: bool,
}

impl Builder {
    /// Starts a graph with the input `x`, one row of `features`.
    pub(super) fn new(name: &str, features: usize) -> Self {
        let graph = GraphProto {
            name: Some(name.to_owned()),
            input: vec![value("x", &[1, features])],
            ..GraphProto::default()
        };
        Self {
            graph,
            quantised: false,
        }
    }

    /// Adds a constant and returns its name.
    pub(super) fn constant(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        self.graph.initializer.push(TensorProto {
            dims: shape.iter().map(|d| *d as i64).collect(),
            data_type: Some(DataType::Float as i32),
            name: Some(name.to_owned()),
            raw_data: Some(values.iter().flat_map(|v| v.to_le_bytes()).collect()),
            ..TensorProto::default()
        });
        name.to_owned()
    }

    /// Adds a node whose output has its name and the given shape.
    pub(super) fn node(
        &mut self,
        op: &str,
        name: &str,
        inputs: &[&str],
        shape: &[usize],
    ) -> String {
        self.push(NodeProto {
            op_type: Some(op.to_owned()),
            input: inputs.iter().map(|i| (*i).to_owned()).collect(),
            output: vec![name.to_owned()],
            name: Some(name.to_owned()),
            ..NodeProto::default()
        });
        self.graph.value_info.push(value(name, shape));
        name.to_owned()
    }

    /// Adds a `Quant` node with one scale for each column of `shape`, or a single one.
    pub(super) fn quant(
        &mut self,
        name: &str,
        input: &str,
        format: &Format,
        scales: &[f32],
        shape: &[usize],
    ) -> String {
        self.quantised = true;
        let columns = [1, scales.len()];
        let scale_shape: &[usize] = if scales.len() == 1 { &[] } else { &columns };
        let scale = self.constant(&format!("{name}.scale"), scale_shape, scales);
        let zero = self.constant(&format!("{name}.zero_point"), &[], &[0.0]);
        let bits = self.constant(&format!("{name}.bits"), &[], &[format.bits as f32]);
        self.push(NodeProto {
            op_type: Some("Quant".to_owned()),
            domain: Some(QUANT_DOMAIN.to_owned()),
            input: vec![input.to_owned(), scale, zero, bits],
            output: vec![name.to_owned()],
            name: Some(name.to_owned()),
            attribute: vec![
                integer("signed", i64::from(format.signed)),
                integer("narrow", 0),
                text("rounding_mode", "ROUND"),
            ],
            ..NodeProto::default()
        });
        self.graph.value_info.push(value(name, shape));
        name.to_owned()
    }

    /// Ends the graph at the last node, whose output becomes `logits`, and encodes the model.
    pub(super) fn finish(mut self, classes: usize, properties: &[(&str, String)]) -> Vec<u8> {
        self.graph.value_info.pop();
        if let Some(last) = self.graph.node.last_mut() {
            last.output = vec!["logits".to_owned()];
        }
        self.graph.output = vec![value("logits", &[1, classes])];
        let opset = |domain: &str, version| OperatorSetIdProto {
            domain: Some(domain.to_owned()),
            version: Some(version),
        };
        let mut opset_import = vec![opset("", 13)];
        if self.quantised {
            opset_import.push(opset(QUANT_DOMAIN, 1));
        }
        let property = |(key, value): &(&str, String)| StringStringEntryProto {
            key: Some((*key).to_owned()),
            value: Some(value.clone()),
        };
        let model = ModelProto {
            ir_version: Some(8),
            opset_import,
            producer_name: Some("trigforge".to_owned()),
            producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            graph: Some(self.graph),
            metadata_props: properties.iter().map(property).collect(),
            ..ModelProto::default()
        };
        model.encode_to_vec()
    }

    fn push(&mut self, node: NodeProto) {
        self.graph.node.push(node);
    }
}

fn value(name: &str, shape: &[usize]) -> ValueInfoProto {
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

fn integer(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::Int as i32),
        i: Some(value),
        ..AttributeProto::default()
    }
}

fn text(name: &str, value: &str) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(AttributeType::String as i32),
        s: Some(value.as_bytes().to_vec()),
        ..AttributeProto::default()
    }
}
