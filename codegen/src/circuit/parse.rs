//! Reads the textual form of a circuit.

use trigforge::{Format, Overflow, Rounding};

use crate::circuit::{
    CIRCUIT_VERSION, Circuit, Definition, Gate, MOST_WIRES, OutputPort, Table, Wire,
};
use crate::ir::ParseError;
use crate::ops::Attributes;
use crate::ports::Input;
use crate::text::Cursor;

/// Reads a circuit from its textual form (see [`super::print`]).
///
/// The result is what the text says; [`super::validate`] checks the rules.
///
/// # Errors
///
/// Names the first line that is not of the grammar.
pub fn parse(text: &str) -> Result<Circuit, ParseError> {
    let mut lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let mut header = |what: &str| {
        lines.next().ok_or_else(|| ParseError {
            line: text.lines().count() + 1,
            reason: format!("the text ends where {what} was expected"),
        })
    };
    let (line, version) = header("`trigforge-circuit VERSION`")?;
    if version != format!("trigforge-circuit {CIRCUIT_VERSION}") {
        return Err(ParseError {
            line,
            reason: format!("expected `trigforge-circuit {CIRCUIT_VERSION}`, found `{version}`"),
        });
    }
    let (line, name) = header("`circuit \"NAME\"`")?;
    let at = |line: usize| move |reason: String| ParseError { line, reason };
    let mut circuit = parse_name(name).map_err(at(line))?;
    for (line, statement) in lines {
        parse_statement(&mut circuit, statement).map_err(at(line))?;
    }
    Ok(circuit)
}

fn parse_name(line: &str) -> Result<Circuit, String> {
    let mut cursor = Cursor(line);
    cursor.expect("circuit")?;
    let name = cursor.quoted()?;
    let source_sha256 = match cursor.eat("sha256") {
        true => Some(cursor.sha256()?.to_owned()),
        false => None,
    };
    cursor.end()?;
    Ok(Circuit {
        name,
        source_sha256,
        ..Circuit::default()
    })
}

/// Inputs, tables, wires and outputs stand in this order.
fn parse_statement(circuit: &mut Circuit, line: &str) -> Result<(), String> {
    let mut cursor = Cursor(line);
    let wires = circuit.definitions.len();
    let before = |there: bool, order: &str| match there {
        true => Err(order.to_owned()),
        false => Ok(()),
    };
    if cursor.eat("input") {
        let later = !circuit.tables.is_empty() || wires > 0 || !circuit.outputs.is_empty();
        before(later, "inputs stand before tables, wires and outputs")?;
        let name = cursor.quoted()?;
        let mut attributes = cursor.attributes()?;
        let (rounding, overflow) = modes(&mut attributes)?;
        attributes.finish()?;
        cursor.expect(":")?;
        let ty = cursor.tensor_type()?;
        circuit.inputs.push(Input {
            name,
            ty,
            rounding,
            overflow,
        });
    } else if cursor.eat("table") {
        before(
            wires > 0 || !circuit.outputs.is_empty(),
            "tables stand before wires and outputs",
        )?;
        expect_index(cursor.number()?, circuit.tables.len(), "tables")?;
        let mut attributes = cursor.attributes()?;
        let f = attributes.take_parsed("f")?;
        attributes.finish()?;
        cursor.expect("=")?;
        cursor.expect("[")?;
        let entries = cursor.items("]", Cursor::number)?;
        circuit.tables.push(Table { f, entries });
    } else if cursor.eat("output") {
        let name = cursor.quoted()?;
        cursor.expect("=")?;
        cursor.expect("[")?;
        let wires = cursor.items("]", |cursor| wire(cursor, wires))?;
        cursor.expect(":")?;
        let ty = cursor.tensor_type()?;
        circuit.outputs.push(OutputPort { name, ty, wires });
    } else {
        before(!circuit.outputs.is_empty(), "wires stand before outputs")?;
        cursor.expect("%")?;
        expect_index(cursor.number()?, wires, "wires")?;
        if wires >= MOST_WIRES {
            return Err(format!("more than {MOST_WIRES} wires"));
        }
        cursor.expect("=")?;
        let gate = gate(&mut cursor, wires)?;
        cursor.expect(":")?;
        let format = cursor.format()?;
        circuit.definitions.push(Definition { gate, format });
    }
    cursor.end()
}

fn expect_index(found: usize, expected: usize, what: &str) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("expected {expected}: {what} are numbered in order")),
    }
}

fn wire(cursor: &mut Cursor<'_>, count: usize) -> Result<Wire, String> {
    // At most as many as there are definitions.
    cursor.reference(count).map(|index| Wire(index as u32))
}

fn modes(attributes: &mut Attributes) -> Result<(Rounding, Overflow), String> {
    let rounding = attributes.take("rounding")?;
    let overflow = attributes.take("overflow")?;
    Ok((
        Rounding::from_name(&rounding).ok_or_else(|| format!("unknown rounding `{rounding}`"))?,
        Overflow::from_name(&overflow).ok_or_else(|| format!("unknown overflow `{overflow}`"))?,
    ))
}

fn format(text: &str) -> Result<Format, String> {
    let mut cursor = Cursor(text);
    let format = cursor.format()?;
    cursor.end()?;
    Ok(format)
}

fn gate(cursor: &mut Cursor<'_>, count: usize) -> Result<Gate, String> {
    let name = cursor.word()?;
    let mut operands = Vec::new();
    if cursor.peek() == Some('%') {
        operands.push(wire(cursor, count)?);
        while cursor.eat(",") {
            operands.push(wire(cursor, count)?);
        }
    }
    let mut attributes = cursor.attributes()?;
    let gate = match (name, operands.as_slice()) {
        ("input", []) => Gate::Input {
            port: attributes.take_parsed("port")?,
            element: attributes.take_parsed("element")?,
        },
        ("const", []) => Gate::Constant {
            mantissa: attributes.take_parsed("mantissa")?,
            f: attributes.take_parsed("f")?,
        },
        ("add", &[a, b]) => Gate::Add(a, b),
        ("sub", &[a, b]) => Gate::Sub(a, b),
        ("mul", &[a, b]) => Gate::Mul(a, b),
        ("shift", &[a]) => Gate::Shift {
            a,
            by: attributes.take_parsed("by")?,
        },
        ("select", &[c, a, b]) => Gate::Select(c, a, b),
        ("less", &[a, b]) => Gate::Less(a, b),
        ("less_equal", &[a, b]) => Gate::LessEqual(a, b),
        ("equal", &[a, b]) => Gate::Equal(a, b),
        ("and", &[a, b]) => Gate::And(a, b),
        ("or", &[a, b]) => Gate::Or(a, b),
        ("xor", &[a, b]) => Gate::Xor(a, b),
        ("table", &[a]) => Gate::Table {
            a,
            table: attributes.take_parsed("table")?,
            first: attributes.take_parsed("first")?,
        },
        ("requantize", &[a]) => {
            let to = format(&attributes.take("to")?)?;
            let (rounding, overflow) = modes(&mut attributes)?;
            Gate::Requantize {
                a,
                to,
                rounding,
                overflow,
            }
        }
        _ => {
            return Err(format!(
                "there is no gate `{name}` of {} operands",
                operands.len()
            ));
        }
    };
    attributes.finish()?;
    Ok(gate)
}
