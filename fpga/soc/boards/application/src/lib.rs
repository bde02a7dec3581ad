//! What the application cores share: their start, registers in memory, lines of
//! an AXI GPIO, a clock, and the loop.

#![no_std]

mod clock;
mod mapped;
mod start;

use core::fmt::Debug;

use jsc::{Jsc, TOP};
use trigforge_soc::{FifoLayout, Pins, StreamSource, Trigger, WhenFull};

pub use clock::CoreClock;
pub use mapped::{Line, Mapped};

/// Accepted events that can wait.
const QUEUE: usize = 64;

/// Where a board's design has its peripherals in the FPGA.
#[derive(Debug, Clone, Copy)]
pub struct Board {
    /// AXI4-Stream FIFO with the features.
    pub fifo: usize,
    /// AXI GPIO: bit 0 is the accept line, bit 1 the strobe.
    pub lines: usize,
}

/// Decides events from the FPGA, for ever.
pub fn serve(board: &Board) -> ! {
    let mut source = StreamSource::new(Mapped::at(board.fifo), FifoLayout::AXI_STREAM_FIFO);
    let pins = Pins {
        accept: Line::new(Mapped::at(board.lines), 0),
        strobe: Line::new(Mapped::at(board.lines), 1),
    };
    let clock = CoreClock::start();
    let mut trigger: Trigger<Jsc, _, _, _, _, QUEUE> =
        Trigger::new(TOP, pins, clock, WhenFull::DropOldest);
    loop {
        // A packet that is no event was thrown away; the lines cannot fail.
        let _ = trigger.step(&mut source);
    }
}

/// Decides recorded events and prints what the lines showed: in QEMU.
pub fn rehearse(events: &[u8]) -> ! {
    use rehearsal::{Receiver, Recording};
    use trigforge_soc::SpiSource;

    let recording = Recording::new(events);
    let (device, ready) = recording.device();
    let mut source = SpiSource::new(device, ready);
    let receiver = Receiver::default();
    let (accept, strobe) = receiver.lines();
    let clock = CoreClock::start();
    let mut trigger: Trigger<Jsc, _, _, _, _, QUEUE> =
        Trigger::new(TOP, Pins { accept, strobe }, clock, WhenFull::DropOldest);
    loop {
        match trigger.step(&mut source) {
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) => fail(&error),
        }
    }
    semihosting::println!("{:?}", trigger.counters());
    receiver.decisions(|first, bits| semihosting::println!("decisions {first} {bits:016x}"));
    semihosting::process::exit(0)
}

fn fail(error: &dyn Debug) -> ! {
    semihosting::println!("{error:?}");
    semihosting::process::exit(1)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    fail(info)
}
