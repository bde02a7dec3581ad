//! Sums that are negative, turned where that is free.

use super::graph::{Graph, Node};

impl Graph {
    /// The same sums with fewer of them negated: a difference that nothing else
    /// uses is taken the other way round.
    pub(super) fn settled(mut self) -> Self {
        let mut uses = vec![0u32; self.sources.len() + self.nodes.len()];
        for node in &self.nodes {
            uses[node.a.wire as usize] += 1;
            uses[node.b.wire as usize] += 1;
        }
        for output in self.outputs.iter().flatten() {
            uses[output.wire as usize] += 1;
        }
        for at in 0..self.outputs.len() {
            let Some(output) = self.outputs[at].filter(|output| output.negative) else {
                continue;
            };
            if let Some(turned) = self.turned(output.wire, &uses) {
                for (node, other) in turned {
                    self.nodes[node] = other;
                }
                self.outputs[at] = Some(super::Term {
                    negative: false,
                    ..output
                });
            }
        }
        self
    }

    /// The nodes by which a wire would have the other sign, if only wires that
    /// are used once have to change: a - b becomes b - a, and a + b becomes
    /// -a - b, where -a is such a wire.
    fn turned(&self, wire: u32, uses: &[u32]) -> Option<Vec<(usize, Node)>> {
        let mut turned = Vec::new();
        let mut wire = wire as usize;
        loop {
            let at = wire.checked_sub(self.sources.len())?;
            let node = self.nodes[at];
            if uses[wire] != 1 {
                return None;
            }
            let (mut a, mut b) = (node.a, node.b);
            if b.negative {
                b.negative = false;
                turned.push((
                    at,
                    Node {
                        a: b,
                        b: super::Term {
                            negative: true,
                            ..a
                        },
                    },
                ));
                return Some(turned);
            }
            let inner = |wire: u32| {
                let wire = wire as usize;
                wire >= self.sources.len() && uses[wire] == 1
            };
            if !inner(a.wire) {
                std::mem::swap(&mut a, &mut b);
            }
            b.negative = true;
            turned.push((at, Node { a, b }));
            wire = a.wire as usize;
        }
    }
}
