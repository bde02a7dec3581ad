//! What a design takes of a part, in milliseconds and without a tool.
//!
//! Look-up tables are those that Yosys makes of the text, from its carry chains
//! and from how it packs functions of bits; registers and cycles are those of the
//! schedule.

use super::mapping::Mapping;
use crate::hardware::Design;

/// Resources and time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Look-up tables, as many inputs as the family has; inverters count.
    pub luts: u64,
    /// Registers of one bit, the valid bits among them.
    pub ffs: u64,
    /// Multiplier blocks: always none.
    pub dsps: u64,
    /// Block memories: always none.
    pub brams: u64,
    /// Cycles from an input to its output.
    pub cycles: u32,
    /// The fastest clock that the delay model allows, in MHz.
    pub clock_mhz: f64,
    /// Nanoseconds from an input to its output at the clock asked for.
    pub latency_ns: f64,
}

impl Estimate {
    /// The estimate of a design, for the part that it is made for.
    pub fn of(design: &Design) -> Self {
        let schedule = &design.schedule;
        Self {
            luts: Mapping::count(design),
            ffs: schedule.register_bits + u64::from(schedule.latency),
            dsps: 0,
            brams: 0,
            cycles: schedule.latency,
            clock_mhz: 1e3 / schedule.path_ns,
            latency_ns: schedule.nanoseconds(),
        }
    }
}
