//! An ONNX graph under construction, with the numbers and formats of a trained network.

use prost::Message;
use trigforge_codegen::import::onnx::proto::tensor_proto::DataType;
use trigforge_codegen::import::onnx::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto,
    TensorProto,
};

use super::attribute::{self, value};
use crate::net::{Format, Net, Quantiser, QuantiserId};

/// Domain of the `Quant` operator.
const QUANT_DOMAIN: &str = "qonnx.custom_op.general";

/// An ONNX graph under construction. The first axis of every value is the event, of length 1.
pub struct OnnxGraph<'a> {
    graph: GraphProto,
    net: &'a Net,
    parameters: &'a [f32],
    /// A format for each group; `None` for the float network.
    formats: Option<&'a [Format]>,
    quantised: bool,
}

impl<'a> OnnxGraph<'a> {
    /// Starts a graph; with formats it is quantised.
    pub fn new(
        name: &str,
        net: &'a Net,
        parameters: &'a [f32],
        formats: Option<&'a [Format]>,
    ) -> Self {
        let graph = GraphProto {
            name: Some(name.to_owned()),
            ..GraphProto::default()
        };
        Self {
            graph,
            net,
            parameters,
            formats,
            quantised: false,
        }
    }

    /// Whether the graph is quantised.
    pub fn is_quantised(&self) -> bool {
        self.formats.is_some()
    }

    /// Adds an input of the given shape per event.
    pub fn input(&mut self, name: &str, shape: &[usize]) -> String {
        self.graph.input.push(value(name, &batch(shape)));
        name.to_owned()
    }

    /// Adds a constant of exactly this shape and returns its name.
    pub fn constant(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        self.graph.initializer.push(TensorProto {
            dims: shape.iter().map(|d| *d as i64).collect(),
            data_type: Some(DataType::Float as i32),
            name: Some(name.to_owned()),
            raw_data: Some(values.iter().flat_map(|v| v.to_le_bytes()).collect()),
            ..TensorProto::default()
        });
        name.to_owned()
    }

    /// Adds a list of whole numbers, such as axes or a shape, and returns its name.
    pub fn integers(&mut self, name: &str, values: &[i64]) -> String {
        self.graph.initializer.push(TensorProto {
            dims: vec![values.len() as i64],
            data_type: Some(DataType::Int64 as i32),
            name: Some(name.to_owned()),
            raw_data: Some(values.iter().flat_map(|v| v.to_le_bytes()).collect()),
            ..TensorProto::default()
        });
        name.to_owned()
    }

    /// Adds a node without attributes; `shape` is that of its result per event.
    pub fn node(&mut self, op: &str, name: &str, inputs: &[&str], shape: &[usize]) -> String {
        self.node_with(op, name, inputs, shape, Vec::new())
    }

    /// Adds a node; `shape` is that of its result per event.
    pub fn node_with(
        &mut self,
        op: &str,
        name: &str,
        inputs: &[&str],
        shape: &[usize],
        attributes: Vec<AttributeProto>,
    ) -> String {
        self.push(op, inputs, &[name], attributes);
        self.graph.value_info.push(value(name, &batch(shape)));
        name.to_owned()
    }

    /// Adds a node whose results are truth values or whole numbers, which are not annotated.
    pub fn untyped_node(
        &mut self,
        op: &str,
        outputs: &[&str],
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) {
        self.push(op, inputs, outputs, attributes);
    }

    fn push(
        &mut self,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) {
        let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        self.graph.node.push(NodeProto {
            op_type: Some(op.to_owned()),
            input: owned(inputs),
            output: owned(outputs),
            name: outputs.first().map(|n| (*n).to_owned()),
            attribute: attributes,
            ..NodeProto::default()
        });
    }

    /// Adds the rounding of an activation and, where its quantiser cuts negative values, a ReLU
    /// before it.
    pub fn activation(
        &mut self,
        quantiser: QuantiserId,
        name: &str,
        input: &str,
        shape: &[usize],
    ) -> String {
        let this = &self.net.quantisers[quantiser.0];
        let Some(formats) = self.formats else {
            return if this.positive {
                self.node("Relu", name, &[input], shape)
            } else {
                input.to_owned()
            };
        };
        let input = if this.positive {
            self.node("Relu", &format!("{name}.relu"), &[input], shape)
        } else {
            input.to_owned()
        };
        let formats = &formats[this.widths()];
        let event = batch(shape);
        self.quant(name, &input, &expanded(this, formats), &event, 1);
        name.to_owned()
    }

