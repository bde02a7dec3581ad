//! A block of 32-bit registers.

/// Registers of a peripheral, by their offset in bytes.
///
/// A board implements it with volatile accesses at the peripheral's address, a
/// test with a simulated bus.
pub trait Registers {
    /// Reads a register.
    fn read(&mut self, offset: usize) -> u32;

    /// Writes a register.
    fn write(&mut self, offset: usize, word: u32);
}
