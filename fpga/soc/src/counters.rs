//! What the loop counts. A counter at its end stays there.

/// Counters since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Counters {
    /// Events that were read and decided.
    pub events: u64,
    /// Events that were accepted.
    pub accepts: u64,
    /// Events with a feature at or beyond an end of its format: it was cut
    /// there, or nearly so, when it was converted.
    pub saturations: u64,
    /// Accepted events that were lost since the queue was full.
    pub queue_full: u64,
    /// Ticks of the clock that the slowest event took, from its last feature to
    /// the falling strobe.
    pub worst_latency: u32,
}

/// Counts one more.
pub(crate) fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
