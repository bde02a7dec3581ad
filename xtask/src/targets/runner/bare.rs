//! Runs a kernel on bare metal: events and results are files of the host,
//! through semihosting.

#![no_std]
#![no_main]

mod glue;
mod measure;
mod semihosting;
mod start;

use semihosting::{File, exit};

/// What the code that starts the core calls.
#[unsafe(no_mangle)]
extern "C" fn runner() -> ! {
    let (Some(events), Some(results)) = (File::open(b"events\0"), File::create(b"results\0")) else {
        exit(false)
    };
    let mut words = [0; glue::INPUT_WORDS];
    let (mut index, mut deepest) = (0, 0);
    while events.read_words(&mut words) {
        let (output, stack) = measure::run(index, &glue::event(&words));
        index += 1;
        deepest = deepest.max(stack as i64);
        for word in glue::words(&output) {
            if !results.write_word(word) {
                exit(false)
            }
        }
    }
    let written = results.write_word(deepest);
    results.close();
    exit(written)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(false)
}
