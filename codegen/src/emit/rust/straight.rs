//! Straight-line kernels: a circuit as one statement per gate.
//!
//! Every wire is a variable of the narrowest container that holds its range.
//! Sums, products and bits are computed modulo that container's width, which
//! is exact, since the result lies inside.

use std::fmt::Write;

use trigforge::Format;

use super::container::Container;
use super::package::{About, alias, assemble, constants, header, pretty};
use super::{DOCS, Interface, Options, Port};
use crate::circuit::{CIRCUIT_VERSION, Circuit, Gate, Info, Wire, cost};
use crate::emit::{Kernel, Unsupported};
use crate::ir::Interval;
use crate::ops::Requantize;
use crate::ports::WithPorts;

/// Most gates of a straight-line kernel: beyond, compiling one takes minutes.
const MOST_GATES: usize = 100_000;

/// Emits a straight-line kernel of a valid circuit.
///
/// # Errors
///
/// A rounding that needs more than 64 bits, or too many gates.
pub fn emit_circuit(
    circuit: &Circuit,
    info: &Info,
    options: Options,
) -> Result<Kernel, Unsupported> {
    let interface = Interface::of(circuit);
    let straight = Straight {
        circuit,
        ranges: &info.ranges,
        interface: &interface,
    };
    let infer = straight.infer()?;
    let ports = circuit.ports();
    let counted = cost(circuit);
    let about = About {
        name: &circuit.name,
        source_sha256: circuit.source_sha256.as_deref(),
        level: &format!("circuit {CIRCUIT_VERSION}"),
        work: &format!(
            "Per event: {} gates, {} of them additions or subtractions; {} in a row at most.",
            circuit.definitions().len(),
            counted.adders,
            counted.depth
        ),
    };
    let code = pretty(&constants(&ports, &interface)) + &infer;
    let tables = straight.tables();
    Ok(assemble(&header(about, &ports), &code, &tables, options))
}

struct Straight<'a> {
    circuit: &'a Circuit,
    ranges: &'a [Interval],
    interface: &'a Interface,
}

