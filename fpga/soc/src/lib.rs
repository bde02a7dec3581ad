//! The trigger loop of a SoC board or a microcontroller, without the board.
//!
//! Features come in through SPI ([`SpiSource`]) or a memory-mapped stream
//! ([`StreamSource`]), a kernel that trigforge emitted computes scores from
//! them, a threshold on the integers decides, and two lines say so: *accept*,
//! and a *strobe* that is high while an event is worked on. When the strobe
//! falls, the accept line holds the decision. Accepted events wait in a queue;
//! a full one drops as configured and counts it. Nothing blocks, allocates or
//! panics, and no float has a part in a decision.

#![no_std]

mod counters;
mod decision;
#[cfg(feature = "display")]
pub mod display;
mod kernel;
mod lite;
mod queue;
mod registers;
mod source;
mod spi;
mod stream;
#[cfg(test)]
mod tests;
mod trigger;

pub use counters::Counters;
pub use decision::{Decision, Threshold};
pub use kernel::{Kernel, Mantissa};
pub use lite::{Element, LiteError, LiteKernel};
pub use queue::{Queue, Stored, WhenFull};
pub use registers::Registers;
pub use source::Source;
pub use spi::{SpiError, SpiSource};
pub use stream::{FifoLayout, StreamError, StreamSource};
pub use trigger::{Accepted, Clock, Pins, Trigger, TriggerError};
