//! One section of a design as a Verilog module.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::bits::{Reads, Value};
use super::gates::{Operand, expression, table};
use super::signals::Signals;
use crate::circuit::{Gate, Wire};
use crate::emit::names::comment;
use crate::hardware::Design;

/// A module of a design.
#[derive(Debug)]
pub(super) struct Layer {
    /// The module's name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Bits that go in.
    pub inputs: u32,
    /// Bits that come out.
    pub outputs: u32,
    /// Whether it holds registers.
    pub clocked: bool,
}

/// Writes a section; `None` if it computes and holds nothing that is read.
pub(super) fn layer(
    design: &Design,
    signals: &Signals<'_>,
    top: &str,
    section: usize,
) -> Option<Layer> {
    let exports = signals.exports(section);
    if exports.is_empty() {
        return None;
    }
    let writer = Writer {
        design,
        signals,
        section,
        reads: Reads::default(),
        functions: BTreeMap::new(),
        wires: String::new(),
        declared: Vec::new(),
    };
    Some(writer.write(top))
}

struct Writer<'a> {
    design: &'a Design,
    signals: &'a Signals<'a>,
    section: usize,
    reads: Reads,
    /// The name and text of each table's function.
    functions: BTreeMap<Lookup, (String, String)>,
    wires: String,
    declared: Vec<(String, u32)>,
}

/// A table by number and first mantissa, and its index: bits, sign, and zeros
/// below.
type Lookup = (u32, i64, u32, bool, u32);

/// The name of a section's module.
pub(super) fn module_name(signals: &Signals<'_>, top: &str, section: usize) -> String {
    format!("{top}_l{section}_{}", signals.sections[section])
}

/// `[7:0] `, or nothing for one bit.
pub(super) fn range(width: u32) -> String {
    match width {
        1 => String::new(),
        _ => format!("[{}:0] ", width - 1),
    }
}