    /// The numbers of a weight: stored on their grid, with the `Quant` node that says which grid
    /// it is.
    pub fn weight(&mut self, quantiser: QuantiserId) -> String {
        let this = &self.net.quantisers[quantiser.0];
        let parameter = this.weight.unwrap_or(this.fractional);
        let parameter = &self.net.parameters[parameter.0];
        let values = &self.parameters[parameter.range()];
        let Some(formats) = self.formats else {
            return self.constant(&this.name, &this.shape, values);
        };
        let formats = expanded(this, &formats[this.widths()]);
        let round = |(value, format): (&f32, &Format)| rounded(*value, format);
        let values: Vec<f32> = values.iter().zip(&formats).map(round).collect();
        let stored = self.constant(&format!("{}.stored", this.name), &this.shape, &values);
        self.quant(&this.name, &stored, &formats, &this.shape, 0);
        this.name.clone()
    }

    /// Adds a `Quant` node whose elements have these formats, all signed or none. The first
    /// `leading` axes of `shape` are left out of the shape of its scales.
    pub fn quant(
        &mut self,
        name: &str,
        input: &str,
        formats: &[Format],
        shape: &[usize],
        leading: usize,
    ) {
        self.quantised = true;
        let signed = formats.iter().any(|format| format.signed);
        // A group without bits has width 0, not a sign alone: one signed bit for all is 1 and -1.
        let bits = |format: &Format| match format.bits() {
            0 => 0.0,
            bits => bits as f32 + f32::from(u8::from(signed)),
        };
        let scales: Vec<f32> = formats.iter().map(|f| pow2(-f.fractional)).collect();
        let bits: Vec<f32> = formats.iter().map(bits).collect();
        let scale = self.spread(&format!("{name}.scale"), &scales, &shape[leading..]);
        let zero = self.constant(&format!("{name}.zero_point"), &[], &[0.0]);
        let bits = self.spread(&format!("{name}.bits"), &bits, &shape[leading..]);
        self.graph.node.push(NodeProto {
            op_type: Some("Quant".to_owned()),
            domain: Some(QUANT_DOMAIN.to_owned()),
            input: vec![input.to_owned(), scale, zero, bits],
            output: vec![name.to_owned()],
            name: Some(name.to_owned()),
            attribute: vec![
                attribute::integer("signed", i64::from(signed)),
                attribute::integer("narrow", i64::from(signed)),
                attribute::text("rounding_mode", "ROUND"),
            ],
            ..NodeProto::default()
        });
        self.graph.value_info.push(value(name, shape));
    }

    /// A constant in the smallest shape that broadcasts to `shape`: one number, one for each index
    /// of one axis, or all.
    fn spread(&mut self, name: &str, values: &[f32], shape: &[usize]) -> String {
        if let [first, rest @ ..] = values
            && rest.iter().all(|v| v == first)
        {
            return self.constant(name, &[], &[*first]);
        }
        for axis in (0..shape.len()).rev() {
            let inner: usize = shape[axis + 1..].iter().product();
            let count = shape[axis];
            let index = |at: usize| (at / inner) % count;
            let along = |(at, v): (usize, &f32)| *v == values[index(at) * inner];
            if values.iter().enumerate().all(along) {
                let mut small = vec![1; shape.len()];
                small[axis] = count;
                let kept: Vec<f32> = (0..count).map(|i| values[i * inner]).collect();
                return self.constant(name, &small, &kept);
            }
        }
        self.constant(name, shape, values)
    }

    /// Ends the graph with the given results (name, value, shape per event) and encodes the model.
    pub fn finish(
        mut self,
        outputs: &[(String, String, Vec<usize>)],
        properties: &[(&str, String)],
    ) -> Vec<u8> {
        for (name, computed, shape) in outputs {
            for node in &mut self.graph.node {
                for other in node.input.iter_mut().chain(&mut node.output) {
                    if other == computed {
                        name.clone_into(other);
                    }
                }
            }
            self.graph
                .value_info
                .retain(|info| info.name() != computed.as_str());
            self.graph.output.push(value(name, &batch(shape)));
        }
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
}

/// The format of every element of a quantiser's tensor.
fn expanded(quantiser: &Quantiser, formats: &[Format]) -> Vec<Format> {
    let format = |element| formats[quantiser.grouping.of(element)];
    (0..quantiser.elements()).map(format).collect()
}

/// A number on the grid of a format: round half to even, then saturate symmetrically.
pub(crate) fn rounded(value: f32, format: &Format) -> f32 {
    let step = f64::from(-format.fractional).exp2();
    let most = f64::from(format.bits()).exp2() - 1.0;
    let mantissa = (f64::from(value) / step).round_ties_even();
    (mantissa.clamp(-most, most) * step) as f32
}

fn pow2(exponent: i32) -> f32 {
    f64::from(exponent).exp2() as f32
}

fn batch(shape: &[usize]) -> Vec<usize> {
    [&[1], shape].concat()
}
