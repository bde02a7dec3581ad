//! The gates of a circuit, and the wires that they define.

use trigforge::{Format, Overflow, Rounding};

/// Names a wire of one circuit: the result of one gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wire(pub(crate) u32);

impl Wire {
    /// Position in [`Circuit::definitions`](super::Circuit::definitions).
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A function by its values, shared by any number of gates.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    /// Fractional bits of the entries.
    pub f: i32,
    /// Mantissas.
    pub entries: Vec<i64>,
}

/// One scalar operation.
///
/// All but the last three groups are exact: their wires hold the value that
/// the operation has in real numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gate {
    /// An element of an input port.
    Input {
        /// The port, from 0.
        port: u32,
        /// The element in C order, from 0.
        element: u32,
    },
    /// The value `mantissa * 2^-f`.
    Constant {
        /// Mantissa.
        mantissa: i64,
        /// Fractional bits.
        f: i32,
    },
    /// The sum.
    Add(Wire, Wire),
    /// The first less the second.
    Sub(Wire, Wire),
    /// The product.
    Mul(Wire, Wire),
    /// The value times `2^by`: another binary point, the same bits.
    Shift {
        /// Operand.
        a: Wire,
        /// Power of two.
        by: i32,
    },
    /// The second where the first is not zero, else the third.
    Select(Wire, Wire, Wire),
    /// 1 where the first is less than the second, else 0.
    Less(Wire, Wire),
    /// 1 where the first is at most the second, else 0.
    LessEqual(Wire, Wire),
    /// 1 where both are equal, else 0.
    Equal(Wire, Wire),
    /// The two's complement bits that both have.
    And(Wire, Wire),
    /// The two's complement bits that one has.
    Or(Wire, Wire),
    /// The two's complement bits that just one has.
    Xor(Wire, Wire),
    /// The entry of a table at the operand's mantissa less `first`.
    Table {
        /// Operand.
        a: Wire,
        /// The table, from 0.
        table: u32,
        /// The mantissa of the first entry.
        first: i64,
    },
    /// The value rounded, then brought into a format.
    Requantize {
        /// Operand.
        a: Wire,
        /// The format.
        to: Format,
        /// How fractional bits are dropped.
        rounding: Rounding,
        /// What becomes of a value outside of the format.
        overflow: Overflow,
    },
}

impl Gate {
    /// Name in the textual form.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Input { .. } => "input",
            Self::Constant { .. } => "const",
            Self::Add(..) => "add",
            Self::Sub(..) => "sub",
            Self::Mul(..) => "mul",
            Self::Shift { .. } => "shift",
            Self::Select(..) => "select",
            Self::Less(..) => "less",
            Self::LessEqual(..) => "less_equal",
            Self::Equal(..) => "equal",
            Self::And(..) => "and",
            Self::Or(..) => "or",
            Self::Xor(..) => "xor",
            Self::Table { .. } => "table",
            Self::Requantize { .. } => "requantize",
        }
    }

    /// The wires that the gate reads, in order.
    pub fn operands(&self) -> impl Iterator<Item = Wire> + use<> {
        let operands = match *self {
            Self::Input { .. } | Self::Constant { .. } => [None; 3],
            Self::Shift { a, .. } | Self::Table { a, .. } | Self::Requantize { a, .. } => {
                [Some(a), None, None]
            }
            Self::Add(a, b)
            | Self::Sub(a, b)
            | Self::Mul(a, b)
            | Self::Less(a, b)
            | Self::LessEqual(a, b)
            | Self::Equal(a, b)
            | Self::And(a, b)
            | Self::Or(a, b)
            | Self::Xor(a, b) => [Some(a), Some(b), None],
            Self::Select(c, a, b) => [Some(c), Some(a), Some(b)],
        };
        operands.into_iter().flatten()
    }

    /// The same gate on other wires.
    pub fn map(self, mut rename: impl FnMut(Wire) -> Wire) -> Self {
        match self {
            Self::Input { .. } | Self::Constant { .. } => self,
            Self::Add(a, b) => Self::Add(rename(a), rename(b)),
            Self::Sub(a, b) => Self::Sub(rename(a), rename(b)),
            Self::Mul(a, b) => Self::Mul(rename(a), rename(b)),
            Self::Less(a, b) => Self::Less(rename(a), rename(b)),
            Self::LessEqual(a, b) => Self::LessEqual(rename(a), rename(b)),
            Self::Equal(a, b) => Self::Equal(rename(a), rename(b)),
            Self::And(a, b) => Self::And(rename(a), rename(b)),
            Self::Or(a, b) => Self::Or(rename(a), rename(b)),
            Self::Xor(a, b) => Self::Xor(rename(a), rename(b)),
            Self::Select(c, a, b) => Self::Select(rename(c), rename(a), rename(b)),
            Self::Shift { a, by } => Self::Shift { a: rename(a), by },
            Self::Table { a, table, first } => Self::Table {
                a: rename(a),
                table,
                first,
            },
            Self::Requantize {
                a,
                to,
                rounding,
                overflow,
            } => Self::Requantize {
                a: rename(a),
                to,
                rounding,
                overflow,
            },
        }
    }

    /// Operators between two levels of logic: 0 for gates that only name bits.
    pub const fn levels(&self) -> u32 {
        match self {
            Self::Input { .. } | Self::Constant { .. } | Self::Shift { .. } => 0,
            Self::Requantize {
                rounding: Rounding::Trn,
                overflow: Overflow::Wrap,
                ..
            } => 0,
            _ => 1,
        }
    }
}
