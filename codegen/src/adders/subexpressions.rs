//! Common sub-expressions: pairs of digits that several columns share become
//! one adder.
//!
//! A pattern is `a ± b * 2^s` of two nodes. Replacing a pattern that occurs n
//! times by a new node saves n - 1 adders; the most frequent one is taken, time
//! and again, as in arXiv:2507.04535, section 4.3. A pattern of existing nodes
//! can only become rarer, for every new term belongs to the new node. So its
//! count is not kept up to date: it is a bound, and is counted anew when the
//! pattern comes to the top of the queue.
//!
//! The depth of a column is bounded by Kraft's inequality: terms of depths d
//! can be summed within depth D if the sum of 2^d is at most 2^D.

use super::digits::Digits;
use super::queue::Queue;
use super::random::mixed;

/// Most columns that are searched together: a set of columns is one word.
pub(super) const MOST_COLUMNS: usize = 128;

/// Where the powers of two of a column begin: `u64` words hold the powers of
/// the digits, and a difference of two of them lies within 63 either way.
const SPAN: u32 = 63;

/// Two nodes, `first ± second * 2^shift`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern {
    pub first: u32,
    pub second: u32,
    pub shift: i8,
    pub subtract: bool,
}

/// Sums to be computed, as digits of nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Columns {
    /// Adders in a row in front of each node.
    pub depths: Vec<u32>,
    /// Nodes and their digits, by column.
    pub terms: Vec<Vec<(u32, Digits)>>,
    /// The bound on the depth of each column, if there is one.
    pub limits: Vec<Option<u32>>,
    /// Nodes of different groups are not paired.
    pub groups: Vec<u32>,
}

impl Columns {
    /// Digits of all columns.
    pub fn digits(&self) -> u32 {
        let terms = self.terms.iter().flatten();
        terms.map(|(_, digits)| digits.count()).sum()
    }
}

/// How a search differs from others of the same columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taste {
    /// Decides among equals.
    pub seed: u64,
    /// Among equally frequent patterns, take the one of the deepest nodes.
    pub deepest_first: bool,
}

/// The state of a search.
#[derive(Clone, Debug)]
pub(super) struct Search {
    columns: usize,
    sources: usize,
    /// By node, then column.
    digits: Vec<Digits>,
    /// The columns in which a node has digits.
    present: Vec<u128>,
    depths: Vec<u32>,
    groups: Vec<u32>,
    /// The nodes of a column; some of them may have left it.
    members: Vec<Vec<u32>>,
    /// Sum of 2^depth over the terms of a column, and its bound.
    loads: Vec<u64>,
    bounds: Vec<u64>,
    /// Patterns that occur twice or more, and how often at most.
    frequent: Vec<(u32, Pattern)>,
    queue: Queue,
    patterns: Vec<Pattern>,
    tally: Tally,
}

/// Occurrences of two nodes' patterns, by shift.
#[derive(Clone, Debug)]
struct Tally {
    counts: [[u32; 2 * SPAN as usize + 2]; 2],
    seen: Vec<bool>,
    found: Vec<u32>,
}

const fn shifted(bits: u64, by: i32) -> u64 {
    match by {
        0.. => bits >> by,
        _ => bits << -by,
    }
}

impl Search {
    /// Counts every pattern of the columns; `None` if a column cannot be summed
    /// within its depth.
    pub fn new(columns: &Columns) -> Option<Self> {
        let (nodes, count) = (columns.depths.len(), columns.terms.len());
        let mut search = Self {
            columns: count,
            sources: nodes,
            digits: vec![Digits::default(); nodes * count],
            present: vec![0; nodes],
            depths: columns.depths.clone(),
            groups: columns.groups.clone(),
            members: vec![Vec::new(); count],
            loads: vec![0; count],
            bounds: columns.limits.iter().map(|limit| bound(*limit)).collect(),
            frequent: Vec::new(),
            queue: Queue::default(),
            patterns: Vec::new(),
            tally: Tally {
                counts: [[0; 2 * SPAN as usize + 2]; 2],
                seen: vec![false; nodes],
                found: Vec::new(),
            },
        };
        for (column, terms) in columns.terms.iter().enumerate() {
            for &(node, digits) in terms.iter().filter(|(_, digits)| digits.both() != 0) {
                search.digits[node as usize * count + column] = digits;
                search.present[node as usize] |= 1 << column;
                search.members[column].push(node);
                let each = power(columns.depths[node as usize]);
                let load = each.saturating_mul(digits.count().into());
                search.loads[column] = search.loads[column].saturating_add(load);
            }
        }
        if search.loads.iter().zip(&search.bounds).any(|(l, b)| l > b) {
            return None;
        }
        for first in 0..nodes as u32 {
            for second in first..nodes as u32 {
                search.tally(first, second);
            }
        }
        Some(search)
    }