impl Straight<'_> {
    fn infer(&self) -> Result<String, Unsupported> {
        let gates = self.circuit.definitions();
        let refuse = |index: usize, reason: String| Unsupported {
            index,
            name: String::new(),
            operation: gates.get(index).map_or("", |d| d.gate.name()),
            target: "Rust",
            reason,
        };
        if gates.len() > MOST_GATES {
            let reason = format!(
                "the circuit has {} gates; up to {MOST_GATES} become straight-line code",
                gates.len()
            );
            return Err(refuse(0, reason));
        }
        let mut text = String::from("\n");
        for line in DOCS {
            let _ = writeln!(text, "///{line}");
        }
        let inputs = &self.interface.inputs;
        let parameters: Vec<_> = (0..inputs.len())
            .map(|index| {
                let ty = alias("Input", index, inputs.len());
                format!("{}: &{ty}", inputs[index].field)
            })
            .collect();
        // An input that no output needs is a parameter all the same.
        let _ = writeln!(
            text,
            "#[must_use]\n#[allow(unused_variables)]\npub fn infer({}) -> Output {{",
            parameters.join(", ")
        );
        for (index, definition) in gates.iter().enumerate() {
            let wire = Wire(index as u32);
            let container = self.container(wire);
            let value = self
                .gate(&definition.gate, container)
                .map_err(|reason| refuse(index, reason))?;
            let _ = writeln!(text, "    let w{index}: {} = {value};", container.ident());
        }
        text.push_str(&self.result());
        text.push_str("}\n");
        Ok(text)
    }

    fn result(&self) -> String {
        let array = |index: usize, port: &Port| {
            let element = format!("i{}", port.bits);
            let wires: Vec<_> = self.circuit.outputs()[index]
                .wires
                .iter()
                .map(|w| format!("w{} as {element}", w.index()))
                .collect();
            format!("[{}]", wires.join(", "))
        };
        let outputs = &self.interface.outputs;
        match outputs.as_slice() {
            [port] => format!("    {}\n", array(0, port)),
            several => {
                let fields: Vec<_> = several
                    .iter()
                    .enumerate()
                    .map(|(index, port)| format!("{}: {}", port.field, array(index, port)))
                    .collect();
                format!("    Output {{ {} }}\n", fields.join(", "))
            }
        }
    }

    fn tables(&self) -> String {
        let mut text = String::new();
        for (index, table) in self.circuit.tables().iter().enumerate() {
            let container = table_container(&table.entries);
            let entries: Vec<_> = table.entries.iter().map(i64::to_string).collect();
            let lines: Vec<_> = entries.chunks(16).map(|line| line.join(", ")).collect();
            let _ = writeln!(
                text,
                "\n/// Table {index}.\npub(crate) static TABLE{index}: [{}; {}] = [\n    {},\n];",
                container.ident(),
                entries.len(),
                lines.join(",\n    ")
            );
        }
        text
    }

    fn container(&self, wire: Wire) -> Container {
        Container::of_range(self.ranges[wire.index()])
    }

    fn f(&self, wire: Wire) -> i32 {
        self.circuit.definition(wire).format.f()
    }

    /// A wire's mantissa in a container, low bits kept.
    fn cast(&self, wire: Wire, container: Container) -> String {
        match self.container(wire) == container {
            true => format!("w{}", wire.index()),
            false => format!("(w{} as {})", wire.index(), container.ident()),
        }
    }

    /// A wire's mantissa with `f` fractional bits, low bits kept.
    fn at(&self, wire: Wire, f: i32, container: Container) -> String {
        let mantissa = self.cast(wire, container);
        match f - self.f(wire) {
            0 => mantissa,
            shift if shift >= container.bits() as i32 => "0".to_owned(),
            shift => format!("({mantissa} << {shift})"),
        }
    }

    /// Two wires with common fractional bits, in a container that holds both.
    fn pair(&self, a: Wire, b: Wire) -> (String, String) {
        let f = self.f(a).max(self.f(b));
        let aligned = |wire: Wire| {
            let range = self.ranges[wire.index()];
            let shift = (f - self.f(wire)) as u32;
            let end = |m: i64| m.checked_shl(shift).unwrap_or(0);
            Container::of_range(Interval {
                lo: end(range.lo),
                hi: end(range.hi),
            })
        };
        let container = aligned(a).max(aligned(b));
        (self.at(a, f, container), self.at(b, f, container))
    }

    fn gate(&self, gate: &Gate, container: Container) -> Result<String, String> {
        let ty = container.ident();
        Ok(match *gate {
            Gate::Input { port, element } => {
                let (port, element) = (port as usize, element as usize);
                let input = &self.interface.inputs[port];
                let format = self.circuit.inputs()[port].ty.format_at(element);
                let taken = format!(
                    "port(at({}, {element}), {})",
                    input.field,
                    fix(format.unwrap_or(Format::ZERO))
                );
                match input.bits == container.bits() {
                    true => taken,
                    false => format!("{taken} as {ty}"),
                }
            }
            Gate::Constant { mantissa, .. } => mantissa.to_string(),
            Gate::Add(a, b) | Gate::Sub(a, b) => {
                let f = self.f(a).max(self.f(b));
                let (a, b) = (self.at(a, f, container), self.at(b, f, container));
                let call = match gate {
                    Gate::Add(..) => "wrapping_add",
                    _ => "wrapping_sub",
                };
                format!("{ty}::{call}({a}, {b})")
            }
            Gate::Mul(a, b) => {
                let (a, b) = (self.cast(a, container), self.cast(b, container));
                format!("{a}.wrapping_mul({b})")
            }
            Gate::Shift { a, .. } => self.cast(a, container),
            Gate::Select(c, a, b) => {
                let f = self.f(a).max(self.f(b));
                let (a, b) = (self.at(a, f, container), self.at(b, f, container));
                format!("select(w{}, {a}, {b})", c.index())
            }
            Gate::Less(a, b) => {
                let (a, b) = self.pair(a, b);
                format!("({a} < {b}) as {ty}")
            }
            Gate::LessEqual(a, b) => {
                let (a, b) = self.pair(a, b);
                format!("({a} <= {b}) as {ty}")
            }
            Gate::Equal(a, b) => {
                let (a, b) = self.pair(a, b);
                format!("({a} == {b}) as {ty}")
            }
            Gate::And(a, b) | Gate::Or(a, b) | Gate::Xor(a, b) => {
                let f = self.f(a).max(self.f(b));
                let (a, b) = (self.at(a, f, container), self.at(b, f, container));
                let operator = match gate {
                    Gate::And(..) => "&",
                    Gate::Or(..) => "|",
                    _ => "^",
                };
                format!("{a} {operator} {b}")
            }
            Gate::Table { a, table, first } => {
                let index = self.cast(a, Container::I64);
                let entries = &self.circuit.tables()[table as usize].entries;
                let found = format!("lookup(&TABLE{table}, {index}.wrapping_sub({first}))");
                match table_container(entries) == container {
                    true => found,
                    false => format!("{found} as {ty}"),
                }
            }
            Gate::Requantize {
                a,
                to,
                rounding,
                overflow,
            } => {
                let modes = Requantize { rounding, overflow };
                let range = self.ranges[a.index()];
                let inside = Container::ALL
                    .into_iter()
                    .find(|c| c.requantizes(range, self.f(a), to, &modes))
                    .ok_or("its rounding needs more than 64 bits; requantize an operand first")?;
                let call = format!(
                    "requantize_in({}, {}, {}, Rounding::{rounding:?}, Overflow::{overflow:?})",
                    self.cast(a, inside),
                    self.f(a),
                    fix(to)
                );
                match inside == container {
                    true => call,
                    false => format!("{call} as {ty}"),
                }
            }
        })
    }
}

fn fix(format: Format) -> String {
    format!("fix({}, {}, {})", format.k(), format.i(), format.f())
}

fn table_container(entries: &[i64]) -> Container {
    let ends = entries.iter().min().zip(entries.iter().max());
    ends.map_or(Container::I8, |(&lo, &hi)| {
        Container::of_range(Interval { lo, hi })
    })
}
