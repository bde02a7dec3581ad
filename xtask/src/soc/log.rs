//! What the firmware says, as text.

use anyhow::{Context as _, Result};

/// What one pass over the events showed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Pass {
    /// Counters by name.
    pub counters: Vec<(String, u64)>,
    /// Numbers of the events that were taken from the queue.
    pub kept: Vec<u64>,
    /// The accept line at each falling strobe.
    pub decisions: Vec<bool>,
}

/// All passes, in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// What it says of the threshold.
    pub threshold: Option<[i64; 2]>,
    /// The passes.
    pub passes: Vec<Pass>,
}

impl Log {
    /// Reads what `defmt-print` or semihosting gave. A pass ends with its
    /// decisions, in words of 64 events.
    pub fn parse(text: &str) -> Result<Self> {
        let mut log = Self::default();
        let mut pass = Pass::default();
        for line in text.lines() {
            if let Some(rest) = after(line, "kept ") {
                if !pass.decisions.is_empty() {
                    log.passes.push(std::mem::take(&mut pass));
                }
                pass.kept
                    .push(rest.trim().parse().context(line.to_owned())?);
            } else if let Some(rest) = after(line, "threshold: score ") {
                let mut numbers = rest.split(" at least ").map(|n| n.trim().parse());
                let mut next = || numbers.next().context(line.to_owned());
                log.threshold = Some([next()??, next()??]);
            } else if line.contains("events") && line.contains("worst_latency") {
                pass.counters = counters(line);
            } else if let Some(rest) = after(line, "decisions ") {
                let word = rest.split_whitespace().nth(1).context(line.to_owned())?;
                let word = u64::from_str_radix(word, 16).context(line.to_owned())?;
                let count = pass.counter("events").context("no counters")? as usize;
                let left = count.saturating_sub(pass.decisions.len()).min(64);
                pass.decisions
                    .extend((0..left).map(|bit| word >> bit & 1 == 1));
            }
        }
        log.passes.push(pass);
        Ok(log)
    }
}

impl Pass {
    /// A counter.
    pub fn counter(&self, name: &str) -> Option<u64> {
        let found = self.counters.iter().find(|(found, _)| found == name);
        found.map(|(_, count)| *count)
    }
}

fn after<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.split_once(key).map(|(_, rest)| rest)
}

/// Counters as `name=5` or `name: 5`.
fn counters(line: &str) -> Vec<(String, u64)> {
    let words: Vec<_> = line
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .collect();
    let pairs = words.windows(2);
    pairs
        .filter_map(|pair| Some((pair[0].to_owned(), pair[1].parse().ok()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_text_are_read() -> Result<()> {
        let decoded = "INFO threshold: score 4 at least -12\nINFO kept 1\nINFO kept 2\n\
                       INFO events=3 accepts=2 worst_latency=9\nINFO decisions 0 0000000000000006\n\
                       INFO kept 0\nINFO events=1 accepts=1 worst_latency=8\nINFO decisions 0 1\n";
        let log = Log::parse(decoded)?;
        assert_eq!(log.threshold, Some([4, -12]));
        assert_eq!(log.passes.len(), 2);
        assert_eq!(log.passes[0].kept, [1, 2]);
        assert_eq!(log.passes[0].decisions, [false, true, true]);
        assert_eq!(log.passes[1].decisions, [true]);
        let plain = "Counters { events: 2, accepts: 1, worst_latency: 70 }\ndecisions 0 02\n";
        let log = Log::parse(plain)?;
        assert_eq!(log.passes[0].counter("worst_latency"), Some(70));
        assert_eq!(log.passes[0].decisions, [false, true]);
        Ok(())
    }
}
