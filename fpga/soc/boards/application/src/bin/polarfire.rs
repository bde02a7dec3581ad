//! The trigger loop on the monitor core of PolarFire SoC.
//!
//! The addresses are those of the design in the FPGA: change them with it.

#![no_std]
#![no_main]

use application::Board;

/// Peripherals behind the first fabric interface.
#[cfg_attr(feature = "rehearsal", allow(dead_code))]
const BOARD: Board = Board {
    fifo: 0x6000_0000,
    lines: 0x6001_0000,
};

/// What the start of the core calls.
#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    #[cfg(feature = "rehearsal")]
    application::rehearse(include_bytes!(env!(
        "TRIGFORGE_EVENTS",
        "names a file of events, 16 features of 2 bytes each: `cargo xtask soc` sets it"
    )));
    #[cfg(not(feature = "rehearsal"))]
    application::serve(&BOARD)
}
