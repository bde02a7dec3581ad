//! The clock cycle in which each gate computes.

use thiserror::Error;

use super::retime::Gates;
use crate::adders::Options;
use crate::circuit::{Circuit, Gate, Info, Wire};
use crate::hardware::{Part, Source, Wiring};

/// Most gates whose registers are moved: beyond, it would take minutes.
const MOST_RETIMED: usize = 100_000;

/// What a design is made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// The part.
    pub part: Part,
    /// The clock in MHz.
    pub clock_mhz: f64,
    /// The cycles from input to output; `None` for as few as the clock allows.
    pub latency: Option<u32>,
    /// The most nanoseconds that they may take.
    pub budget_ns: Option<f64>,
    /// How long to search for shared adders ([`Options::effort`](crate::adders::Options)).
    pub effort: u32,
}

impl Default for Target {
    /// A VU9P at 200 MHz.
    fn default() -> Self {
        Self {
            part: Part::Xcvu9p,
            clock_mhz: 200.0,
            latency: None,
            budget_ns: None,
            effort: Options::DEFAULT_EFFORT,
        }
    }
}

/// Time that a circuit does not keep.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// The clock is no frequency.
    #[error("a clock of {mhz} MHz is not one")]
    Clock {
        /// What was asked for.
        mhz: f64,
    },
    /// One gate takes longer than a cycle.
    #[error(
        "wire %{index} ({gate}) of {bits} bits alone takes {needed:.2} ns with its registers on \
         {part}; a cycle at {mhz} MHz is {period:.2} ns: ask for at most {most:.0} MHz"
    )]
    Gate {
        /// Position in the circuit.
        index: usize,
        /// The gate's name.
        gate: &'static str,
        /// Bits of its result.
        bits: u32,
        /// What it takes.
        needed: f64,
        /// The part.
        part: Part,
        /// The clock.
        mhz: f64,
        /// A cycle.
        period: f64,
        /// The fastest clock that this gate allows.
        most: f64,
    },
    /// There are not enough cycles.
    #[error(
        "the circuit needs {needed} cycles at {mhz} MHz on {part}, {asked} were asked for; the \
         longest path ends in wire %{index} ({gate})"
    )]
    Latency {
        /// Cycles that it needs.
        needed: u32,
        /// Cycles that were asked for.
        asked: u32,
        /// The clock.
        mhz: f64,
        /// The part.
        part: Part,
        /// Where the longest path ends.
        index: usize,
        /// Its gate.
        gate: &'static str,
    },
    /// The cycles take too long.
    #[error(
        "{cycles} cycles at {mhz} MHz on {part} take {taken:.2} ns, the budget is {budget} ns; \
         the longest path ends in wire %{index} ({gate}). Ask for a slower clock (fewer, longer \
         cycles waste less on registers), another part, or narrow the model"
    )]
    Budget {
        /// Cycles that the circuit needs.
        cycles: u32,
        /// The clock.
        mhz: f64,
        /// The part.
        part: Part,
        /// What they take.
        taken: f64,
        /// What was asked for.
        budget: f64,
        /// Where the longest path ends.
        index: usize,
        /// Its gate.
        gate: &'static str,
    },
}

/// When each gate computes.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// What was asked for.
    pub target: Target,
    /// Registers on every path from an input to an output; all outputs come
    /// out of registers.
    pub latency: u32,
    /// For each wire the cycle in which it is computed, from 0. A wire that is
    /// read in a later one is held in registers until then.
    pub cycles: Vec<u32>,
    /// The longest path between two registers, in nanoseconds.
    pub path_ns: f64,
    /// Bits of all registers that hold data.
    pub register_bits: u64,
}

