//! The outer form of a program: versions, ports, tables, records.

use serde_json::Value;
use trigforge::Format;

use super::Refusal;
use super::decode::{Decoded, Record, Stated, decode};
use crate::circuit::MOST_WIRES;
use crate::import::Unsupported;
use crate::real::encode;

/// The forms that a program is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// da4ml: a list without a version.
    Dais,
    /// alkaid, with this `spec_version`.
    Alir(u64),
}

/// Versions of ALIR that are taken.
const VERSIONS: [u64; 3] = [2, 3, 4];

/// A function by its values.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub format: Format,
    pub entries: Vec<i64>,
}

/// A program whose every record is understood.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub input_shifts: Vec<i32>,
    /// The operation, the power of two and the sign of each output.
    pub outputs: Vec<(Option<usize>, i32, bool)>,
    pub operations: Vec<(Decoded, Stated)>,
    pub tables: Vec<Table>,
}

fn invalid<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Invalid(reason.into()))
}

fn unsupported<T>(node: &str, reason: String) -> Result<T, Refusal> {
    Err(Refusal::Unsupported(vec![Unsupported {
        node: node.to_owned(),
        operator: String::new(),
        reason,
    }]))
}

/// Reads a program.
pub(super) fn read(json: &Value) -> Result<Program, Refusal> {
    let (dialect, model) = outer(json)?;
    let Value::Array(parts) = model else {
        return invalid("the program is not a list");
    };
    let [
        shape,
        shifts,
        indices,
        out_shifts,
        signs,
        records,
        rest @ ..,
    ] = parts.as_slice()
    else {
        return invalid(format!(
            "the program has {} parts, expected 8 or 9",
            parts.len()
        ));
    };
    // Parts 6 and 7 steer the search for adder graphs; they say nothing of values.
    let tables = match rest {
        [_, _] | [_, _, Value::Null] => Vec::new(),
        [_, _, tables] => read_tables(tables)?,
        _ => {
            return invalid(format!(
                "the program has {} parts, expected 8 or 9",
                parts.len()
            ));
        }
    };
    let shape: Vec<usize> = integers(shape, "the shape")?;
    let &[inputs, outputs] = shape.as_slice() else {
        return invalid("the shape is not a pair of numbers");
    };
    let input_shifts: Vec<i32> = shifts_of(shifts, "an input shift")?;
    let out_shifts: Vec<i32> = shifts_of(out_shifts, "an output shift")?;
    let indices: Vec<i64> = integers(indices, "an output index")?;
    let signs = flags(signs)?;
    let lengths = [indices.len(), out_shifts.len(), signs.len()];
    if input_shifts.len() != inputs || lengths.iter().any(|length| *length != outputs) {
        return invalid(format!(
            "the shape is {inputs} inputs and {outputs} outputs, but the lists have {} and \
             {lengths:?} entries",
            input_shifts.len()
        ));
    }
    let operations = read_records(records, dialect, inputs, &tables)?;
    let mut places = Vec::with_capacity(outputs);
    for (&index, (&shift, &negative)) in indices.iter().zip(out_shifts.iter().zip(&signs)) {
        let place = match usize::try_from(index) {
            Ok(index) if index < operations.len() => Some(index),
            _ if index == -1 => None,
            _ => {
                return invalid(format!(
                    "an output is operation {index}, which is not there"
                ));
            }
        };
        places.push((place, shift, negative));
    }
    Ok(Program {
        input_shifts,
        outputs: places,
        operations,
        tables,
    })
}

