//! Events as mantissas, and random ones.

use crate::emit::rust::Interface;
use crate::ir::Interval;
use crate::ports::WithPorts;

/// Events of a model: for each, the mantissas of all inputs in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    lengths: Vec<usize>,
    mantissas: Vec<i64>,
}

impl Events {
    /// No events yet, for a model's inputs.
    pub fn new(model: &impl WithPorts) -> Self {
        let ports = model.ports();
        Self {
            lengths: ports.inputs.iter().map(|input| input.ty.len()).collect(),
            mantissas: Vec::new(),
        }
    }

    /// Appends an event: the mantissas of each input.
    pub fn push(&mut self, inputs: &[Vec<i64>]) {
        debug_assert!(inputs.iter().map(Vec::len).eq(self.lengths.iter().copied()));
        self.mantissas.extend(inputs.iter().flatten());
    }

    /// Mantissas of one event.
    pub fn width(&self) -> usize {
        self.lengths.iter().sum()
    }

    /// Number of events.
    pub fn len(&self) -> usize {
        self.mantissas.len().checked_div(self.width()).unwrap_or(0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.mantissas.is_empty()
    }

    /// The mantissas of each input of an event.
    pub fn inputs(&self, event: usize) -> Vec<&[i64]> {
        let mut rest = &self.mantissas[event * self.width()..][..self.width()];
        let mut inputs = Vec::with_capacity(self.lengths.len());
        for &length in &self.lengths {
            let (input, after) = rest.split_at(length);
            inputs.push(input);
            rest = after;
        }
        inputs
    }

    /// All mantissas in a row.
    pub fn mantissas(&self) -> &[i64] {
        &self.mantissas
    }

    /// The first events, at most `count`.
    pub fn truncated(&self, count: usize) -> Self {
        Self {
            lengths: self.lengths.clone(),
            mantissas: self.mantissas[..count.min(self.len()) * self.width()].to_vec(),
        }
    }
}

/// A small generator of random numbers (SplitMix64): the same events for the
/// same seed, on every machine and in every version.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn in_range(&mut self, range: Interval) -> i64 {
        let count = i128::from(range.hi) - i128::from(range.lo) + 1;
        let offset = i128::from(self.next()) % count;
        (i128::from(range.lo) + offset) as i64
    }
}

/// Random events over all mantissas that the kernel's containers can hold.
///
/// Three in four are uniform over the inputs' formats; the others mix the
/// formats' extremes, zero, and words that lie outside of a format.
pub fn random_events(model: &impl WithPorts, count: usize, seed: u64) -> Events {
    let mut random = SplitMix64(seed);
    let mut events = Events::new(model);
    let interface = Interface::of(model);
    let ports = model.ports();
    for _ in 0..count {
        let extreme = random.next().is_multiple_of(4);
        let mut inputs = Vec::new();
        for (input, port) in ports.inputs.iter().zip(&interface.inputs) {
            let word = Interval {
                lo: i64::MIN >> (64 - port.bits),
                hi: i64::MAX >> (64 - port.bits),
            };
            let mantissas = input.ty.element_formats().into_iter().map(|format| {
                let inside = Interval::of(format);
                match random.next() % 6 {
                    0 if extreme => inside.lo,
                    1 if extreme => inside.hi,
                    2 if extreme => 0,
                    3 if extreme => random.in_range(word),
                    _ => random.in_range(inside),
                }
            });
            inputs.push(mantissas.collect());
        }
        events.push(&inputs);
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::parse;

    #[test]
    fn random_events_reach_extremes_and_beyond() -> Result<(), Box<dyn std::error::Error>> {
        let module = parse(
            r#"
            trigforge-ir 0.1
            module "m"
            %0 "x" = input {rounding=TRN, overflow=WRAP} : [4] fix(1,3,8)
            output "y" = %0
            "#,
        )?;
        let events = random_events(&module, 1_000, 7);
        assert_eq!(events.len(), 1_000);
        assert_eq!(events, random_events(&module, 1_000, 7));
        assert_ne!(events, random_events(&module, 1_000, 8));
        let all = events.mantissas();
        assert!(all.contains(&2047) && all.contains(&-2048) && all.contains(&0));
        assert!(all.iter().any(|m| !(-2048..=2047).contains(m)));
        assert!(all.iter().all(|m| i16::try_from(*m).is_ok()));
        Ok(())
    }
}
