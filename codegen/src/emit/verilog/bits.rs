//! Bits of signals as Verilog expressions.
//!
//! Every operand is written with the exact bits that an operator takes, signs
//! continued by hand: then no width and no sign depends on Verilog's rules for
//! expressions, and no tool has one to warn about.

use std::collections::BTreeMap;

/// What an expression reads: a number, or a signal times a power of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A mantissa.
    Constant(i64),
    /// The mantissa in a signal, times `2^shift`.
    Signal {
        name: String,
        width: u32,
        signed: bool,
        shift: u32,
    },
}

impl Value {
    /// The same, times `2^by`. A constant's mantissa keeps 64 bits, since it
    /// has an aligned format.
    pub fn shifted(&self, by: u32) -> Self {
        match self {
            Self::Constant(m) => Self::Constant(m.checked_shl(by).unwrap_or(0)),
            Self::Signal {
                name,
                width,
                signed,
                shift,
            } => Self::Signal {
                name: name.clone(),
                width: *width,
                signed: *signed,
                shift: shift + by,
            },
        }
    }

    /// Bits that hold the mantissa, the sign included.
    pub fn width(&self) -> u32 {
        match self {
            Self::Constant(m) => match m {
                0.. => 64 - m.leading_zeros(),
                _ => 65 - m.leading_ones(),
            },
            Self::Signal { width, shift, .. } => width + shift,
        }
    }

    /// Whether it can be negative.
    pub fn signed(&self) -> bool {
        match self {
            Self::Constant(m) => *m < 0,
            Self::Signal { signed, .. } => *signed,
        }
    }

    /// Low bits that are always zero.
    pub fn zeros(&self) -> u32 {
        match self {
            Self::Constant(m) => m.trailing_zeros(),
            Self::Signal { shift, .. } => *shift,
        }
    }
}

/// A number in so many bits.
pub(super) fn literal(m: i128, bits: u32) -> String {
    let mask = if bits >= 128 { -1 } else { (1i128 << bits) - 1 };
    match m & mask {
        small @ 0..=9 => format!("{bits}'d{small}"),
        m => format!("{bits}'h{m:x}"),
    }
}

/// Several expressions side by side, the highest bits first.
pub(super) fn beside(parts: &[String]) -> String {
    match parts {
        [one] => one.clone(),
        several => format!("{{{}}}", several.join(", ")),
    }
}

/// The bits of a module's signals that are read.
#[derive(Debug, Default)]
pub(super) struct Reads {
    bits: BTreeMap<String, Vec<bool>>,
}

impl Reads {
    /// Bits `from..from + count` of a signal of `width` bits.
    pub fn slice(&mut self, name: &str, width: u32, from: u32, count: u32) -> String {
        let bits = self.bits.entry(name.to_owned()).or_default();
        bits.resize(bits.len().max(width as usize), false);
        bits[from as usize..(from + count) as usize].fill(true);
        match (from, count) {
            (0, all) if all == width => name.to_owned(),
            (at, 1) => format!("{name}[{at}]"),
            (from, count) => format!("{name}[{}:{from}]", from + count - 1),
        }
    }

    /// One bit of a value; those above the highest are its sign.
    pub fn bit(&mut self, value: &Value, at: u32) -> String {
        self.field(value, at, 1)
    }

    /// Bits `from..from + count` of a value in two's complement without end.
    pub fn field(&mut self, value: &Value, from: u32, count: u32) -> String {
        let to = from + count;
        let (name, width, signed, shift) = match value {
            Value::Constant(m) => return literal(i128::from(*m) >> from.min(127), count),
            Value::Signal {
                name,
                width,
                signed,
                shift,
            } => (name, *width, *signed, *shift),
        };
        let zeros = to.min(shift).saturating_sub(from);
        let first = from.max(shift);
        let body = to.min(shift + width).saturating_sub(first);
        let above = count - zeros - body;
        let mut parts = Vec::new();
        if above > 0 {
            match (signed, above) {
                (false, _) => parts.push(literal(0, above)),
                (true, 1) => parts.push(self.slice(name, width, width - 1, 1)),
                (true, _) => {
                    let sign = self.slice(name, width, width - 1, 1);
                    parts.push(format!("{{{above}{{{sign}}}}}"));
                }
            }
        }
        if body > 0 {
            parts.push(self.slice(name, width, first - shift, body));
        }
        if zeros > 0 {
            parts.push(literal(0, zeros));
        }
        beside(&parts)
    }

    /// The bits of a declared signal that nothing reads, as slices.
    pub fn unread(&self, name: &str, width: u32) -> Vec<String> {
        let read = |at: u32| {
            let bits = self.bits.get(name);
            bits.is_some_and(|bits| bits[at as usize])
        };
        let mut slices = Vec::new();
        let mut at = 0;
        while at < width {
            if read(at) {
                at += 1;
                continue;
            }
            let count = (at..width).take_while(|&b| !read(b)).count() as u32;
            slices.push(match (at, count) {
                (0, all) if all == width => name.to_owned(),
                (at, 1) => format!("{name}[{at}]"),
                (at, count) => format!("{name}[{}:{at}]", at + count - 1),
            });
            at += count;
        }
        slices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(width: u32, signed: bool, shift: u32) -> Value {
        Value::Signal {
            name: "a".to_owned(),
            width,
            signed,
            shift,
        }
    }

    #[test]
    fn fields_continue_signs_and_append_zeros() {
        let mut reads = Reads::default();
        assert_eq!(reads.field(&signal(4, true, 0), 0, 4), "a");
        assert_eq!(
            reads.field(&signal(4, true, 0), 1, 5),
            "{{2{a[3]}}, a[3:1]}"
        );
        assert_eq!(reads.field(&signal(4, false, 2), 0, 7), "{1'd0, a, 2'd0}");
        assert_eq!(reads.field(&signal(4, true, 2), 1, 2), "{a[0], 1'd0}");
        assert_eq!(reads.field(&signal(4, true, 0), 9, 1), "a[3]");
        assert_eq!(reads.field(&signal(1, false, 0), 0, 1), "a");
        assert_eq!(reads.field(&Value::Constant(-2), 0, 8), "8'hfe");
        assert_eq!(reads.field(&Value::Constant(-2), 70, 3), "3'd7");
    }

    #[test]
    fn bits_that_nothing_reads_are_found() {
        let mut reads = Reads::default();
        reads.slice("a", 8, 2, 3);
        assert_eq!(reads.unread("a", 8), ["a[1:0]", "a[7:5]"]);
        assert_eq!(reads.unread("b", 8), ["b"]);
        reads.slice("c", 64, 0, 64);
        assert!(reads.unread("c", 64).is_empty());
    }
}
