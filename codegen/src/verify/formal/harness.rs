//! The Verilog around a layer's modules in which both sides are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::gold::{Gold, number, signed_width};
use super::origin::{Alias, Origin};
use super::plan::Task;
use crate::circuit::{Gate, Wire};
use crate::emit::verilog::{Module, Signal};
use crate::hardware::{Design, Source};

/// Name of the module.
pub(super) const TOP: &str = "prove";

/// Registers as wires: a layer's function does not depend on when it computes.
pub(super) const TRANSPARENT: &str = "module \\$dff (CLK, D, Q);\n    parameter WIDTH = 1;\n    \
     parameter CLK_POLARITY = 1;\n    input CLK;\n    input [WIDTH-1:0] D;\n    \
     output [WIDTH-1:0] Q;\n    assign Q = D;\nendmodule\n";

/// The text of the harness: `okN` is 1 where goal N holds for an input, `all`
/// where those asked for do, `sums` where each of the adders gives its sum.
pub(super) fn harness(
    design: &Design,
    origin: &Origin,
    modules: &BTreeMap<usize, &Module>,
    task: &Task,
    adders: &BTreeSet<Wire>,
    asked: &[usize],
) -> String {
    let taken: Vec<_> = task.taken.iter().filter_map(|at| modules.get(at)).collect();
    // Where each wire that a taken module makes can be read.
    let mut made: BTreeMap<Wire, Vec<String>> = BTreeMap::new();
    let mut body = String::new();
    for module in &taken {
        let bus = format!("y{}", module.section);
        let total: u32 = module.outputs.iter().map(|signal| signal.width).sum();
        let _ = writeln!(body, "    wire [{}:0] {bus};", total - 1);
        let mut first = 0;
        for (at, Signal { wire, width, .. }) in module.outputs.iter().enumerate() {
            let name = format!("{bus}_{at}");
            let _ = writeln!(
                body,
                "    wire [{}:0] {name} = {bus}[{}:{first}];",
                width - 1,
                first + width - 1
            );
            made.entry(*wire).or_default().push(name);
            first += width;
        }
    }
    let mut leaves: BTreeSet<Wire> = task
        .goals
        .iter()
        .flat_map(|goal| goal.leaves.iter().copied())
        .collect();
    for module in &taken {
        let clk = if module.clocked { ".clk(clk), " } else { "" };
        let read = module.inputs.iter().rev().map(|signal| {
            let is_input = origin.is_port(signal.wire);
            match made.get(&signal.wire).filter(|_| !is_input) {
                Some(names) => names[0].clone(),
                None => {
                    leaves.insert(signal.wire);
                    format!("b{}", signal.wire.index())
                }
            }
        });
        let read: Vec<_> = read.collect();
        let x = match read.is_empty() {
            true => String::new(),
            false => format!(".x({{{}}}), ", read.join(", ")),
        };
        let mut pins = String::new();
        for signal in module.gates.iter().filter(|s| adders.contains(&s.wire)) {
            let at = signal.wire.index();
            let _ = writeln!(body, "    wire [{}:0] a{at};", signal.width - 1);
            let _ = write!(pins, ", .{}(a{at})", signal.name);
        }
        let _ = writeln!(
            body,
            "    {} u{} ({clk}{x}.y(y{}){pins});",
            module.name, module.section, module.section
        );
    }
    body.push_str(&sums(design, adders));
    let mut text = format!("module {TOP} (\n    input wire clk");
    for leaf in &leaves {
        let width = design.circuit.definition(*leaf).format.width();
        let _ = write!(
            text,
            ",\n    input wire [{}:0] b{}",
            width - 1,
            leaf.index()
        );
    }
    let (original, unread) = original(origin, task);
    for old in &unread {
        let width = signed_width(origin.circuit.definition(*old).format);
        let port = format!("unread{}", old.index());
        let _ = write!(text, ",\n    input wire [{}:0] {port}", width - 1);
    }
    for goal in 0..task.goals.len() {
        let _ = write!(text, ",\n    output wire ok{goal}");
    }
    text.push_str(",\n    output wire sums,\n    output wire all\n);\n");
    for &leaf in &leaves {
        text.push_str(&assumption(design, leaf));
    }
    text.push_str(&body);
    text.push_str(&original);
    for (at, goal) in task.goals.iter().enumerate() {
        let old = goal.pair.old.index();
        let Some(alias) = origin.alias(goal.pair.old) else {
            continue;
        };
        let format = design.circuit.definition(goal.pair.new).format;
        let mut equal = Vec::new();
        for (copy, name) in made[&goal.pair.new].iter().enumerate() {
            let zero = if format.k() { "" } else { "1'b0, " };
            let found = format!("found{at}_{copy}");
            let _ = writeln!(
                text,
                "    wire signed [{}:0] {found} = {{{zero}{name}}};",
                signed_width(format) - 1
            );
            let up = alias.by.unsigned_abs();
            let found = match alias.more {
                0 => found,
                more => format!("({found} - ({}))", number(more.into(), 128)),
            };
            // Aligned in 64 bits more than the wider of both, so that nothing is cut.
            let (left, right) = match alias.by >= 0 {
                true => (format!("{found} <<< {up}"), format!("g{old}")),
                false => (found, format!("g{old} <<< {up}")),
            };
            for (side, value) in [("left", left), ("right", right)] {
                let _ = writeln!(text, "    wire signed [127:0] {side}{at}_{copy} = {value};");
            }
            equal.push(format!("left{at}_{copy} == right{at}_{copy}"));
        }
        let inside = goal.leaves.iter().map(|leaf| format!("in{}", leaf.index()));
        let inside: Vec<_> = std::iter::once("1'b1".to_owned()).chain(inside).collect();
        let _ = writeln!(
            text,
            "    assign ok{at} = ~({}) | ({});",
            inside.join(" & "),
            equal.join(" && ")
        );
    }
    let all = (0..task.goals.len()).filter(|at| asked.contains(at));
    let all = all.map(|at| format!("ok{at}"));
    let all: Vec<_> = std::iter::once("1'b1".to_owned()).chain(all).collect();
    let _ = writeln!(text, "    assign all = &{{{}}};\nendmodule", all.join(", "));
    text
}