impl Schedule {
    /// Places the gates of a circuit.
    ///
    /// # Errors
    ///
    /// A gate that is slower than the clock, or more cycles than allowed.
    pub fn new(
        circuit: &Circuit,
        info: &Info,
        wiring: &Wiring,
        target: &Target,
    ) -> Result<Self, ScheduleError> {
        let mhz = target.clock_mhz;
        if !(mhz.is_finite() && mhz > 0.0) {
            return Err(ScheduleError::Clock { mhz });
        }
        let delays = target.part.delays();
        let own: Vec<_> = (0..circuit.definitions().len())
            .map(|at| delays.gate(circuit, info, wiring, at))
            .collect();
        let overhead = delays.register + delays.net;
        let period = 1e3 / mhz;
        let slow = own.iter().enumerate();
        if let Some((index, &delay)) = slow.max_by(|a, b| a.1.total_cmp(b.1))
            && delay + overhead > period
        {
            let definition = circuit.definitions()[index];
            return Err(ScheduleError::Gate {
                index,
                gate: definition.gate.name(),
                bits: definition.format.width(),
                needed: delay + overhead,
                part: target.part,
                mhz,
                period,
                most: (1e3 / (delay + overhead)).floor(),
            });
        }
        let gates = gates(circuit, wiring, own);
        let room = period - overhead;
        let mut cycles = earliest(&gates, room);
        let last = |wire: &Wire| match wiring.source(*wire) {
            Source::Bits { wire, .. } => (cycles[wire.index()], wire.index()),
            Source::Constant(_) => (0, wire.index()),
        };
        let outputs = circuit.outputs().iter().flat_map(|port| &port.wires);
        let (deepest, index) = outputs.map(last).max().unwrap_or((0, 0));
        let needed = deepest + 1;
        let gate = circuit
            .definitions()
            .get(index)
            .map_or("", |definition| definition.gate.name());
        let latency = target.latency.unwrap_or(needed);
        if latency < needed {
            return Err(ScheduleError::Latency {
                needed,
                asked: latency,
                mhz,
                part: target.part,
                index,
                gate,
            });
        }
        let taken = f64::from(latency) * period;
        if let Some(budget) = target.budget_ns.filter(|&budget| taken > budget) {
            return Err(ScheduleError::Budget {
                cycles: latency,
                mhz,
                part: target.part,
                taken,
                budget,
                index,
                gate,
            });
        }
        if cycles.len() <= MOST_RETIMED {
            gates.retime(&mut cycles, latency, room);
        }
        Ok(Self {
            target: *target,
            latency,
            register_bits: gates.held(&cycles, latency),
            path_ns: gates.path(&cycles) + overhead,
            cycles,
        })
    }

    /// The nanoseconds from an input to its output.
    pub fn nanoseconds(&self) -> f64 {
        f64::from(self.latency) * 1e3 / self.target.clock_mhz
    }
}

/// The gates of a circuit for their cycles.
fn gates(circuit: &Circuit, wiring: &Wiring, delays: Vec<f64>) -> Gates {
    let own = |at: usize| wiring.is_own(Wire(at as u32));
    let definitions = circuit.definitions();
    let reads = definitions.iter().enumerate().map(|(at, definition)| {
        let reads = wiring.reads(&definition.gate).map(Wire::index);
        // What only names bits of another wire is read as that wire.
        reads.filter(|_| own(at)).collect()
    });
    let is_fixed = |at: usize| matches!(definitions[at].gate, Gate::Input { .. }) || !own(at);
    let wires = circuit.outputs().iter().flat_map(|port| &port.wires);
    let outputs = wires.filter_map(|&wire| match wiring.source(wire) {
        Source::Bits { wire, .. } => Some(wire.index()),
        Source::Constant(_) => None,
    });
    Gates {
        reads: reads.collect(),
        delays,
        bits: definitions
            .iter()
            .map(|d| d.format.width().into())
            .collect(),
        fixed: (0..definitions.len()).map(is_fixed).collect(),
        outputs: outputs.collect(),
    }
}

/// Every gate in the earliest cycle in which its operands leave it the time.
fn earliest(gates: &Gates, room: f64) -> Vec<u32> {
    let mut cycles: Vec<u32> = Vec::with_capacity(gates.delays.len());
    let mut arrivals: Vec<f64> = Vec::with_capacity(gates.delays.len());
    for (reads, &delay) in gates.reads.iter().zip(&gates.delays) {
        let (mut cycle, mut arrival) = (0, 0.0);
        for &read in reads {
            if cycles[read] > cycle {
                (cycle, arrival) = (cycles[read], arrivals[read]);
            } else if cycles[read] == cycle && arrivals[read] > arrival {
                arrival = arrivals[read];
            }
        }
        arrival += delay;
        if arrival > room {
            cycle += 1;
            arrival = delay;
        }
        cycles.push(cycle);
        arrivals.push(arrival);
    }
    cycles
}