/// The program inside of its wrapper.
fn outer(json: &Value) -> Result<(Dialect, &Value), Refusal> {
    let Value::Object(wrapper) = json else {
        let list = json.as_array().map_or(&[][..], Vec::as_slice);
        // A pipeline is a list of one list of programs.
        if let [Value::Array(stages)] = list
            && stages.first().is_some_and(Value::is_array)
        {
            let reason = "a pipeline of several programs; save the combinational one";
            return unsupported("pipeline", reason.to_owned());
        }
        return Ok((Dialect::Dais, json));
    };
    let meta = wrapper.get("meta").and_then(Value::as_str).unwrap_or("");
    if !["ALIRModel", "DAISModel"].contains(&meta) {
        return unsupported(
            "meta",
            format!("a model of kind `{meta}`; expected ALIRModel"),
        );
    }
    let known: Vec<_> = VERSIONS.iter().map(u64::to_string).collect();
    let version = wrapper.get("spec_version");
    let Some(version) = version
        .and_then(Value::as_u64)
        .filter(|v| VERSIONS.contains(v))
    else {
        let found = version.map_or("none".to_owned(), Value::to_string);
        let reason = format!("version {found}; versions {} are taken", known.join(", "));
        return unsupported("spec_version", reason);
    };
    let model = wrapper.get("model");
    match model {
        Some(model) => Ok((Dialect::Alir(version), model)),
        None => invalid("there is no `model`"),
    }
}

/// A whole number, written as an integer or as a float.
pub(super) fn integer(value: &Value) -> Option<i64> {
    if let Some(integer) = value.as_i64() {
        return Some(integer);
    }
    let exact = encode(value.as_f64()?).filter(|exact| (-62..=0).contains(&exact.f))?;
    exact
        .m
        .checked_mul(1i64.checked_shl(exact.f.unsigned_abs())?)
}

fn integers<T: TryFrom<i64>>(value: &Value, what: &str) -> Result<Vec<T>, Refusal> {
    let list = value.as_array().map(|list| {
        list.iter()
            .map(|item| integer(item).and_then(|m| T::try_from(m).ok()))
            .collect::<Option<Vec<T>>>()
    });
    match list.flatten() {
        Some(list) => Ok(list),
        None => invalid(format!("{what} is not a whole number in range")),
    }
}

fn shifts_of(value: &Value, what: &str) -> Result<Vec<i32>, Refusal> {
    let shifts: Vec<i32> = integers(value, what)?;
    match shifts.iter().all(|shift| shift.abs() <= 1024) {
        true => Ok(shifts),
        false => invalid(format!("{what} is beyond 1024")),
    }
}

fn flags(value: &Value) -> Result<Vec<bool>, Refusal> {
    let flag = |item: &Value| match item {
        Value::Bool(flag) => Some(*flag),
        other => match other.as_i64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
    };
    let flags = value
        .as_array()
        .and_then(|list| list.iter().map(flag).collect::<Option<Vec<_>>>());
    match flags {
        Some(flags) => Ok(flags),
        None => invalid("an output sign is neither true nor false"),
    }
}

/// `[min, max, step]` or `{"min":, "max":, "step":}` as mantissas and format.
fn stated(value: &Value) -> Result<Stated, String> {
    let parts = match value {
        Value::Object(map) => ["min", "max", "step"].map(|key| map.get(key)),
        _ => [0, 1, 2].map(|at| value.get(at)),
    };
    let exact = |part: Option<&Value>| part.and_then(Value::as_f64).and_then(encode);
    let (Some(lo), Some(hi), Some(step)) = (exact(parts[0]), exact(parts[1]), exact(parts[2]))
    else {
        return Err(format!("the interval {value} is not three numbers"));
    };
    if step.m != 1 {
        return Err(format!("the step of {value} is not a power of two"));
    }
    let mantissa = |end: crate::real::Dyadic| match end.m {
        0 => Some(0),
        m => i64::try_from(crate::exact::shift_left(
            m.into(),
            step.f.checked_sub(end.f).filter(|shift| *shift >= 0)?,
        ))
        .ok(),
    };
    let (Some(lo), Some(hi)) = (mantissa(lo), mantissa(hi)) else {
        return Err(format!(
            "the ends of {value} are no multiples of its step in 64 bits"
        ));
    };
    let format = Format::covering(lo.into(), hi.into(), step.f)
        .ok_or_else(|| format!("the interval {value} needs more than 64 bits, or is empty"))?;
    Ok(Stated { lo, format })
}

