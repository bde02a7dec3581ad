//! The trigger loop on a Cortex-A53 of Zynq UltraScale+.
//!
//! The addresses are those of the design in the FPGA: change them with it.

#![no_std]
#![no_main]

use application::Board;

/// Peripherals behind the low-power AXI port.
#[cfg_attr(feature = "rehearsal", allow(dead_code))]
const BOARD: Board = Board {
    fifo: 0x8000_0000,
    lines: 0x8001_0000,
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
