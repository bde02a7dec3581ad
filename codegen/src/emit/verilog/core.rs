//! The module that wires all layers together: a pipeline that takes an event
//! in each cycle.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::bits::{Reads, Value, literal};
use super::layer::{Layer, concatenation, range};
use super::signals::{Moment, Signals};
use crate::circuit::Gate;
use crate::emit::names::{comment, identifier_tail};
use crate::hardware::{Design, Source};
use crate::ir::TensorType;

/// A bus of a core: a tensor, its first element in the lowest bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bus {
    /// Name of the port.
    pub name: String,
    /// The tensor's name in the model; any text.
    pub tensor: String,
    /// Bits and sign of each element.
    pub elements: Vec<(u32, bool)>,
}

impl Bus {
    /// Bits of all elements.
    pub fn width(&self) -> u32 {
        self.elements.iter().map(|(width, _)| width).sum()
    }

    fn new(prefix: char, index: usize, tensor: &str, ty: &TensorType) -> Self {
        let name = match identifier_tail(tensor).as_str() {
            "" => format!("{prefix}{index}"),
            tail => format!("{prefix}{index}_{tail}"),
        };
        let formats = ty.element_formats();
        Self {
            name,
            tensor: tensor.to_owned(),
            elements: formats.iter().map(|f| (f.width(), f.k())).collect(),
        }
    }
}

/// What a core looks like from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports {
    /// The name of the design, in front of that of each module.
    pub name: String,
    /// Tensors that enter; one without bits has no port.
    pub inputs: Vec<Bus>,
    /// Tensors that leave; one without bits has no port.
    pub outputs: Vec<Bus>,
    /// Cycles from an input to its output.
    pub latency: u32,
}

impl Ports {
    /// The ports of a design's core.
    pub fn of(design: &Design) -> Self {
        let name = match identifier_tail(&design.circuit.name) {
            tail if tail.starts_with(|c: char| c.is_ascii_lowercase()) => tail,
            tail if tail.is_empty() => "kernel".to_owned(),
            tail => format!("m_{tail}"),
        };
        let inputs = design.circuit.inputs().iter().enumerate();
        let outputs = design.circuit.outputs().iter().enumerate();
        Self {
            name,
            inputs: inputs
                .map(|(index, port)| Bus::new('x', index, &port.name, &port.ty))
                .collect(),
            outputs: outputs
                .map(|(index, port)| Bus::new('y', index, &port.name, &port.ty))
                .collect(),
            latency: design.schedule.latency,
        }
    }

    /// The name of the core's module.
    pub fn core(&self) -> String {
        format!("{}_core", self.name)
    }
}

/// Where in a bus each exported signal lies.
struct Places {
    /// Bus, first bit and width.
    at: BTreeMap<Moment, (String, u32, u32)>,
    widths: BTreeMap<String, u32>,
}

impl Places {
    fn new(
        design: &Design,
        signals: &Signals<'_>,
        ports: &Ports,
        layers: &[(usize, Layer)],
    ) -> Self {
        let mut places = Self {
            at: BTreeMap::new(),
            widths: BTreeMap::new(),
        };
        for (index, definition) in design.circuit.definitions().iter().enumerate() {
            if let Gate::Input { port, element } = definition.gate {
                let bus = &ports.inputs[port as usize];
                let before = &bus.elements[..element as usize];
                let first = before.iter().map(|(width, _)| width).sum();
                let place = (bus.name.clone(), first, bus.elements[element as usize].0);
                let wire = crate::circuit::Wire(index as u32);
                places.at.insert((wire, 0), place);
            }
        }
        for bus in &ports.inputs {
            places.widths.insert(bus.name.clone(), bus.width());
        }
        for (section, layer) in layers {
            let bus = format!("{}_y", signals.sections[*section]);
            let mut first = 0;
            for &moment in signals.exports(*section) {
                let width = signals.width(moment.0);
                places.at.insert(moment, (bus.clone(), first, width));
                first += width;
            }
            places.widths.insert(bus, layer.outputs);
        }
        places
    }

    /// Signals side by side, the last one in the highest bits; neighbours of
    /// one bus as one slice.
    fn gather(&self, moments: &[Moment], reads: &mut Reads) -> Vec<String> {
        let mut runs: Vec<(&str, u32, u32)> = Vec::new();
        for moment in moments {
            let Some((bus, first, width)) = self.at.get(moment) else {
                continue;
            };
            match runs.last_mut() {
                Some((last, start, count)) if *last == bus && *start + *count == *first => {
                    *count += width;
                }
                _ => runs.push((bus, *first, *width)),
            }
        }
        let slice = |&(bus, first, count): &(&str, u32, u32)| {
            reads.slice(bus, self.widths[bus], first, count)
        };
        runs.iter().rev().map(slice).collect()
    }
}

