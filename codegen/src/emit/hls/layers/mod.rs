//! One call for each node: its configuration, its tables, its result.
//!
//! This file keeps values and dispatches; a file each says how a family of
//! operations is called.

mod choices;
mod elementwise;
mod movement;
mod products;
mod reductions;
mod requantize;

use std::collections::HashMap;

use trigforge::Format;

use super::Options;
use super::index::{expression, period};
use super::integer::{Integer, literal};
use super::tables::Tables;
use crate::emit::Unsupported;
use crate::emit::names::{comment, identifier_tail};
use crate::ir::{Interval, Module, NodeId};
use crate::ops::Op;

/// An array of C++.
#[derive(Clone, Debug)]
pub(super) struct Array {
    /// Its name.
    pub(super) name: String,
    /// The name of its elements' type.
    pub(super) ty: String,
    /// What that type is.
    pub(super) integer: Integer,
    /// Elements.
    pub(super) len: usize,
    /// Whether it is a parameter of the top function.
    pub(super) is_port: bool,
}

/// The body of a configuration: members, one a line.
#[derive(Debug, Default)]
pub(super) struct Config(Vec<String>);

impl Config {
    /// An unsigned number.
    fn size(&mut self, name: &str, value: usize) {
        self.0
            .push(format!("static const unsigned {name} = {value};"));
    }

    /// A number that may take part in differences.
    fn number(&mut self, name: &str, value: i64) {
        let ty = match i32::try_from(value) {
            Ok(_) => "int",
            Err(_) => "long long",
        };
        self.0
            .push(format!("static const {ty} {name} = {};", literal(value)));
    }

    fn truth(&mut self, name: &str, value: bool) {
        self.0.push(format!("static const bool {name} = {value};"));
    }

    fn alias(&mut self, name: &str, ty: impl std::fmt::Display) {
        self.0.push(format!("typedef {ty} {name};"));
    }
}

/// Writes calls.
pub(super) struct Layers<'a> {
    module: &'a Module,
    ranges: &'a [Vec<Interval>],
    options: Options,
    /// The values of nodes that were computed; several names where a value is
    /// read more than once and each reader has a copy.
    values: HashMap<NodeId, Vec<Array>>,
    /// How many arrays each node's value must be there in.
    readers: Vec<usize>,
    /// The arrays of outputs that a layer writes directly.
    direct: HashMap<NodeId, Array>,
    pub(super) tables: Tables,
    /// Definitions of types.
    pub(super) types: String,
    /// Configurations.
    pub(super) configs: String,
    /// Statements of the top function.
    pub(super) body: String,
    /// Nodes that cannot be written.
    pub(super) refused: Vec<Unsupported>,
}

impl<'a> Layers<'a> {
    /// `inputs` are the arrays of input nodes, `direct` those of outputs that
    /// nothing else reads.
    pub(super) fn new(
        module: &'a Module,
        ranges: &'a [Vec<Interval>],
        options: Options,
        direct: HashMap<NodeId, Array>,
    ) -> Self {
        Self {
            module,
            ranges,
            options,
            values: HashMap::new(),
            readers: readers(module),
            direct,
            tables: Tables::default(),
            types: String::new(),
            configs: String::new(),
            body: String::new(),
            refused: Vec::new(),
        }
    }

    /// Takes the array of an input: as it is, or cut to the width of each element
    /// where these differ from the type's.
    pub(super) fn input(&mut self, id: NodeId, array: Array) {
        let node = self.module.node(id);
        let formats = node.ty.element_formats();
        let whole = |format: &Format| {
            format.k() == array.integer.signed && format.width() == array.integer.bits
        };
        if formats.iter().all(whole) {
            self.publish(id, array);
            return;
        }
        let mut config = Config::default();
        config.size("n_out", array.len);
        config.alias("wide_t", array.integer.to_signed());
        // Of 64 bits, all are taken as they are.
        let narrow: Vec<_> = formats
            .iter()
            .map(|&format| match format.width() {
                64 => (-1, 0),
                width => (i64::MAX >> (63 - width), requantize::sign_bit(format)),
            })
            .collect();
        let (mask, sign): (Vec<_>, Vec<_>) = narrow.into_iter().unzip();
        self.numbers(&mut config, id, "mask", &mask);
        self.numbers(&mut config, id, "sign", &sign);
        let result = self.result(id);
        self.emit(id, "port", &[], &[&array, &result], &config);
    }

