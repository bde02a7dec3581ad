//! Counts the instructions of each event.

use anyhow::{Context as _, Result, bail};
use trigforge_codegen::verify::{Events, RustKernel};

use crate::context::Context;

/// The function around the kernel that callgrind counts.
const FUNCTION: &str = "trigforge_infer";

/// Instructions that the kernel executes for each event, exactly.
///
/// Callgrind counts inside of the kernel's function only, and writes a profile
/// whenever it returns; the total of a profile is the count of one event.
pub fn counts(context: &Context, kernel: &RustKernel, events: &Events) -> Result<Vec<u64>> {
    let given = kernel.write_events(events)?;
    let profile = kernel.folder().join("callgrind.out");
    let mut command = context.command("valgrind");
    command.args([
        "-q",
        "--tool=callgrind",
        "--combine-dumps=yes",
        "--collect-atstart=no",
    ]);
    command.arg(format!("--toggle-collect={FUNCTION}"));
    command.arg(format!("--dump-after={FUNCTION}"));
    command.arg(format!("--callgrind-out-file={}", profile.display()));
    command
        .arg(kernel.program())
        .arg(given)
        .arg(kernel.folder().join("results"));
    crate::process::capture(&mut command)?;
    let text = std::fs::read_to_string(&profile).context("callgrind wrote no profile")?;
    let counts = totals(&text)?;
    if counts.len() != events.len() {
        bail!(
            "callgrind counted {} events, expected {}",
            counts.len(),
            events.len()
        );
    }
    Ok(counts)
}

/// The totals of the profiles, without the empty one at the program's end.
fn totals(profile: &str) -> Result<Vec<u64>> {
    let lines = profile
        .lines()
        .filter_map(|line| line.strip_prefix("totals: "));
    let counts: Result<Vec<u64>, _> = lines.map(|total| total.trim().parse()).collect();
    let mut counts = counts.context("callgrind's profile holds a total that is no number")?;
    counts.retain(|&count| count > 0);
    Ok(counts)
}

/// The count that all events share.
///
/// # Errors
///
/// The first event whose count differs from that of the first.
pub fn one_count(counts: &[u64]) -> Result<u64> {
    let Some(&first) = counts.first() else {
        bail!("no event was counted");
    };
    match counts.iter().position(|&count| count != first) {
        None => Ok(first),
        Some(event) => {
            bail!(
                "event 0 takes {first} instructions, event {event} takes {}",
                counts[event]
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_read_and_compared() -> Result<()> {
        let same = "events: Ir\ntotals: 3971\n\npart: 2\ntotals: 3971\ntotals: 0\n";
        assert_eq!(totals(same)?, [3971, 3971]);
        assert_eq!(one_count(&totals(same)?)?, 3971);
        let other = totals("totals: 3971\ntotals: 3972\n")?;
        let message = one_count(&other).map_err(|error| error.to_string());
        assert_eq!(
            message,
            Err("event 0 takes 3971 instructions, event 1 takes 3972".to_owned())
        );
        assert!(one_count(&[]).is_err());
        Ok(())
    }
}
