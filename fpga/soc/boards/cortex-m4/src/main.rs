//! The trigger loop on a Cortex-M4: recorded events on SPI, a log in `defmt`.
//!
//! Every event is run twice, once for each way of a full queue, which nobody
//! empties for 1,000 events.

#![no_std]
#![no_main]

mod clock;

use cortex_m_rt::entry;
use defmt_semihosting as _;
use jsc::{Jsc, TOP};
use rehearsal::{Receiver, Recording};
use trigforge_soc::{Pins, SpiSource, Trigger, WhenFull, display};

use clock::SysTick;

/// Events as they come over SPI.
static EVENTS: &[u8] = include_bytes!(env!(
    "TRIGFORGE_EVENTS",
    "names a file of events, 16 features of 2 bytes each: `cargo xtask soc` sets it"
));

/// Accepted events that can wait.
const QUEUE: usize = 64;

/// Events after which the queue is emptied.
const PATIENCE: usize = 1_000;

/// Fractional bits of a logit.
const FRACTION: i32 = 12;

#[entry]
fn main() -> ! {
    let Some(peripherals) = cortex_m::Peripherals::take() else {
        end(1)
    };
    let mut clock = SysTick::new(peripherals.SYST);
    defmt::info!(
        "threshold: score {=usize} at least {=i64}",
        TOP.score,
        TOP.least
    );
    for when_full in [WhenFull::DropOldest, WhenFull::DropNewest] {
        run(&mut clock, when_full);
    }
    end(0)
}

/// Decides all events.
fn run(clock: &mut SysTick, when_full: WhenFull) {
    defmt::info!("queue of {=usize}: {}", QUEUE, when_full);
    let recording = Recording::new(EVENTS);
    let (device, ready) = recording.device();
    let mut source = SpiSource::new(device, ready);
    let receiver = Receiver::default();
    let (accept, strobe) = receiver.lines();
    let pins = Pins { accept, strobe };
    let mut trigger: Trigger<Jsc, _, _, _, _, QUEUE> = Trigger::new(TOP, pins, clock, when_full);
    let mut shown = false;
    loop {
        let mut read = 0;
        while read < PATIENCE {
            match trigger.step(&mut source) {
                Ok(Some(_)) => read += 1,
                Ok(None) => break,
                Err(error) => defmt::error!("{}", defmt::Debug2Format(&error)),
            }
        }
        while let Some(event) = trigger.queue().pop() {
            defmt::info!("kept {=u64}", event.number);
            if !shown {
                let probabilities = display::probabilities(event.scores, FRACTION);
                defmt::info!("probabilities {}", probabilities);
                shown = true;
            }
        }
        if read < PATIENCE {
            break;
        }
    }
    trigger.log();
    receiver.decisions(|first, bits| defmt::info!("decisions {=usize} {=u64:016x}", first, bits));
}

fn end(code: i32) -> ! {
    semihosting::process::exit(code)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    defmt::error!("panicked");
    end(1)
}
