//! Peripherals at addresses.

use core::convert::Infallible;

use embedded_hal::digital::{ErrorType, OutputPin};
use trigforge_soc::Registers;

/// Registers at an address.
#[derive(Debug)]
pub struct Mapped(usize);

impl Mapped {
    /// The peripheral at this address.
    pub const fn at(address: usize) -> Self {
        Self(address)
    }
}

impl Registers for Mapped {
    fn read(&mut self, offset: usize) -> u32 {
        // SAFETY: the board's design says that a peripheral's registers are there.
        unsafe { ((self.0 + offset) as *const u32).read_volatile() }
    }

    fn write(&mut self, offset: usize, word: u32) {
        // SAFETY: as above; nothing else lies there.
        unsafe { ((self.0 + offset) as *mut u32).write_volatile(word) }
    }
}

/// One bit of an AXI GPIO (PG144), whose other bits stay as they are.
#[derive(Debug)]
pub struct Line {
    registers: Mapped,
    bit: u32,
}

impl Line {
    /// The line of this bit.
    pub const fn new(registers: Mapped, bit: u32) -> Self {
        Self { registers, bit }
    }

    fn set(&mut self, level: u32) {
        /// GPIO_DATA.
        const DATA: usize = 0;
        let others = self.registers.read(DATA) & !(1 << self.bit);
        self.registers.write(DATA, others | level << self.bit);
    }
}

impl ErrorType for Line {
    type Error = Infallible;
}

impl OutputPin for Line {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.set(0);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.set(1);
        Ok(())
    }
}
