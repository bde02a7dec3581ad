//! The top function and the headers around it.

use std::collections::HashMap;
use std::fmt::Write;

use super::integer::Integer;
use super::layers::{Array, Layers};
use super::{HlsError, Io, Options};
use crate::emit::names::{comment, identifier_tail};
use crate::ir::{IR_VERSION, Module, NodeId, TensorType};
use crate::ops::Op;
use crate::ports::WithPorts;
use crate::validate::Info;

/// One parameter of a top function: an array, or a stream of packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name; the type of its elements is the name with `_t`.
    pub name: String,
    /// Elements.
    pub len: usize,
    /// Elements of a packet.
    pub packet: usize,
    /// The tensor's name in the model; any text.
    pub tensor: String,
    integer: Integer,
}

impl Port {
    fn new(prefix: char, index: usize, tensor: &str, ty: &TensorType) -> Self {
        Self {
            name: match identifier_tail(tensor).as_str() {
                "" => format!("{prefix}{index}"),
                tail => format!("{prefix}{index}_{tail}"),
            },
            len: ty.len(),
            packet: ty.shape.last().copied().unwrap_or(1),
            tensor: tensor.to_owned(),
            integer: Integer::of_formats(ty.formats.entries()),
        }
    }

    fn array(&self) -> Array {
        Array {
            name: self.name.clone(),
            ty: format!("{}_t", self.name),
            integer: self.integer,
            len: self.len,
            is_port: true,
        }
    }
}

/// A top function seen from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Its name.
    pub name: String,
    /// Parameters that it reads.
    pub inputs: Vec<Port>,
    /// Parameters that it writes, behind those.
    pub outputs: Vec<Port>,
}

impl Ports {
    /// The parameters of a module's top function.
    pub fn of(module: &Module) -> Self {
        let ports = module.ports();
        let inputs = ports.inputs.iter().enumerate();
        let outputs = ports.outputs.iter().enumerate();
        Self {
            // Behind a prefix, so that no word of C++ or of a tool is met.
            name: match identifier_tail(&module.name).as_str() {
                "" => "tf_kernel".to_owned(),
                tail => format!("tf_{tail}"),
            },
            inputs: inputs
                .map(|(index, port)| Port::new('x', index, &port.name, &port.ty))
                .collect(),
            outputs: outputs
                .map(|(index, port)| Port::new('y', index, &port.name, &port.ty))
                .collect(),
        }
    }

    /// The parameters of the function, a line each.
    fn signature(&self, io: Io) -> String {
        let all = self.inputs.iter().chain(&self.outputs);
        let all = all.map(|port| match io {
            Io::Parallel => format!("    {0}_t {0}[{1}]", port.name, port.len),
            Io::Stream => format!(
                "    hls::stream<trigforge::packet<{0}_t, {1}> > &{0}",
                port.name, port.packet
            ),
        });
        all.collect::<Vec<_>>().join(",\n")
    }
}

/// What the head of a file says.
fn head(module: &Module, what: &str) -> String {
    let source = match &module.source_sha256 {
        Some(hash) => format!(", from a file with SHA-256 {}", comment(hash)),
        None => String::new(),
    };
    format!(
        "// {what} of `{}`{source}.\n// Written by trigforge (IR {IR_VERSION}).\n",
        comment(&module.name)
    )
}

/// The files of `firmware/` that are made for a module.
pub(super) fn firmware(
    module: &Module,
    info: &Info,
    options: Options,
    ports: &Ports,
) -> Result<Vec<(String, String)>, HlsError> {
    let direct = direct(module, ports, options.io);
    let mut layers = Layers::new(module, &info.ranges, options, direct.clone());
    let stream = options.io == Io::Stream;
    for ((id, _), port) in module.inputs().zip(&ports.inputs) {
        let mut array = port.array();
        if stream {
            array = streamed(&array);
            layers.local(&array);
            let _ = writeln!(
                layers.body,
                "    trigforge::read_stream<{}, {}, {}>({}, {});\n",
                array.ty,
                port.packet,
                port.len / port.packet,
                port.name,
                array.name
            );
        }
        layers.input(id, array);
    }
    for id in module.ids() {
        if !matches!(module.node(id).op, Op::Input(_)) {
            layers.layer(id);
        }
    }
    for (output, port) in module.outputs().iter().zip(&ports.outputs) {
        let array = match stream {
            true => streamed(&port.array()),
            false => port.array(),
        };
        if !direct.contains_key(&output.node) {
            layers.output(output.node, &array);
        }
        if stream {
            let _ = writeln!(
                layers.body,
                "    trigforge::write_stream<{}, {}, {}>({}, {});",
                array.ty,
                port.packet,
                port.len / port.packet,
                array.name,
                port.name
            );
        }
    }
    if !layers.refused.is_empty() {
        return Err(HlsError::Unsupported(layers.refused));
    }
    let name = &ports.name;
    let mut files = vec![
        (
            format!("firmware/{name}.cpp"),
            source(module, options, ports, &layers.body),
        ),
        (format!("firmware/{name}.h"), header(module, options, ports)),
        (
            "firmware/defines.h".to_owned(),
            defines(module, ports, &layers),
        ),
        (
            "firmware/parameters.h".to_owned(),
            parameters(module, &layers),
        ),
    ];
    let tables = layers.tables.finish().into_iter();
    files.extend(tables.map(|(name, text)| (format!("firmware/weights/{name}"), text)));
    Ok(files)
}

