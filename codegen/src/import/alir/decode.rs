//! The meaning of one record.

use trigforge::Format;

use super::program::{Dialect, Table};

/// A record as it is written.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub opcode: i64,
    pub operands: Vec<i64>,
    pub data: Vec<i64>,
}

/// The interval that a record states for its result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stated {
    /// The smallest mantissa.
    pub lo: i64,
    /// The narrowest format that holds the interval.
    pub format: Format,
}

/// What combines two values bit by bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bits {
    And,
    Or,
    Xor,
}

/// An operation; operands are operations before it.
#[derive(Clone, Debug)]
pub(super) enum Decoded {
    Input(usize),
    Negate(usize),
    /// Sum of operands, each times a power of two, some subtracted.
    Sum(Vec<(usize, i32, bool)>),
    /// Larger of zero and the value, or the negated value; then rounded.
    Relu(usize, bool),
    /// The value times a power of two, or its negative; then rounded.
    Quantize(usize, i32, bool),
    AddConstant(usize, i64, i32),
    Constant(i64),
    /// Condition, value if its highest bit is set, else value times a power.
    Mux {
        condition: usize,
        high: usize,
        low: usize,
        shift: i32,
        negative: bool,
    },
    Product(usize, usize),
    Lookup(usize, usize),
    Not(usize),
    Any(usize),
    All(usize),
    Binary(Bits, usize, usize, i32),
}

const OPCODES: &str = "-2 to 11 are taken";

/// Decodes a record, in the words of its dialect.
///
/// `formats` are those that the operations before it state.
pub(super) fn decode(
    record: &Record,
    dialect: Dialect,
    inputs: usize,
    formats: &[Format],
    stated: &Stated,
    tables: &[Table],
) -> Result<Decoded, String> {
    let fields = match dialect {
        Dialect::Alir(3..) => modern(record, dialect)?,
        _ => packed(record, dialect, stated)?,
    };
    let operand = |at: usize| {
        let index = fields.operands[at];
        usize::try_from(index)
            .ok()
            .filter(|index| *index < formats.len())
            .ok_or_else(|| format!("operand {index} is no operation before this one"))
    };
    let data = |at: usize| fields.data[at];
    let negative = fields.negative;
    Ok(match fields.opcode {
        -2 => Decoded::Negate(operand(0)?),
        -1 => {
            let index = usize::try_from(data(0)).ok().filter(|i| *i < inputs);
            Decoded::Input(index.ok_or_else(|| format!("there is no input {}", data(0)))?)
        }
        opcode @ (0 | 1) => Decoded::Sum(vec![
            (operand(0)?, 0, false),
            (operand(1)?, power(data(0))?, opcode == 1),
        ]),
        2 if stated.format.k() => {
            return Err("a ReLU whose interval holds negative numbers".to_owned());
        }
        2 => Decoded::Relu(operand(0)?, negative),
        3 => Decoded::Quantize(operand(0)?, power(data(0))?, negative),
        4 => Decoded::AddConstant(operand(0)?, data(0), power(data(1))?),
        5 => Decoded::Constant(data(0)),
        6 => {
            let condition = operand(2)?;
            if dialect == Dialect::Dais && !formats[condition].k() {
                return Err(
                    "a choice by the highest bit of an unsigned value, which da4ml's own \
                     interpreters read in two ways"
                        .to_owned(),
                );
            }
            if formats[condition].width() == 0 {
                return Err("a choice by the highest bit of a value without bits".to_owned());
            }
            Decoded::Mux {
                condition,
                high: operand(0)?,
                low: operand(1)?,
                shift: power(data(0))?,
                negative,
            }
        }
        7 => Decoded::Product(operand(0)?, operand(1)?),
        8 => {
            let table = usize::try_from(data(0)).ok();
            let table = table.filter(|table| *table < tables.len());
            let table = table.ok_or_else(|| format!("there is no table {}", data(0)))?;
            if tables[table].format.f() != stated.format.f() {
                return Err(format!(
                    "its interval has {} fractional bits, the table's entries {}",
                    stated.format.f(),
                    tables[table].format.f()
                ));
            }
            Decoded::Lookup(operand(0)?, table)
        }
        9 => unary(data(0), operand(0)?, formats, stated)?,
        10 => {
            let bits = match data(1) {
                0 => Bits::And,
                1 => Bits::Or,
                2 => Bits::Xor,
                other => return Err(format!("bitwise operation {other}; 0 to 2 are taken")),
            };
            Decoded::Binary(bits, operand(0)?, operand(1)?, power(data(0))?)
        }
        11 => {
            let terms = (0..fields.operands.len()).map(|at| {
                let plus = match data(2 * at) {
                    0 => false,
                    1 => true,
                    other => return Err(format!("the sign {other}; 0 and 1 are taken")),
                };
                Ok((operand(at)?, power(data(2 * at + 1))?, !plus))
            });
            Decoded::Sum(terms.collect::<Result<_, _>>()?)
        }
        other => return Err(format!("unknown opcode {other}; {OPCODES}")),
    })
}