/// Whether each adder's bits are those of its sum.
fn sums(design: &Design, adders: &BTreeSet<Wire>) -> String {
    let mut text = String::new();
    for wire in adders {
        let format = design.circuit.definition(*wire).format;
        let zero = if format.k() { "" } else { "1'b0, " };
        let (at, width) = (wire.index(), signed_width(format));
        let _ = writeln!(
            text,
            "    wire signed [{}:0] w{at} = {{{zero}a{at}}};",
            width - 1
        );
    }
    let mut all = vec!["1'b1".to_owned()];
    for wire in adders {
        let definition = design.circuit.definition(*wire);
        let (at, width) = (wire.index(), definition.format.width());
        let (sign, operands) = match definition.gate {
            Gate::Add(a, b) => ('+', [a, b]),
            Gate::Sub(a, b) => ('-', [a, b]),
            _ => continue,
        };
        let [a, b] = operands.map(|operand| {
            let f = design.circuit.definition(operand).format.f();
            let up = (definition.format.f() - f).max(0).unsigned_abs();
            match design.wiring.source(operand) {
                Source::Constant(m) => {
                    let m = i128::from(m) << up.min(63);
                    format!("({})", number(m, 128))
                }
                Source::Bits { wire, shift } => {
                    let side = if adders.contains(&wire) { 'w' } else { 'v' };
                    format!("({side}{} <<< {})", wire.index(), up + shift)
                }
            }
        });
        let _ = writeln!(
            text,
            "    wire signed [127:0] sum{at} = {a} {sign} {b};\n    \
             wire is{at} = sum{at}[{}:0] == a{at};",
            width - 1
        );
        all.push(format!("is{at}"));
    }
    let _ = writeln!(text, "    assign sums = &{{{}}};", all.join(", "));
    text
}

/// A leaf as a signed signal, and whether it lies in its interval.
fn assumption(design: &Design, leaf: Wire) -> String {
    let format = design.circuit.definition(leaf).format;
    let range = design.info.ranges[leaf.index()];
    let at = leaf.index();
    let width = signed_width(format);
    let zero = if format.k() { "" } else { "1'b0, " };
    let inside = match (range.lo, range.hi) == (format.min(), format.max()) {
        true => "1'b1".to_owned(),
        false => format!(
            "v{at} >= {} && v{at} <= {}",
            number(range.lo.into(), width + 1),
            number(range.hi.into(), width + 1)
        ),
    };
    format!(
        "    wire signed [{}:0] v{at} = {{{zero}b{at}}};\n    wire in{at} = {inside};\n",
        width - 1
    )
}

/// The original circuit from the leaves to the goals; and its inputs that the
/// design does not have.
fn original(origin: &Origin, task: &Task) -> (String, Vec<Wire>) {
    let mut needed = BTreeMap::new();
    let mut stack: Vec<_> = task.goals.iter().map(|goal| goal.pair.old).collect();
    while let Some(old) = stack.pop() {
        if needed.contains_key(&old) {
            continue;
        }
        let assumed = origin.leaf(old, &task.cut);
        if assumed.is_none() {
            stack.extend(origin.operands(old));
        }
        needed.insert(old, assumed);
    }
    let mut gold = Gold::new(origin);
    let mut unread = Vec::new();
    for (old, assumed) in needed {
        match assumed {
            // The widest leaf has 64 bits and a sign, and a difference one more.
            Some(Alias { wire, by, more }) => {
                let value = match more {
                    0 => format!("v{}", wire.index()),
                    more => format!("(v{} - ({}))", wire.index(), number(more.into(), 66)),
                };
                gold.assume(old, &value, 66, by.unsigned_abs());
            }
            None if origin.is_input(old) => {
                unread.push(old);
                gold.assume(old, &format!("$signed(unread{})", old.index()), 65, 0);
            }
            None => gold.define(old),
        }
    }
    (gold.text(), unread)
}
