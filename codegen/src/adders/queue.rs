//! A queue of patterns by how often they occur.

use std::collections::BinaryHeap;

use super::subexpressions::Pattern;

/// Patterns in levels by frequency; in a level by priority.
///
/// Only the level that is being worked on is in order: most patterns fall to
/// lower levels, or away, before their turn comes.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    levels: Vec<Vec<Pattern>>,
    current: u32,
    ordered: Vec<(u64, Pattern)>,
    late: BinaryHeap<(u64, Pattern)>,
}

impl Queue {
    /// Adds a pattern that occurs `count` times, at most as often as those that
    /// are being worked on.
    pub fn push(&mut self, count: u32, pattern: Pattern) {
        let level = count as usize;
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Vec::new);
        }
        self.levels[level].push(pattern);
    }

    /// Adds a pattern to the level that is being worked on.
    pub fn push_now(&mut self, priority: u64, pattern: Pattern) {
        self.late.push((priority, pattern));
    }

    /// The next pattern of the level that is being worked on.
    pub fn pop(&mut self) -> Option<Pattern> {
        match (self.ordered.last(), self.late.peek()) {
            (Some(a), Some(b)) if b > a => self.late.pop(),
            (None, Some(_)) => self.late.pop(),
            _ => self.ordered.pop(),
        }
        .map(|(_, pattern)| pattern)
    }

    /// How often the patterns occur that are being worked on.
    pub const fn current(&self) -> u32 {
        self.current
    }

    /// Takes the patterns of the highest level that has any, to be sorted anew;
    /// `None` if there is none of patterns that occur twice.
    pub fn descend(&mut self) -> Option<Vec<Pattern>> {
        while self.levels.len() > 2 {
            if let Some(level) = self.levels.pop().filter(|level| !level.is_empty()) {
                self.current = self.levels.len() as u32;
                return Some(level);
            }
        }
        None
    }

    /// Begins the level that [`descend`](Self::descend) reached.
    pub fn begin(&mut self, patterns: Vec<(u64, Pattern)>) {
        self.ordered = patterns;
        self.ordered.sort_unstable();
    }
}
