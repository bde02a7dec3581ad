//! Look-up tables as a tool packs them: nodes that are any function of a few
//! bits, merged into the nodes that read them while these have inputs left.

use std::collections::HashMap;

/// One bit of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Bit {
    /// It never changes.
    Constant(bool),
    /// A register, an input, the end of a carry chain, or a node.
    Signal(u32),
}

#[derive(Debug, Default)]
struct Node {
    /// What it is a function of; empty for what is no look-up table.
    inputs: Vec<u32>,
    /// Whether it must stand alone: something other than a node reads it.
    root: bool,
}

/// Functions of bits, in order of evaluation.
#[derive(Debug)]
pub(super) struct Functions {
    /// Inputs of a look-up table.
    most: usize,
    nodes: Vec<Node>,
    known: HashMap<(&'static str, Vec<Bit>), Bit>,
}

impl Functions {
    /// None yet, in a family whose look-up tables have so many inputs.
    pub fn new(most: u32) -> Self {
        Self {
            most: most as usize,
            nodes: Vec::new(),
            known: HashMap::new(),
        }
    }

    /// A bit that comes out of something else.
    pub fn source(&mut self) -> Bit {
        self.nodes.push(Node::default());
        Bit::Signal(self.nodes.len() as u32 - 1)
    }

    /// A function of bits that is the same as no other.
    pub fn distinct(&mut self, bits: &[Bit]) -> Bit {
        let mut inputs: Vec<u32> = bits.iter().filter_map(|bit| signal(*bit)).collect();
        inputs.sort_unstable();
        inputs.dedup();
        match inputs.is_empty() {
            true => Bit::Constant(false),
            false => Bit::Signal(self.push(inputs)),
        }
    }

    /// A function of bits, with the kind that makes it the same as another one
    /// of the same bits; one that can be split where it has too many.
    pub fn function(&mut self, kind: &'static str, bits: &[Bit]) -> Bit {
        let key = (kind, bits.to_vec());
        if let Some(&known) = self.known.get(&key) {
            return known;
        }
        let mut inputs: Vec<u32> = bits.iter().filter_map(|bit| signal(*bit)).collect();
        inputs.sort_unstable();
        inputs.dedup();
        let node = match inputs.is_empty() {
            true => Bit::Constant(false),
            false => {
                let mut first = 0;
                while inputs.len() - first > self.most {
                    let part = inputs[first..first + self.most].to_vec();
                    first += self.most;
                    inputs.push(self.push(part));
                }
                let rest = inputs[first..].to_vec();
                Bit::Signal(self.push(rest))
            }
        };
        self.known.insert(key, node);
        node
    }

    fn push(&mut self, inputs: Vec<u32>) -> u32 {
        self.nodes.push(Node {
            inputs,
            root: false,
        });
        self.nodes.len() as u32 - 1
    }

    /// Says that something other than a node reads a bit.
    pub fn read(&mut self, bit: Bit) {
        if let Some(at) = signal(bit) {
            self.nodes[at as usize].root = true;
        }
    }

    /// The look-up tables that remain.
    pub fn count(&self) -> u64 {
        let mut readers: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            for &input in &node.inputs {
                readers[input as usize].push(at);
            }
        }
        let mut cuts: Vec<Vec<u32>> = self.nodes.iter().map(|node| node.inputs.clone()).collect();
        let mut merged = vec![false; self.nodes.len()];
        for at in 0..self.nodes.len() {
            let node = &self.nodes[at];
            if node.inputs.is_empty() || node.root || readers[at].is_empty() {
                continue;
            }
            let with = |reader: usize| {
                let own = cuts[reader].iter().filter(|input| **input as usize != at);
                let mut all: Vec<u32> = own.chain(&cuts[at]).copied().collect();
                all.sort_unstable();
                all.dedup();
                (all.len() <= self.most).then_some(all)
            };
            let new: Option<Vec<_>> = readers[at].iter().map(|&reader| with(reader)).collect();
            if let Some(new) = new {
                // Its own inputs are read by its readers now.
                let own = cuts[at].clone();
                for (reader, cut) in readers[at].clone().into_iter().zip(new) {
                    cuts[reader] = cut;
                    for &input in &own {
                        readers[input as usize].retain(|&r| r != at && r != reader);
                        readers[input as usize].push(reader);
                    }
                }
                merged[at] = true;
            }
        }
        let stands = |at: &usize| {
            let node = &self.nodes[*at];
            !node.inputs.is_empty() && !merged[*at] && (node.root || !readers[*at].is_empty())
        };
        (0..self.nodes.len()).filter(stands).count() as u64
    }
}

fn signal(bit: Bit) -> Option<u32> {
    match bit {
        Bit::Signal(at) => Some(at),
        Bit::Constant(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_merge_while_inputs_are_left() {
        let mut functions = Functions::new(6);
        let bits: Vec<_> = (0..8).map(|_| functions.source()).collect();
        let small = functions.function("and", &bits[..2]);
        assert_eq!(functions.function("and", &bits[..2]), small, "the same");
        let one = functions.function("xor", &[small, bits[2]]);
        let other = functions.function("xor", &[small, bits[3]]);
        functions.read(one);
        functions.read(other);
        assert_eq!(functions.count(), 2, "both take the conjunction in");
        functions.read(small);
        assert_eq!(functions.count(), 3, "it is read by itself too");
        let wide = functions.function("or", &bits);
        functions.read(wide);
        assert_eq!(functions.count(), 5, "eight inputs take two");
    }
}
