//! Graphs of adders: what they compute, exactly.

use std::collections::HashMap;

use crate::ir::Interval;

/// A value that a graph reads: mantissas `range`, in units of `2^-f`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// The mantissas that it can take; one if it is a constant.
    pub range: Interval,
    /// Fractional bits.
    pub f: i32,
    /// Adders in a row in front of it.
    pub depth: u32,
}

/// `± wire * 2^shift`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    /// A source, or after them all a node.
    pub wire: u32,
    /// Power of two.
    pub shift: i32,
    /// Whether the value has the other sign.
    pub negative: bool,
}

/// One adder, or one subtractor: `a * 2^a_shift ± b * 2^b_shift`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    /// First operand, never negative.
    pub a: Term,
    /// Second operand; negative if it is subtracted.
    pub b: Term,
}

/// Adders in order of evaluation, and the sums that they make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    pub(super) sources: Vec<Source>,
    pub(super) nodes: Vec<Node>,
    pub(super) outputs: Vec<Option<Term>>,
}

impl Graph {
    /// The values that are read: inputs, then constants.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The adders; an operand is a source or a node before its own.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The sum of each column; `None` for one that is always zero.
    pub fn outputs(&self) -> &[Option<Term>] {
        &self.outputs
    }

    /// Adders in a row in front of each source and each node.
    pub fn depths(&self) -> Vec<u32> {
        let mut depths: Vec<_> = self.sources.iter().map(|source| source.depth).collect();
        for node in &self.nodes {
            let before = depths[node.a.wire as usize].max(depths[node.b.wire as usize]);
            depths.push(before + 1);
        }
        depths
    }
}

/// Makes graphs, each sum once.
#[derive(Debug)]
pub(super) struct Writer {
    graph: Graph,
    depths: Vec<u32>,
    /// The power of two of the lowest bit of each wire.
    lowest: Vec<i32>,
    known: HashMap<Node, u32>,
}

impl Writer {
    pub fn new(sources: Vec<Source>) -> Self {
        Self {
            depths: sources.iter().map(|source| source.depth).collect(),
            lowest: sources.iter().map(|source| -source.f).collect(),
            graph: Graph {
                sources,
                ..Graph::default()
            },
            known: HashMap::new(),
        }
    }

    /// `a + b`.
    pub fn add(&mut self, a: Term, b: Term) -> Term {
        // A sum of two negative values is a negative sum; else the value that
        // is not negative comes first.
        let (a, b) = match (a.negative, b.negative) {
            (true, false) => (b, a),
            (true, true) | (false, false) if (b.wire, b.shift) < (a.wire, a.shift) => (b, a),
            _ => (a, b),
        };
        let shift = a.shift.min(b.shift);
        let by = |term: Term, negative| Term {
            wire: term.wire,
            shift: term.shift - shift,
            negative,
        };
        let node = Node {
            a: by(a, false),
            b: by(b, a.negative != b.negative),
        };
        let wire = match self.known.get(&node) {
            Some(&wire) => wire,
            None => {
                let wire = self.depths.len() as u32;
                let [i, j] = [node.a.wire, node.b.wire].map(|wire| wire as usize);
                self.depths.push(self.depths[i].max(self.depths[j]) + 1);
                let ends = [self.lowest[i] + node.a.shift, self.lowest[j] + node.b.shift];
                self.lowest.push(ends[0].min(ends[1]));
                self.graph.nodes.push(node);
                self.known.insert(node, wire);
                wire
            }
        };
        Term {
            wire,
            shift,
            negative: a.negative && b.negative,
        }
    }

    /// The sum of terms in least depth; `None` if there are none.
    ///
    /// Of terms that are ready at once those with near lowest bits are added,
    /// which makes short carry chains.
    pub fn sum(&mut self, terms: Vec<Term>) -> Option<Term> {
        let mut ready = std::collections::BTreeSet::new();
        let mut all = terms;
        let key = |writer: &Self, term: Term, at: usize| {
            let wire = term.wire as usize;
            (writer.depths[wire], writer.lowest[wire] + term.shift, at)
        };
        for (at, &term) in all.iter().enumerate() {
            ready.insert(key(self, term, at));
        }
        while let Some((_, _, first)) = ready.pop_first() {
            let Some((_, _, second)) = ready.pop_first() else {
                return Some(all[first]);
            };
            let sum = self.add(all[first], all[second]);
            ready.insert(key(self, sum, all.len()));
            all.push(sum);
        }
        None
    }

    /// The graph with these outputs.
    pub fn finish(mut self, outputs: Vec<Option<Term>>) -> Graph {
        self.graph.outputs = outputs;
        self.graph
    }
}
