//! A program's operations as gates.

use trigforge::{Format, Overflow, Rounding};

use super::Refusal;
use super::decode::{Bits, Decoded, Stated};
use super::forms::Forms;
use super::program::Program;
use crate::circuit::{Builder, Circuit, Wire};
use crate::import::Unsupported;
use crate::ir::{Formats, TensorType};

/// Writes a program as a circuit.
pub(super) fn circuit(program: &Program, name: &str) -> Result<Circuit, Refusal> {
    let fault = |reason| Refusal::Invalid(reason);
    let mut translation = Translation {
        program,
        builder: Builder::new(name),
        inputs: Vec::new(),
        wires: Vec::with_capacity(program.operations.len()),
        forms: Forms::default(),
    };
    translation.inputs().map_err(fault)?;
    for (index, (decoded, stated)) in program.operations.iter().enumerate() {
        let refuse = |reason| {
            Refusal::Unsupported(vec![Unsupported {
                node: format!("operation {index}"),
                operator: String::new(),
                reason,
            }])
        };
        let wire = translation.operation(decoded, stated).map_err(refuse)?;
        translation.wires.push(wire);
        let f = translation.builder.format(wire).f();
        let finest = translation.forms.define(decoded, f);
        if finest > stated.format.f() {
            return Err(refuse(format!(
                "the exact result has {finest} fractional bits, its interval states {}, and the \
                 operation does not round",
                stated.format.f()
            )));
        }
    }
    translation.outputs().map_err(fault)?;
    translation.builder.finish().map_err(fault)
}

struct Translation<'p> {
    program: &'p Program,
    builder: Builder,
    /// The value of each input, before the shift that its reader applies.
    inputs: Vec<Wire>,
    wires: Vec<Wire>,
    forms: Forms,
}

