//! What a design takes of a part, in milliseconds and without a tool.
//!
//! Each gate has the look-up tables that Yosys makes of its text: one for each
//! bit of a carry chain with two operands that vary, and an inverter or nothing
//! where one is constant; one for each bit that is chosen; trees of them for
//! wide conditions. What neighbours share is not seen.

use trigforge::{Overflow, Rounding};

use crate::circuit::{Gate, Wire};
use crate::hardware::{Design, Source};

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
        let gates = 0..design.circuit.definitions().len();
        let counter = Counter {
            design,
            inputs: schedule.target.part.delays().inputs,
        };
        let luts = gates
            .filter(|&at| design.wiring.is_own(Wire(at as u32)))
            .map(|at| counter.gate(at))
            .sum();
        Self {
            luts,
            ffs: schedule.register_bits + u64::from(schedule.latency),
            dsps: 0,
            brams: 0,
            cycles: schedule.latency,
            clock_mhz: 1e3 / schedule.path_ns,
            latency_ns: schedule.nanoseconds(),
        }
    }
}

struct Counter<'d> {
    design: &'d Design,
    /// Inputs of a look-up table.
    inputs: u32,
}

impl Counter<'_> {
    fn width(&self, wire: Wire) -> u32 {
        self.design.circuit.definition(wire).format.width()
    }

    fn f(&self, wire: Wire) -> i32 {
        self.design.circuit.definition(wire).format.f()
    }

    /// A constant's mantissa, aligned to `f`.
    fn constant(&self, wire: Wire, f: i32) -> Option<i128> {
        match self.design.wiring.source(wire) {
            Source::Constant(m) => Some(i128::from(m) << (f - self.f(wire)).clamp(0, 63)),
            Source::Bits { .. } => None,
        }
    }

    /// Low bits of a wire that are always zero, once aligned to `f`.
    fn zeros(&self, wire: Wire, f: i32) -> u32 {
        let shift = (f - self.f(wire)).max(0).unsigned_abs();
        match self.design.wiring.source(wire) {
            Source::Constant(m) => shift + m.trailing_zeros(),
            Source::Bits { shift: below, .. } => shift + below,
        }
    }

    /// Low bits of a wire that vary, once aligned to `f`: above them, one
    /// without a sign is zero.
    fn top(&self, wire: Wire, f: i32) -> u32 {
        let format = self.design.circuit.definition(wire).format;
        match format.k() {
            true => u32::MAX,
            false => format.width() + (f - format.f()).max(0).unsigned_abs(),
        }
    }

    /// A function of so many bits that can be split.
    fn tree(&self, bits: u32) -> u64 {
        u64::from(bits.saturating_sub(1).div_ceil(self.inputs - 1))
    }

    fn gate(&self, at: usize) -> u64 {
        let definition = self.design.circuit.definitions()[at];
        let own = definition.format.width();
        match definition.gate {
            Gate::Input { .. } | Gate::Constant { .. } | Gate::Shift { .. } => 0,
            Gate::Add(a, b) => self.sum(a, b, own, false),
            Gate::Sub(a, b) => self.sum(a, b, own, true),
            Gate::Mul(a, b) => {
                let (a, b) = (u64::from(self.width(a)), u64::from(self.width(b)));
                // A row of sums for each bit of the one but the first.
                a.max(b) * a.min(b).saturating_sub(1) + a.min(b)
            }
            Gate::Select(c, a, b) => {
                let varies = |wire| self.constant(wire, self.f(wire)).is_none();
                let chosen = match varies(a) || varies(b) {
                    true => own,
                    false => 1,
                };
                u64::from(chosen) + self.tree(self.width(c))
            }
            Gate::Less(a, b) | Gate::LessEqual(a, b) => {
                let f = self.f(a).max(self.f(b));
                match (self.constant(a, f), self.constant(b, f)) {
                    (_, Some(0)) => 0,
                    (Some(_), _) | (_, Some(_)) => self.tree(self.width(a).max(self.width(b))),
                    _ => u64::from(self.width(a).max(self.width(b))),
                }
            }
            Gate::Equal(a, b) => self.tree(self.width(a) + self.width(b)),
            Gate::And(..) | Gate::Or(..) | Gate::Xor(..) => own.into(),
            Gate::Table { a, .. } => {
                let beyond = self.width(a).saturating_sub(self.inputs).min(40);
                u64::from(own) << beyond
            }
            Gate::Requantize {
                a,
                to,
                rounding,
                overflow,
            } => self.requantize(a, to, (rounding, overflow), own),
        }
    }

    /// The chain above the bits that pass.
    fn sum(&self, a: Wire, b: Wire, own: u32, minus: bool) -> u64 {
        let f = self.f(a).max(self.f(b));
        let below = match minus {
            true => self.zeros(b, f),
            false => self.zeros(a, f).max(self.zeros(b, f)),
        };
        let chain = own.saturating_sub(below);
        let ones = |m: i128| {
            let bits = (m >> below.min(127)) & ((1i128 << chain.min(126)) - 1);
            bits.count_ones()
        };
        u64::from(match (self.constant(a, f), self.constant(b, f)) {
            // An inverter where the constant has a one.
            (Some(m), None) if !minus => ones(m),
            (None, Some(m)) => ones(if minus { -m } else { m }),
            (Some(m), None) => chain - ones(m).min(chain),
            // Where one of them is zero, the chain takes the other as it is.
            _ => {
                let both = match minus {
                    true => self.top(b, f),
                    false => self.top(a, f).min(self.top(b, f)),
                };
                own.min(both).saturating_sub(below)
            }
        })
    }

    fn requantize(
        &self,
        a: Wire,
        to: trigforge::Format,
        (rounding, overflow): (Rounding, Overflow),
        own: u32,
    ) -> u64 {
        let width = self.width(a);
        let dropped = (self.f(a) - to.f()).max(0).unsigned_abs().min(width);
        let range = self.design.info.ranges[a.index()];
        let mut luts = 0;
        if dropped > self.zeros(a, self.f(a)) && rounding != Rounding::Trn {
            // The condition, and the first bit of the increment.
            luts += self.tree(dropped + 1) + 1;
        }
        let leaves = |m: i64| !to.contains(m >> dropped.min(63));
        if overflow != Overflow::Wrap && (leaves(range.lo) || leaves(range.hi)) {
            let above = (width - dropped + 1).saturating_sub(to.width());
            luts += u64::from(own) + self.tree(above + 1);
        }
        luts
    }
}
