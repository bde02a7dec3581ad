//! Times a kernel event by event, and a loop without it, and writes both lists
//! of nanoseconds as little-endian 64-bit integers.

mod glue;

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

fn main() -> std::io::Result<()> {
    let paths: Vec<_> = std::env::args_os().skip(1).collect();
    let [events, times] = paths.as_slice() else {
        return Err(std::io::Error::other("usage: latency EVENTS TIMES"));
    };
    let words = glue::read_words(events)?;
    let events: Vec<_> = words
        .chunks_exact(glue::INPUT_WORDS.max(1))
        .map(glue::event)
        .collect();
    for event in events.iter().take(10_000) {
        black_box(glue::infer(black_box(event)));
    }
    let kernel = time(&events, |event| {
        black_box(glue::infer(event));
    });
    let null = time(&events, |_| {});
    let mut out = std::io::BufWriter::new(std::fs::File::create(times)?);
    for nanoseconds in kernel.into_iter().chain(null) {
        out.write_all(&nanoseconds.to_le_bytes())?;
    }
    out.flush()
}

fn time(events: &[glue::Event], body: impl Fn(&glue::Event)) -> Vec<u64> {
    let mut times = vec![0; events.len()];
    for (time, event) in times.iter_mut().zip(events) {
        let event = black_box(event);
        let start = Instant::now();
        body(event);
        *time = start.elapsed().as_nanos() as u64;
    }
    times
}
