//! Features through SPI.

use embedded_hal::digital::InputPin;
use embedded_hal::spi::SpiDevice;

use crate::{Mantissa, Source};

/// Reads an event when a line says that one is ready, each feature with its
/// highest byte first, in transactions of at most 64 bytes.
#[derive(Debug)]
pub struct SpiSource<S, R> {
    device: S,
    ready: R,
}

impl<S, R> SpiSource<S, R> {
    /// `ready` is high while the device has a whole event.
    pub const fn new(device: S, ready: R) -> Self {
        Self { device, ready }
    }
}

/// Why SPI gave no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SpiError<S, R> {
    /// The transaction failed.
    Device(S),
    /// The line could not be read.
    Ready(R),
}

impl<F: Mantissa, S: SpiDevice, R: InputPin> Source<F> for SpiSource<S, R> {
    type Error = SpiError<S::Error, R::Error>;

    fn read(&mut self, features: &mut [F]) -> Result<bool, Self::Error> {
        if !self.ready.is_high().map_err(SpiError::Ready)? {
            return Ok(false);
        }
        /// Bytes of one operation.
        const BLOCK: usize = 64;
        let mut buffer = [0; BLOCK];
        for block in features.chunks_mut(BLOCK / F::BYTES) {
            let bytes = &mut buffer[..block.len() * F::BYTES];
            self.device.read(bytes).map_err(SpiError::Device)?;
            for (feature, wire) in block.iter_mut().zip(bytes.chunks_exact(F::BYTES)) {
                *feature = F::from_wire(wire);
            }
        }
        Ok(true)
    }
}