impl Writer<'_> {
    fn write(mut self, top: &str) -> Layer {
        let section = &self.design.sections[self.section];
        let name = module_name(self.signals, top, self.section);
        let imports = self.signals.imports(self.section);
        let mut slices = String::new();
        let mut inputs = 0;
        for &(wire, cycle) in imports {
            let width = self.signals.width(wire);
            let signal = self.signals.name((wire, cycle));
            let bits = match width {
                1 => format!("{inputs}"),
                _ => format!("{}:{inputs}", inputs + width - 1),
            };
            let _ = writeln!(slices, "    wire {}{signal} = x[{bits}];", range(width));
            self.declared.push((signal, width));
            inputs += width;
        }
        if inputs == 1 {
            slices = slices.replace(" = x[0];", " = x;");
        }
        let own = section.gates.clone().map(|at| Wire(at as u32));
        let own: Vec<_> = own.filter(|&w| self.design.wiring.is_own(w)).collect();
        for &wire in &own {
            self.gate(wire);
        }
        let (registers, updates) = self.registers(&own);
        let mut outputs = 0;
        let exports: Vec<_> = self.signals.exports(self.section).iter().rev().collect();
        let mut parts = Vec::new();
        for &&(wire, cycle) in &exports {
            let width = self.signals.width(wire);
            let signal = self.signals.name((wire, cycle));
            parts.push(self.reads.slice(&signal, width, 0, width));
            outputs += width;
        }
        let clocked = !updates.is_empty();
        let mut text = format!(
            "// Layer `{}` ({}), gates {} to {}.\n",
            comment(&section.name),
            section.operation,
            section.gates.start,
            section.gates.end.saturating_sub(1)
        );
        let mut ports = Vec::new();
        if clocked {
            ports.push("    input  wire clk".to_owned());
        }
        if inputs > 0 {
            ports.push(format!("    input  wire {}x", range(inputs)));
        }
        ports.push(format!("    output wire {}y", range(outputs)));
        let _ = writeln!(text, "module {name} (\n{}\n);", ports.join(",\n"));
        for (_, function) in self.functions.values() {
            text.push_str(function);
        }
        text.push_str(&slices);
        text.push_str(&registers);
        text.push_str(&self.wires);
        if clocked {
            let _ = writeln!(text, "    always @(posedge clk) begin\n{updates}    end");
        }
        let _ = writeln!(text, "    assign y = {};", concatenation(&parts));
        let declared = std::mem::take(&mut self.declared);
        let unread: Vec<_> = declared
            .iter()
            .flat_map(|(signal, width)| self.reads.unread(signal, *width))
            .collect();
        if !unread.is_empty() {
            // Bits that rounding drops; said once, so that no tool wonders.
            let _ = writeln!(
                text,
                "    wire unused = &{};",
                concatenation(&[vec!["1'b0".to_owned()], unread].concat())
            );
        }
        text.push_str("endmodule\n");
        Layer {
            name,
            text,
            inputs,
            outputs,
            clocked,
        }
    }

    /// The statement of a wire with logic.
    fn gate(&mut self, wire: Wire) {
        let definition = self.design.circuit.definition(wire);
        let cycle = self.signals.cycle(wire);
        let width = definition.format.width();
        let name = self.signals.name((wire, cycle));
        let value = match definition.gate {
            Gate::Input { .. } => return,
            Gate::Table { a, table, first } => self.lookup((a, table, first), cycle, width),
            gate => {
                let operands: Vec<_> = gate
                    .operands()
                    .map(|operand| Operand {
                        value: self.signals.value(operand, cycle),
                        f: self.design.circuit.definition(operand).format.f(),
                        range: self.design.info.ranges[operand.index()],
                    })
                    .collect();
                let rounded = format!("{name}_q");
                match expression(&rounded, &gate, &operands, width, &mut self.reads) {
                    None => return,
                    Some(expression) => {
                        if let Some(before) = expression.rounded {
                            let range = range(before.width);
                            let _ = writeln!(
                                self.wires,
                                "    wire {range}{rounded} = {};",
                                before.text
                            );
                            self.declared.push((rounded, before.width));
                        }
                        expression.text
                    }
                }
            }
        };
        let _ = writeln!(self.wires, "    wire {}{name} = {value};", range(width));
        self.declared.push((name, width));
    }

    /// The call of a table's function, which is written at its first use.
    fn lookup(&mut self, (a, table_at, first): (Wire, u32, i64), cycle: u32, width: u32) -> String {
        let range = self.design.info.ranges[a.index()];
        let (index, shift, bits, signed) = match self.signals.value(a, cycle) {
            Value::Constant(m) => return super::bits::literal(m.into(), width),
            Value::Signal {
                name,
                width,
                shift,
                signed,
            } => (name, shift, width, signed),
        };
        let key = (table_at, first, bits, signed, shift);
        if !self.functions.contains_key(&key) {
            let entries = &self.design.circuit.tables()[table_at as usize].entries;
            let lowest = if signed { -1i64 << (bits - 1) } else { 0 };
            let all = (0..1i64 << bits.min(62)).map(|count| lowest + count);
            let reached = all.filter_map(|m| {
                let mantissa = m.checked_shl(shift)?;
                let at = usize::try_from(i128::from(mantissa) - i128::from(first)).ok()?;
                let inside = range.lo <= mantissa && mantissa <= range.hi;
                Some((m, *entries.get(at).filter(|_| inside)?))
            });
            let name = format!("lookup{}", self.functions.len());
            let text = table(&name, reached, bits, width);
            self.functions.insert(key, (name, text));
        }
        let name = self.functions[&key].0.clone();
        let index = self.reads.slice(&index, bits, 0, bits);
        format!("{name}({index})")
    }

    /// The registers that hold wires until they are read: declarations and
    /// assignments.
    fn registers(&mut self, own: &[Wire]) -> (String, String) {
        let (mut declarations, mut updates) = (String::new(), String::new());
        for &wire in own {
            let first = self.signals.cycle(wire);
            let width = self.signals.width(wire);
            for cycle in first + 1..=self.signals.last(wire) {
                let [before, now] = [cycle - 1, cycle].map(|c| self.signals.name((wire, c)));
                let _ = writeln!(declarations, "    reg {}{now};", range(width));
                let before = self.reads.slice(&before, width, 0, width);
                let _ = writeln!(updates, "        {now} <= {before};");
                self.declared.push((now, width));
            }
        }
        (declarations, updates)
    }
}

/// Signals side by side, the highest bits first, one in a line.
pub(super) fn concatenation(parts: &[String]) -> String {
    match parts {
        [one] => one.clone(),
        several => format!("{{\n        {}\n    }}", several.join(",\n        ")),
    }
}