fn read_tables(value: &Value) -> Result<Vec<Table>, Refusal> {
    let Value::Array(tables) = value else {
        return invalid("the tables are not a list");
    };
    let mut read = Vec::with_capacity(tables.len());
    for (index, table) in tables.iter().enumerate() {
        let interval = table.get("spec").and_then(|spec| spec.get("out_qint"));
        let interval = interval.ok_or_else(|| {
            Refusal::Invalid(format!("table {index} does not state its values' interval"))
        })?;
        let format = match stated(interval) {
            Ok(stated) => stated.format,
            Err(reason) => return invalid(format!("table {index}: {reason}")),
        };
        let entries: Vec<i64> = integers(
            table.get("table").unwrap_or(&Value::Null),
            "a table's entry",
        )?;
        if entries.is_empty() || entries.iter().any(|&m| !format.contains(m)) {
            return invalid(format!(
                "table {index} is empty, or has entries outside of {format}"
            ));
        }
        read.push(Table { format, entries });
    }
    Ok(read)
}

/// Decodes every record; what is not taken of them is listed at once.
fn read_records(
    records: &Value,
    dialect: Dialect,
    inputs: usize,
    tables: &[Table],
) -> Result<Vec<(Decoded, Stated)>, Refusal> {
    let Value::Array(records) = records else {
        return invalid("the operations are not a list");
    };
    if records.len() > MOST_WIRES {
        return invalid(format!("more than {MOST_WIRES} operations"));
    }
    let mut formats: Vec<Format> = Vec::with_capacity(records.len());
    let mut operations = Vec::with_capacity(records.len());
    let mut items = Vec::new();
    for (index, record) in records.iter().enumerate() {
        let (record, interval) = match split(record, dialect) {
            Ok(parts) => parts,
            Err(reason) => return invalid(format!("operation {index}: {reason}")),
        };
        let stated = match stated(interval) {
            Ok(stated) => stated,
            Err(reason) => return invalid(format!("operation {index}: {reason}")),
        };
        match decode(&record, dialect, inputs, &formats, &stated, tables) {
            Ok(decoded) => operations.push((decoded, stated)),
            Err(reason) => items.push(Unsupported {
                node: format!("operation {index}"),
                operator: format!("opcode {}", record.opcode),
                reason,
            }),
        }
        formats.push(stated.format);
    }
    match items.is_empty() {
        true => Ok(operations),
        false => Err(Refusal::Unsupported(items)),
    }
}

/// The parts of a record that say what it computes, and its interval.
fn split(record: &Value, dialect: Dialect) -> Result<(Record, &Value), String> {
    let parts = record.as_array().map_or(&[][..], Vec::as_slice);
    let list = |value: &Value| {
        let items = value.as_array()?.iter();
        items.map(integer).collect::<Option<Vec<_>>>()
    };
    match (dialect, parts) {
        (Dialect::Alir(3..), [operands, opcode, data, interval, _, _]) => {
            let parts = list(operands).zip(integer(opcode)).zip(list(data));
            let ((operands, opcode), data) =
                parts.ok_or("operands, opcode and data are not whole numbers")?;
            let record = Record {
                opcode,
                operands,
                data,
            };
            Ok((record, interval))
        }
        (Dialect::Dais | Dialect::Alir(2), [id0, id1, opcode, data, interval, _, _]) => {
            // A payload above 2^63 is a negative one.
            let data = data
                .as_u64()
                .map(|word| word as i64)
                .or_else(|| integer(data));
            let parts = integer(id0)
                .zip(integer(id1))
                .zip(integer(opcode))
                .zip(data);
            let (((id0, id1), opcode), data) =
                parts.ok_or("operands, opcode and data are not whole numbers")?;
            let record = Record {
                opcode,
                operands: vec![id0, id1],
                data: vec![data],
            };
            Ok((record, interval))
        }
        _ => Err(format!("a record of {} parts", parts.len())),
    }
}