/// Writes the core.
pub(super) fn core(
    design: &Design,
    signals: &Signals<'_>,
    ports: &Ports,
    layers: &[(usize, Layer)],
) -> String {
    let places = Places::new(design, signals, ports, layers);
    let mut reads = Reads::default();
    let mut body = String::new();
    for (section, layer) in layers {
        let name = &signals.sections[*section];
        let imports: Vec<_> = signals.imports(*section).iter().copied().collect();
        let _ = writeln!(body, "    wire {}{name}_y;", range(layer.outputs));
        let mut pins = Vec::new();
        if layer.clocked {
            pins.push("        .clk(clk)".to_owned());
        }
        if layer.inputs > 0 {
            let parts = places.gather(&imports, &mut reads);
            pins.push(format!("        .x({})", concatenation(&parts)));
        }
        pins.push(format!("        .y({name}_y)"));
        let _ = writeln!(
            body,
            "    {} {name}_i (\n{}\n    );",
            layer.name,
            pins.join(",\n")
        );
    }
    for (port, bus) in design.circuit.outputs().iter().zip(&ports.outputs) {
        let elements = port.wires.iter().zip(&bus.elements).rev();
        let parts: Vec<_> = elements
            .filter(|(_, (width, _))| *width > 0)
            .map(|(&wire, &(width, _))| match design.wiring.source(wire) {
                Source::Constant(m) => literal(m.into(), width),
                Source::Bits { wire, shift } => {
                    let moment = (wire, design.schedule.latency);
                    element(&places, moment, shift, width, design, &mut reads)
                }
            })
            .collect();
        if !parts.is_empty() {
            let _ = writeln!(body, "    assign {} = {};", bus.name, concatenation(&parts));
        }
    }
    let mut text = header(design, ports);
    let mut pins = vec![
        "    input  wire clk".to_owned(),
        "    input  wire rst".to_owned(),
        "    input  wire in_valid".to_owned(),
    ];
    let with_bits = |buses: &[Bus], way: &str| -> Vec<String> {
        let some = buses.iter().filter(|bus| bus.width() > 0);
        some.map(|bus| format!("    {way} wire {}{}", range(bus.width()), bus.name))
            .collect()
    };
    pins.extend(with_bits(&ports.inputs, "input "));
    pins.push("    output wire out_valid".to_owned());
    pins.extend(with_bits(&ports.outputs, "output"));
    let _ = writeln!(
        text,
        "(* use_dsp = \"no\" *)\nmodule {} (\n{}\n);",
        ports.core(),
        pins.join(",\n")
    );
    let _ = writeln!(
        text,
        "    trigforge_valid #(.STAGES({})) valid_i (\n        .clk(clk),\n        .rst(rst),\n        \
         .in_valid(in_valid),\n        .out_valid(out_valid)\n    );",
        ports.latency
    );
    text.push_str(&body);
    let buses = ports.inputs.iter().filter(|bus| bus.width() > 0);
    let unread: Vec<_> = buses
        .flat_map(|bus| reads.unread(&bus.name, bus.width()))
        .collect();
    if !unread.is_empty() {
        let all = [vec!["1'b0".to_owned()], unread].concat();
        let _ = writeln!(text, "    wire unused = &{};", concatenation(&all));
    }
    text.push_str("endmodule\n");
    text
}

/// An element of an output: the bits of a wire, continued to its format's.
fn element(
    places: &Places,
    moment: Moment,
    shift: u32,
    width: u32,
    design: &Design,
    reads: &mut Reads,
) -> String {
    let Some((bus, first, bits)) = places.at.get(&moment) else {
        return literal(0, width);
    };
    let slice = reads.slice(bus, places.widths[bus], *first, *bits);
    let signed = design.circuit.definition(moment.0).format.k();
    if (shift, *bits) == (0, width) {
        return slice;
    }
    let sign = reads.slice(bus, places.widths[bus], first + bits - 1, 1);
    // As of a signal of its own; only its sign bit can be asked for alone.
    let value = Value::Signal {
        name: "\u{1}".to_owned(),
        width: *bits,
        signed,
        shift,
    };
    let text = Reads::default().field(&value, 0, width);
    text.replace(&format!("\u{1}[{}]", bits - 1), &sign)
        .replace('\u{1}', &slice)
}

fn header(design: &Design, ports: &Ports) -> String {
    let schedule = &design.schedule;
    let mut text = format!(
        "// {}: {} cycles from input to output, a new event in each cycle.\n\
         // Placed for {} at {} MHz ({:.1} ns from input to output).\n",
        comment(&design.circuit.name),
        schedule.latency,
        schedule.target.part,
        schedule.target.clock_mhz,
        schedule.nanoseconds(),
    );
    if let Some(hash) = &design.circuit.source_sha256 {
        let _ = writeln!(text, "// Made from a file with SHA-256 {}.", comment(hash));
    }
    for (what, buses) in [("in ", &ports.inputs), ("out", &ports.outputs)] {
        for bus in buses {
            let _ = writeln!(
                text,
                "// {what} {}: `{}`, {} elements, the first in the lowest bits.",
                bus.name,
                comment(&bus.tensor),
                bus.elements.len()
            );
        }
    }
    text
}
