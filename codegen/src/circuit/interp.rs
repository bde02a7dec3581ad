//! The interpreter of circuits: executes gate by gate what
//! `docs/ir-spec/circuit.md` says in its section 4.

use trigforge::requantize;

use crate::circuit::{Circuit, CircuitError, Gate, Info, Wire, validate};
use crate::interp::EventError;
use crate::ports::{Execute, Ports, WithPorts};

/// Executes a valid circuit, one event at a time.
#[derive(Debug)]
pub struct Interpreter<'c> {
    circuit: &'c Circuit,
    info: Info,
    ports: Ports,
}

impl<'c> Interpreter<'c> {
    /// Validates the circuit and makes an interpreter for it.
    ///
    /// # Errors
    ///
    /// The rule that the circuit breaks.
    pub fn new(circuit: &'c Circuit) -> Result<Self, CircuitError> {
        let info = validate(circuit)?;
        Ok(Self {
            circuit,
            info,
            ports: circuit.ports(),
        })
    }

    /// The circuit that is executed.
    pub fn circuit(&self) -> &'c Circuit {
        self.circuit
    }

    /// What validation found.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// Executes one event: the mantissa of every wire, in order.
    ///
    /// # Errors
    ///
    /// A wrong number of inputs or elements.
    pub fn run_all(&self, inputs: &[&[i64]]) -> Result<Vec<i64>, EventError> {
        self.ports.check_event(inputs)?;
        let mut values = Vec::with_capacity(self.circuit.definitions.len());
        for definition in &self.circuit.definitions {
            let f = definition.format.f();
            let value = self.evaluate(&definition.gate, f, &values, inputs);
            values.push(value);
        }
        Ok(values)
    }

    /// The mantissa of a gate's wire, whose fractional bits are `f`.
    fn evaluate(&self, gate: &Gate, f: i32, values: &[i64], inputs: &[&[i64]]) -> i64 {
        let value = |w: Wire| values[w.index()];
        let f_of = |w: Wire| self.circuit.definition(w).format.f();
        // Section 2, alignment: validation has found that 64 bits are enough.
        let at = |w: Wire, f: i32| match f - f_of(w) {
            by @ 0..64 => i128::from(value(w)) << by,
            _ => 0,
        };
        let common = |a: Wire, b: Wire| f_of(a).max(f_of(b));
        let pair = |a, b| (at(a, common(a, b)), at(b, common(a, b)));
        let wide = match *gate {
            // Section 4.1.
            Gate::Input { port, element } => {
                let (port, element) = (port as usize, element as usize);
                let width = match self.ports.inputs[port].ty.format_at(element) {
                    Some(format) if format.k() => -i128::from(format.width()),
                    Some(format) => format.width().into(),
                    None => 0,
                };
                low_bits(inputs[port][element], width)
            }
            Gate::Constant { mantissa, .. } => mantissa.into(),
            // Section 4.2.
            Gate::Add(a, b) => at(a, f) + at(b, f),
            Gate::Sub(a, b) => at(a, f) - at(b, f),
            Gate::Mul(a, b) => i128::from(value(a)) * i128::from(value(b)),
            Gate::Shift { a, .. } => value(a).into(),
            // Section 4.3.
            Gate::Select(c, a, b) => match value(c) {
                0 => at(b, f),
                _ => at(a, f),
            },
            Gate::Less(a, b) => {
                let (a, b) = pair(a, b);
                i128::from(a < b)
            }
            Gate::LessEqual(a, b) => {
                let (a, b) = pair(a, b);
                i128::from(a <= b)
            }
            Gate::Equal(a, b) => {
                let (a, b) = pair(a, b);
                i128::from(a == b)
            }
            // Section 4.4.
            Gate::And(a, b) => at(a, f) & at(b, f),
            Gate::Or(a, b) => at(a, f) | at(b, f),
            Gate::Xor(a, b) => at(a, f) ^ at(b, f),
            // Section 4.5.
            Gate::Table { a, table, first } => {
                let index = i128::from(value(a)) - i128::from(first);
                self.circuit.tables[table as usize].entries[index as usize].into()
            }
            // Section 4.6.
            Gate::Requantize {
                a,
                to,
                rounding,
                overflow,
            } => requantize(value(a), f_of(a), to, rounding, overflow).into(),
        };
        // The wire's format holds it.
        wide as i64
    }
}

/// The low bits of a word: as many as `width` says, signed if it is negative.
fn low_bits(word: i64, width: i128) -> i128 {
    let count = width.unsigned_abs();
    let low = i128::from(word) & ((1 << count) - 1);
    let negative = width < 0 && low >> (count - 1) & 1 == 1;
    if negative { low - (1 << count) } else { low }
}

impl Execute for Interpreter<'_> {
    fn ports(&self) -> &Ports {
        &self.ports
    }

    fn run(&self, inputs: &[&[i64]]) -> Result<Vec<Vec<i64>>, EventError> {
        let values = self.run_all(inputs)?;
        let outputs = self.circuit.outputs.iter();
        Ok(outputs
            .map(|output| output.wires.iter().map(|w| values[w.index()]).collect())
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_take_the_low_bits() {
        assert_eq!(low_bits(0x1ff, 8), 0xff);
        assert_eq!(low_bits(0x1ff, -8), -1);
        assert_eq!(low_bits(-129, -8), 127);
        assert_eq!(low_bits(i64::MIN, -64), i64::MIN.into());
        assert_eq!(low_bits(-1, 0), 0);
    }
}
