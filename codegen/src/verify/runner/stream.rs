//! Runs a kernel on events from one file and writes its outputs to another,
//! both little-endian 64-bit integers.

mod glue;

use std::io::Write;

fn main() -> std::io::Result<()> {
    let paths: Vec<_> = std::env::args_os().skip(1).collect();
    let [events, results] = paths.as_slice() else {
        return Err(std::io::Error::other("usage: stream EVENTS RESULTS"));
    };
    let words = glue::read_words(events)?;
    let mut out = std::io::BufWriter::new(std::fs::File::create(results)?);
    for event in words.chunks_exact(glue::INPUT_WORDS.max(1)) {
        let result = glue::infer(&glue::event(event));
        for word in glue::words(&result) {
            out.write_all(&word.to_le_bytes())?;
        }
    }
    out.flush()
}
