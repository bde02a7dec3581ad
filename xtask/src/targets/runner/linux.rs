//! Runs a kernel under Linux: `runner EVENTS RESULTS`.

mod glue;
mod measure;

use std::io::Write;

fn main() -> std::io::Result<()> {
    let paths: Vec<_> = std::env::args_os().skip(1).collect();
    let [events, results] = paths.as_slice() else {
        return Err(std::io::Error::other("usage: runner EVENTS RESULTS"));
    };
    let words = glue::read_words(events)?;
    let mut out = std::io::BufWriter::new(std::fs::File::create(results)?);
    let mut deepest = 0;
    for (index, event) in words.chunks_exact(glue::INPUT_WORDS.max(1)).enumerate() {
        let (output, stack) = measure::run(index, &glue::event(event));
        deepest = deepest.max(stack as i64);
        for word in glue::words(&output) {
            out.write_all(&word.to_le_bytes())?;
        }
    }
    out.write_all(&deepest.to_le_bytes())?;
    out.flush()
}
