//! Where registers stand so that they hold the fewest bits.
//!
//! The cycle of each gate is a potential; the bits that are held are a sum of
//! differences of potentials, and every rule (operands first, long paths apart)
//! bounds such a difference. The bits are then an L-natural convex function,
//! whose minimum is reached from the earliest schedule by steps that delay a
//! set of gates by one cycle (K. Murota, Discrete Convex Analysis, SIAM 2003,
//! ch. 10). The best set of a step is a smallest cut. Long paths are found as
//! steps make them.

use std::collections::BTreeMap;

use super::flow::{INFINITE, Network};

/// Gates as a graph, in order of evaluation.
#[derive(Debug)]
pub(super) struct Gates {
    /// Who reads whom: the operands of each gate.
    pub reads: Vec<Vec<usize>>,
    /// Nanoseconds through each gate.
    pub delays: Vec<f64>,
    /// Bits of each result.
    pub bits: Vec<u64>,
    /// Gates that cannot move: inputs, and what is no gate of its own.
    pub fixed: Vec<bool>,
    /// Gates whose results leave.
    pub outputs: Vec<usize>,
}

/// A path that does not fit in a cycle: the second gate must compute in a later
/// cycle than the first.
type Apart = (usize, usize);

/// Most cuts that are made before the schedule is left as it is by then.
const MOST_ROUNDS: usize = 200;

impl Gates {
    /// The last cycle in which each result is needed.
    fn last(&self, cycles: &[u32], latency: u32) -> Vec<u32> {
        let mut last = cycles.to_vec();
        for (gate, reads) in self.reads.iter().enumerate() {
            for &read in reads {
                last[read] = last[read].max(cycles[gate]);
            }
        }
        for &output in &self.outputs {
            last[output] = latency;
        }
        last
    }

    /// Bits of all registers.
    pub fn held(&self, cycles: &[u32], latency: u32) -> u64 {
        let last = self.last(cycles, latency);
        let spans = last.iter().zip(cycles).zip(&self.bits);
        spans
            .map(|((last, first), bits)| u64::from(last - first) * bits)
            .sum()
    }

    /// The longest path within a cycle.
    pub fn path(&self, cycles: &[u32]) -> f64 {
        self.arrivals(cycles).into_iter().fold(0.0, f64::max)
    }

    fn arrivals(&self, cycles: &[u32]) -> Vec<f64> {
        let mut arrivals: Vec<f64> = Vec::with_capacity(cycles.len());
        for (gate, reads) in self.reads.iter().enumerate() {
            let same = reads.iter().filter(|&&read| cycles[read] == cycles[gate]);
            let before = same.map(|&read| arrivals[read]).fold(0.0, f64::max);
            arrivals.push(before + self.delays[gate]);
        }
        arrivals
    }

    /// Paths of one cycle that take longer than there is room: each gate at
    /// which one becomes too long, with the last gates in front of it that the
    /// paths can be cut behind.
    fn too_long(&self, cycles: &[u32], room: f64) -> Vec<Apart> {
        let arrivals = self.arrivals(cycles);
        let same = |gate: usize| {
            let reads = self.reads[gate].iter().copied();
            reads.filter(move |&read| cycles[read] == cycles[gate])
        };
        let mut found = Vec::new();
        for (end, &arrival) in arrivals.iter().enumerate() {
            if arrival <= room || same(end).any(|read| arrivals[read] > room) {
                continue;
            }
            // The longest way from each gate to the end, the later gates first.
            let mut ways = BTreeMap::from([(end, self.delays[end])]);
            while let Some((gate, way)) = ways.pop_last() {
                if way > room {
                    found.push((gate, end));
                    continue;
                }
                for read in same(gate) {
                    let longer = way + self.delays[read];
                    // No path through it is too long.
                    if longer - self.delays[read] + arrivals[read] > room {
                        let known = ways.entry(read).or_insert(longer);
                        *known = known.max(longer);
                    }
                }
            }
        }
        found
    }

    /// Delays gates, cycle by cycle, until no set of them saves a bit. `cycles`
    /// is the earliest schedule, whose paths all fit in `room` nanoseconds.
    pub fn retime(&self, cycles: &mut [u32], latency: u32, room: f64) {
        // Rounding of sums must not look like a path.
        let room = room * (1.0 + 1e-9);
        let mut apart = Vec::new();
        let mut rounds = 0;
        loop {
            let (source, sink) = (2 * cycles.len(), 2 * cycles.len() + 1);
            let mut network = self.network(cycles, latency, &apart);
            loop {
                let mut moved = network.cut(source, sink);
                moved.truncate(cycles.len());
                rounds += 1;
                if !moved.contains(&true) || rounds > MOST_ROUNDS {
                    return;
                }
                let delayed = cycles.iter().zip(&moved);
                let next: Vec<_> = delayed.map(|(c, moved)| c + u32::from(*moved)).collect();
                let long = self.too_long(&next, room);
                if long.is_empty() {
                    cycles.copy_from_slice(&next);
                    break;
                }
                // The first has moved and the second has not: both must.
                for &(first, second) in &long {
                    network.arc(first, second, INFINITE);
                }
                apart.extend(long);
            }
        }
    }