/// A record in the words of the newest version.
struct Fields {
    opcode: i64,
    operands: Vec<i64>,
    data: Vec<i64>,
    /// Whether the operand is negated, which only da4ml has.
    negative: bool,
}

/// Versions 3 and 4: operands and data are lists.
fn modern(record: &Record, dialect: Dialect) -> Result<Fields, String> {
    let (operands, mut data) = match record.opcode {
        -1 | 5 => (0, 1),
        -2 | 2 => (1, 0),
        0 | 1 => (2, 1),
        3 if dialect == Dialect::Alir(3) => (1, 0),
        3 | 8 | 9 => (1, 1),
        4 => (1, 2),
        6 => (3, 1),
        7 => (2, 0),
        10 => (2, 2),
        11 if record.operands.len() >= 2 => (record.operands.len(), 2 * record.operands.len()),
        11 => return Err("a sum of fewer than two values".to_owned()),
        other => return Err(format!("unknown opcode {other}; {OPCODES}")),
    };
    // Version 3 says the same in fewer words.
    let mut written = record.data.clone();
    if record.opcode == 3 && data == 0 && written.is_empty() {
        data = 1;
        written.push(0);
    }
    if record.operands.len() != operands || written.len() != data {
        return Err(format!(
            "{} operands and {} data, expected {operands} and {data}",
            record.operands.len(),
            written.len()
        ));
    }
    Ok(Fields {
        opcode: record.opcode,
        operands: record.operands.clone(),
        data: written,
        negative: false,
    })
}

/// da4ml and version 2: two operands, and data packed into one word.
fn packed(record: &Record, dialect: Dialect, stated: &Stated) -> Result<Fields, String> {
    let (id0, id1, word) = (record.operands[0], record.operands[1], record.data[0]);
    let low = i64::from(word as i32);
    let high = word >> 32;
    let dais = dialect == Dialect::Dais;
    let (operands, data) = match (record.opcode, dais) {
        (-2, true) => {
            return Err(
                "opcode -2, a negated ReLU in some versions of da4ml and a negation in others; \
                 the file does not say which"
                    .to_owned(),
            );
        }
        (-2, false) | (2, _) => (vec![id0], Vec::new()),
        (-1, _) => (Vec::new(), vec![id0]),
        (0 | 1, _) => (vec![id0, id1], vec![word]),
        (3, _) | (-3, true) => (vec![id0], vec![0]),
        (4, true) => (vec![id0], vec![word, stated.format.f().into()]),
        (4, false) => (vec![id0], vec![low, high]),
        (5, _) => (Vec::new(), vec![word]),
        (6, _) | (-6, true) => (vec![id0, id1, low], vec![high]),
        (7, _) => (vec![id0, id1], Vec::new()),
        (8, _) => (vec![id0], vec![low]),
        (9, _) => (vec![id0], vec![word]),
        (10, _) if (word >> 32) & 0xff_ffff != 0 => {
            return Err("a bitwise operation on negated operands".to_owned());
        }
        (10, _) => (vec![id0, id1], vec![low, (word >> 56) & 0xff]),
        (other, _) => return Err(format!("unknown opcode {other}; {OPCODES}")),
    };
    let negative = matches!(record.opcode, -3 | -6);
    Ok(Fields {
        opcode: if negative {
            -record.opcode
        } else {
            record.opcode
        },
        operands,
        data,
        negative,
    })
}

/// A power of two, bounded so that sums of a few stay small.
fn power(value: i64) -> Result<i32, String> {
    i32::try_from(value)
        .ok()
        .filter(|power| power.abs() <= 1024)
        .ok_or_else(|| format!("a shift by {value}, beyond 1024"))
}

fn unary(which: i64, a: usize, formats: &[Format], stated: &Stated) -> Result<Decoded, String> {
    let (from, to) = (formats[a], stated.format);
    if from.width() == 0 {
        return Err("a bitwise operation on a value without bits".to_owned());
    }
    match which {
        0 if from.width() != to.width() => Err(format!(
            "a bitwise NOT of {} bits into {}",
            from.width(),
            to.width()
        )),
        0 => Ok(Decoded::Not(a)),
        1 | 2 if to.f() != 0 => Err(format!("a truth value in {to}, expected whole numbers")),
        1 => Ok(Decoded::Any(a)),
        2 => Ok(Decoded::All(a)),
        other => Err(format!("unary bitwise operation {other}; 0 to 2 are taken")),
    }
}