    /// Copies a node's value to the array of an output.
    pub(super) fn output(&mut self, id: NodeId, port: &Array) {
        let Ok(from) = self.operand(id) else {
            return;
        };
        self.declared(port);
        self.body.push_str(&format!(
            "    trigforge::copy<{}, {}, {}>({}, {});\n",
            from.ty, port.ty, port.len, from.name, port.name
        ));
    }

    /// Writes the call of a node; what cannot be written is kept for the end.
    pub(super) fn layer(&mut self, id: NodeId) {
        if let Err(reason) = self.call(id) {
            let node = self.module.node(id);
            self.refused.push(Unsupported {
                index: id.index(),
                name: comment(&node.name),
                operation: node.op.as_operation().name(),
                target: "hls",
                reason,
            });
        }
        // So that nodes behind one that is refused are looked at too.
        if !self.values.contains_key(&id) && !matches!(self.module.node(id).op, Op::Constant(_)) {
            let result = self.result(id);
            self.values.insert(id, vec![result]);
        }
    }

    fn call(&mut self, id: NodeId) -> Result<(), String> {
        let module = self.module;
        let node = module.node(id);
        if let Some(movement) = node.op.as_movement() {
            return self.movement(id, movement);
        }
        match &node.op {
            Op::Constant(_) => Ok(()),
            Op::Input(_) => Err("internal error: an input is not taken".to_owned()),
            Op::Reshape(_) => self.reshape(id),
            Op::Dense(_) => self.dense(id),
            Op::Conv(op) => self.conv(id, op),
            Op::MatMul(_) => self.matmul(id),
            Op::Add(_) => self.merge(id, "sum"),
            Op::Sub(_) => self.merge(id, "difference"),
            Op::Min(_) => self.merge(id, "smaller"),
            Op::Max(_) => self.merge(id, "larger"),
            Op::Less(_) => self.merge(id, "is_less"),
            Op::LessEqual(_) => self.merge(id, "is_less_or_equal"),
            Op::Equal(_) => self.merge(id, "is_equal"),
            Op::Mul(_) => self.multiply(id),
            Op::Select(_) => self.select(id),
            Op::Relu(_) => self.unary(id, "relu"),
            Op::Abs(_) => self.unary(id, "absolute"),
            Op::Sign(_) => self.unary(id, "sign"),
            Op::Square(_) => self.unary(id, "square"),
            Op::Table(op) => self.table(id, op),
            Op::Requantize(op) => self.requantize(id, op),
            Op::ReduceMax(op) => self.reduce(id, op.axis, "larger"),
            Op::ReduceMin(op) => self.reduce(id, op.axis, "smaller"),
            Op::ReduceSum(op) => self.reduce(id, op.axis, "sum"),
            Op::ArgMax(op) => self.arg(id, op.axis, true, op.last),
            Op::ArgMin(op) => self.arg(id, op.axis, false, op.last),
            Op::MaxPool(op) => {
                let plane = op.window.over(self.shape(node.args[0]), &op.size)?;
                self.pool(id, &plane, "larger")
            }
            Op::SumPool(op) => {
                let plane = op.window.over(self.shape(node.args[0]), &op.size)?;
                self.pool(id, &plane, "sum")
            }
            Op::TopK(op) => self.top_k(id, op),
            Op::Trees(op) => self.trees(id, op),
            Op::Lookup(_) => self.lookup(id),
            Op::Concat(op) => self.concat(id, op),
            Op::Pad(op) => self.pad(id, op),
            _ => Err("this operation has no layer in C++".to_owned()),
        }
    }

