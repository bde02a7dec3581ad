//! Graphs as a trainer exports them, node by node.

use trigforge_codegen::import::onnx::proto::{
    GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, tensor_proto,
};

use crate::support::{floats, model, node, value, with_int, with_ints, with_text};

/// How a `Quant` node rounds: scales and widths of shapes that broadcast.
#[derive(Clone, Debug)]
pub struct Steps {
    pub dims: Vec<usize>,
    /// Fractional bits: the scale is 2^-f.
    pub f: Vec<i32>,
    pub widths: Vec<u32>,
    pub signed: bool,
    pub narrow: bool,
}

impl Steps {
    /// One format for all elements.
    pub fn all(signed: bool, width: u32, f: i32) -> Self {
        Self::each(&[], signed, &[(width, f)])
    }

    /// A format per element of `dims`: width and fractional bits.
    pub fn each(dims: &[usize], signed: bool, formats: &[(u32, i32)]) -> Self {
        Self {
            dims: dims.to_vec(),
            f: formats.iter().map(|format| format.1).collect(),
            widths: formats.iter().map(|format| format.0).collect(),
            signed,
            narrow: false,
        }
    }

    /// Formats that run through a list, for as many elements as `dims` have.
    pub fn cycle(dims: &[usize], signed: bool, formats: &[(u32, i32)]) -> Self {
        let count = dims.iter().product();
        let all: Vec<_> = formats.iter().copied().cycle().take(count).collect();
        Self::each(dims, signed, &all)
    }

    /// With a range that is symmetric about zero.
    pub fn narrow(self) -> Self {
        Self {
            narrow: true,
            ..self
        }
    }
}

/// A graph under construction; every method returns the name of what it adds.
#[derive(Default)]
pub struct Net {
    graph: GraphProto,
    count: usize,
}

impl Net {
    fn fresh(&mut self, what: &str) -> String {
        self.count += 1;
        format!("{what}{}", self.count)
    }

    /// An input; 0 is the batch.
    pub fn input(&mut self, name: &str, dims: &[i64]) -> String {
        self.graph.input.push(value(name, dims));
        name.to_owned()
    }

    pub fn output(&mut self, name: &str, of: &str) {
        self.op_named("Identity", &[of], name);
        self.graph.output.push(value(name, &[]));
    }

    pub fn constant(&mut self, dims: &[usize], values: &[f64]) -> String {
        let name = self.fresh("c");
        let values: Vec<_> = values.iter().map(|&value| value as f32).collect();
        self.graph.initializer.push(floats(&name, dims, &values));
        name
    }

    pub fn scalar(&mut self, value: f64) -> String {
        self.constant(&[], &[value])
    }

    pub fn ints(&mut self, dims: &[usize], values: &[i64]) -> String {
        let name = self.fresh("i");
        self.graph.initializer.push(TensorProto {
            name: Some(name.clone()),
            dims: dims.iter().map(|&dim| dim as i64).collect(),
            data_type: Some(tensor_proto::DataType::Int64 as i32),
            int64_data: values.to_vec(),
            ..TensorProto::default()
        });
        name
    }

    fn op_named(&mut self, operator: &str, inputs: &[&str], output: &str) {
        let name = format!("{output}.node");
        self.graph.node.push(node(operator, &name, inputs, output));
    }

    pub fn op(&mut self, operator: &str, inputs: &[&str]) -> String {
        let output = self.fresh(&operator.to_lowercase());
        self.op_named(operator, inputs, &output);
        output
    }

    /// An operation with attributes, which `attributes` adds to the node.
    pub fn op_with(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: impl Fn(NodeProto) -> NodeProto,
    ) -> String {
        let output = self.op(operator, inputs);
        if let Some(last) = self.graph.node.pop() {
            self.graph.node.push(attributes(last));
        }
        output
    }

    /// An operation of several results.
    pub fn several(
        &mut self,
        operator: &str,
        inputs: &[&str],
        results: usize,
        attributes: impl Fn(NodeProto) -> NodeProto,
    ) -> Vec<String> {
        let first = self.op_with(operator, inputs, attributes);
        let mut names = vec![first];
        for at in 1..results {
            names.push(format!("{}.{at}", names[0]));
        }
        if let Some(last) = self.graph.node.last_mut() {
            last.output.clone_from(&names);
        }
        names
    }

    pub fn quant(&mut self, x: &str, steps: &Steps) -> String {
        let scales: Vec<_> = steps.f.iter().map(|&f| libm::scalbn(1.0, -f)).collect();
        let widths: Vec<_> = steps.widths.iter().map(|&w| f64::from(w)).collect();
        let scale = self.constant(&steps.dims, &scales);
        let zero = self.scalar(0.0);
        // One width for all is a scalar, as other exporters write it.
        let width = match widths.iter().all(|width| *width == widths[0]) {
            true => self.scalar(widths[0]),
            false => self.constant(&steps.dims, &widths),
        };
        let attributes = |node| {
            let node = with_int(node, "signed", steps.signed.into());
            let node = with_int(node, "narrow", steps.narrow.into());
            with_text(node, "rounding_mode", "ROUND")
        };
        self.op_with(
            "qonnx.custom_op.general::Quant",
            &[x, &scale, &zero, &width],
            attributes,
        )
    }

    /// A constant through a `Quant` node.
    pub fn weights(&mut self, dims: &[usize], values: &[f64], steps: &Steps) -> String {
        let stored = self.constant(dims, values);
        self.quant(&stored, steps)
    }

    pub fn reshape(&mut self, x: &str, shape: &[i64]) -> String {
        let shape = self.ints(&[shape.len()], shape);
        self.op("Reshape", &[x, &shape])
    }

    pub fn transpose(&mut self, x: &str, permutation: &[i64]) -> String {
        self.op_with("Transpose", &[x], |n| with_ints(n, "perm", permutation))
    }

    pub fn unsqueeze(&mut self, x: &str, axes: &[i64]) -> String {
        let axes = self.ints(&[axes.len()], axes);
        self.op("Unsqueeze", &[x, &axes])
    }

    pub fn squeeze(&mut self, x: &str, axes: &[i64]) -> String {
        let axes = self.ints(&[axes.len()], axes);
        self.op("Squeeze", &[x, &axes])
    }

    /// `ReduceSum`, whose axes are an operand since operator set 13.
    pub fn reduce_sum(&mut self, x: &str, axis: i64, keep: bool) -> String {
        let axes = self.ints(&[1], &[axis]);
        self.op_with("ReduceSum", &[x, &axes], |n| {
            with_int(n, "keepdims", keep.into())
        })
    }

    /// `ReduceMax`, `ReduceMean`, whose axes are an attribute.
    pub fn reduce(&mut self, operator: &str, x: &str, axis: i64, keep: bool) -> String {
        self.op_with(operator, &[x], |n| {
            with_int(with_ints(n, "axes", &[axis]), "keepdims", keep.into())
        })
    }

    pub fn slice(&mut self, x: &str, axis: i64, from: i64, to: i64) -> String {
        let [from, to, axis] = [from, to, axis].map(|value| self.ints(&[1], &[value]));
        self.op("Slice", &[x, &from, &to, &axis])
    }

    pub fn concat(&mut self, parts: &[&str], axis: i64) -> String {
        self.op_with("Concat", parts, |n| with_int(n, "axis", axis))
    }

    pub fn finish(self) -> ModelProto {
        let mut model = model(self.graph);
        model.opset_import.push(OperatorSetIdProto {
            domain: Some("qonnx.custom_op.general".to_owned()),
            version: Some(1),
        });
        model
    }
}
