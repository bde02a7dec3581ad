//! Features from a memory-mapped stream: one feature in each word of a packet.

use crate::{Mantissa, Registers, Source};

/// Where a FIFO in front of a stream has its registers, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FifoLayout {
    /// Words that wait.
    pub waiting: usize,
    /// Bytes of the next packet.
    pub length: usize,
    /// The next word.
    pub data: usize,
}

impl FifoLayout {
    /// The AXI4-Stream FIFO of Xilinx (PG080): RDFO, RLR, RDFD.
    pub const AXI_STREAM_FIFO: Self = Self {
        waiting: 0x1c,
        length: 0x24,
        data: 0x20,
    };
}

/// Reads an event from each packet.
#[derive(Debug)]
pub struct StreamSource<R> {
    registers: R,
    layout: FifoLayout,
}

/// A packet that is no event. It was taken out of the FIFO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct StreamError {
    /// Features of an event.
    pub expected: usize,
    /// Bytes of the packet.
    pub bytes: usize,
}

impl<R: Registers> StreamSource<R> {
    /// A source behind these registers.
    pub const fn new(registers: R, layout: FifoLayout) -> Self {
        Self { registers, layout }
    }
}

impl<F: Mantissa, R: Registers> Source<F> for StreamSource<R> {
    type Error = StreamError;

    fn read(&mut self, features: &mut [F]) -> Result<bool, StreamError> {
        let waiting = self.registers.read(self.layout.waiting) as usize;
        if waiting < features.len().max(1) {
            return Ok(false);
        }
        // The upper bits of the length register are flags.
        let bytes = (self.registers.read(self.layout.length) & 0x7f_ffff) as usize;
        if bytes != 4 * features.len() {
            for _ in 0..bytes.div_ceil(4) {
                self.registers.read(self.layout.data);
            }
            return Err(StreamError {
                expected: features.len(),
                bytes,
            });
        }
        for feature in features {
            *feature = F::from_register(self.registers.read(self.layout.data));
        }
        Ok(true)
    }
}