    fn shape(&self, id: NodeId) -> &'a [usize] {
        &self.module.node(id).ty.shape
    }

    /// What a table or a comment is about.
    fn about(&self, id: NodeId, what: &str) -> String {
        let name = comment(&self.module.node(id).name);
        format!("{name}: {what}")
    }

    /// The array that a node's value is written to.
    fn result(&mut self, id: NodeId) -> Array {
        if let Some(array) = self.direct.get(&id) {
            return array.clone();
        }
        let node = self.module.node(id);
        let integer = Integer::of_ranges(&self.ranges[id.index()]);
        self.declare(&format!("layer{}", id.index()), &node.name, integer, id)
    }

    /// An array of the top function, and the type of its elements.
    fn declare(&mut self, prefix: &str, name: &str, integer: Integer, of: NodeId) -> Array {
        let node = self.module.node(of);
        let ty = format!("{prefix}_t");
        let formats = node.ty.formats.entries();
        let format = match formats {
            [format] => format!("{format}"),
            several => format!("{} formats", several.len()),
        };
        self.types.push_str(&format!(
            "typedef {integer} {ty}; // {}: {format}\n",
            comment(name)
        ));
        let tail = identifier_tail(name);
        let separator = if tail.is_empty() { "" } else { "_" };
        Array {
            name: format!("{prefix}_out{separator}{tail}"),
            ty,
            integer,
            len: node.ty.len(),
            is_port: false,
        }
    }

    /// Declares a local array.
    pub(super) fn local(&mut self, array: &Array) {
        self.body.push_str(&format!(
            "    {} {}[{}];\n    #pragma HLS ARRAY_PARTITION variable={} complete\n",
            array.ty, array.name, array.len, array.name
        ));
    }

    /// Declares an array unless it is a port.
    fn declared(&mut self, array: &Array) {
        if !array.is_port {
            self.local(array);
        }
    }

    /// Makes a value readable: once for each reader, in a dataflow.
    pub(super) fn publish(&mut self, id: NodeId, array: Array) {
        let readers = self.readers[id.index()];
        let mut arrays = Vec::new();
        let base = array.name.clone();
        let mut last = array;
        if self.options.is_dataflow() {
            for copy in 1..readers {
                let named = |name: String| Array {
                    name,
                    is_port: false,
                    ..last.clone()
                };
                let first = named(format!("{base}_for{copy}"));
                let second = named(match copy + 1 == readers {
                    true => format!("{base}_for{readers}"),
                    false => format!("{base}_after{copy}"),
                });
                self.local(&first);
                self.local(&second);
                self.body.push_str(&format!(
                    "    trigforge::clone<{}, {}>({}, {}, {});\n",
                    last.ty, last.len, last.name, first.name, second.name
                ));
                arrays.push(first);
                last = second;
            }
        }
        arrays.push(last);
        self.values.insert(id, arrays);
    }

    /// The array of a node's value, or of a constant.
    fn operand(&mut self, id: NodeId) -> Result<Array, String> {
        if let Op::Constant(constant) = &self.module.node(id).op {
            let name = format!("c{}", id.index());
            let about = self.about(id, "constants");
            return Ok(self.constants(&name, &about, &constant.mantissas));
        }
        self.read(id)
            .ok_or_else(|| "internal error: an operand is not computed".to_owned())
    }

    /// The next array of a node's value that is not read yet.
    pub(super) fn read(&mut self, id: NodeId) -> Option<Array> {
        let arrays = self.values.get_mut(&id)?;
        match arrays.len() {
            0 => None,
            1 => arrays.first().cloned(),
            _ => Some(arrays.remove(0)),
        }
    }

    /// An array of constants.
    fn constants(&mut self, name: &str, about: &str, values: &[i64]) -> Array {
        let ranges: Vec<_> = values.iter().map(|&m| Interval::point(m)).collect();
        if !self
            .tables
            .names()
            .any(|known| known == format!("{name}.h"))
        {
            self.tables.add(name, about, values);
        }
        Array {
            name: name.to_owned(),
            ty: format!("const {name}_t"),
            integer: Integer::of_ranges(&ranges).to_signed(),
            len: values.len(),
            is_port: false,
        }
    }

    /// The mantissas of a constant; an error for another node.
    fn mantissas(&self, id: NodeId) -> Result<&'a [i64], String> {
        match &self.module.node(id).op {
            Op::Constant(constant) => Ok(&constant.mantissas),
            _ => Err("an operand that must be a constant is none".to_owned()),
        }
    }

    /// A member function of `i` that gives these numbers.
    fn numbers(&mut self, config: &mut Config, id: NodeId, name: &str, values: &[i64]) {
        let repeats = period(values);
        let ty = match values.iter().all(|&m| i32::try_from(m).is_ok()) {
            true => "int",
            false => "long long",
        };
        config.0.push(match repeats {
            0 | 1 => format!(
                "static {ty} {name}(unsigned) {{ return {}; }}",
                literal(values.first().copied().unwrap_or(0))
            ),
            _ => {
                let table = format!("{}{}", name.replace('_', ""), id.index());
                let about = self.about(id, name);
                self.tables.add(&table, &about, &values[..repeats]);
                let at = match repeats == values.len() {
                    true => "i".to_owned(),
                    false => format!("i % {repeats}"),
                };
                format!("static {ty} {name}(unsigned i) {{ return {ty}({table}[{at}]); }}")
            }
        });
    }

    /// A member function of `i` that gives these indices, of a tensor of a shape.
    fn indices(
        &mut self,
        config: &mut Config,
        id: NodeId,
        name: &str,
        indices: &[usize],
        shape: &[usize],
    ) {
        let expression = expression(indices, shape);
        config.0.push(match expression {
            Some(value) if value.contains('i') => {
                format!("static unsigned {name}(unsigned i) {{ return {value}; }}")
            }
            Some(value) => format!("static unsigned {name}(unsigned) {{ return {value}; }}"),
            None => {
                let values: Vec<_> = indices.iter().map(|&i| i as i64).collect();
                let table = format!("{name}{}", id.index());
                let about = self.about(id, "positions");
                self.tables.add(&table, &about, &values);
                format!("static unsigned {name}(unsigned i) {{ return unsigned({table}[i]); }}")
            }
        });
    }

    /// Writes a configuration.
    fn configure(&mut self, name: &str, about: &str, config: &Config) {
        self.configs.push_str(&format!(
            "\n// {}\nstruct {name} {{\n    {}\n}};\n",
            comment(about),
            config.0.join("\n    ")
        ));
    }

    /// Writes a call: a function with the types of its arrays and a
    /// configuration, and the arrays, the last of which it writes.
    fn emit(
        &mut self,
        id: NodeId,
        function: &str,
        operators: &[String],
        arrays: &[&Array],
        config: &Config,
    ) {
        let name = format!("config{}", id.index());
        let node = self.module.node(id);
        let about = format!("{} {}", node.name, node.op.as_operation().name());
        self.configure(&name, &about, config);
        let Some((result, _)) = arrays.split_last() else {
            return;
        };
        self.statement(id, function, operators, arrays, &[name]);
        self.publish(id, (*result).clone());
    }

    /// Writes a call and the declaration of what it writes.
    fn statement(
        &mut self,
        id: NodeId,
        function: &str,
        operators: &[String],
        arrays: &[&Array],
        parameters: &[String],
    ) {
        if let Some((result, _)) = arrays.split_last() {
            self.declared(result);
        }
        let types = arrays.iter().map(|array| {
            let ty = array.ty.strip_prefix("const ");
            // Parameters that are constants by themselves say so.
            ty.filter(|_| is_constant_parameter(function))
                .unwrap_or(&array.ty)
                .to_owned()
        });
        let all: Vec<_> = (operators.iter().cloned())
            .chain(types)
            .chain(parameters.iter().cloned())
            .collect();
        let names: Vec<_> = arrays.iter().map(|array| array.name.as_str()).collect();
        self.body.push_str(&format!(
            "    trigforge::{function}<{}>({}); // {}\n\n",
            all.join(", "),
            names.join(", "),
            comment(&self.module.node(id).name)
        ));
    }
}

/// Functions whose constant parameters are declared `const` by themselves.
fn is_constant_parameter(function: &str) -> bool {
    matches!(function, "dense" | "conv" | "table" | "top_k" | "trees")
}

/// How many layers and outputs read each node's value; a reshaped value is that
/// of its operand.
fn readers(module: &Module) -> Vec<usize> {
    let mut readers = vec![0; module.nodes().len()];
    for output in module.outputs() {
        readers[output.node.index()] += 1;
    }
    for id in module.ids().collect::<Vec<_>>().into_iter().rev() {
        let node = module.node(id);
        for arg in &node.args {
            readers[arg.index()] += match node.op {
                Op::Reshape(_) => readers[id.index()],
                _ => 1,
            };
        }
    }
    readers
}