    /// A network whose smallest cut holds, with its source, the gates whose
    /// delay by a cycle saves the most bits.
    fn network(&self, cycles: &[u32], latency: u32, apart: &[Apart]) -> Network {
        let count = cycles.len();
        let last = self.last(cycles, latency);
        let mut leaves = vec![false; count];
        self.outputs
            .iter()
            .for_each(|&output| leaves[output] = true);
        // A gate, and behind all gates the end of its result's life.
        let (source, sink) = (2 * count, 2 * count + 1);
        let mut network = Network::new(2 * count + 2);
        for gate in 0..count {
            if self.fixed[gate] || cycles[gate] + 1 >= latency {
                network.arc(gate, sink, INFINITE);
            }
            if !self.fixed[gate] {
                network.arc(source, gate, self.bits[gate]);
            }
            if leaves[gate] {
                // It ends with the pipeline.
                continue;
            }
            network.arc(count + gate, sink, self.bits[gate]);
            if last[gate] == cycles[gate] {
                network.arc(gate, count + gate, INFINITE);
            }
        }
        for (gate, reads) in self.reads.iter().enumerate() {
            for &read in reads {
                if cycles[read] == cycles[gate] {
                    network.arc(read, gate, INFINITE);
                }
                if !leaves[read] && last[read] == cycles[gate] {
                    network.arc(gate, count + read, INFINITE);
                }
            }
        }
        for &(first, second) in apart {
            if cycles[second] == cycles[first] + 1 {
                network.arc(first, second, INFINITE);
            }
        }
        network
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All schedules of a few gates, the best one's bits.
    fn exhaustive(gates: &Gates, latency: u32, room: f64) -> Option<u64> {
        // The first two are inputs, in cycle 0.
        let count = gates.delays.len();
        let mut best = None;
        for code in 0..latency.pow(count as u32 - 2) {
            let digit = |gate: usize| code / latency.pow(gate as u32 - 2) % latency;
            let cycles: Vec<_> = (0..count)
                .map(|gate| if gate < 2 { 0 } else { digit(gate) })
                .collect();
            let in_order = gates
                .reads
                .iter()
                .enumerate()
                .all(|(gate, reads)| reads.iter().all(|&read| cycles[read] <= cycles[gate]));
            if in_order && gates.path(&cycles) <= room {
                let held = gates.held(&cycles, latency);
                best = Some(best.map_or(held, |best: u64| best.min(held)));
            }
        }
        best
    }

    #[test]
    fn no_schedule_holds_fewer_bits() {
        let mut state = 7u64;
        let mut draw = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % below
        };
        let mut saved = 0;
        for _ in 0..200 {
            let count = 7;
            let mut gates = Gates {
                reads: Vec::new(),
                delays: Vec::new(),
                bits: Vec::new(),
                fixed: Vec::new(),
                outputs: vec![count - 1],
            };
            for gate in 0..count {
                let input = gate < 2;
                let mut reads = Vec::new();
                if !input {
                    reads.push(draw(gate as u64) as usize);
                    let other = draw(gate as u64) as usize;
                    if !reads.contains(&other) {
                        reads.push(other);
                    }
                }
                gates.reads.push(reads);
                gates.delays.push(if input {
                    0.0
                } else {
                    0.5 + draw(3) as f64 * 0.25
                });
                gates.bits.push(1 + draw(9));
                gates.fixed.push(input);
            }
            let (room, latency) = (1.25, 5);
            // The earliest schedule.
            let mut cycles = vec![0; count];
            let mut arrivals = vec![0.0; count];
            for gate in 2..count {
                let reads = &gates.reads[gate];
                let cycle = reads.iter().map(|&read| cycles[read]).max().unwrap_or(0);
                let same = reads.iter().filter(|&&read| cycles[read] == cycle);
                let before = same.map(|&read| arrivals[read]).fold(0.0, f64::max);
                let fits = before + gates.delays[gate] <= room;
                cycles[gate] = if fits { cycle } else { cycle + 1 };
                arrivals[gate] = gates.delays[gate] + if fits { before } else { 0.0 };
            }
            if cycles.iter().any(|&cycle| cycle >= latency) {
                continue;
            }
            let earliest = gates.held(&cycles, latency);
            gates.retime(&mut cycles, latency, room);
            assert!(gates.path(&cycles) <= room);
            let held = gates.held(&cycles, latency);
            assert_eq!(Some(held), exhaustive(&gates, latency, room), "{gates:?}");
            saved += earliest - held;
        }
        assert!(saved > 500, "{saved}");
    }
}
