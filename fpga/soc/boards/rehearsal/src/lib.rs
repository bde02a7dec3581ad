//! A board without its surroundings, for QEMU: an SPI device that holds recorded
//! events, and lines whose levels are written down.

#![no_std]

use core::cell::{Cell, RefCell};
use core::convert::Infallible;

use embedded_hal::digital::{ErrorType, InputPin, OutputPin};
use embedded_hal::spi::{ErrorType as SpiErrorType, Operation, SpiDevice};

/// Events whose decisions are kept at most.
pub const EVENTS: usize = 16_384;

/// Recorded events on SPI: their bytes in a row.
#[derive(Debug)]
pub struct Recording<'a> {
    bytes: &'a [u8],
    at: Cell<usize>,
}

impl<'a> Recording<'a> {
    /// Events in the order of their bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: Cell::new(0),
        }
    }

    /// The device, and the line that says that it has an event.
    pub const fn device(&self) -> (Device<'_>, Ready<'_>) {
        (Device(self), Ready(self))
    }
}

/// The SPI device of a recording.
#[derive(Debug)]
pub struct Device<'a>(&'a Recording<'a>);

impl SpiErrorType for Device<'_> {
    type Error = Infallible;
}

impl SpiDevice for Device<'_> {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Infallible> {
        let Recording { bytes, at } = self.0;
        for operation in operations {
            let Operation::Read(buffer) = operation else {
                continue;
            };
            let from = at.get();
            if let Some(found) = bytes.get(from..from + buffer.len()) {
                buffer.copy_from_slice(found);
            }
            at.set(from + buffer.len());
        }
        Ok(())
    }
}

/// High while the recording has an event.
#[derive(Debug)]
pub struct Ready<'a>(&'a Recording<'a>);

impl ErrorType for Ready<'_> {
    type Error = Infallible;
}

impl InputPin for Ready<'_> {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.0.at.get() < self.0.bytes.len())
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        self.is_high().map(|high| !high)
    }
}

/// What a receiver of the lines sees: the accept line whenever the strobe falls.
#[derive(Debug, Default)]
pub struct Receiver {
    accept: Cell<bool>,
    decisions: RefCell<heapless::Vec<bool, EVENTS>>,
}

impl Receiver {
    /// The accept line and the strobe.
    pub fn lines(&self) -> (Accept<'_>, Strobe<'_>) {
        (
            Accept(self),
            Strobe {
                receiver: self,
                high: false,
            },
        )
    }

    /// Calls back with 64 decisions at once, the first in the lowest bit, and
    /// the index of the first.
    pub fn decisions(&self, mut take: impl FnMut(usize, u64)) {
        let decisions = self.decisions.borrow();
        for (index, block) in decisions.chunks(64).enumerate() {
            let bits = block.iter().rev();
            take(
                64 * index,
                bits.fold(0, |word, &bit| word << 1 | u64::from(bit)),
            );
        }
    }
}

/// The accept line.
#[derive(Debug)]
pub struct Accept<'a>(&'a Receiver);

impl ErrorType for Accept<'_> {
    type Error = Infallible;
}

impl OutputPin for Accept<'_> {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.0.accept.set(false);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.0.accept.set(true);
        Ok(())
    }
}

/// The strobe.
#[derive(Debug)]
pub struct Strobe<'a> {
    receiver: &'a Receiver,
    high: bool,
}

impl ErrorType for Strobe<'_> {
    type Error = Infallible;
}

impl OutputPin for Strobe<'_> {
    fn set_low(&mut self) -> Result<(), Infallible> {
        if core::mem::take(&mut self.high) {
            let decision = self.receiver.accept.get();
            // More than are kept: whoever counts them will notice.
            let _ = self.receiver.decisions.borrow_mut().push(decision);
        }
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.high = true;
        Ok(())
    }
}
