//! The firmware's driver of the AXI4-Lite wrapper in one process with a design
//! that Verilator compiled: `bus.cpp` moves the wires of the bus.
//!
//! `program EVENTS RESULTS`; both files hold little-endian words of 64 bits.
//! The file `elements` beside the events describes the buses, in the same kind of
//! words: the number of inputs and of outputs, then bits and sign of each.

use std::ffi::{CStr, c_char, c_int};
use std::io::{Error, Result, Write};
use std::path::Path;

use trigforge_soc::{Element, LiteKernel, Registers};

/// How often the state of an event is read.
const PATIENCE: u32 = 1_000;

unsafe extern "C" {
    fn bus_read(address: u32) -> u32;
    fn bus_write(address: u32, word: u32);
}

/// The simulated bus.
struct Bus;

impl Registers for Bus {
    fn read(&mut self, offset: usize) -> u32 {
        // SAFETY: moves wires of the simulation, which lives as long as the program.
        unsafe { bus_read(offset as u32) }
    }

    fn write(&mut self, offset: usize, word: u32) {
        // SAFETY: as above.
        unsafe { bus_write(offset as u32, word) }
    }
}

/// Runs all events; 0, or 1 with a message.
///
/// # Safety
///
/// Both paths must be strings that end with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn drive(events: *const c_char, results: *const c_char) -> c_int {
    // SAFETY: as the caller promises.
    let [events, results] = [events, results].map(|path| unsafe { CStr::from_ptr(path) });
    let run = || {
        infer_all(Path::new(events.to_str().map_err(Error::other)?), {
            Path::new(results.to_str().map_err(Error::other)?)
        })
    };
    match run() {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{error}");
            1
        }
    }
}

fn infer_all(events: &Path, results: &Path) -> Result<()> {
    let described = words(&events.with_file_name("elements"))?;
    let elements: Vec<_> = described
        .get(2..)
        .unwrap_or_default()
        .chunks_exact(2)
        .map(|pair| Element {
            bits: pair[0] as u32,
            signed: pair[1] != 0,
        })
        .collect();
    let inputs = described.first().copied().unwrap_or(0) as usize;
    let (inputs, outputs) = elements.split_at_checked(inputs).ok_or(Error::other(
        "`elements` names more inputs than it describes",
    ))?;
    let refused = |error| Error::other(format!("{error:?}"));
    let mut kernel = LiteKernel::new(Bus, inputs, outputs, PATIENCE).map_err(refused)?;
    let mut out = std::io::BufWriter::new(std::fs::File::create(results)?);
    for event in words(events)?.chunks_exact(inputs.len().max(1)) {
        let event: Vec<_> = event.iter().map(|&mantissa| mantissa as i32).collect();
        let mut scores = vec![0; outputs.len()];
        kernel.infer(&event, &mut scores).map_err(refused)?;
        for score in scores {
            out.write_all(&i64::from(score).to_le_bytes())?;
        }
    }
    out.flush()
}

fn words(path: &Path) -> Result<Vec<i64>> {
    let bytes = std::fs::read(path)?;
    let (words, _) = bytes.as_chunks::<8>();
    Ok(words.iter().map(|word| i64::from_le_bytes(*word)).collect())
}