    /// Replaces patterns until none occurs twice.
    pub fn run(&mut self, taste: Taste) {
        for (count, pattern) in std::mem::take(&mut self.frequent) {
            self.queue.push(count, pattern);
        }
        while let Some(patterns) = self.queue.descend() {
            let level = self.queue.current();
            let mut ordered = Vec::with_capacity(patterns.len());
            for pattern in patterns {
                if self.stays(pattern, level) {
                    ordered.push((self.priority(pattern, taste), pattern));
                }
            }
            self.queue.begin(ordered);
            while let Some(pattern) = self.queue.pop() {
                if self.stays(pattern, level) {
                    self.replace(pattern);
                    self.enqueue(level, taste);
                }
            }
        }
    }

    /// Whether a pattern still occurs as often; else moves it to its level.
    fn stays(&mut self, pattern: Pattern, level: u32) -> bool {
        let count = self.occurrences(pattern);
        if count >= 2 && count < level {
            self.queue.push(count, pattern);
        }
        count >= level
    }

    /// The patterns that became nodes, in order; their numbers follow those of
    /// the sources.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Adders of all patterns, and of the sums of what is left.
    pub fn adders(&self) -> usize {
        let sums = (0..self.columns).map(|column| {
            let terms: u32 = self.terms(column).map(|(_, digits)| digits.count()).sum();
            (terms as usize).saturating_sub(1)
        });
        self.patterns.len() + sums.sum::<usize>()
    }