impl Translation<'_> {
    /// One port with an element per input, wide and fine enough for every
    /// operation that reads it.
    fn inputs(&mut self) -> Result<(), String> {
        let shifts = &self.program.input_shifts;
        let mut formats: Vec<Option<Format>> = vec![None; shifts.len()];
        for (decoded, stated) in &self.program.operations {
            let Decoded::Input(index) = *decoded else {
                continue;
            };
            let read = stated.format;
            let read = Format::new(read.k(), read.i() - shifts[index], read.f() + shifts[index]);
            let read = read.ok_or_else(|| format!("input {index} has no format"))?;
            let both = match formats[index] {
                None => Some(read),
                Some(known) if known == read => Some(read),
                // The low bits of a signed format are those of an unsigned one.
                Some(known) => {
                    let whole = |f: Format| f.i() + i32::from(f.k());
                    let i = whole(known).max(whole(read)) - 1;
                    Format::new(true, i, known.f().max(read.f()))
                }
            };
            formats[index] = Some(
                both.ok_or_else(|| format!("input {index} is read in formats too far apart"))?,
            );
        }
        let formats: Vec<_> = formats
            .into_iter()
            .map(|format| format.unwrap_or(Format::ZERO))
            .collect();
        let shape = vec![formats.len()];
        let ty = TensorType {
            formats: Formats::each(shape.clone(), formats),
            shape,
        };
        self.inputs = self.builder.input("x", ty, Rounding::Trn, Overflow::Wrap)?;
        Ok(())
    }

    fn outputs(&mut self) -> Result<(), String> {
        let mut wires = Vec::with_capacity(self.program.outputs.len());
        for &(place, shift, negative) in &self.program.outputs {
            let wire = match place {
                None => self.builder.constant(0, 0),
                Some(place) => self.builder.shift(self.wires[place], shift)?,
            };
            wires.push(self.signed(wire, negative)?);
        }
        let shape = vec![wires.len()];
        let formats = wires.iter().map(|&w| self.builder.format(w)).collect();
        let ty = TensorType {
            formats: Formats::each(shape.clone(), formats),
            shape,
        };
        self.builder.output("y", ty, &wires)
    }

    fn signed(&mut self, wire: Wire, negative: bool) -> Result<Wire, String> {
        if !negative {
            return Ok(wire);
        }
        let zero = self.builder.constant(0, 0);
        self.builder.sub(zero, wire)
    }

    /// The low bits of a value: of the stated format's width, from its
    /// fractional bits on.
    fn wrap(&mut self, wire: Wire, to: Format) -> Result<Wire, String> {
        self.builder
            .requantize(wire, to, Rounding::Trn, Overflow::Wrap)
    }

    /// A value whose bits are read by their position in the stated format.
    fn bits(&mut self, operand: usize) -> Result<(Wire, Format), String> {
        let format = self.program.operations[operand].1.format;
        let wire = self.wires[operand];
        Ok((self.wrap(wire, format)?, format))
    }

    fn operation(&mut self, decoded: &Decoded, stated: &Stated) -> Result<Wire, String> {
        let wire = |at: usize| self.wires[at];
        let to = stated.format;
        match *decoded {
            Decoded::Input(index) => {
                let value = self.inputs[index];
                let shifted = self
                    .builder
                    .shift(value, self.program.input_shifts[index])?;
                self.wrap(shifted, to)
            }
            Decoded::Negate(a) => self.signed(wire(a), true),
            Decoded::Sum(ref terms) => self.sum(terms),
            Decoded::Relu(a, negative) => {
                let value = self.signed(wire(a), negative)?;
                let zero = self.builder.constant(0, 0);
                let positive = self.builder.max(value, zero)?;
                self.wrap(positive, to)
            }
            Decoded::Quantize(a, shift, negative) => {
                let shifted = self.builder.shift(wire(a), shift)?;
                let value = self.signed(shifted, negative)?;
                self.wrap(value, to)
            }
            Decoded::AddConstant(a, mantissa, f) => {
                let constant = self.builder.constant(mantissa, f);
                self.builder.add(wire(a), constant)
            }
            Decoded::Constant(mantissa) => Ok(self.builder.constant(mantissa, to.f())),
            Decoded::Mux {
                condition,
                high,
                low,
                shift,
                negative,
            } => {
                let (high, low) = (wire(high), wire(low));
                let set = self.highest(condition)?;
                let low = self.builder.shift(low, shift)?;
                let low = self.signed(low, negative)?;
                let chosen = self.builder.select(set, high, low)?;
                self.wrap(chosen, to)
            }
            Decoded::Product(a, b) => self.builder.mul(wire(a), wire(b)),
            Decoded::Lookup(a, table) => {
                let (index, format) = self.bits(a)?;
                let first = self.program.operations[a].1.lo;
                let index = self.builder.align(index, format.f())?;
                let table = &self.program.tables[table];
                self.builder
                    .table(index, first, &table.entries, table.format)
            }
            Decoded::Not(a) => {
                let (value, from) = self.bits(a)?;
                let value = self.builder.align(value, from.f())?;
                let inverse = self.builder.not(value)?;
                // The same bits, read in the stated format.
                let moved = self.builder.shift(inverse, from.f() - to.f())?;
                self.wrap(moved, to)
            }
            Decoded::Any(a) => {
                let (zero, one) = (self.builder.constant(0, 0), self.builder.constant(1, 0));
                let none = self.builder.equal(self.wires[a], zero)?;
                self.builder.select(none, zero, one)
            }
            Decoded::All(a) => {
                let (value, format) = self.bits(a)?;
                let ones = if format.k() { -1 } else { format.max() };
                let ones = self.builder.constant(ones, format.f());
                self.builder.equal(value, ones)
            }
            Decoded::Binary(bits, a, b, shift) => {
                let a = wire(a);
                let b = self.builder.shift(wire(b), shift)?;
                match bits {
                    Bits::And => self.builder.and(a, b),
                    Bits::Or => self.builder.or(a, b),
                    Bits::Xor => self.builder.xor(a, b),
                }
            }
        }
    }

    fn sum(&mut self, terms: &[(usize, i32, bool)]) -> Result<Wire, String> {
        if let [(a, 0, false), (b, shift, minus)] = *terms {
            let (a, b) = (self.wires[a], self.wires[b]);
            let b = self.builder.shift(b, shift)?;
            return match minus {
                true => self.builder.sub(a, b),
                false => self.builder.add(a, b),
            };
        }
        let terms: Vec<_> = terms
            .iter()
            .map(|&(at, shift, minus)| (self.wires[at], if minus { -1 } else { 1 }, -shift))
            .collect();
        self.builder.linear(&terms, (0, 0))
    }

    /// Whether the highest bit of a value is set.
    fn highest(&mut self, operand: usize) -> Result<Wire, String> {
        let (value, format) = self.bits(operand)?;
        if format.k() {
            let zero = self.builder.constant(0, 0);
            return self.builder.less(value, zero);
        }
        let half = self.builder.constant(1 << (format.width() - 1), format.f());
        self.builder.less_equal(half, value)
    }
}