/// Outputs that their layer writes itself: those of a node that computes, and
/// that nothing else reads.
fn direct(module: &Module, ports: &Ports, io: Io) -> HashMap<NodeId, Array> {
    let uses = module.use_counts();
    let pairs = module.outputs().iter().zip(&ports.outputs);
    let computed = pairs.filter(|(output, _)| {
        let op = &module.node(output.node).op;
        uses[output.node.index()] == 1
            && !matches!(op, Op::Input(_) | Op::Constant(_) | Op::Reshape(_))
    });
    computed
        .map(|(output, port)| {
            let array = match io {
                Io::Parallel => port.array(),
                Io::Stream => streamed(&port.array()),
            };
            (output.node, array)
        })
        .collect()
}

/// The local array of what passes through a stream.
fn streamed(port: &Array) -> Array {
    Array {
        name: format!("{}_elements", port.name),
        is_port: false,
        ..port.clone()
    }
}

fn source(module: &Module, options: Options, ports: &Ports, body: &str) -> String {
    let name = &ports.name;
    let all = || ports.inputs.iter().chain(&ports.outputs);
    let mut pragmas = String::new();
    match options.io {
        Io::Parallel => {
            for port in all() {
                let _ = writeln!(
                    pragmas,
                    "    #pragma HLS ARRAY_PARTITION variable={} complete",
                    port.name
                );
            }
            let names: Vec<_> = all().map(|port| port.name.as_str()).collect();
            let _ = writeln!(
                pragmas,
                "    #pragma HLS INTERFACE ap_vld port={}",
                names.join(",")
            );
        }
        Io::Stream => {
            let names: Vec<_> = all().map(|port| port.name.as_str()).collect();
            let _ = writeln!(
                pragmas,
                "    #pragma HLS INTERFACE axis port={}",
                names.join(",")
            );
        }
    }
    pragmas.push_str(match options.is_dataflow() {
        true => "    #pragma HLS DATAFLOW\n",
        false => "    #pragma HLS PIPELINE II=1\n",
    });
    format!(
        "{}#include \"{name}.h\"\n\n#include \"parameters.h\"\n\nvoid {name}(\n{}) {{\n{pragmas}\n{}}}\n",
        head(module, "The top function"),
        ports.signature(options.io),
        body.trim_end_matches('\n').to_owned() + "\n",
    )
}

fn header(module: &Module, options: Options, ports: &Ports) -> String {
    let name = &ports.name;
    let mut text = head(module, "The interface");
    text.push_str("//\n// Mantissas in, mantissas out: an element m of format fix(k, i, f) stands for\n// m * 2^-f. Elements are in C order.\n");
    let described = module.ports();
    let tensors = described.inputs.iter().map(|port| (&port.name, &port.ty));
    let outputs = described.outputs.iter().map(|port| (&port.name, &port.ty));
    for (port, (tensor, ty)) in ports
        .inputs
        .iter()
        .chain(&ports.outputs)
        .zip(tensors.chain(outputs))
    {
        let formats: Vec<_> = ty
            .formats
            .entries()
            .iter()
            .map(ToString::to_string)
            .collect();
        let _ = writeln!(
            text,
            "//\n// {}: `{}`, shape {:?}, formats {}",
            port.name,
            comment(tensor),
            ty.shape,
            formats.join(" ")
        );
    }
    let guard = name.to_uppercase();
    let _ = write!(
        text,
        "#ifndef {guard}_H_\n#define {guard}_H_\n\n#include \"defines.h\"\n\nvoid {name}(\n{});\n\n#endif\n",
        ports.signature(options.io)
    );
    text
}

fn defines(module: &Module, ports: &Ports, layers: &Layers<'_>) -> String {
    let mut text = head(module, "Types");
    text.push_str(
        "#ifndef DEFINES_H_\n#define DEFINES_H_\n\n#include \"trigforge/trigforge.h\"\n\n// Parameters of the top function.\n",
    );
    for port in ports.inputs.iter().chain(&ports.outputs) {
        let _ = writeln!(text, "typedef {} {}_t;", port.integer, port.name);
    }
    let _ = write!(
        text,
        "\n// Results of layers.\n{}\n// Constants.\n{}\n#endif\n",
        layers.types,
        layers.tables.types()
    );
    text
}

fn parameters(module: &Module, layers: &Layers<'_>) -> String {
    let mut text = head(module, "What each layer is");
    text.push_str("#ifndef PARAMETERS_H_\n#define PARAMETERS_H_\n\n#include \"defines.h\"\n\n");
    for name in layers.tables.names() {
        let _ = writeln!(text, "#include \"weights/{name}\"");
    }
    let _ = write!(text, "{}\n#endif\n", layers.configs);
    text
}
