//! The largest flow through a network (Dinic's algorithm, Soviet Math. Dokl. 11,
//! 1970), and the smallest cut that it proves.

/// A capacity that no flow fills.
pub(super) const INFINITE: u64 = u64::MAX / 4;

#[derive(Clone, Copy, Debug)]
struct Arc {
    to: u32,
    room: u64,
}

/// Arcs with capacities between numbered nodes; each arc stands beside its
/// opposite.
#[derive(Debug)]
pub(super) struct Network {
    arcs: Vec<Arc>,
    from: Vec<Vec<u32>>,
}

impl Network {
    /// Nodes without an arc.
    pub fn new(nodes: usize) -> Self {
        Self {
            arcs: Vec::new(),
            from: vec![Vec::new(); nodes],
        }
    }

    /// Adds an arc.
    pub fn arc(&mut self, from: usize, to: usize, room: u64) {
        for (from, to, room) in [(from, to, room), (to, from, 0)] {
            self.from[from].push(self.arcs.len() as u32);
            self.arcs.push(Arc {
                to: to as u32,
                room,
            });
        }
    }

    /// Sends as much as possible from one node to another; which nodes remain
    /// reachable from the first: the smallest of the smallest cuts.
    pub fn cut(&mut self, source: usize, sink: usize) -> Vec<bool> {
        loop {
            let levels = self.levels(source);
            if levels[sink] == u32::MAX {
                return levels.iter().map(|&level| level != u32::MAX).collect();
            }
            self.fill(&levels, source, sink);
        }
    }

    fn levels(&self, source: usize) -> Vec<u32> {
        let mut levels = vec![u32::MAX; self.from.len()];
        levels[source] = 0;
        let mut queue = vec![source];
        let mut at = 0;
        while at < queue.len() {
            let node = queue[at];
            at += 1;
            for &arc in &self.from[node] {
                let Arc { to, room } = self.arcs[arc as usize];
                if room > 0 && levels[to as usize] == u32::MAX {
                    levels[to as usize] = levels[node] + 1;
                    queue.push(to as usize);
                }
            }
        }
        levels
    }

    /// Sends along shortest paths until none is left, without recursion: a
    /// path may pass every gate of a circuit.
    fn fill(&mut self, levels: &[u32], source: usize, sink: usize) {
        let mut next = vec![0usize; self.from.len()];
        let mut path: Vec<usize> = Vec::new();
        loop {
            let node = path
                .last()
                .map_or(source, |&arc| self.arcs[arc].to as usize);
            if node == sink {
                let room = path.iter().map(|&arc| self.arcs[arc].room).min();
                let sent = room.unwrap_or(0);
                for &arc in &path {
                    self.arcs[arc].room -= sent;
                    self.arcs[arc ^ 1].room += sent;
                }
                // Back to the first arc that is full.
                let full = path.iter().position(|&arc| self.arcs[arc].room == 0);
                path.truncate(full.unwrap_or(0));
                continue;
            }
            let found = self.from[node][next[node]..].iter().position(|&arc| {
                let Arc { to, room } = self.arcs[arc as usize];
                room > 0 && levels[to as usize] == levels[node] + 1
            });
            match found {
                Some(skip) => {
                    next[node] += skip;
                    path.push(self.from[node][next[node]] as usize);
                }
                None => {
                    next[node] = self.from[node].len();
                    // A dead end: the arc to it is of no use in this round.
                    let Some(arc) = path.pop() else {
                        return;
                    };
                    let before = self.arcs[arc ^ 1].to as usize;
                    next[before] += 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cut_lies_at_the_narrowest_place() {
        // 0 -> 1 -> 2 -> 3, with a way around 1.
        let mut network = Network::new(4);
        network.arc(0, 1, 5);
        network.arc(1, 2, 3);
        network.arc(0, 2, 2);
        network.arc(2, 3, INFINITE);
        assert_eq!(network.cut(0, 3), [true, true, false, false]);
        let mut apart = Network::new(3);
        apart.arc(1, 2, 4);
        assert_eq!(apart.cut(0, 2), [true, false, false]);
    }
}