    /// What is left of a column: nodes and their digits.
    pub fn terms(&self, column: usize) -> impl Iterator<Item = (u32, Digits)> + '_ {
        self.members[column]
            .iter()
            .map(move |&node| (node, self.digits[node as usize * self.columns + column]))
            .filter(|(_, digits)| digits.both() != 0)
    }

    fn enqueue(&mut self, level: u32, taste: Taste) {
        let mut frequent = std::mem::take(&mut self.frequent);
        for &(count, pattern) in &frequent {
            match count >= level {
                true => {
                    let priority = self.priority(pattern, taste);
                    self.queue.push_now(priority, pattern);
                }
                false => self.queue.push(count, pattern),
            }
        }
        frequent.clear();
        self.frequent = frequent;
    }

    /// Among equals a node that was made comes before its parts, for it is
    /// rarer, and its chances do not come again; then chance decides.
    fn priority(&self, pattern: Pattern, taste: Taste) -> u64 {
        let Pattern { first, second, .. } = pattern;
        let depth = match taste.deepest_first {
            true => self.depths[first as usize] + self.depths[second as usize],
            false => 0,
        };
        u64::from(depth) << 32 | mixed(taste.seed ^ pattern.word()) >> 32
    }

    /// Where the pattern's first node stands in a column, added and subtracted,
    /// each digit taken once.
    fn matches(&self, pattern: Pattern, column: usize) -> Digits {
        let at = |node: u32| self.digits[node as usize * self.columns + column];
        let (a, b, shift) = (at(pattern.first), at(pattern.second), pattern.shift.into());
        let mut b = Digits {
            plus: shifted(b.plus, shift),
            minus: shifted(b.minus, shift),
        };
        if pattern.subtract {
            b = b.negated();
        }
        let mut found = Digits {
            plus: a.plus & b.plus,
            minus: a.minus & b.minus,
        };
        if pattern.first == pattern.second {
            let (mut rest, mut disjoint) = (found.both(), 0);
            while rest != 0 {
                let lowest = rest & rest.wrapping_neg();
                disjoint |= lowest;
                rest &= !(lowest | lowest << shift);
            }
            found.plus &= disjoint;
            found.minus &= disjoint;
        }
        let room = self.room(pattern, column);
        while found.count() > room {
            let highest = 1 << (63 - found.both().leading_zeros());
            found.plus &= !highest;
            found.minus &= !highest;
        }
        found
    }

    /// How often a pattern can be replaced before the column becomes too deep.
    fn room(&self, pattern: Pattern, column: usize) -> u32 {
        if self.bounds[column] == u64::MAX {
            return u32::MAX;
        }
        match self.growth(pattern) {
            0 => u32::MAX,
            growth => ((self.bounds[column] - self.loads[column]) / growth).min(64) as u32,
        }
    }

    /// What replacing a pattern once adds to the load of a column.
    fn growth(&self, pattern: Pattern) -> u64 {
        let [a, b] = [pattern.first, pattern.second].map(|node| self.depths[node as usize]);
        (power(a.max(b) + 1)).saturating_sub(power(a).saturating_add(power(b)))
    }

    fn common(&self, pattern: Pattern) -> impl Iterator<Item = usize> + use<> {
        ones(self.present[pattern.first as usize] & self.present[pattern.second as usize])
    }

    fn occurrences(&self, pattern: Pattern) -> u32 {
        self.common(pattern)
            .map(|column| self.matches(pattern, column).count())
            .sum()
    }

    /// Lists the patterns of two nodes that occur twice or more.
    fn tally(&mut self, first: u32, second: u32) {
        let (i, j) = (first as usize, second as usize);
        let common = self.present[i] & self.present[j];
        if common == 0 || self.groups[i] != self.groups[j] {
            return;
        }
        let alone = common & (common - 1) == 0;
        let mut any = [0u128; 2];
        for column in ones(common) {
            let a = self.digits[i * self.columns + column];
            let b = self.digits[j * self.columns + column];
            if alone && a.count() < 2 && b.count() < 2 {
                return;
            }
            for (power, minus) in a.terms() {
                let up = |bits: u64| u128::from(bits) << (SPAN - power);
                let mut found = [up(b.plus), up(b.minus)];
                if minus {
                    found.swap(0, 1);
                }
                for ((found, any), counts) in
                    found.iter_mut().zip(&mut any).zip(&mut self.tally.counts)
                {
                    if first == second {
                        *found &= u128::MAX << (SPAN + 1);
                    }
                    *any |= *found;
                    ones(*found).for_each(|at| counts[at] += 1);
                }
            }
        }
        for (subtract, any) in [false, true].into_iter().zip(any) {
            for at in ones(any) {
                let count = std::mem::take(&mut self.tally.counts[usize::from(subtract)][at]);
                if count >= 2 {
                    let pattern = Pattern {
                        first,
                        second,
                        shift: (at as i32 - SPAN as i32) as i8,
                        subtract,
                    };
                    self.frequent.push((count, pattern));
                }
            }
        }
    }

    /// Makes a pattern a node, wherever it occurs.
    fn replace(&mut self, pattern: Pattern) {
        let node = self.present.len();
        let [a, b] = [pattern.first, pattern.second].map(|node| node as usize);
        let growth = self.growth(pattern);
        self.digits
            .resize((node + 1) * self.columns, Digits::default());
        self.present.push(0);
        self.depths.push(self.depths[a].max(self.depths[b]) + 1);
        self.groups.push(self.groups[a]);
        self.patterns.push(pattern);
        for column in self.common(pattern) {
            let found = self.matches(pattern, column);
            if found.both() == 0 {
                continue;
            }
            let back = |bits| shifted(bits, -i32::from(pattern.shift));
            let other = match pattern.subtract {
                true => found.negated(),
                false => found,
            };
            let first = &mut self.digits[a * self.columns + column];
            first.plus &= !found.plus;
            first.minus &= !found.minus;
            let second = &mut self.digits[b * self.columns + column];
            second.plus &= !back(other.plus);
            second.minus &= !back(other.minus);
            self.digits[node * self.columns + column] = found;
            self.present[node] |= 1 << column;
            for part in [a, b] {
                if self.digits[part * self.columns + column].both() == 0 {
                    self.present[part] &= !(1 << column);
                }
            }
            self.members[column].push(node as u32);
            if self.bounds[column] != u64::MAX {
                self.loads[column] += growth * u64::from(found.count());
            }
        }
        self.pair_with_others(node);
    }

    fn pair_with_others(&mut self, node: usize) {
        self.tally.seen.resize(node + 1, false);
        for column in ones(self.present[node]) {
            let (present, tally) = (&self.present, &mut self.tally);
            self.members[column].retain(|&other| {
                let stays = present[other as usize] >> column & 1 == 1;
                if stays && !tally.seen[other as usize] {
                    tally.seen[other as usize] = true;
                    tally.found.push(other);
                }
                stays
            });
        }
        let mut found = std::mem::take(&mut self.tally.found);
        for &other in &found {
            self.tally.seen[other as usize] = false;
            self.tally(node as u32, other);
        }
        found.clear();
        self.tally.found = found;
    }

    /// Nodes that the columns were written in.
    pub const fn sources(&self) -> usize {
        self.sources
    }
}

impl Pattern {
    fn word(self) -> u64 {
        let shift = (i32::from(self.shift) + 64) as u64;
        u64::from(self.first) << 36
            ^ u64::from(self.second) << 8
            ^ shift << 1
            ^ u64::from(self.subtract)
    }
}

/// The positions of the bits that are set, lowest first.
fn ones(mut bits: u128) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = bits.trailing_zeros() as usize;
        (bits != 0).then(|| {
            bits &= bits - 1;
            at
        })
    })
}

/// 2^depth, as far as it can be told apart.
pub(super) fn power(depth: u32) -> u64 {
    1 << depth.min(62)
}

fn bound(limit: Option<u32>) -> u64 {
    limit.map_or(u64::MAX, power)
}
