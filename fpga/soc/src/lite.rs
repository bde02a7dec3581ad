//! Drives the Verilog kernel behind its AXI4-Lite wrapper (`NAME_axil`).

use crate::Registers;

const CONTROL: usize = 0x0000;
const INPUTS: usize = 0x1000;
const OUTPUTS: usize = 0x2000;

/// Words that either side may have.
const WORDS: usize = 1024;

/// An element of a bus: what the format of the model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    /// Bits on the bus, from 1 to 32.
    pub bits: u32,
    /// Whether the highest of them is a sign.
    pub signed: bool,
}

/// A kernel in the FPGA, behind registers.
///
/// Its buses hold the mantissas side by side, the first in the lowest bits,
/// each with the bits of its format; `docs/verilog.md` lists the registers.
#[derive(Debug)]
pub struct LiteKernel<'a, R> {
    registers: R,
    inputs: &'a [Element],
    outputs: &'a [Element],
    patience: u32,
}

/// Why the FPGA gave no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum LiteError {
    /// The event or the place for scores has another length than the bus.
    Length {
        /// Elements of the bus.
        expected: usize,
        /// Elements given.
        found: usize,
    },
    /// A format has no bits or more than 32, or a bus more words than there are
    /// registers.
    Layout,
    /// The result was not there after as many readings as were allowed.
    Late,
}

impl<'a, R: Registers> LiteKernel<'a, R> {
    /// A kernel with these elements, in the order of its ports. `patience` bounds how often the state is read for one event.
    ///
    /// # Errors
    ///
    /// Widths that no register holds.
    pub fn new(
        registers: R,
        inputs: &'a [Element],
        outputs: &'a [Element],
        patience: u32,
    ) -> Result<Self, LiteError> {
        for elements in [inputs, outputs] {
            let all: usize = elements.iter().map(|element| element.bits as usize).sum();
            let none_wider = elements.iter().all(|e| (1..=32).contains(&e.bits));
            if !none_wider || all.div_ceil(32) > WORDS {
                return Err(LiteError::Layout);
            }
        }
        Ok(Self {
            registers,
            inputs,
            outputs,
            patience,
        })
    }

    /// Computes the scores of one event. An unsigned score of 32 bits is given
    /// as the signed number of the same bits.
    ///
    /// # Errors
    ///
    /// Lengths that do not fit, or a result that does not come.
    pub fn infer(&mut self, event: &[i32], scores: &mut [i32]) -> Result<(), LiteError> {
        for (given, elements) in [(event.len(), self.inputs), (scores.len(), self.outputs)] {
            if given != elements.len() {
                return Err(LiteError::Length {
                    expected: elements.len(),
                    found: given,
                });
            }
        }
        let (mut word, mut filled, mut at) = (0u64, 0, INPUTS);
        for (&mantissa, &Element { bits, .. }) in event.iter().zip(self.inputs) {
            word |= (mantissa as u64 & mask(bits)) << filled;
            filled += bits;
            if filled >= 32 {
                self.registers.write(at, word as u32);
                (word, filled, at) = (word >> 32, filled - 32, at + 4);
            }
        }
        if filled > 0 {
            self.registers.write(at, word as u32);
        }
        self.registers.write(CONTROL, 1);
        if !(0..self.patience).any(|_| self.registers.read(CONTROL) & 1 == 1) {
            return Err(LiteError::Late);
        }
        let (mut word, mut filled, mut at) = (0u64, 0, OUTPUTS);
        for (score, &Element { bits, signed }) in scores.iter_mut().zip(self.outputs) {
            if filled < bits {
                word |= u64::from(self.registers.read(at)) << filled;
                (filled, at) = (filled + 32, at + 4);
            }
            let unused = 64 - bits;
            *score = match signed {
                true => ((word << unused) as i64 >> unused) as i32,
                false => (word & mask(bits)) as i32,
            };
            (word, filled) = (word >> bits, filled - bits);
        }
        Ok(())
    }
}

fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}
